# How long the calls of one command took, for the compiled lane.

from libc.stdint cimport int64_t

cdef enum:
    SIZE = 152


cdef class Durations:
    cdef int64_t counts[SIZE]
    cdef void add(self, int64_t spent_ns) noexcept
