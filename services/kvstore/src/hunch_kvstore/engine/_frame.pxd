# The tail of the log, for the compiled front of the engine.

from libc.stdint cimport uint8_t, uint32_t, uint64_t

cdef enum:
    HEADER = 24
    OPERATION = 9


cdef class Tail:
    cdef public uint64_t position
    cdef public uint64_t room
    cdef public uint64_t synced_sequence
    cdef public uint64_t written_sequence
    cdef public uint64_t pending_sequence
    cdef readonly uint32_t salt
    cdef public int _file
    cdef unsigned char *data
    cdef Py_ssize_t size
    cdef Py_ssize_t capacity
    cdef Py_ssize_t opened
    cdef int reserve(self, Py_ssize_t more) except -1
    cdef bint write_out(self) noexcept
    cdef bint has_room(self, Py_ssize_t payload) noexcept
    cdef int open_frame(self, uint64_t sequence, Py_ssize_t payload) except -1
    cdef void add_operation(self, uint8_t code, bytes key, bytes value) noexcept
    cdef void close_frame(self) noexcept
