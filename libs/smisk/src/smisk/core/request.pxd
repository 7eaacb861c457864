cdef class Request:
    cdef dict __dict__
    cdef public dict env
    cdef public object charset, tolerant, limits, method, is_active, _slot, _has_files

    cpdef close(self)
