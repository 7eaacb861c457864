"""From an environ to the records of a response (PEP 3333).

`respond` calls the application and hands the records of its answer to `send`, a
function that writes buffers to the web server in one go and raises StreamError when
that is gone. Nothing else of the outside world is known here, so every server model
uses this file.
"""

import io
import logging
import sys
import traceback
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Final, Protocol

from fcgi import codec
from fcgi.codec import Buffer, Environ
from fcgi.errors import RefusedError, StreamError
from fcgi.records import Type

log = logging.getLogger("fcgi")

Send = Callable[[list[Buffer]], None]
ExcInfo = (
    tuple[type[BaseException], BaseException, TracebackType | None]
    | tuple[None, None, None]
)
# WHY Any: PEP 3333 environs hold anything, and applications annotate their callables
# in their own ways; a narrower type would reject most of them.
Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Gate(Protocol):
    """Where a model learns when a request starts and ends; see `scoreboard`."""

    def begin(self) -> None:
        """A request starts."""

    def end(self) -> None:
        """It is over."""


# PERF: lighttpd reads 8 KiB until it has the response header. Up to that size one
# record is one read; beyond, a record for the header saves a read of each (2026-11).
SMALL: Final = 8192 - 8 - 16

_NO_BODY: Final = ("1", "204", "304")
_PAGE: Final = b"<!doctype html>\n<title>%(s)s</title>\n<h1>%(s)s</h1>\n"


class ErrorStream(io.TextIOBase):
    """`wsgi.errors`: text for the web server's error log.

    What is written is kept until it is flushed, exceeds 8 KiB, or the request ends.
    """

    def __init__(self, request_id: int, send: Send) -> None:
        self.request_id = request_id
        self._send = send
        self._pending: list[bytes] = []
        self._size = 0

    def writable(self) -> bool:
        """Return True."""
        return True

    def write(self, text: str) -> int:
        """Keep `text` for the log."""
        raw = text.encode("utf-8", "backslashreplace")
        self._pending.append(raw)
        self._size += len(raw)
        if self._size > 8192:
            self.flush()
        return len(text)

    def flush(self) -> None:
        """Send what was kept."""
        if self._pending:
            self._send(self.take())

    def take(self) -> list[Buffer]:
        """Return what was kept as records, once."""
        raw = b"".join(self._pending)
        self._pending.clear()
        self._size = 0
        return codec.encode_stream(Type.STDERR, self.request_id, raw)

    def close(self) -> None:
        """Flush only: the stream outlives what an application thinks of it."""
        self.flush()


