"""The two ends of an exchange as files: the request's body, and the log."""

import io
import time
from collections.abc import Callable
from typing import Any, Protocol

from smisk import http


class Readable(Protocol):
    """What WSGI promises of ``wsgi.input``."""

    def read(self, size: int = -1, /) -> bytes:
        """Read up to `size` bytes."""
        ...


class _Source(io.RawIOBase):
    """Takes from a server no more than it may, no longer than it may."""

    def __init__(
        self, source: Readable | None, length: int | None, time_s: float | None
    ) -> None:
        self._take: Callable[[int], bytes] = source.read if source else lambda _: b""
        self._left = length if source else 0
        self._deadline = None
        if time_s is not None:
            self._deadline = time.monotonic() + time_s
            # WHY read1: read waits for all it was asked for, however slowly it comes.
            self._take = getattr(source, "read1", self._take)

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any, /) -> int:
        want = len(into) if self._left is None else min(len(into), self._left)
        if not want:
            return 0
        if self._deadline is not None and time.monotonic() > self._deadline:
            msg = "the body came too slowly"
            raise http.RequestTimeout(msg, headers={"Connection": "close"})
        part = self._take(want)
        if self._left is not None:
            if not part:
                msg = "the body ended before its Content-Length"
                raise http.BadRequest(msg)
            self._left -= len(part)
        into[: len(part)] = part
        return len(part)


class Stream(io.BufferedReader):
    """A body as it comes in: a file of bytes, read once, never beyond its length.

    Reading raises 400 if the body ends before its announced length, 408 if it is late.

    Args:
        source: Where the bytes come from.
        length: How many there are; None when the source ends by itself.
        write: Takes bytes, for a stream that goes out.
        time_s: Seconds from now until the end must be here; None: any time.
    """

    CHUNK_BYTES = 64 * 1024

    def __init__(
        self,
        source: Readable | None = None,
        length: int | None = None,
        write: Callable[[bytes], object] | None = None,
        time_s: float | None = None,
    ) -> None:
        super().__init__(_Source(source, length, time_s))
        self._write = write

    def read_some(self, size: int = CHUNK_BYTES) -> bytes:
        """Read between 1 and `size` bytes; no bytes at the end."""
        return self.read1(size)

    def write(self, data: bytes | str) -> int:  # type: ignore[override]
        """Write `data`; text goes out as UTF-8."""
        if self._write is None:
            msg = "this stream is read, not written"
            raise OSError(msg)
        raw = data.encode() if isinstance(data, str) else data
        self._write(raw)
        return len(raw)

    def write_byte(self, byte: int) -> None:
        """Write one byte."""
        self.write(bytes((byte,)))
