cimport cython

from smisk.core.exchange cimport Exchange
from smisk.core.request cimport Request
from smisk.core.response cimport Response
from smisk.mvc.leaf cimport Leaf

@cython.locals(request=Request)
cpdef take_path(application, Exchange exchange)

@cython.locals(response=Response, request=Request, env=dict, lines=dict)
cpdef choose(application, Exchange exchange, Leaf leaf)

@cython.locals(request=Request, path=str, location=str)
cpdef str location_of(Exchange exchange, serializer)
