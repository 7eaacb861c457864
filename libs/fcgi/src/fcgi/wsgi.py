"""Calling a WSGI application and making sure of an answer (PEP 3333).

`respond` hands the records of the answer to `send`, a function that writes buffers to
the web server in one go and raises StreamError when that is gone. Nothing else of the
outside world is known here, so every server model uses this file.
"""

import logging
import sys
import traceback
from collections.abc import Callable, Generator, Iterable
from typing import Any, Final

from fcgi import codec
from fcgi.codec import Buffer, Environ
from fcgi.errors import RefusedError, StreamError
from fcgi.response import ErrorStream, Response, Send

log = logging.getLogger("fcgi")

# WHY Any: PEP 3333 environs hold anything, and applications annotate their callables
# in their own ways; a narrower type would reject most of them.
Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

_PAGE: Final = b"<!doctype html>\n<title>%(s)s</title>\n<h1>%(s)s</h1>\n"
_HTML: Final = ("Content-Type", "text/html; charset=utf-8")


def respond(
    app: Application, environ: Environ, request_id: int, send: Send, end: Send
) -> bool:
    """Run `app` and send its response.

    Args:
        app: The application.
        environ: The request, lacking only `wsgi.errors`.
        request_id: Whose records these will be.
        send: Writes records.
        end: Writes the last records, and END_REQUEST after them.

    Returns:
        False if the response could not be finished: the peer is gone, or the
        application failed in the middle of the body. The connection must then be
        closed without an end record, so that the edge does not take the fragment for
        the whole.
    """
    errors = ErrorStream(request_id, send)
    environ["wsgi.errors"] = errors
    head = environ["REQUEST_METHOD"] == "HEAD"
    response = Response(request_id, head, send, end, errors)
    try:
        deliver(app(environ, response.start), response)
    except StreamError:
        return False
    except Exception:  # noqa: BLE001 - an application may raise anything
        return failed(response, environ)
    return True


def steps(
    app: Application, environ: Environ, request_id: int, send: Send, end: Send
) -> Generator[None, None, bool]:
    """Do what `respond` does, pausing after each piece of the body."""
    errors = ErrorStream(request_id, send)
    environ["wsgi.errors"] = errors
    head = environ["REQUEST_METHOD"] == "HEAD"
    response = Response(request_id, head, send, end, errors)
    try:
        result = app(environ, response.start)
        if type(result) is list or type(result) is tuple:
            deliver(result, response)
            return True
        try:
            for data in result:
                response.write(data)
                yield
            response.finish()
        finally:
            _close(result)
    except StreamError:
        return False
    except Exception:  # noqa: BLE001 - an application may raise anything
        return failed(response, environ)
    return True


def deliver(result: Iterable[bytes], response: Response) -> None:
    """Send what an application returned."""
    if type(result) is list or type(result) is tuple:
        response.whole(result[0] if len(result) == 1 else b"".join(result))
        return
    try:
        for data in result:
            response.write(data)
        response.finish()
    finally:
        _close(result)


def _close(result: Iterable[bytes]) -> None:
    close = getattr(result, "close", None)
    if close is not None:
        close()


def failed(response: Response, environ: Environ) -> bool:
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
        response.whole(_PAGE % {b"s": b"Internal Server Error"})
    except StreamError:
        return False
    return True


def refuse(error: RefusedError, request_id: int, end: Send) -> None:
    """Answer a request that must not reach the application."""
    log.warning("refused with %s: %s", error.status[:3], error)
    errors = ErrorStream(request_id, end)
    response = Response(request_id, False, end, end, errors)
    response.start(error.status, [_HTML, ("Cache-Control", "no-store")])
    response.whole(_PAGE % {b"s": error.status[4:].encode("latin-1")})


def with_end(request_id: int, send: Send) -> Send:
    """Return `end` for a connection whose protocol state is of no more interest."""

    def end(pieces: list[Buffer]) -> None:
        send([*pieces, codec.encode_end(request_id)])

    return end
