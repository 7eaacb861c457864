cdef class Stream:
    cdef object _take, _deadline, _left, _write, _at_end
    cdef bytes _ahead

    cpdef bytes read(self, Py_ssize_t size=*)
    cpdef bytes read_some(self, Py_ssize_t size=*)
