"""The event loop: rounds of reading, one flush, writing.

Theory of operation. One thread waits for sockets that are ready. Everything that is
ready is read and its commands are run; replies gather in the clients' buffers. Then the
engine is flushed once for all of them (group commit), and only then replies leave. A
round is as long as the clients make it: alone, a client gets its own flush; fifty of
them share one.

WHY epoll and not asyncio: a round has an end here, which is where durability hangs, and
what runs for every read and every reply is one small compiled class, `Rounds`. Here is
the rest: connections come and go, limits are kept, and what the fast lane leaves over
goes through the parser.
"""

from __future__ import annotations

import contextlib
import select
import signal
import socket
import time
from typing import TYPE_CHECKING, Final

from hunch_kvstore.resp.parser import ProtocolError, StrangerError
from hunch_kvstore.server._rounds import Rounds, Wire
from hunch_kvstore.server.client import Client
from hunch_kvstore.server.metrics import REQUEST_BYTES, respond

if TYPE_CHECKING:
    from types import FrameType

    from hunch_kvstore.server.core import Core

_TICK_S: Final = 0.1
_SWEEP_S: Final = 0.5
_ACCEPTS_A_ROUND: Final = 1000
_SCRAPES: Final = 16
_SCRAPE_S: Final = 10.0
_UNAUTHENTICATED_BUFFER_BYTES: Final = 1024 * 1024  # LIMIT: as Redis
_UNAUTHENTICATED_OUTPUT_BYTES: Final = 16 * 1024  # LIMIT: errors nobody reads

_DENIED: Final = (
    b"-DENIED hunch-kvstore is running in protected mode because protected mode is "
    b"enabled and no password is set for the default user. In this mode connections "
    b"are only accepted from the loopback interface and unix sockets. Set a password "
    b"with requirepass-file (or requirepass) in kvstore.conf, or, where the network "
    b"lets only friends in, disable protected mode there with 'protected-mode no'.\r\n"
)


class Connection(Wire):
    """A client's socket and what still has to be written to it."""

    __slots__ = ("later", "later_bytes", "sock")

    def __init__(self, sock: socket.socket, client: Client) -> None:
        super().__init__(sock.fileno(), client)
        self.sock = sock
        self.later: list[bytes] = []  # PERF: joined once `unsent` is through
        self.later_bytes = 0


