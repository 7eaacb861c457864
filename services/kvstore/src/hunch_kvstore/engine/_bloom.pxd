# The compiled filter, for the compiled front.

from libc.stdint cimport uint64_t


cdef class Bloom:
    cdef bytearray _bits
    cdef uint64_t _count
    cdef bint may_hold(self, bytes key) noexcept
