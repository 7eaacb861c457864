cdef class Response:
    cdef dict __dict__
    cdef public object charset, status, body, format, has_begun, exchange
    cdef public dict lines
    cdef public list _chunks
    cdef public object _headers, _held, _start_response, _send

    cpdef discard(self)
    cpdef finish(self, start_response)
