cimport cython

from smisk.core.exchange cimport Exchange
from smisk.core.response cimport Response

cdef class Known:
    cdef tuple found
    cdef object script, serializer, media_type, charset, extension, cn_path, address
    cdef object negotiated, vary, location

cdef class Memory:
    cdef public dict _known
    cdef public list _seen

    @cython.locals(response=Response, known=Known)
    cpdef recall(self, Exchange one, dict env, tuple key)
    cpdef remember(self, Exchange one, dict env, tuple key, tuple found)
