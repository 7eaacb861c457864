cimport cython

from smisk.core.exchange cimport Exchange
from smisk.core.request cimport Request
from smisk.core.response cimport Response

@cython.locals(request=Request, response=Response, exchange=Exchange)
cpdef answer(application, dict environ, start_response)

@cython.locals(request=Request, lines=dict)
cpdef prepare(application, Response response)

@cython.locals(request=Request, response=Response)
cpdef end(Exchange exchange)
