# The compiled layer, for the compiled merge.

from libc.stdint cimport uint32_t

cdef enum:
    BUCKETS = 128


cdef class RangeSet:
    cdef list starts
    cdef list stops
    cdef bytes tail
    cdef bint any
    cdef bint holds(self, bytes key)


cdef class Layer:
    cdef readonly dict points
    cdef readonly Py_ssize_t size_bytes
    cdef RangeSet _ranges
    cdef list blocks
    cdef list fresh
    cdef uint32_t begins[BUCKETS]  # how many keys by their first two bytes
    cdef void store(self, bytes key, value) except *
    cdef bint is_bare(self, bytes start, bytes stop) noexcept
    cdef int arrange(self) except -1
    cdef Py_ssize_t block_of(self, bytes key, bint after)
    cdef int insert(self, bytes key) except -1
    cdef int walk(
        self, bytes start, bytes stop, bint reverse,
        Py_ssize_t skip, Py_ssize_t most, list found) except -1
    cdef list chunk(
        self, bytes start, bint after, bytes stop, bint reverse, Py_ssize_t most)


cdef class LayerScan:
    cdef Layer layer
    cdef bytes start
    cdef bytes stop
    cdef bint after
    cdef bint reverse
    cdef list pairs
    cdef Py_ssize_t at
    cdef Py_ssize_t size
    cdef bint more
    cdef tuple step(self)
