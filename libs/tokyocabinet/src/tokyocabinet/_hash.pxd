"""What the table database borrows from the hash database it is built upon."""

from libc.stdint cimport uint64_t

from tokyocabinet._database cimport BlockIterator, Database
from tokyocabinet.calls cimport code_call, plain_call
from tokyocabinet.cabinet cimport TCHDB, boolean

ctypedef boolean (*jump_call)(void *, const void *, int) noexcept nogil
ctypedef void *(*next_call)(void *, int *) noexcept nogil


cdef int hash_room(void *db, size_t more) noexcept nogil


cdef class HashIterator(BlockIterator):
    cdef TCHDB *hdb             # whose `iter` is the place in the file
    cdef plain_call init
    cdef jump_call jump
    cdef next_call step
    cdef bytes anchor
    cdef uint64_t offset
    cdef int begin(self, Database owner, bytes start) except -1
    cdef int take_mapped(self, int *count, size_t *last, uint64_t *at) noexcept nogil
    cdef int seat(
        self, void *db, code_call ecode, const char *kbuf, int ksiz) noexcept nogil
