"""One FastCGI connection, seen from either end: bytes in, events out.

Rules
-----
1. Nothing here reads or writes a socket, waits, locks, or looks at a clock.
2. What may follow what is decided in `state.py`; this file finds records in bytes,
   looks the state up, and keeps the bounds.
3. However the bytes are cut into pieces, the events are the same.
4. Every malformed input is RemoteProtocolError, and from then on the connection
   raises nothing else. Every misuse by the caller is LocalProtocolError.
5. Memory is bounded by one record, plus `Limits.params_size` for each of
   `Limits.requests` requests, plus what the caller fed and did not yet take out.

Theory of operation
-------------------
`receive_data` appends bytes; `next_event` takes records off the front until one of
them means something to the owner, or returns None when it needs more bytes. Records
that the protocol answers by itself (management records, requests that cannot be
taken) leave their answer in `data_to_send`. `send_*` return the bytes of what the
owner wants to say, in pieces for one gathering write: nothing is copied, nothing is
kept.
"""

from collections.abc import Iterator
from typing import Generic, TypeVar

from fcgi.errors import LocalProtocolError, RemoteProtocolError
from fcgi.limits import Limits
from fcgi.records import (
    HEADER,
    HEADER_SIZE,
)

EventT = TypeVar("EventT")


class Connection(Generic[EventT]):
    """Find whole records in what arrives; the two ends say what they mean."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._buffer = bytearray()
        self._start = 0
        self._closed = self._told = False
        self._broken: str | None = None
        self._out: list[bytes] = []

    @property
    def is_between_records(self) -> bool:
        """Whether everything that was received has been taken out."""
        return self._start == len(self._buffer)

    def receive_data(self, data: bytes | bytearray | memoryview) -> None:
        """Take bytes from the peer; empty bytes mean that it closed its side."""
        if self._closed:
            if data:
                msg = "bytes after the end of the connection"
                raise LocalProtocolError(msg)
            return
        if not len(data):
            self._closed = True
        elif self._start:
            # Drop what was taken out before growing: the buffer never holds more than
            # one unfinished record and the bytes just fed.
            del self._buffer[: self._start]
            self._start = 0
        self._buffer += data

    def next_event(self) -> EventT | None:
        """Return what happened next, or None if more bytes are needed.

        Raises:
            RemoteProtocolError: If the peer broke the rules, now or before.
        """
        if self._broken is not None:
            raise RemoteProtocolError(self._broken)
        try:
            return self._next_event()
        except RemoteProtocolError as error:
            self._broken = str(error)
            self._buffer = bytearray()
            self._start = 0
            self._forget()
            raise

    def events(self) -> Iterator[EventT]:
        """Yield events until more bytes are needed."""
        while (event := self.next_event()) is not None:
            yield event

    def data_to_send(self) -> bytes:
        """Return, once, what the protocol itself has to answer."""
        if not self._out:
            return b""
        data = b"".join(self._out)
        self._out.clear()
        return data

    def _next_event(self) -> EventT | None:
        buffer = self._buffer
        while len(buffer) - self._start >= HEADER_SIZE:
            version, kind, owner, size, padding = HEADER.unpack_from(
                buffer, self._start
            )
            if version != 1:
                msg = f"record of version {version}"
                raise RemoteProtocolError(msg)
            # LIMIT: judged by its header, so that a record which cannot be right is
            # refused before its 64 KiB are waited for.
            self._check_header(kind, owner, size)
            content = self._start + HEADER_SIZE
            end = content + size + padding
            if len(buffer) < end:
                break
            raw = bytes(memoryview(buffer)[content : content + size])
            self._start = end
            event = self._record(kind, owner, raw)
            if event is not None:
                return event
        if self._start == len(buffer):
            buffer.clear()
            self._start = 0
        if self._closed:
            if buffer:
                msg = "connection closed inside a record"
                raise RemoteProtocolError(msg)
            if not self._told:
                self._told = True
                return self._end()
        return None

    def _check_header(self, kind: int, owner: int, size: int) -> None:
        raise NotImplementedError

    def _record(self, kind: int, owner: int, raw: bytes) -> EventT | None:
        raise NotImplementedError

    def _end(self) -> EventT | None:
        raise NotImplementedError

    def _forget(self) -> None:
        raise NotImplementedError
