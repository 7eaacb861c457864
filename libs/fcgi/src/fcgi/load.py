"""Load for a FastCGI application, without a web server in between.

One thread, one event loop, closed model: every connection keeps `window` requests under
way, and sends the next when one is answered. With `keep` and a window above one it is
the multiplexing web server that neither lighttpd nor nginx is.
"""

import contextlib
import selectors
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from fcgi import address, events
from fcgi.client import connect
from fcgi.client_connection import ClientConnection
from fcgi.errors import ProtocolError, StreamError

Params = Sequence[tuple[bytes, bytes]]


@dataclass(slots=True)
class Report:
    """What came of it.

    Attributes:
        seconds: How long it took.
        served: Requests that were answered with a status below 500.
        failed: All others, and those whose connection broke.
        latencies_s: One for each that was served, in order of size.
    """

    seconds: float = 0.0
    served: int = 0
    failed: int = 0
    latencies_s: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Requests served in a second."""
        return self.served / self.seconds if self.seconds else 0.0

    def percentile_s(self, percent: float) -> float:
        """Return the latency that `percent` of the served requests do not exceed."""
        if not self.latencies_s:
            return 0.0
        place = min(
            len(self.latencies_s) - 1, int(len(self.latencies_s) * percent / 100)
        )
        return self.latencies_s[place]

    def __str__(self) -> str:
        p50, p99 = (self.percentile_s(p) * 1e3 for p in (50, 99))
        return (
            f"{self.rate:.0f} requests/s, {self.served} served, {self.failed} failed, "
            f"median {p50:.2f} ms, p99 {p99:.2f} ms"
        )


class _Line:
    """One connection under load."""

    def __init__(self, load: "Load", sock: socket.socket) -> None:
        self.socket = sock
        self._load = load
        self._protocol = ClientConnection()
        self._started: dict[int, float] = {}
        self._status: dict[int, bytes] = {}
        self._out = b""
        self._ids = 0

    def start(self) -> None:
        """Send requests until the window is full."""
        pieces: list[bytes | memoryview] = []
        load = self._load
        while len(self._started) < load.window and load.wants_more():
            self._ids = self._ids % 65535 + 1
            if self._ids in self._started:
                continue
            pieces += self._protocol.begin_request(
                self._ids, load.params, keep=load.keep
            )
            pieces += self._protocol.send_stdin(self._ids, b"")
            self._started[self._ids] = time.perf_counter()
            load.begun += 1
        self._out += b"".join(pieces)
        self.write()

    @property
    def has_output(self) -> bool:
        """Whether there is more to write."""
        return bool(self._out)

    @property
    def is_busy(self) -> bool:
        """Whether requests are under way."""
        return bool(self._started)

    def serve(self, mask: int) -> bool:
        """Do what the socket is ready for; return whether the connection goes on."""
        if mask & selectors.EVENT_WRITE:
            self.write()
        return not mask & selectors.EVENT_READ or self.read()

    def write(self) -> None:
        """Write what the socket takes."""
        if self._out:
            with contextlib.suppress(BlockingIOError):
                self._out = self._out[self.socket.send(self._out) :]

    def read(self) -> bool:
        """Take in answers; return whether the connection goes on."""
        try:
            data = self.socket.recv(262144)
        except BlockingIOError:
            return True
        self._protocol.receive_data(data)
        for event in self._protocol.events():
            if isinstance(event, events.RequestEnded):
                self._ended(event)
            elif isinstance(event, events.StdoutReceived):
                self._status.setdefault(event.request_id, event.content[:16])
            elif isinstance(event, events.ConnectionClosed):
                return False
        if self._protocol.must_close:
            return False
        self.start()
        return True

    def lost(self) -> None:
        """Count what was under way as failed."""
        self._load.report.failed += len(self._started)
        self._started.clear()

    def _ended(self, event: events.RequestEnded) -> None:
        report = self._load.report
        taken_s = time.perf_counter() - self._started.pop(event.request_id)
        status = self._status.pop(event.request_id, b"")
        bad = status.startswith(b"Status: 5") or not status
        if event.protocol_status or bad:
            report.failed += 1
        else:
            report.served += 1
            report.latencies_s.append(taken_s)


class Load:
    """A run of load.

    Args:
        bind: The application's address.
        params: The request's parameters.
        connections: How many connections at once.
        window: How many requests at once on each; above one needs `keep`.
        keep: Whether connections are kept.
        seconds: How long to go on.
        count: After how many requests to stop, if before that.
    """

    def __init__(
        self,
        bind: str,
        params: Params,
        *,
        connections: int = 32,
        window: int = 1,
        keep: bool = False,
        seconds: float = 3.0,
        count: int | None = None,
    ) -> None:
        self._address = address.parse(bind)
        self.params = list(params)
        self.window = window if keep else 1
        self.keep = keep
        self.report = Report()
        self.begun = 0
        self._connections = connections
        self._seconds = seconds
        self._count = count
        self._end = 0.0
        self._selector = selectors.DefaultSelector()

    def wants_more(self) -> bool:
        """Return whether another request should be sent."""
        if self._count is not None and self.begun >= self._count:
            return False
        return time.perf_counter() < self._end

    def run(self) -> Report:
        """Make the load and return what came of it."""
        started = time.perf_counter()
        self._end = started + self._seconds
        open_lines = sum(self._open() for _ in range(self._connections))
        while open_lines and time.perf_counter() < self._end + 10:
            for key, mask in self._selector.select(1.0):
                line: _Line = key.data
                try:
                    goes_on = line.serve(mask)
                except (OSError, ProtocolError):
                    goes_on = False
                wanted = selectors.EVENT_READ
                if line.has_output:
                    wanted |= selectors.EVENT_WRITE
                if goes_on and line.is_busy:
                    if wanted != key.events:
                        self._selector.modify(line.socket, wanted, line)
                else:
                    line.lost()
                    self._selector.unregister(line.socket)
                    line.socket.close()
                    open_lines -= 1
                    if self.wants_more():
                        open_lines += self._open()
        for key in list(self._selector.get_map().values()):
            key.data.lost()
            key.data.socket.close()
        self._selector.close()
        self.report.seconds = time.perf_counter() - started
        self.report.latencies_s.sort()
        return self.report

    def _open(self) -> bool:
        try:
            sock = connect(self._address)
        except StreamError:
            self.report.failed += 1
            self.begun += 1
            return False
        sock.setblocking(False)
        line = _Line(self, sock)
        line.start()
        if not line.is_busy:  # time ran out meanwhile
            sock.close()
            return False
        wanted = selectors.EVENT_READ
        if line.has_output:
            wanted |= selectors.EVENT_WRITE
        self._selector.register(sock, wanted, line)
        return True
