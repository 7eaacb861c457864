"""The C functions of one kind of database, as a table that every method goes by."""

from libc.stdint cimport uint32_t, uint64_t

from tokyocabinet.arena cimport Arena
from tokyocabinet.cabinet cimport (
    TCBDB, TCCODEC, TCFDB, TCHDB, TCITER, TCLIST, TCPDPROC, boolean)


cdef extern from "residency.h" nogil:
    ctypedef struct Residency:
        bint trusted
    bint residency_begin(Residency *, const char *map, uint64_t size)
    bint residency_has(Residency *, uint64_t at, uint64_t size)
    void residency_forget(Residency *)


cdef extern from "copy_fault.h" nogil:
    bint copy_fault_hash(TCHDB *hdb, bint mend)
    bint copy_fault_tree(TCBDB *bdb, bint mend)
    bint copy_fault_fixed(TCFDB *fdb, bint mend)


cdef extern from "file_lock.h" nogil:
    bint file_lock_keep(int fd, uint32_t omode)
    bint file_lock_again(int fd, uint32_t omode)


ctypedef char *(*field_call)(void *) noexcept nogil
ctypedef boolean (*plain_call)(void *) noexcept nogil
ctypedef int (*code_call)(void *) noexcept nogil
ctypedef uint64_t (*count_call)(void *) noexcept nogil
ctypedef const char *(*text_call)(void *) noexcept nogil
ctypedef boolean (*path_call)(void *, const char *) noexcept nogil
ctypedef bint (*lock_call)(int fd, uint32_t omode) noexcept nogil
ctypedef bint (*fault_call)(void *, bint) noexcept nogil
ctypedef bint (*locks_call)(void *, lock_call) noexcept nogil
ctypedef boolean (*open_call)(void *, const char *, int) noexcept nogil
ctypedef void (*free_call)(void *) noexcept nogil
ctypedef boolean (*put_call)(void *, const void *, int, const void *, int) noexcept nogil
ctypedef boolean (*out_call)(void *, const void *, int) noexcept nogil
ctypedef int (*size_call)(void *, const void *, int) noexcept nogil
ctypedef int (*fetch_call)(void *, const void *, int, Arena *) noexcept nogil
# Read a record without the C library: its size and where its value lies, PEEK_MISSING,
# or PEEK_UNKNOWN where only the C library can tell. With pages: only what is in memory.
ctypedef int (*peek_call)(
    void *, const void *, int, Residency *, const char **) noexcept nogil
ctypedef void (*lanes_call)(
    void *, int, const char **, const int *, const char **, int *) noexcept nogil
ctypedef void (*warm_call)(void *, int, const char **, const int *) noexcept nogil
ctypedef int (*room_call)(void *, const void *, int, int) noexcept nogil
ctypedef TCLIST *(*prefix_call)(void *, const void *, int, int) noexcept nogil
ctypedef boolean (*proc_call)(
    void *, const void *, int, const void *, int, TCPDPROC, void *) noexcept nogil
ctypedef boolean (*each_call)(void *, TCITER, void *) noexcept nogil
ctypedef boolean (*codec_call)(void *, TCCODEC, void *, TCCODEC, void *) noexcept nogil


# The C functions of one kind of database. SAFETY: they are called through pointers
# whose first parameter is void* instead of the handle's type; every ABI that Tokyo
# Cabinet runs on passes both alike.
cdef struct Calls:
    free_call delete
    code_call ecode
    open_call open
    plain_call close
    plain_call sync
    plain_call vanish
    path_call copy
    locks_call locks            # do something to the lock of every file; NULL = no file
    fault_call copy_fault       # see copy_fault.h; NULL = no file
    plain_call begin
    plain_call commit
    plain_call abort
    text_call path
    count_call rnum
    count_call fsiz
    # records with bytes keys
    put_call put
    put_call putkeep
    put_call putcat
    out_call out
    size_call vsiz
    fetch_call fetch
    prefix_call fwmkeys
    proc_call putproc
    each_call foreach
    codec_call setcodecfunc
    # Make sure that the disk has room for a record of a key and of some size: 0 or an
    # error code; NULL = not needed.
    room_call room
    peek_call peek              # NULL = the C library reads every record
    lanes_call peek_lanes       # the same for up to LANES keys
    warm_call warm              # prefetch what stores of up to LANES keys touch
    field_call opaque           # bytes in the header that are the user's
    int opaque_size
    bint peek_shares            # it changes nothing: several threads may do it at once


cdef enum:
    PEEK_MISSING = -1
    PEEK_UNKNOWN = -2
    LANES = 32
