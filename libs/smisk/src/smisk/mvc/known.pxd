cimport cython

from smisk.core.exchange cimport Exchange
from smisk.core.response cimport Response

cdef class Known:
    cdef tuple found
    cdef Exchange end
    cdef object vary, location

cdef class Memory:
    cdef public dict _known
    cdef public list _seen

    cpdef tuple key_of(self, dict env)

    @cython.locals(response=Response, known=Known)
    cpdef recall(self, Exchange one, tuple key)
    cpdef remember(self, Exchange one, tuple key, tuple found)
