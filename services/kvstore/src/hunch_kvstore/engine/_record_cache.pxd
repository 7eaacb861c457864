# Records of sealed segments kept ready in memory, for the compiled front.

cdef class RecordCache:
    cdef dict records
    cdef readonly Py_ssize_t size_bytes
    cdef readonly Py_ssize_t limit_bytes
    cdef Py_ssize_t hand
    cdef object find(self, bytes key)
    cdef int keep(self, bytes key, bytes value) except -1
    cdef int drop(self, bytes key) except -1
