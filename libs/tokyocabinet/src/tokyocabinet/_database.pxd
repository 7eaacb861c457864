"""What every kind of database shares: the handle, its locks, blocks of records."""

from libc.limits cimport INT_MAX
from libc.stdint cimport int32_t, int64_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memcpy

from tokyocabinet.cabinet cimport TCCODEC, TCITER, TCLIST, TCPDPROC, boolean


cdef extern from "pthread.h" nogil:
    ctypedef struct pthread_rwlock_t:
        pass
    int pthread_rwlock_rdlock(pthread_rwlock_t *)
    int pthread_rwlock_tryrdlock(pthread_rwlock_t *)
    int pthread_rwlock_wrlock(pthread_rwlock_t *)
    int pthread_rwlock_unlock(pthread_rwlock_t *)
    int pthread_rwlock_destroy(pthread_rwlock_t *)
    ctypedef struct pthread_mutex_t:
        pass
    int pthread_mutex_init(pthread_mutex_t *, const void *)
    int pthread_mutex_lock(pthread_mutex_t *)
    int pthread_mutex_unlock(pthread_mutex_t *)
    int pthread_mutex_destroy(pthread_mutex_t *)


# A growing piece of memory that C code fills without the GIL. `owned` tells whether
# `data` came from malloc; a caller may begin with a buffer on its stack.
cdef struct Arena:
    char *data
    size_t used
    size_t room
    bint owned


cdef inline char *arena_space(Arena *arena, size_t size) noexcept nogil:
    """Return `size` free bytes at the arena's end, or NULL when memory is out."""
    cdef size_t room
    cdef char *data
    if arena.data == NULL or arena.room - arena.used < size:
        room = arena.room * 2 + size + 64
        if arena.owned:
            data = <char *>realloc(arena.data, room)
        else:
            data = <char *>malloc(room)
            if data != NULL and arena.used:
                memcpy(data, arena.data, arena.used)
        if data == NULL:
            return NULL
        arena.data = data
        arena.room = room
        arena.owned = True
    return arena.data + arena.used


cdef inline void arena_free(Arena *arena) noexcept nogil:
    if arena.owned:
        free(arena.data)
    arena.data = NULL
    arena.used = arena.room = 0
    arena.owned = False


cdef extern from "residency.h" nogil:
    ctypedef struct Residency:
        bint trusted
    bint residency_begin(Residency *, const char *map, uint64_t size)
    bint residency_has(Residency *, uint64_t at, uint64_t size)
    void residency_forget(Residency *)


ctypedef char *(*field_call)(void *) noexcept nogil
ctypedef boolean (*plain_call)(void *) noexcept nogil
ctypedef int (*code_call)(void *) noexcept nogil
ctypedef uint64_t (*count_call)(void *) noexcept nogil
ctypedef const char *(*text_call)(void *) noexcept nogil
ctypedef boolean (*path_call)(void *, const char *) noexcept nogil
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
ctypedef int (*room_call)(void *, size_t) noexcept nogil
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
    room_call room              # make sure that the disk has room; NULL = not needed
    peek_call peek              # NULL = the C library reads every record
    lanes_call peek_lanes       # the same for up to LANES keys
    warm_call warm              # prefetch what stores of up to LANES keys touch
    field_call opaque           # bytes in the header that are the user's
    int opaque_size
    bint peek_shares            # it changes nothing: several threads may do it at once


cdef class Database:
    cdef void *db
    cdef Calls calls
    cdef pthread_rwlock_t lock
    cdef pthread_mutex_t walk   # held while the C library's one iterator is ours
    cdef bint locked            # take `lock` around every call
    cdef bint parallel          # reads may share `lock`
    cdef readonly bint mutex
    cdef readonly bint verify   # walk files before the C library opens them
    cdef bint is_open
    cdef int bits               # how it was opened
    cdef bint busy              # a thread is inside (only without mutex)
    cdef int inside             # calls between `enter` and `leave`
    cdef Residency pages        # of the map
    cdef set callers            # threads that are inside a callback of this handle
    cdef dict pending           # errors that callbacks raised, by thread
    cdef list kept              # callbacks that the C library knows
    cdef int born               # count of forks when this handle was opened
    cdef readonly unsigned long epoch   # counts openings; cursors remember it
    cdef int kind               # of file: 0 hash, 1 tree, 2 fixed-length, 3 table
                                # with indexes beside it, -1 none or not known
    cdef bint fresh             # the file was empty when it was opened
    cdef bytes name             # the path it was opened by
    cdef object file            # what identifies it, see header.py
    cdef int64_t xmsiz          # bytes to map, as set by the user
    cdef object tran_lock
    cdef unsigned long tran_owner
    cdef object __weakref__

    cdef bint at_rest(self) noexcept
    cdef int enter(self) except -1
    cdef int enter_closed(self) except -1
    cdef int leave(self) except -1
    cdef int raise_pending(self) except -1
    cdef int fail(self, int code) except -1
    cdef int simple(self, plain_call call) except -1
    cdef int copy_to(self, bytes name) except -1
    cdef int need_transaction(self) except -1
    cdef void end_transaction(self)
    cdef uint64_t count(self, count_call call) except? 0xFFFFFFFFFFFFFFFF

    cdef inline void acquire(self) noexcept nogil:
        if self.locked:
            pthread_rwlock_wrlock(&self.lock)

    cdef inline void acquire_shared(self) noexcept nogil:
        if self.locked:
            if self.parallel:
                pthread_rwlock_rdlock(&self.lock)
            else:
                pthread_rwlock_wrlock(&self.lock)

    cdef inline void acquire_peek(self) noexcept nogil:
        if self.locked:
            if self.calls.peek_shares:
                pthread_rwlock_rdlock(&self.lock)
            else:
                pthread_rwlock_wrlock(&self.lock)

    cdef inline void release(self) noexcept nogil:
        if self.locked:
            pthread_rwlock_unlock(&self.lock)


