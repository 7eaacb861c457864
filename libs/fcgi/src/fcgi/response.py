"""One WSGI response on its way to becoming records, in plain Python.

`_quick.Response` is the compiled twin that the prefork model uses where it was built.
"""

from collections.abc import Callable
from types import TracebackType
from typing import Final

from fcgi import codec
from fcgi.codec import Buffer
from fcgi.headers import encode_headers
from fcgi.records import Type

Send = Callable[[list[Buffer]], None]
ExcInfo = (
    tuple[type[BaseException], BaseException, TracebackType | None]
    | tuple[None, None, None]
)

# PERF: lighttpd reads 8 KiB until it has the response header. Up to that size one
# record is one read; beyond, a record for the header saves a read of each (2026-11).
SMALL: Final = 8192 - 8 - 16

_NO_BODY: Final = ("1", "204", "304")


class ErrorStream:
    """`wsgi.errors`: text for the web server's error log.

    What is written is kept until it is flushed, exceeds 8 KiB, or the request ends.

    Args:
        request_id: Whose error log this is.
        send: Writes records.
    """

    def __init__(self, request_id: int, send: Send) -> None:
        self.request_id = request_id
        self.pending: list[bytes] = []
        self._send = send
        self._size = 0

    def write(self, text: str) -> int:
        """Keep `text` for the log."""
        raw = text.encode("utf-8", "backslashreplace")
        self.pending.append(raw)
        self._size += len(raw)
        if self._size > 8192:
            self.flush()
        return len(text)

    def writelines(self, lines: list[str]) -> None:
        """Keep all of `lines`."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Send what was kept."""
        if self.pending:
            self._send(self.take())

    def take(self) -> list[Buffer]:
        """Return what was kept as records, once."""
        raw = b"".join(self.pending)
        self.pending.clear()
        self._size = 0
        return codec.encode_stream(Type.STDERR, self.request_id, raw)

    def close(self) -> None:
        """Flush only: the stream outlives what an application thinks of it."""
        self.flush()


class Response:
    """What `start_response` and `write` act on.

    Args:
        request_id: Whose response this is.
        head: Whether the request's method is HEAD.
        send: Writes records; raises StreamError when the peer is gone.
        end: Does the same with the last records, and END_REQUEST after them.
        errors: The request's error stream, sent along.
    """

    __slots__ = (
        "_block",
        "_bodiless",
        "_empty",
        "_end",
        "_head",
        "_left",
        "_length",
        "_request_id",
        "_send",
        "errors",
        "sent",
    )

    def __init__(
        self, request_id: int, head: bool, send: Send, end: Send, errors: ErrorStream
    ) -> None:
        self._request_id = request_id
        self._send = send
        self._end = end
        self._block: bytes | None = None
        self._length: int | None = None
        self._left: int | None = None
        self._head = self._bodiless = head
        self._empty = False
        self.errors = errors
        self.sent = False  # whether the header is on its way

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
                if self.sent:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None  # PEP 3333: no circular reference
        elif self._block is not None:
            raise RuntimeError("start_response called twice without exc_info")
        self._block, self._length = encode_headers(status, headers)
        self._left = self._length
        self._empty = status.startswith(_NO_BODY)
        self._bodiless = self._head or self._empty
        return self.write

    def write(self, data: bytes) -> None:
        """Send `data` at once, with the header before the first of it.

        Raises:
            TypeError: If it is not made of bytes.
            RuntimeError: If it comes too early, or exceeds the Content-Length.
        """
        self._check(data)
        # WHY: a response without a body leaves as a whole. lighttpd hangs up on who has
        # sent a header that no body follows, and the rest would find nobody.
        if data and not self._bodiless:
            self._put(self._pieces(data))

    def whole(self, data: bytes) -> None:
        """Send a response whose entire body is at hand, and its end.

        Raises:
            TypeError: If the body is not made of bytes.
            RuntimeError: If it does not fit the header.
        """
        self._check(data)
        # WHY: HEAD may be answered with the body it is the head of, or without; an
        # empty one says nothing of the length GET would get.
        measured = bool(data) or not self._head
        if self._length is None and measured and not self.sent and not self._empty:
            self._length = self._left = len(data)
            assert self._block is not None
            self._block += b"Content-Length: %d\r\n" % len(data)
        self._check_end(len(data))
        self._put_last([*self.errors.take(), *self._pieces(data)])

    def finish(self) -> None:
        """Send what is left after the body was written piece by piece."""
        if self.sent:
            self._check_end(0)
            self._put_last(self.errors.take())
        else:
            self.whole(b"")

    def _put(self, pieces: list[Buffer]) -> None:
        self._send(pieces)

    def _put_last(self, pieces: list[Buffer]) -> None:
        self._end(pieces)

    def _check(self, data: bytes) -> None:
        if self._block is None:
            raise RuntimeError("body before start_response")
        if not isinstance(data, bytes):
            msg = f"a body is made of bytes, not {type(data).__name__}"
            raise TypeError(msg)

    def _check_end(self, size: int) -> None:
        if self._left is not None and self._left > size and not self._bodiless:
            missing = self._left - size
            msg = f"{missing} bytes less than the Content-Length of the response"
            raise RuntimeError(msg)

    def _pieces(self, data: bytes) -> list[Buffer]:
        if self._bodiless:
            data = b""
        elif self._left is not None:
            if len(data) > self._left:
                msg = "more bytes than the Content-Length of the response"
                raise RuntimeError(msg)
            self._left -= len(data)
        if self.sent:
            return codec.encode_stream(Type.STDOUT, self._request_id, data)
        assert self._block is not None
        self.sent = True
        block = self._block + b"\r\n"
        if len(block) + len(data) <= SMALL:
            return codec.encode_stream(Type.STDOUT, self._request_id, block + data)
        return [
            *codec.encode_stream(Type.STDOUT, self._request_id, block),
            *codec.encode_stream(Type.STDOUT, self._request_id, data),
        ]
