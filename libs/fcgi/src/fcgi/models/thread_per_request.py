"""Model C: a thread that reads each connection, and one more for every request.

What flup calls multiplexed: many requests at once on one connection. Behind a web
server that opens a connection per request, as lighttpd does, this costs one more thread
each and gains nothing; the study of server models is about just that.
"""

import functools
import socket
import threading

from fcgi import environ as environs
from fcgi import events, transport, wsgi
from fcgi.codec import Buffer, Environ
from fcgi.errors import AbortedError, ProtocolError, RefusedError, StreamError
from fcgi.models.threads import Crew, Hands
from fcgi.records import Role
from fcgi.server_connection import ServerConnection
from fcgi.spool import Spool
from fcgi.state import State
from fcgi.worker import Worker, log


class ThreadPerRequest:
    """Serve every request in a thread of its own."""

    def serve(self, worker: Worker) -> None:
        """Serve until told to leave."""
        base = worker.base(multithread=True)
        crew = Crew(worker)
        crew.accept(
            functools.partial(
                serve_connection, worker=worker, base=base, hands=crew.hands
            )
        )
        crew.wait()


def serve_connection(
    sock: socket.socket, worker: Worker, base: Environ, hands: Hands
) -> None:
    """Read a connection until its end."""
    session = Session(sock, worker, base, hands)
    try:
        session.read()
    except ProtocolError as error:
        log.warning("connection dropped: %s", error)
    except StreamError as error:
        log.info("connection lost: %s", error)
    finally:
        session.close()


class Session:
    """A connection and the requests on it.

    `_lock` guards the protocol, the table of requests, and the order of writes.
    """

    def __init__(
        self, sock: socket.socket, worker: Worker, base: Environ, hands: Hands
    ) -> None:
        self._socket = sock
        self._worker = worker
        self._base = base
        limits = worker.settings.limits
        values = worker.values(worker.settings.connections, limits.requests)
        self._protocol = ServerConnection(limits, values=values)
        self._lock = threading.Lock()
        self._inputs: dict[int, tuple[Spool, Spool]] = {}
        self._gone = False
        self._hands = hands
        self._running = 0
        self._rest = threading.Condition(self._lock)

    def read(self) -> None:
        """Take in records and hand out what they carry; the reading thread's part."""
        fd = self._socket.fileno()
        while True:
            settings = self._worker.settings
            while not transport.is_readable(fd, settings.keep_timeout_s):
                if not self._inputs:  # nothing runs: it has been kept for long enough
                    return
            data = transport.receive(fd)
            with self._lock:
                self._protocol.receive_data(data)
                found = list(self._events())
            for event in found:
                if isinstance(event, events.ConnectionClosed):
                    return
                self._take(event)

    def close(self) -> None:
        """Tell the requests that are left, and wait for their threads."""
        with self._lock:
            self._gone = True
            inputs = list(self._inputs.values())
        for spool in (spool for pair in inputs for spool in pair):
            spool.abort()
        with self._lock:
            while self._running:
                self._rest.wait()

    def _events(self) -> "list[events.ServerEvent]":
        found: list[events.ServerEvent] = []
        try:
            found.extend(self._protocol.events())
        finally:
            answer = self._protocol.data_to_send()
            if answer:
                transport.send(self._socket.fileno(), [answer])
        return found

    def _take(self, event: events.ServerEvent) -> None:
        if isinstance(event, events.RequestReceived):
            self._start(event)
            return
        assert not isinstance(event, events.ConnectionClosed)
        with self._lock:
            pair = self._inputs.get(event.request_id)
        if pair is None:
            return
        try:
            if isinstance(event, events.StdinReceived):
                pair[0].feed(event.content)
            elif isinstance(event, events.DataReceived):
                pair[1].feed(event.content)
            else:
                pair[0].abort()
                pair[1].abort()
        except RefusedError as error:
            # The application may be reading already, and learns it from the spool.
            log.warning("request cut off: %s", error)

    def _start(self, request: events.RequestReceived) -> None:
        limits = self._worker.settings.limits
        try:
            mount = self._worker.settings.mount
            environ = environs.from_request(request, self._base, mount)
            spools = (
                Spool(limits, environs.body_size(environ)),
                Spool(limits, environs.data_size(environ)),
            )
        except RefusedError as error:
            end = functools.partial(self._end, request.request_id)
            wsgi.refuse(error, request.request_id, end)
            return
        if request.role is not Role.AUTHORIZER:
            environ["wsgi.input"] = spools[0].reader()
        environ["fcgi.is_aborted"] = lambda: self._is_aborted(spools[0])
        if request.role is Role.FILTER:
            environ["fcgi.data"] = spools[1].reader()
        with self._lock:
            self._inputs[request.request_id] = spools
            self._running += 1
        try:
            self._hands.do(functools.partial(self._serve, request.request_id, environ))
        except RuntimeError as error:  # the system is out of threads
            with self._lock:
                self._running -= 1
            raise StreamError(*error.args) from error

    def _serve(self, request_id: int, environ: Environ) -> None:
        """Be a request's thread."""
        try:
            with self._worker.running():
                app = self._worker.app
                end = functools.partial(self._end, request_id)
                if not wsgi.respond(app, environ, request_id, self._send, end):
                    self._break_off(request_id)
            self._worker.done()
        except StreamError as error:
            log.info("connection lost: %s", error)
        finally:
            with self._lock:
                self._running -= 1
                self._rest.notify_all()

    def _end(self, request_id: int, pieces: list[Buffer]) -> None:
        """Send the last records of a request, and END_REQUEST."""
        with self._lock:
            self._forget(request_id)
            self._need()
            # SAFETY: forgotten before the peer can know and use the id again.
            record = self._protocol.end_request(request_id)
            transport.send(self._socket.fileno(), [*pieces, record])
            if self._protocol.must_close and not self._protocol.active:
                self._socket.shutdown(socket.SHUT_RDWR)  # wakes the reading thread

    def _break_off(self, request_id: int) -> None:
        """End a request whose response cannot be finished."""
        with self._lock:
            self._forget(request_id)
            if self._gone or request_id not in self._protocol.active:
                return
            aborted = self._protocol.state(request_id) is State.ABORTED
            record = self._protocol.end_request(request_id, app_status=1)
            if self._protocol.active or aborted:
                # The others on this connection need it, so the end has to be said.
                transport.send(self._socket.fileno(), [record])
            else:
                self._socket.shutdown(socket.SHUT_RDWR)

    def _forget(self, request_id: int) -> None:
        for spool in self._inputs.pop(request_id, ()):
            spool.close()

    def _need(self) -> None:
        if self._gone:
            msg = "the web server hung up"
            raise AbortedError(msg)

    def _send(self, pieces: list[Buffer]) -> None:
        with self._lock:
            self._need()
            transport.send(self._socket.fileno(), pieces)

    def _is_aborted(self, spool: Spool) -> bool:
        return self._gone or spool.is_aborted