cdef enum CounterStatus:
    COUNTED = 0
    TOO_LARGE = 1
    WRONG_SIZE = 2


cdef struct Counter:
    int64_t whole
    double real
    CounterStatus status


cdef enum:
    PEEK_MISSING = -1
    PEEK_UNKNOWN = -2
    LANES = 32


cdef class Callback:
    cdef Database owner
    cdef object function
    cdef tuple extra
    cdef object call(self, tuple arguments)
    cdef void failed(self, error)


cdef class KeyedDatabase(Database):
    cdef bint change(
        self, object key, bytes value, TCPDPROC proc, void *op) except -1
    cdef bint store(self, put_call call, object key, object value) except -1
    cdef object fetch(self, object key, object default)
    cdef int measure(self, object key) except -2
    cdef long long store_many(self, put_call call, object items) except -1
    cdef int store_block(
        self, put_call call, int filled, const char **kbufs, int *ksizs,
        const char **vbufs, int *vsizs) except -1
    cdef int peek(self, const char *kbuf, int ksiz, const char **value) noexcept
    cdef int fetch_block(
        self, int filled, const char **kbufs, int *ksizs, Arena *arena,
        list result, object default) except -1
    cdef int fetch_lanes(
        self, int count, const char **kbufs, int *ksizs, size_t *places, int *vsizs,
        Arena *arena, bint alone) noexcept nogil


cdef enum Kind:
    KEYS = 1
    VALUES = 2
    ITEMS = 3


cdef class BlockIterator:
    """Iterate over records that `fill` fetches block by block without the GIL."""

    cdef Database owner
    cdef unsigned long epoch
    cdef Kind kind
    cdef Arena arena
    cdef size_t place           # where in the arena the next record begins
    cdef int left               # records left in the arena
    cdef int want               # records to ask for in the next block
    cdef bint done
    cdef int fill(self) except -1


# A record in an arena: two sizes, then the key's bytes and the value's bytes.
cdef inline int arena_record(
    Arena *arena, const void *kbuf, int ksiz, const void *vbuf, int vsiz
) noexcept nogil:
    """Append a record; -1 when memory is out."""
    cdef char *at = arena_space(arena, 8 + <size_t>ksiz + <size_t>vsiz)
    cdef uint32_t sizes[2]
    if at == NULL:
        return -1
    sizes[0] = <uint32_t>ksiz
    sizes[1] = <uint32_t>vsiz
    memcpy(at, sizes, 8)
    memcpy(at + 8, kbuf, ksiz)
    memcpy(at + 8 + ksiz, vbuf, vsiz)
    arena.used += 8 + <size_t>ksiz + <size_t>vsiz
    return 0


cdef void *put_proc(const void *vbuf, int vsiz, int *sp, void *op) noexcept with gil
cdef boolean each_record(
    const void *kbuf, int ksiz, const void *vbuf, int vsiz, void *op) noexcept with gil
cdef int compare_keys(
    const char *abuf, int asiz, const char *bbuf, int bsiz, void *op) noexcept with gil
cdef void *transcode(const void *buf, int size, int *sp, void *op) noexcept with gil
cdef void *add_int(const void *vbuf, int vsiz, int *sp, void *op) noexcept nogil
cdef void *add_double(const void *vbuf, int vsiz, int *sp, void *op) noexcept nogil
cdef int counted(Counter *counter) except -1
cdef bytes raw(object value)
cdef list list_of(TCLIST *items)
cdef object text_or_none(const char *text)
cdef bytes path_bytes(object path)
cdef int mode_bits(object mode) except -1
cdef enum:
    MAPPED = 64 << 20           # the C library's default
cdef int64_t mapped(int64_t wanted, object path, object omode) except -1
cdef int name_constants(type kind, str prefix) except -1
