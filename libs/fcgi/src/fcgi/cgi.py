"""Plain CGI: one request from the environment and stdin, answered on stdout.

SPEC 2.2: an application finds out how it was called by looking at descriptor 0.
"""

import functools
import os
import socket
import sys
from collections.abc import Callable, Mapping
from wsgiref.handlers import BaseCGIHandler

from fcgi import codec
from fcgi import environ as environs
from fcgi.errors import RefusedError
from fcgi.wsgi import Application, log


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


def run(app: Application, environ: Mapping[str, str], mount: str | None = None) -> None:
    """Answer the one request of a CGI program, as it would be over FastCGI."""
    try:
        texts = _read(environ, mount)
    except RefusedError as error:
        log.warning("refused with %s: %s", error.status[:3], error)
        app = functools.partial(_refuse, error.status)
        texts = {}
    handler = BaseCGIHandler(
        sys.stdin.buffer, sys.stdout.buffer, sys.stderr, texts, False, True
    )
    handler.os_environ = {}  # what it has to know is in `texts`, and has been judged
    handler.run(app)


def _read(environ: Mapping[str, str], mount: str | None) -> dict[str, str]:
    pairs = ((os.fsencode(k), os.fsencode(v)) for k, v in environ.items())
    texts = codec.decode_environ(codec.encode_pairs(pairs), {})
    environs.complete(texts)
    if mount is not None:
        environs.mount_at(mount, texts)
    return {name: value for name, value in texts.items() if isinstance(value, str)}


def _refuse(
    status: str, _environ: object, start_response: Callable[..., object]
) -> list[bytes]:
    start_response(status, [("Content-Type", "text/plain")])
    return [status.encode("latin-1")]
