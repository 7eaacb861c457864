"""FastCGI 1.0 for Python: sans-I/O protocol, WSGI server, client."""

from fcgi.classic import Request, Stream, bind, shutdown
from fcgi.errors import (
    AbortedError,
    AcceptError,
    ConfigurationError,
    Error,
    LocalProtocolError,
    ProtocolError,
    RemoteProtocolError,
    StreamError,
)
from fcgi.errors import StreamError as IOError
from fcgi.server import serve

__all__ = [
    "AbortedError",
    "AcceptError",
    "ConfigurationError",
    "Error",
    "IOError",
    "LocalProtocolError",
    "ProtocolError",
    "RemoteProtocolError",
    "Request",
    "Stream",
    "StreamError",
    "bind",
    "serve",
    "shutdown",
]
