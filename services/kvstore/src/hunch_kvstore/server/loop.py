"""The event loop: rounds of reading, one flush, writing.

Theory of operation. One thread waits for sockets that are ready. Everything that is
ready is read and its commands are run; replies gather in the clients' buffers. Then the
engine is flushed once for all of them (group commit), and only then replies leave. A
round is as long as the clients make it: alone, a client gets its own flush; fifty of
them share one.

WHY epoll and not asyncio: a round has an end here, which is where durability hangs, and
what runs for every read and every reply is one small compiled class, `Rounds`. Here is
the rest: connections come and go, and what the fast lane leaves over goes through the
parser. Who is let in is `Door`'s, what one may take is in `limits`, and who reads the
metrics is `Scrapes`'.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import time
from typing import TYPE_CHECKING, Final

from hunch_kvstore.resp.parser import ProtocolError, StrangerError
from hunch_kvstore.server._patience import Patience
from hunch_kvstore.server._rounds import Rounds, Wire
from hunch_kvstore.server.door import Door
from hunch_kvstore.server.info import TICKS_A_SECOND
from hunch_kvstore.server.limits import is_idle, is_too_slow, sends_too_much
from hunch_kvstore.server.scrapes import Scrapes

if TYPE_CHECKING:
    from types import FrameType

    from hunch_kvstore.server.client import Client
    from hunch_kvstore.server.core import Core

_TICK_S: Final = 1 / TICKS_A_SECOND
_SWEEP_S: Final = 0.5


def _look_again_us(core: Core) -> int:
    """Return how long a loop without work looks again: never on the only processor."""
    if len(os.sched_getaffinity(0)) == 1:
        return 0
    return core.settings.integer("busy-poll-us")


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
        self._poll = select.epoll()
        self._begin(core, self._poll.fileno(), Patience(_look_again_us(core)))
        self._door = Door(core, self._poll, listeners)
        self._scrapes = Scrapes(core, self._poll, metrics)
        self._connections: dict[int, Connection] = {}
        self._wake_in, self._wake_out = socket.socketpair()
        self._wake_in.setblocking(False)
        self._wake_out.setblocking(False)
        self._next_sweep = 0.0
        self._poll.register(self._wake_out.fileno(), select.EPOLLIN)

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
        if number == self._wake_out.fileno():
            self._wake_out.recv(4096)
            return
        for sock, client in self._door.arrivals(number):
            self.core.welcome(client)
            client.socket = connection = Connection(sock, client)
            self._connections[sock.fileno()] = connection
            self._add(connection)
            self._poll.register(sock.fileno(), select.EPOLLIN)
        self._scrapes.serve(number)

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
        elif sends_too_much(core, client):
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
            if is_too_slow(self.core, client, client.out_bytes):
                self._close(connection)

    def _count_bytes(self) -> None:
        """Add what `Rounds` has counted to the totals."""
        count = self.core.count
        count.net_in_bytes += self.read_bytes
        count.net_out_bytes += self.sent_bytes
        count.reads += self.reads
        count.sends += self.sends
        self.read_bytes = self.sent_bytes = self.reads = self.sends = 0

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
            self.core.count.sends += 1
            if sent < len(data):
                data = memoryview(data)[sent:]
                break
            data = b"".join(connection.later)
            connection.later.clear()
            connection.later_bytes = 0
        connection.unsent = data
        client.out_bytes = len(data) + connection.later_bytes
        if data:
            if is_too_slow(self.core, client, client.out_bytes):
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

    # -- leaving ---------------------------------------------------------------------

    def _sweep(self, now: float) -> None:
        """Close connections that are idle, killed or read too slowly."""
        self._door.reopen()
        self._scrapes.sweep(now)
        idle_s = self.core.settings.integer("timeout")
        for connection in list(self._connections.values()):
            client = connection.client
            if (
                client.killed
                or is_idle(client, now, idle_s)
                or (
                    connection.unsent
                    and is_too_slow(self.core, client, client.out_bytes)
                )
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
        self._door.close()
        self._scrapes.close()
        for connection in list(self._connections.values()):
            self._close(connection)
        self._poll.close()
        signal.set_wakeup_fd(-1)
        self._wake_in.close()
        self._wake_out.close()
