"""FastCGI 1.0 for Python: sans-I/O protocol, WSGI server, client."""

from fcgi.errors import (
    ConfigurationError,
    Error,
    LocalProtocolError,
    ProtocolError,
    RemoteProtocolError,
    StreamError,
)
from fcgi.server import serve

__all__ = [
    "ConfigurationError",
    "Error",
    "LocalProtocolError",
    "ProtocolError",
    "RemoteProtocolError",
    "StreamError",
    "serve",
]