class Response:
    """One response: what `start_response` and `write` act on."""

    __slots__ = (
        "_block",
        "_bodiless",
        "_empty",
        "_head",
        "_left",
        "_length",
        "_request_id",
        "_send",
        "_sent",
        "errors",
    )

    def __init__(
        self, request_id: int, head: bool, send: Send, errors: ErrorStream
    ) -> None:
        self._request_id = request_id
        self._send = send
        self._block: bytes | None = None
        self._length: int | None = None
        self._left: int | None = None
        self._sent = False
        self._head = self._bodiless = head
        self._empty = False
        self.errors = errors

    @property
    def sent(self) -> bool:
        """Whether the header is on its way and can no longer change."""
        return self._sent

    def start(
        self,
        status: str,
        headers: list[tuple[str, str]],
        exc_info: ExcInfo | None = None,
    ) -> Callable[[bytes], None]:
        """Take status and headers; this is `start_response`.

        Raises:
            ValueError: If they cannot be sent as they are.
            RuntimeError: If they were given before and this is no error's doing.
        """
        if exc_info is not None and exc_info[1] is not None:
            try:
                if self._sent:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None  # PEP 3333: no circular reference
        elif self._block is not None:
            raise RuntimeError("start_response called twice without exc_info")
        self._block, self._length = codec.encode_headers(status, headers)
        self._left = self._length
        if status.startswith(_NO_BODY):
            self._bodiless = self._empty = True
        return self.write

    def write(self, data: bytes) -> None:
        """Send `data` at once, with the header before the first of it."""
        if not isinstance(data, bytes):
            msg = f"a body is made of bytes, not {type(data).__name__}"
            raise TypeError(msg)
        if self._block is None:
            raise RuntimeError("body before start_response")
        if data:
            pieces = self._pieces(data)
            if pieces:
                self._send(pieces)

    def whole(self, data: bytes, end: bytes) -> None:
        """Send a response whose entire body is at hand, and its end record."""
        if self._block is None:
            raise RuntimeError("body before start_response")
        if not isinstance(data, bytes):
            msg = f"a body is made of bytes, not {type(data).__name__}"
            raise TypeError(msg)
        # WHY: HEAD may be answered with the body it is the head of, or without; an
        # empty one says nothing of the length GET would get.
        measured = bool(data) if self._head else not self._bodiless
        if self._length is None and measured and not self._sent and not self._empty:
            self._length = self._left = len(data)
            self._block += b"Content-Length: %d\r\n" % len(data)
        pieces = self._pieces(data)
        self._check_end()
        self._send([*self.errors.take(), *pieces, end])

    def finish(self, end: bytes) -> None:
        """Send what is left, the end record last."""
        if self._block is None:
            raise RuntimeError("no start_response")
        self.whole(b"", end) if not self._sent else self._finish(end)

    def _finish(self, end: bytes) -> None:
        self._check_end()
        self._send([*self.errors.take(), end])

    def _check_end(self) -> None:
        if self._left and not self._bodiless:
            msg = f"{self._left} bytes less than the Content-Length of the response"
            raise RuntimeError(msg)

    def _pieces(self, data: bytes) -> list[Buffer]:
        if self._bodiless:
            data = b""
        elif self._left is not None:
            if len(data) > self._left:
                msg = "more bytes than the Content-Length of the response"
                raise RuntimeError(msg)
            self._left -= len(data)
        if self._sent:
            return codec.encode_stream(Type.STDOUT, self._request_id, data)
        assert self._block is not None
        self._sent = True
        block = self._block + b"\r\n"
        if len(block) + len(data) <= SMALL:
            return codec.encode_stream(Type.STDOUT, self._request_id, block + data)
        return [
            *codec.encode_stream(Type.STDOUT, self._request_id, block),
            *codec.encode_stream(Type.STDOUT, self._request_id, data),
        ]


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
        _run(app, environ, response, end)
    except StreamError:
        return False
    except Exception:  # noqa: BLE001 - an application may raise anything
        return _failed(response, end, environ)
    return True


def _run(app: Application, environ: Environ, response: Response, end: bytes) -> None:
    result = app(environ, response.start)
    if type(result) is list or type(result) is tuple:
        data = result[0] if len(result) == 1 else b"".join(result)
        response.whole(data, end)
        return
    try:
        for data in result:
            if data:
                response.write(data)
            elif not isinstance(data, bytes):
                response.write(data)  # for its TypeError
        response.finish(end)
    finally:
        close = getattr(result, "close", None)
        if close is not None:
            close()


def _failed(response: Response, end: bytes, environ: Environ) -> bool:
    """Log the error being handled; answer 500 if nothing was sent yet."""
    where = f"{environ.get('REQUEST_METHOD')} {environ.get('PATH_INFO')!r}"
    log.error("application failed: %s", where, exc_info=True)  # noqa: LOG014 - called in one
    try:
        response.errors.write(f"{where}\n{traceback.format_exc()}")
        if response.sent:
            response.errors.flush()
            return False
        response.start(
            "500 Internal Server Error",
            [
                ("Content-Type", "text/html; charset=utf-8"),
                ("Cache-Control", "no-store"),
            ],
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
    response.start(error.status, [("Content-Type", "text/html; charset=utf-8")])
    text = error.status[4:].encode("latin-1")
    response.whole(_PAGE % {b"s": text}, codec.encode_end(request_id))
