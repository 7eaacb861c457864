"""Calling a WSGI application and making sure of an answer (PEP 3333).

`respond` hands the records of the answer to `send`, a function that writes buffers to
the web server in one go and raises StreamError when that is gone. Nothing else of the
outside world is known here, so every server model uses this file.
"""

import logging
import sys
import traceback
from collections.abc import Callable, Iterable
from typing import Any, Final

from fcgi import codec
from fcgi.codec import Environ
from fcgi.errors import RefusedError, StreamError
from fcgi.response import ErrorStream, Response, Send

log = logging.getLogger("fcgi")

# WHY Any: PEP 3333 environs hold anything, and applications annotate their callables
# in their own ways; a narrower type would reject most of them.
Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

_PAGE: Final = b"<!doctype html>\n<title>%(s)s</title>\n<h1>%(s)s</h1>\n"
_HTML: Final = ("Content-Type", "text/html; charset=utf-8")


def respond(app: Application, environ: Environ, request_id: int, send: Send) -> bool:
    """Run `app` and send its response up to and including END_REQUEST.

    Returns:
        False if the response could not be finished: the peer is gone, or the
        application failed in the middle of the body. The connection must then be
        closed without an end record, so that the edge does not take the fragment for
        the whole.
    """
    errors = ErrorStream(request_id, send)
    environ["wsgi.errors"] = errors
    head = environ["REQUEST_METHOD"] == "HEAD"
    response = Response(request_id, head, send, errors)
    end = codec.encode_end(request_id)
    try:
        deliver(app(environ, response.start), response, end)
    except StreamError:
        return False
    except Exception:  # noqa: BLE001 - an application may raise anything
        return failed(response, end, environ)
    return True


def deliver(result: Iterable[bytes], response: Response, end: bytes) -> None:
    """Send what an application returned."""
    if type(result) is list or type(result) is tuple:
        response.whole(result[0] if len(result) == 1 else b"".join(result), end)
        return
    try:
        for data in result:
            response.write(data)
        response.finish(end)
    finally:
        close = getattr(result, "close", None)
        if close is not None:
            close()


def failed(response: Response, end: bytes, environ: Environ) -> bool:
    """Log the error being handled; answer 500 if nothing was sent yet.

    Returns:
        Whether there was an answer; see `respond`.
    """
    where = f"{environ.get('REQUEST_METHOD')} {environ.get('PATH_INFO')!r}"
    log.error("application failed: %s", where, exc_info=True)  # noqa: LOG014 - in one
    try:
        response.errors.write(f"{where}\n{traceback.format_exc()}")
        if response.sent:
            response.errors.flush()
            return False
        response.start(
            "500 Internal Server Error",
            [_HTML, ("Cache-Control", "no-store")],
            sys.exc_info(),
        )
        response.whole(_PAGE % {b"s": b"Internal Server Error"}, end)
    except StreamError:
        return False
    return True


def refuse(error: RefusedError, request_id: int, send: Send) -> None:
    """Answer a request that must not reach the application."""
    log.warning("refused with %s: %s", error.status[:3], error)
    response = Response(request_id, False, send, ErrorStream(request_id, send))
    response.start(error.status, [_HTML, ("Cache-Control", "no-store")])
    text = error.status[4:].encode("latin-1")
    response.whole(_PAGE % {b"s": text}, codec.encode_end(request_id))
