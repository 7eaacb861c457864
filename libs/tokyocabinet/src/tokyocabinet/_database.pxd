"""What every kind of database shares: the handle and its lock, records, iteration."""

from libc.stdint cimport int64_t, uint64_t

from cpython.object cimport PyObject

from tokyocabinet.arena cimport *
from tokyocabinet.cabinet cimport TCLIST, TCPDPROC, boolean
from tokyocabinet.calls cimport *


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


cdef class Handle:
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
    cdef dict files             # what this handle has open, see header.claim
    cdef int file_kind          # theirs
    cdef int64_t xmsiz          # bytes to map, as set by the user
    cdef object tran_lock       # held while a transaction is open
    cdef unsigned long tran_owner   # the thread that opened it, 0 = none is open
    cdef object __weakref__

    cdef bint at_rest(self) noexcept
    cdef int enter(self) except -1
    cdef int enter_closed(self) except -1
    cdef int leave(self) except -1
    cdef int raise_pending(self) except -1
    cdef int fail(self, int code) except -1
    cdef int claim(self, bytes name, int kind) except -1
    cdef int renamed(self) except -1
    cdef int not_rewritten(self, int code) except -1
    cdef int simple(self, plain_call call) except -1
    cdef uint64_t count(self, count_call call) except? 0xFFFFFFFFFFFFFFFF
    cdef void end_transaction(self)

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


cdef class Database(Handle):
    cdef int copy_to(self, bytes name, bytes target) except -1
    cdef int copy_now(self, bytes name, bytes target) except -1
    cdef int copy_failed(self, int code, int reason, bytes name, bytes target) except -1
    cdef int need_transaction(self) except -1


cdef class MappingDatabase(Database):
    cdef object fetch(self, object key, object default)
    cdef int measure(self, object key) except -2
    cdef bint change(
        self, object key, bytes value, TCPDPROC proc, void *op) except -1


cdef enum CounterStatus:
    COUNTED = 0
    TOO_LARGE = 1
    WRONG_SIZE = 2


cdef struct Counter:
    int64_t whole
    double real
    CounterStatus status


cdef class Callback:
    cdef Handle owner
    cdef object function
    cdef tuple extra
    cdef object call(self, tuple arguments)
    cdef void failed(self, error)


cdef class KeyedDatabase(MappingDatabase):
    cdef bint store(self, put_call call, object key, object value) except -1
    cdef int peek(self, const char *kbuf, int ksiz, const char **value) noexcept


cdef class BulkDatabase(KeyedDatabase):
    cdef long long store_many(self, put_call call, object items) except -1
    cdef int store_block(
        self, put_call call, int filled, const char **kbufs, int *ksizs,
        const char **vbufs, int *vsizs) except -1
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


cdef void *put_proc(const void *vbuf, int vsiz, int *sp, void *op) noexcept with gil
cdef boolean each_record(
    const void *kbuf, int ksiz, const void *vbuf, int vsiz, void *op) noexcept with gil
cdef int compare_keys(
    const char *abuf, int asiz, const char *bbuf, int bsiz, void *op) noexcept with gil
cdef void *transcode(const void *buf, int size, int *sp, void *op) noexcept with gil
cdef void *add_int(const void *vbuf, int vsiz, int *sp, void *op) noexcept nogil
cdef void *add_double(const void *vbuf, int vsiz, int *sp, void *op) noexcept nogil
cdef int counted(Counter *counter) except -1
cdef void drop(PyObject **held, int count) noexcept
cdef bytes raw(object value)
cdef list list_of(TCLIST *items)
cdef object text_or_none(const char *text)
cdef bytes path_bytes(object path)
cdef int mode_bits(object mode) except -1
cdef enum:
    MAPPED = 64 << 20           # the C library's default
    WRITER = 1 << 1             # the mode's bit, alike for every kind of database
cdef int64_t mapped(int64_t wanted, object path, object omode) except -1
cdef bint table_copy_fault(void *db, bint mend) noexcept nogil
cdef bint table_locks(void *db, lock_call call) noexcept nogil
cdef int name_constants(type kind, str prefix) except -1
