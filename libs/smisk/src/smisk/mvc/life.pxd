cimport cython

from smisk.core.exchange cimport Exchange
from smisk.core.request cimport Request
from smisk.core.response cimport Response
from smisk.mvc.known cimport Memory
from smisk.mvc.leaf cimport Leaf

@cython.locals(request=Request, known=Memory, leaf=Leaf, key=tuple, found=tuple)
cpdef serve(application, Exchange exchange)

@cython.locals(request=Request, leaf=Leaf, resolved=tuple)
cdef tuple _find(application, Exchange exchange)

@cython.locals(response=Response)
cdef _send(application, Exchange exchange, Leaf leaf, result)

@cython.locals(response=Response)
cpdef write(application, Exchange exchange, serializer, encoded)

@cython.locals(request=Request, response=Response, lines=dict)
cdef _tag(application, Exchange exchange, bytes body)
