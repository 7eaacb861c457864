"""The response to a quick request, in plain Python.

Almost every answer of an application has a header it sent before, and a body in one
piece. Of such a response only that header is ever looked at; any other becomes a
`Response` like those of the other models, as soon as it turns out to be one.
"""

import contextlib
from collections.abc import Callable
from typing import Final

from fcgi import _pure, transport
from fcgi.codec import Buffer
from fcgi.records import CHUNK, HEADER, Type
from fcgi.response import SMALL, ExcInfo, Response

_header: Final = HEADER.pack
_STDOUT: Final = int(Type.STDOUT)

# LIMIT: emptied when they are full, and long headers do not get in.
_OPENINGS_LIMIT: Final = 128
_SIZES_LIMIT: Final = 32
_LONGEST: Final = 1024


class Opening(dict[int, bytes]):
    """All that goes before a body, by its size; nothing for bodies that are unusual.

    Attributes:
        status: What `start_response` was called with.
        headers: The same.
        block: What it came to; None for nothing yet.
        length: The Content-Length in it.
        empty: Whether there is no body, whatever the application says.
    """

    __slots__ = ("block", "empty", "headers", "length", "status")

    def __init__(
        self,
        status: str = "",
        headers: list[tuple[str, str]] | None = None,
        block: bytes | None = None,
        length: int | None = None,
        empty: bool = False,
    ) -> None:
        self.status = status
        self.headers = headers
        self.block = block
        self.length = length
        self.empty = empty

    def __missing__(self, size: int) -> bytes:
        if self.block is None:
            return b""
        if len(self) >= _SIZES_LIMIT:
            self.clear()
        opening = self[size] = self._open(self.block, size)
        return opening

    def _open(self, block: bytes, size: int) -> bytes:
        if self.empty or not 0 < size <= CHUNK or self.length not in (None, size):
            return b""
        if self.length is None:
            block += b"Content-Length: %d\r\n" % size
        block += b"\r\n"
        whole = len(block) + size
        if whole <= SMALL:
            return _header(1, _STDOUT, 1, whole, 0) + block
        start = _header(1, _STDOUT, 1, len(block), 0)
        return start + block + _header(1, _STDOUT, 1, size, 0)


UNSTARTED: Final = Opening()
"""The opening of a response that has none yet."""
UNUSUAL: Final = Opening()
"""The opening of a response that became one like those of other models."""

_openings: Final[dict[object, Opening]] = {}
_latest: Final = [UNSTARTED]


class Answer(Response):
    """A response that writes to its connection by itself.

    PERF: a call of the class would cost as much as all that has to be set, which is
    these attributes and `errors`, so they are set where one is made (2026-11).

    Attributes:
        fd: The connection; negative once the response is over, for the number is then
            another connection's.
        opening: What goes before its body.
    """

    __slots__ = ("fd", "opening")
    fd: int
    opening: Opening

    def start(
        self,
        status: str,
        headers: list[tuple[str, str]],
        exc_info: ExcInfo | None = None,
    ) -> Callable[[bytes], None]:
        """Take status and headers, which are mostly the ones of a response before."""
        if self.opening is UNSTARTED and exc_info is None and type(headers) is list:
            latest = _latest[0]
            if status == latest.status and headers == latest.headers:
                self.opening = latest
                return self.write
            try:
                self.opening = _latest[0] = _openings[(status, *headers)]
            except (KeyError, TypeError):  # new, or a field that is a list
                pass
            else:
                return self.write
            self.become_unusual()
            super().start(status, headers)
            self._keep(status, headers)
            return self.write
        self.become_unusual()
        return super().start(status, headers, exc_info)

    def _keep(self, status: str, headers: list[tuple[str, str]]) -> None:
        block = self._block
        if block is None or len(block) >= _LONGEST:
            return
        if len(_openings) >= _OPENINGS_LIMIT:
            _openings.clear()
        made = Opening(status, headers.copy(), block, self._length, self._empty)
        with contextlib.suppress(TypeError):
            _openings[(status, *headers)] = made

    def become_unusual(self, request_id: int = 1, head: bool = False) -> None:
        """Become a response like those of the other models, unless it is one."""
        opening = self.opening
        if opening is UNUSUAL:
            return
        self.opening = UNUSUAL
        self.sent = False
        self._request_id = request_id
        self._block = opening.block
        self._length = self._left = opening.length
        self._empty = opening.empty
        self._head = head
        self._bodiless = head or opening.empty

    def write(self, data: bytes) -> None:
        """Send `data` at once, as `Response.write` does."""
        self.become_unusual()
        super().write(data)

    def _check(self, data: bytes) -> None:
        if self.fd < 0:
            raise RuntimeError("body after the end of the response")
        super()._check(data)

    def _put(self, pieces: list[Buffer]) -> None:
        transport.send(self.fd, pieces)

    def _put_last(self, pieces: list[Buffer]) -> None:
        fd, self.fd = self.fd, -1
        transport.send(fd, [*pieces, _pure.encode_end(self._request_id)])
