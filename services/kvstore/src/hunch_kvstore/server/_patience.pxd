# Whether a server without work looks again before it sleeps, for the compiled loop.

cimport cython
from libc.stdint cimport int64_t


@cython.final
cdef class Patience:
    cdef readonly int64_t most_ns
    cdef int trust
    cdef int64_t rounds
    cdef int64_t taken_away
    cdef bint crowded

    cpdef bint is_worthwhile(self) noexcept nogil
    cpdef void found(self) noexcept nogil
    cpdef void missed(self) noexcept nogil
    cpdef bint is_due(self) noexcept nogil
    cpdef void judge(self, int64_t taken_away) noexcept nogil
