"""A connection served by one thread with blocking calls, one request at a time.

The slow and complete companion of the prefork model's fast path, and the whole of
thread-per-connection and of the classic `Request`: whatever shape a request has, body
in pieces, kept connection, abort, management records, it is understood here.
"""

import contextlib
import io
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Final

from fcgi import environ as environs
from fcgi import events, transport, wsgi
from fcgi.codec import Buffer, Environ
from fcgi.errors import AbortedError, RefusedError, RemoteProtocolError
from fcgi.limits import DEFAULT, Limits
from fcgi.records import HEADER, HEADER_SIZE, Role, Type
from fcgi.server_connection import ServerConnection
from fcgi.worker import Worker

_STREAMS: Final = {Role.RESPONDER: 1, Role.AUTHORIZER: 0, Role.FILTER: 2}
_LINGER_S: Final = 1.0


class BlockingConnection:
    """An accepted connection.

    Args:
        fd: The socket's number, in blocking mode. Closing it is the caller's part.
        limits: What the peer may make us hold.
        data: Bytes that were read already.
        read_timeout_s: For how long the peer may be silent within a request.
        keep_timeout_s: For how long it may be silent between two.
        may_keep: Asked twice a second whether to go on waiting for another request.
        values: Answers to GET_VALUES.
    """

    def __init__(
        self,
        fd: int,
        limits: Limits = DEFAULT,
        data: bytes = b"",
        *,
        read_timeout_s: float = 10.0,
        keep_timeout_s: float = 15.0,
        may_keep: Callable[[], bool] = lambda: True,
        values: Mapping[bytes, bytes] | None = None,
    ) -> None:
        self._fd = fd
        self._read_timeout_s = read_timeout_s
        self._keep_timeout_s = keep_timeout_s
        self._may_keep = may_keep
        self._is_silent = not data  # as far as we know
        self._protocol = ServerConnection(limits, multiplex=False, values=values)
        self._queue: deque[StreamEvent] = deque()
        self._current = 0
        self._aborted = False
        self._closed = False
        self._open_streams = 0  # of the current request, not yet at their end
        if data:
            self._protocol.receive_data(data)

    @property
    def must_close(self) -> bool:
        """Whether the last request asked for the connection to be closed."""
        return self._protocol.must_close

    @property
    def is_empty(self) -> bool:
        """Whether nothing that was read, or is still due, belongs to any request."""
        return (
            not self._queue
            and self._open_streams <= 0
            and self._protocol.is_between_records
        )

    def next_request(self) -> events.RequestReceived | None:
        """Wait for a request; None at the end of the connection.

        Raises:
            RemoteProtocolError: If the peer broke the rules.
            StreamError: If the connection broke.
        """
        while not self._protocol.must_close:
            event = self._queue.popleft() if self._queue else None
            if event is None and not self._closed:
                event = self._parse()
            if isinstance(event, events.RequestReceived):
                self._current = event.request_id
                self._aborted = False
                self._open_streams = _STREAMS[event.role]
                return event
            if event is None:
                if self._closed or (self._is_idle and not self._wait_for_another()):
                    return None
                self._receive()
        return None

    def send(self, pieces: list[Buffer]) -> None:
        """Write records of the current request."""
        transport.send(self._fd, pieces)

    def end(self, pieces: list[Buffer]) -> None:
        """Write the last records of the current request, and END_REQUEST."""
        # What is here already need not be waited for, see `let_finish`.
        with contextlib.suppress(RemoteProtocolError):  # it comes again when it matters
            while self._open_streams > 0 and (event := self._parse()) is not None:
                self._queue.append(event)
        record = self._protocol.end_request(self._current)
        transport.send(self._fd, [*pieces, record])

    def stdin(self, size: int | None) -> io.BufferedReader:
        """Return the current request's body, which must have `size` bytes."""
        return io.BufferedReader(_Stream(self, events.StdinReceived, size), 65536)

    def data(self, size: int | None) -> io.BufferedReader:
        """Return the file a filter works on; reading it skips the rest of the body."""
        return io.BufferedReader(_Stream(self, events.DataReceived, size), 65536)

    def is_aborted(self) -> bool:
        """Return whether the web server has given up on the current request."""
        # LIMIT: a body nobody reads is not taken in just to look behind it.
        while not self._aborted and not self._closed and len(self._queue) < 16:
            event = self._parse()
            if event is not None:
                self._queue.append(event)
            elif not self._closed:
                if not transport.is_readable(self._fd):
                    break
                self._receive()
        return self._aborted

    def let_finish(self) -> None:
        """Take in what the web server is still writing of a request that is answered.

        WHY: Apache writes the end of STDIN by itself. If it finds the connection
        closed by then, it throws the whole answer away and says 503.
        """
        until = time.monotonic() + _LINGER_S
        end = HEADER.pack(1, Type.STDIN, self._current, 0, 0)
        data = b""
        while self._open_streams > 0 and time.monotonic() < until:
            if data.endswith(end) or not transport.is_readable(self._fd, _LINGER_S):
                return
            more = transport.receive(self._fd)
            if not more:
                return
            data = data[-HEADER_SIZE:] + more

    @property
    def may_end(self) -> bool:
        """Whether the web server still waits for END_REQUEST after an abort."""
        return self._aborted and not self._closed

    def _next_event(self) -> "StreamEvent | None":
        if self._queue:
            return self._queue.popleft()
        while not self._closed:
            event = self._parse()
            if event is not None:
                return event
            if not self._closed:
                self._receive()
        return None

    @property
    def _is_idle(self) -> bool:
        """Whether what came is dealt with, and no request is under way."""
        return not (
            self._is_silent
            or self._protocol.active
            or not self._protocol.is_between_records
        )

    def _receive(self) -> None:
        data = transport.receive_in_time(self._fd, self._read_timeout_s)
        self._is_silent = False
        self._protocol.receive_data(data)

    def _wait_for_another(self) -> bool:
        """Wait for bytes between two requests; return whether there are any."""
        until = time.monotonic() + self._keep_timeout_s
        while not transport.is_readable(self._fd, 0.5):
            if time.monotonic() > until or not self._may_keep():
                return False
        return True

    def _parse(self) -> "StreamEvent | None":
        """Return what is next among the bytes that were read; None if nothing is."""
        event = self._protocol.next_event()
        answer = self._protocol.data_to_send()
        if answer:
            transport.send(self._fd, [answer])
        if event is None:
            self._closed = self._protocol.must_close
            return None
        if isinstance(event, events.ConnectionClosed):
            self._closed = True
            self._aborted = bool(event.active)
            return None
        if isinstance(event, events.RequestAborted):
            self._aborted = True
        elif not isinstance(event, events.RequestReceived) and not event.content:
            self._open_streams -= 1
        return event


