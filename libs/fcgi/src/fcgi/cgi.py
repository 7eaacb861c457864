"""Plain CGI: one request from the environment and stdin, answered on stdout.

SPEC 2.2: an application finds out how it was called by looking at descriptor 0.
"""

import socket
import sys
from collections.abc import Mapping
from wsgiref.handlers import BaseCGIHandler

from fcgi.wsgi import Application


def is_listening(fd: int) -> bool:
    """Return whether a descriptor is a listening socket, as FastCGI hands it over."""
    try:
        sock = socket.socket(fileno=fd)
    except OSError:
        return False
    try:
        return bool(sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
    finally:
        sock.detach()


def is_cgi(environ: Mapping[str, str]) -> bool:
    """Return whether the environment is that of a CGI program."""
    return "GATEWAY_INTERFACE" in environ and "REQUEST_METHOD" in environ


def run(app: Application, environ: Mapping[str, str]) -> None:
    """Answer the one request of a CGI program."""
    # PEP 3333: text in an environ is bytes in disguise.
    texts = {
        name: value.encode("utf-8", "surrogateescape").decode("latin-1")
        for name, value in environ.items()
    }
    handler = BaseCGIHandler(
        sys.stdin.buffer, sys.stdout.buffer, sys.stderr, texts, False, True
    )
    handler.run(app)