class Loop(Rounds):
    """Serves a core on listening sockets until it is told to stop."""

    def __init__(
        self,
        core: Core,
        listeners: dict[str, socket.socket],
        metrics: socket.socket | None = None,
    ) -> None:
        self.core = core
        self._metrics = metrics
        self._scrapes: dict[int, tuple[socket.socket, float, bytes]] = {}
        self._listeners = {
            listener.fileno(): (name, listener) for name, listener in listeners.items()
        }
        self._poll = select.epoll()
        self._begin(core, self._poll.fileno())
        self._connections: dict[int, Connection] = {}
        self._wake_in, self._wake_out = socket.socketpair()
        self._wake_in.setblocking(False)
        self._wake_out.setblocking(False)
        self._next_number = 1
        self._next_sweep = 0.0
        self._resting: list[socket.socket] = []
        self._limits: dict[str, tuple[int, int, int]] = {}
        for number in (*self._listeners, self._wake_out.fileno()):
            self._poll.register(number, select.EPOLLIN)
        if metrics is not None:
            self._poll.register(metrics.fileno(), select.EPOLLIN)

    def stop_on_signals(self) -> None:
        """Let SIGTERM and SIGINT end the loop after the round under way."""
        signal.set_wakeup_fd(self._wake_in.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGINT, self._on_signal)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        self.core.log.notice("stopping", signal=signal.Signals(number).name)
        self.core.stopping = True

    def run(self) -> None:
        """Serve until `core.stopping`; then close every socket."""
        core = self.core
        next_tick = time.monotonic()
        try:
            while not core.stopping:
                now = time.monotonic()
                if now >= next_tick:
                    self._count_bytes()
                    core.tick(now)
                    if now >= self._next_sweep:
                        self._sweep(now)
                        self._next_sweep = now + _SWEEP_S
                    self._finish_round()
                    next_tick = now + _TICK_S
                    now = time.monotonic()
                self._round(max(next_tick - now, 0.0))
        finally:
            self._close_all()

    # -- reading ---------------------------------------------------------------------

    def _several(self, connection: Connection, event: int) -> None:
        """Handle what is not plain input: output, or both, or the end."""
        if event & select.EPOLLOUT:
            self._write(connection)
        if connection.number < 0:
            return
        if event & select.EPOLLIN:
            self._read(connection)
        elif not event & select.EPOLLOUT:
            self._close(connection)

    def _other(self, number: int) -> None:
        found = self._listeners.get(number)
        if found is not None:
            self._accept(*found)
        elif number == self._wake_out.fileno():
            self._wake_out.recv(4096)
        elif self._metrics is not None and number == self._metrics.fileno():
            self._accept_scrape(self._metrics)
        elif number in self._scrapes:
            self._answer_scrape(number)

    # -- metrics ---------------------------------------------------------------------

    def _accept_scrape(self, listener: socket.socket) -> None:
        try:
            sock, _ = listener.accept()
        except OSError:
            return
        sock.setblocking(False)
        if len(self._scrapes) >= _SCRAPES:
            sock.close()
            return
        self._scrapes[sock.fileno()] = (sock, time.monotonic(), b"")
        self._poll.register(sock.fileno(), select.EPOLLIN)

    def _answer_scrape(self, number: int) -> None:
        """Read a request's head; answer it in one piece and close."""
        sock, since_s, head = self._scrapes[number]
        try:
            data = sock.recv(REQUEST_BYTES)
        except OSError:
            data = b""
        head += data
        if data and b"\r\n\r\n" not in head and len(head) < REQUEST_BYTES:
            self._scrapes[number] = (sock, since_s, head)
            return
        if data:
            # LIMIT: a reader too slow for the socket's buffer gets what fits in it.
            with contextlib.suppress(OSError):
                sock.send(respond(self.core, head))
        self._end_scrape(number)

    def _end_scrape(self, number: int) -> None:
        sock = self._scrapes.pop(number)[0]
        self._poll.unregister(number)
        sock.close()

    def _accept(self, name: str, listener: socket.socket) -> None:
        core = self.core
        for _ in range(_ACCEPTS_A_ROUND):
            try:
                sock, address = listener.accept()
            except BlockingIOError:
                return
            except OSError as error:
                # LIMIT: out of descriptors; connections wait in the backlog until the
                # next sweep, so that a full table is no busy loop.
                core.log.warning("accept failed", error=str(error))
                self._poll.unregister(listener.fileno())
                self._resting.append(listener)
                return
            sock.setblocking(False)
            if len(core.clients) >= core.settings.integer("maxclients"):
                core.count.rejected += 1
                self._refuse(sock, b"-ERR max number of clients reached\r\n")
                continue
            is_unix = sock.family == socket.AF_UNIX
            if not is_unix:
                if self._is_denied(address[0]):
                    core.count.rejected += 1
                    self._refuse(sock, _DENIED)
                    continue
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._keep_alive(sock)
            where = f"{name}:0" if is_unix else _shown(sock.getsockname())
            client = Client(
                self._next_number,
                where if is_unix else _shown(address),
                where,
                time.monotonic(),
            )
            self._next_number += 1
            core.welcome(client)
            client.socket = connection = Connection(sock, client)
            self._connections[sock.fileno()] = connection
            self._add(connection)
            self._poll.register(sock.fileno(), select.EPOLLIN)

    def _is_denied(self, host: str) -> bool:
        """Tell whether protected mode keeps this address out."""
        settings = self.core.settings
        if not settings["protected-mode"] or settings.text("requirepass"):
            return False
        return not (host.startswith("127.") or host in ("::1", "::ffff:127.0.0.1"))

    def _keep_alive(self, sock: socket.socket) -> None:
        seconds = self.core.settings.integer("tcp-keepalive")
        if seconds:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, seconds)
            sock.setsockopt(
                socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, max(seconds // 3, 1)
            )
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)

    def _refuse(self, sock: socket.socket, why: bytes) -> None:
        with sock, contextlib.suppress(OSError):
            sock.send(why)

    def _take(self, connection: Connection, data: bytes) -> None:
        """Run what the fast lane has left over: through the parser, one by one."""
        client = connection.client
        core = self.core
        fault = self._parse(client, data)
        if isinstance(fault, StrangerError) and client.parser.trusted:
            fault = self._parse(client, b"")  # the password came in the same bytes
        if client.killed:
            self._close(connection)
            return
        if fault is not None and not client.closing:
            core.protocol_error(client, str(fault))
        elif _held_bytes(client) > self._buffer_limit(client):
            core.log.warning("query buffer limit", peer=client.address)
            self._close(connection)

    def _parse(self, client: Client, data: bytes) -> ProtocolError | None:
        """Run the commands that `data` completes; return what was wrong after them."""
        commands: list[list[bytes]] = []
        fault: ProtocolError | None = None
        try:
            client.parser.take(data, commands)
        except ProtocolError as error:
            fault = error
        client.is_midway = not client.parser.is_idle
        if client.blocked is not None:
            client.waiting += commands
        elif not client.closing and not client.killed:
            self.core.perform(client, commands)
        return fault

    def _buffer_limit(self, client: Client) -> int:
        if not client.authenticated:
            return _UNAUTHENTICATED_BUFFER_BYTES
        return self.core.settings.integer("client-query-buffer-limit")

    # -- writing ---------------------------------------------------------------------

    def _send(self, connection: Connection) -> None:
        """Send to a client that is killed, closing, slow, or was told nothing."""
        client = connection.client
        if client.killed:
            self._close(connection)
            return
        out = client.out
        if out:
            data = out[0] if len(out) == 1 else b"".join(out)
            client.out = []
            if connection.unsent:
                connection.later.append(data)
                connection.later_bytes += len(data)
            else:
                connection.unsent = data
        if not connection.wants_write:
            self._write(connection)
        else:
            client.out_bytes = len(connection.unsent) + connection.later_bytes
            if self._is_too_slow(client, client.out_bytes):
                self._close(connection)

    def _count_bytes(self) -> None:
        """Add what `Rounds` has counted to the totals."""
        count = self.core.count
        count.net_in_bytes += self.read_bytes
        count.net_out_bytes += self.sent_bytes
        self.read_bytes = self.sent_bytes = 0

    def _write(self, connection: Connection) -> None:
        """Send what the socket takes; come back for the rest when it is ready."""
        client = connection.client
        data = connection.unsent
        while data:
            try:
                sent = connection.sock.send(data)
            except (BlockingIOError, InterruptedError):
                break
            except OSError:
                self._close(connection)
                return
            self.core.count.net_out_bytes += sent
            if sent < len(data):
                data = memoryview(data)[sent:]
                break
            data = b"".join(connection.later)
            connection.later.clear()
            connection.later_bytes = 0
        connection.unsent = data
        client.out_bytes = len(data) + connection.later_bytes
        if data:
            if self._is_too_slow(client, client.out_bytes):
                self._close(connection)
            elif not connection.wants_write:
                connection.wants_write = True
                self._poll.modify(
                    connection.sock.fileno(), select.EPOLLIN | select.EPOLLOUT
                )
            return
        if client.closing:
            self._close(connection)
        elif connection.wants_write:
            connection.wants_write = False
            self._poll.modify(connection.sock.fileno(), select.EPOLLIN)

    def _is_too_slow(self, client: Client, waiting_bytes: int) -> bool:
        """Tell whether a client that does not read its replies must go."""
        kind = "pubsub" if client.is_subscribed else "normal"
        hard, soft, seconds = self.core.output_limits.get(kind, (0, 0, 0))
        if not client.authenticated:
            hard, soft, seconds = _UNAUTHENTICATED_OUTPUT_BYTES, 0, 0
        now = time.monotonic()
        if soft and waiting_bytes > soft:
            client.over_soft_since_s = client.over_soft_since_s or now
        else:
            client.over_soft_since_s = 0.0
        since = client.over_soft_since_s
        if (hard and waiting_bytes > hard) or (since and now - since > seconds):
            self.core.log.warning(
                "output buffer limit", peer=client.address, bytes=waiting_bytes
            )
            return True
        return False

    # -- leaving ---------------------------------------------------------------------

    def _sweep(self, now: float) -> None:
        """Close connections that are idle, killed or read too slowly."""
        for listener in self._resting:
            self._poll.register(listener.fileno(), select.EPOLLIN)
        self._resting.clear()
        for number, (_, since_s, _) in list(self._scrapes.items()):
            if now - since_s > _SCRAPE_S:
                self._end_scrape(number)
        idle_s = self.core.settings.integer("timeout")
        for connection in list(self._connections.values()):
            client = connection.client
            is_idle = (
                idle_s
                and now - client.last_seen_s > idle_s
                and not client.is_subscribed
                and client.blocked is None
            )
            if (
                client.killed
                or is_idle
                or (connection.unsent and self._is_too_slow(client, client.out_bytes))
            ):
                self._close(connection)

    def _close(self, connection: Connection) -> None:
        number = connection.sock.fileno()
        if number < 0:
            return
        self._connections.pop(number, None)
        self._remove(connection)
        self._poll.unregister(number)
        connection.sock.close()
        self.core.farewell(connection.client)
        connection.client.socket = None

    def _close_all(self) -> None:
        for _, listener in self._listeners.values():
            listener.close()
        for number in list(self._scrapes):
            self._end_scrape(number)
        if self._metrics is not None:
            self._metrics.close()
        for connection in list(self._connections.values()):
            self._close(connection)
        self._poll.close()
        signal.set_wakeup_fd(-1)
        self._wake_in.close()
        self._wake_out.close()


def _held_bytes(client: Client) -> int:
    """Return what a client has sent that is not carried out yet.

    LIMIT: a transaction without end counts, too; Redis lets it grow.
    """
    queued = client.queue.size_bytes if client.queue is not None else 0
    return client.parser.pending_bytes + queued


def _shown(address: tuple[str, int]) -> str:
    host, port = address[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