def connect_to(
    worker: Worker, fd: int, data: bytes = b"", *, connections: int = 1
) -> BlockingConnection:
    """Return an accepted connection, of so many of a worker, with its limits."""
    settings = worker.settings
    return BlockingConnection(
        fd,
        settings.limits,
        data,
        read_timeout_s=settings.read_timeout_s,
        keep_timeout_s=settings.keep_timeout_s,
        may_keep=worker.may_keep,
        values=worker.values(connections),
    )


def serve_requests(
    connection: BlockingConnection,
    worker: Worker,
    base: Environ,
    *,
    until_empty: bool = False,
) -> bool:
    """Serve what comes on a connection until it is to be closed.

    Args:
        connection: The connection.
        worker: For whom.
        base: The part of the environ that all requests share.
        until_empty: Whether to stop when every byte that was read is dealt with.

    Returns:
        Whether more may come on the connection, which only `until_empty` leaves open.

    Raises:
        ProtocolError: If the peer broke the rules.
        StreamError: If the connection broke.
    """
    while True:
        request = connection.next_request()
        if request is None:
            return False
        with worker.running():
            whole = _serve(connection, worker, base, request)
        worker.done()
        if whole and connection.must_close:
            connection.let_finish()
        if not whole or connection.must_close or not worker.may_keep():
            return False
        if until_empty and connection.is_empty:
            return True


def _serve(
    connection: BlockingConnection,
    worker: Worker,
    base: Environ,
    request: events.RequestReceived,
) -> bool:
    try:
        environ = environs.from_request(request, base, worker.settings.mount)
        if request.role is not Role.AUTHORIZER:
            environ["wsgi.input"] = connection.stdin(environs.body_size(environ))
    except RefusedError as error:
        wsgi.refuse(error, request.request_id, connection.end)
        return True
    environ["fcgi.is_aborted"] = connection.is_aborted
    if request.role is Role.FILTER:
        environ["fcgi.data"] = connection.data(environs.data_size(environ))
    whole = wsgi.respond(
        worker.app, environ, request.request_id, connection.send, connection.end
    )
    if not whole and connection.may_end:
        connection.end([])  # SPEC 5.4: as soon as possible, and then go on
        return True
    return whole


StreamEvent = (
    events.RequestReceived
    | events.StdinReceived
    | events.DataReceived
    | events.RequestAborted
)


class _Stream(io.RawIOBase):
    """One input stream of the current request."""

    def __init__(
        self,
        connection: BlockingConnection,
        kind: type[events.StdinReceived] | type[events.DataReceived],
        size: int | None,
    ) -> None:
        self._connection = connection
        self._kind = kind
        self._rest = memoryview(b"")
        self._ended = False
        self._left = size

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: "memoryview | bytearray", /) -> int:  # type: ignore[override]
        """Fill `buffer` with what comes next; 0 at the end of the stream.

        Raises:
            AbortedError: If the web server gave up before the end.
        """
        while not self._rest:
            if self._ended:
                return 0
            event = self._connection._next_event()
            if isinstance(event, self._kind):
                self._ended = not event.content
                self._rest = memoryview(event.content)
                self._count(len(event.content))
            elif event is None or isinstance(event, events.RequestAborted):
                msg = "the web server aborted the request"
                raise AbortedError(msg)
            elif isinstance(event, events.RequestReceived):
                msg = "a request within a request"
                raise RemoteProtocolError(msg)
            # else: STDIN a filter did not care to read before its data
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size

    def _count(self, size: int) -> None:
        """Hold the stream to the size its parameters announced (SPEC 6.2)."""
        if self._left is None:
            return
        self._left -= size
        if self._left < 0 or (self._ended and self._left):
            word = "longer" if self._left < 0 else "shorter"
            msg = f"a stream {word} than announced"
            raise AbortedError(msg)
