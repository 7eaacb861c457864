"""A request's input stream that one side fills and another reads."""

import io
import tempfile
import threading
from typing import Final

from fcgi.environ import EMPTY
from fcgi.errors import AbortedError, RefusedError
from fcgi.limits import Limits

_WAIT_S: Final = 600.0


class Spool(io.RawIOBase):
    """Bytes between the thread that receives them and the one that wants them.

    Up to `Limits.spool_size` they are kept in memory, beyond in a temporary file, so
    an application that does not read cannot make a worker grow.

    Args:
        limits: Bounds on memory and on the whole.
        size: The announced size; None if it was not announced.
    """

    def __init__(self, limits: Limits, size: int | None) -> None:
        self._limits = limits
        self._size = size
        self._changed = threading.Condition()
        # PERF: most requests have no body, and a file for one costs more than all the
        # rest of a request in this model (2026-11).
        self._file: tempfile.SpooledTemporaryFile[bytes] | None = None
        self._written = 0
        self._read = 0
        self._ended = False
        self._error: str | None = None

    def feed(self, data: bytes) -> None:
        """Add bytes; none mark the end.

        Raises:
            RefusedError: If there are more than allowed or announced, or fewer.
        """
        with self._changed:
            if self.closed:
                return
            try:
                self._check(len(data))
            except RefusedError:
                self._changed.notify_all()
                raise
            if data:
                file = self._open()
                file.seek(self._written)
                file.write(data)
                self._written += len(data)
            else:
                self._ended = True
            self._changed.notify_all()

    def abort(self, reason: str = "the web server aborted the request") -> None:
        """Make reading fail from now on."""
        with self._changed:
            self._error = reason
            self._changed.notify_all()

    @property
    def is_aborted(self) -> bool:
        """Whether the rest will never come."""
        return self._error is not None

    @property
    def is_ended(self) -> bool:
        """Whether all of it has arrived."""
        return self._ended

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: "memoryview | bytearray", /) -> int:  # type: ignore[override]
        """Wait for bytes; 0 at the end of the stream.

        Raises:
            AbortedError: If the rest will never come.
        """
        with self._changed:
            while self._read == self._written:
                if self._error is not None:
                    raise AbortedError(self._error)
                if self._ended:
                    return 0
                if not self._changed.wait(_WAIT_S):
                    msg = f"no input for {_WAIT_S:.0f} s"
                    raise AbortedError(msg)
            file = self._open()
            file.seek(self._read)
            data = file.read(min(len(buffer), self._written - self._read))
            self._read += len(data)
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Give up the bytes; what still comes is dropped."""
        with self._changed:
            if self._file is not None:
                self._file.close()
            super().close()

    def _open(self) -> "tempfile.SpooledTemporaryFile[bytes]":
        if self._file is None:
            # It lives until the request is over; see `close`.
            self._file = tempfile.SpooledTemporaryFile(  # noqa: SIM115
                max_size=self._limits.spool_size
            )
        return self._file

    def reader(self) -> io.BufferedIOBase:
        """Return what an application reads from."""
        return EMPTY if self._size == 0 else io.BufferedReader(self)

    def _check(self, size: int) -> None:
        total = self._written + size
        if total > self._limits.body_size:
            reason = f"a body of more than {self._limits.body_size} bytes"
            self._error = reason
            raise RefusedError(reason, "413 Content Too Large")
        if self._size is not None and (
            total > self._size or (not size and total < self._size)
        ):
            self._error = f"{total} bytes of body, {self._size} announced"
            raise RefusedError(self._error)
