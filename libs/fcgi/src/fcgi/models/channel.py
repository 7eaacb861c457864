"""A connection in an event loop: what came in, and what is yet to go out.

Used by the models `multiplex` and `pool`. Requests are handed over when all of their
input has arrived, so an application never waits for a slow upload.
"""

import functools
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from fcgi import environ as environs
from fcgi import events, wsgi
from fcgi.codec import Buffer, Environ
from fcgi.errors import AbortedError, RefusedError
from fcgi.records import Role
from fcgi.server_connection import ServerConnection
from fcgi.spool import Spool
from fcgi.state import State
from fcgi.worker import Worker

HIGH_WATER: Final = 1 << 20
"""Bytes of output a channel holds before its applications have to wait."""

_IOV_MAX: Final = 64


@dataclass(slots=True)
class Request:
    """A request of a channel."""

    channel: "Channel"
    request_id: int
    environ: Environ
    spools: tuple[Spool, ...]
    aborted: bool = False

    @property
    def is_complete(self) -> bool:
        """Whether all of its input has arrived."""
        return all(spool.is_ended for spool in self.spools)

    def close(self) -> None:
        """Give up its input."""
        for spool in self.spools:
            spool.close()


class Channel:
    """One connection; made, read and written by the loop's thread only.

    `send`, `finish` and `break_off` may be called by other threads; `lock` guards what
    they share with the loop: the protocol, `_out`, `out_size` and `closed`.

    Attributes:
        registered: The events the loop's selector watches; 0 for not at all.
        used: Whether a request has come in.

    Args:
        sock: The connection, not blocking.
        worker: Whose it is.
        base: The part of the environ that requests share.
        ready: Called with each request that has arrived.
        wake: Called, from any thread, when there is something new to write.
    """

    def __init__(
        self,
        sock: socket.socket,
        worker: Worker,
        base: Environ,
        ready: Callable[[Request], None],
        wake: Callable[["Channel"], None],
    ) -> None:
        self.socket = sock
        self.lock = threading.Lock()
        self.drained = threading.Condition(self.lock)
        self.out_size = 0
        self.closed = False
        self.registered = 0
        self.used = False
        self.touched = time.monotonic()
        self._worker = worker
        self._base = base
        self._ready = ready
        self._wake = wake
        limits = worker.settings.limits
        values = worker.values(worker.settings.connections, limits.requests)
        self._protocol = ServerConnection(limits, values=values)
        self._out: deque[Buffer] = deque()
        self._requests: dict[int, Request] = {}
        self._hang_up = False

    @property
    def is_idle(self) -> bool:
        """Whether no request is active and nothing is left to write."""
        return not self._requests and not self._out

    @property
    def is_waiting(self) -> bool:
        """Whether it is the peer's turn to say something."""
        requests = list(self._requests.values())
        return not self._out and not any(r.is_complete for r in requests)

    @property
    def is_done(self) -> bool:
        """Whether the connection is to be closed now."""
        return not self._out and (
            self._hang_up or (self._protocol.must_close and not self._protocol.active)
        )

    # The loop's part.

    def read(self) -> bool:
        """Take in what arrived; False at the end of the connection.

        Raises:
            RemoteProtocolError: If the peer broke the rules.
            OSError: If the connection broke.
        """
        try:
            data = self.socket.recv(65536)
        except BlockingIOError:
            return True
        self.touched = time.monotonic()
        with self.lock:
            self._protocol.receive_data(data)
        while True:
            with self.lock:
                event = self._protocol.next_event()
                answer = self._protocol.data_to_send()
                if answer:
                    self._append([answer])
            if answer:
                self._wake(self)
            if event is None:
                return True
            if isinstance(event, events.ConnectionClosed):
                return False
            self._take(event)

    def write(self) -> None:
        """Write what the socket takes.

        Raises:
            OSError: If the connection broke.
        """
        with self.lock:
            while self._out:
                pieces = [self._out[i] for i in range(min(len(self._out), _IOV_MAX))]
                try:
                    sent = self.socket.sendmsg(pieces)
                except BlockingIOError:
                    return
                self.out_size -= sent
                while sent:
                    size = len(self._out[0])
                    if sent < size:
                        self._out[0] = memoryview(self._out[0])[sent:]
                        break
                    sent -= size
                    self._out.popleft()
            self.drained.notify_all()

    def close(self) -> None:
        """Close the connection; its requests learn it when they next send or read."""
        with self.lock:
            self.closed = True
            self._out.clear()
            self.out_size = 0
            self.drained.notify_all()
            requests = list(self._requests.values())
        for request in requests:
            request.aborted = True
            for spool in request.spools:
                spool.abort()
                if not spool.is_ended:  # it was never handed over
                    spool.close()
        self.socket.close()

    def _take(self, event: events.ServerEvent) -> None:
        if isinstance(event, events.RequestReceived):
            self._begin(event)
            event_id = event.request_id
        elif isinstance(event, events.RequestAborted):
            event_id = event.request_id
            self._abort(event_id)
        else:
            assert not isinstance(event, events.ConnectionClosed)
            event_id = event.request_id
            request = self._requests.get(event_id)
            if request is None:
                return
            place = 0 if isinstance(event, events.StdinReceived) else 1
            try:
                request.spools[place].feed(event.content)
            except RefusedError as error:
                self._refuse(error, event_id)
                return
        request = self._requests.get(event_id)
        if request is not None and self._protocol.state(event_id) is State.COMPLETE:
            self._ready(request)

    def _begin(self, event: events.RequestReceived) -> None:
        self.used = True
        limits = self._worker.settings.limits
        try:
            mount = self._worker.settings.mount
            environ = environs.from_request(event, self._base, mount)
            spools = []
            if event.role is not Role.AUTHORIZER:
                spools.append(Spool(limits, environs.body_size(environ)))
            if event.role is Role.FILTER:
                spools.append(Spool(limits, environs.data_size(environ)))
        except RefusedError as error:
            self._refuse(error, event.request_id)
            return
        request = Request(self, event.request_id, environ, tuple(spools))
        if event.role is not Role.AUTHORIZER:
            environ["wsgi.input"] = spools[0].reader()
        environ["fcgi.is_aborted"] = lambda: request.aborted or self.closed
        if event.role is Role.FILTER:
            environ["fcgi.data"] = spools[1].reader()
        self._requests[event.request_id] = request

    def _abort(self, request_id: int) -> None:
        request = self._requests.get(request_id)
        if request is None:
            return
        request.aborted = True
        if not request.is_complete:
            # It was never handed over, so nobody else will end it.
            self.finish(request, [])

    def _refuse(self, error: RefusedError, request_id: int) -> None:
        request = self._requests.pop(request_id, None)
        if request is not None:
            request.close()
        wsgi.refuse(error, request_id, functools.partial(self._finish, request_id))

    # For any thread.

    def send(self, pieces: list[Buffer]) -> None:
        """Queue records for writing, after waiting for room.

        Raises:
            AbortedError: If the connection is closed, or takes nothing for too long.
        """
        with self.lock:
            patience_s = self._worker.settings.send_timeout_s
            while self.out_size > HIGH_WATER and not self.closed:
                if not self.drained.wait(patience_s):
                    msg = f"the web server took nothing for {patience_s:.0f} s"
                    raise AbortedError(msg)
        self.enqueue(pieces)

    def enqueue(self, pieces: list[Buffer]) -> None:
        """Queue records for writing, however many there are already."""
        with self.lock:
            self._need()
            self._append(pieces)
        self._wake(self)

    def finish(self, request: Request, pieces: list[Buffer]) -> None:
        """Queue the last records of a request, and END_REQUEST."""
        request.close()
        self._finish(request.request_id, pieces)

    def _finish(self, request_id: int, pieces: list[Buffer]) -> None:
        with self.lock:
            self._need()
            # SAFETY: forgotten before the peer can know and use the id again.
            self._requests.pop(request_id, None)
            self._append([*pieces, self._protocol.end_request(request_id)])
        self._wake(self)

    def break_off(self, request: Request) -> None:
        """End a request whose response cannot be finished."""
        request.close()
        with self.lock:
            if self._requests.get(request.request_id) is request:
                del self._requests[request.request_id]
                if not self.closed:
                    record = self._protocol.end_request(request.request_id, 1)
                    if self._protocol.active or request.aborted:
                        # The others on this connection need it: say that it is over.
                        self._append([record])
                    else:
                        self._hang_up = True
        self._wake(self)

    def _need(self) -> None:
        if self.closed:
            msg = "the web server hung up"
            raise AbortedError(msg)

    def _append(self, pieces: list[Buffer]) -> None:
        self._out.extend(pieces)
        self.out_size += sum(map(len, pieces))
