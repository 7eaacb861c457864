# The ends of long ranges kept ready in memory, for the compiled front and the lane.

cdef enum:
    PREFIX = 9      # bytes of a key that say which range it is in
    MOST_KEYS = 1088


cdef class Page:
    cdef list keys
    cdef bytes edge
    cdef bint reverse
    cdef bint kept
    cdef Py_ssize_t size_bytes
    cdef bytes reply
    cdef Py_ssize_t reply_skip
    cdef Py_ssize_t reply_most
    cdef bint reply_turned
    cdef int note(self, bytes key, bint is_there) except -1


cdef class PageCache:
    cdef dict forward
    cdef dict backward
    cdef bint letters[256]
    cdef readonly Py_ssize_t size_bytes
    cdef readonly Py_ssize_t limit_bytes
    cdef Page find(self, bytes prefix, bint reverse)
    cdef Page keep(self, bytes prefix, bint reverse, list keys, bint whole)
    cdef int keep_reply(
        self, Page page, Py_ssize_t skip, Py_ssize_t most, bint turned, bytes reply
    ) except -1
    cdef int note(self, bytes key, bint is_there) except -1
    cdef int make_room(self, Page beside) except -1
