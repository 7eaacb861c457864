cdef class Exchange:
    cdef public object application, request, response, charset, leaf, serializer
    cdef public object media_type, document, extension, cn_path, address, negotiated
    cdef public tuple closers

    cpdef come_to(self, Exchange other)
