"""The two ends of an exchange as files: the request's body, the log, a response."""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from smisk import http


class Readable(Protocol):
    """What WSGI promises of ``wsgi.input``."""

    def read(self, size: int = -1, /) -> bytes:
        """Read up to `size` bytes."""
        ...


class Stream:
    """A body as it comes in: bytes, read once, never beyond its length.

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
        self._take = None if source is None else source.read
        self._deadline = None
        if time_s is not None:
            self._deadline = time.monotonic() + time_s
            # WHY read1: read waits for all it was asked for, however slowly it comes.
            self._take = getattr(source, "read1", self._take)
        self._left = length
        self._write = write
        self._ahead = b""
        self._at_end = source is None

    def read(self, size: int = -1) -> bytes:
        """Read `size` bytes, or everything; fewer only at the end.

        Raises:
            http.BadRequest: If the body ends before its announced length.
        """
        if 0 <= size <= len(self._ahead):
            taken, self._ahead = self._ahead[:size], self._ahead[size:]
            return taken
        parts = [self._ahead]
        have = len(self._ahead)
        self._ahead = b""
        while size < 0 or have < size:
            part = self.read_some(self.CHUNK_BYTES if size < 0 else size - have)
            if not part:
                break
            parts.append(part)
            have += len(part)
        return b"".join(parts)

    def read_some(self, size: int = CHUNK_BYTES) -> bytes:
        """Read between 1 and `size` bytes; no bytes at the end."""
        if self._ahead:
            return self.read(min(size, len(self._ahead)))
        if self._at_end or self._left == 0:
            return b""
        assert self._take is not None
        if self._deadline is not None and time.monotonic() > self._deadline:
            raise http.RequestTimeout("the body came too slowly")
        want = size if self._left is None else min(size, self._left)
        part = self._take(want)
        if not part:
            self._at_end = True
            if self._left:
                raise http.BadRequest("the body ended before its Content-Length")
        elif self._left is not None:
            self._left -= len(part)
        return part

    def readline(self, size: int = -1) -> bytes:
        """Read up to and including a line feed, at most `size` bytes."""
        line = b""
        while size < 0 or len(line) < size:
            part = self.read_some()
            if not part:
                break
            end = part.find(b"\n") + 1
            take = end or len(part)
            if size >= 0:
                take = min(take, size - len(line))
            line += part[:take]
            self._ahead = part[take:] + self._ahead
            if end and take >= end:
                break
        return line

    def readlines(self, hint: int = -1) -> list[bytes]:
        """Read lines until the end, or until `hint` bytes have been read."""
        lines = []
        total = 0
        for line in self:
            lines.append(line)
            total += len(line)
            if 0 < hint <= total:
                break
        return lines

    def __iter__(self) -> Iterator[bytes]:
        while line := self.readline():
            yield line

    def write(self, data: bytes | str) -> int:
        """Write `data`; text goes out as UTF-8."""
        if self._write is None:
            raise OSError("this stream is read, not written")
        raw = data.encode() if isinstance(data, str) else data
        self._write(raw)
        return len(raw)

    def writelines(self, lines: Iterable[bytes | str]) -> None:
        """Write each of `lines`, adding nothing between them."""
        for line in lines:
            self.write(line)

    def write_byte(self, byte: int) -> None:
        """Write one byte."""
        self.write(bytes((byte,)))

    def flush(self) -> None:
        """Do nothing: nothing is held back here."""

    def close(self) -> None:
        """Read no further; what is left unread is the server's to drop."""
        self._at_end = True
        self._ahead = b""
