"""What a server model is given, and what it has to obey."""

import contextlib
import logging
import random
import signal
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from types import FrameType
from typing import Final

from fcgi import environ as environs
from fcgi import transport
from fcgi.codec import Environ
from fcgi.records import MAX_CONNS, MAX_REQS
from fcgi.scoreboard import Scoreboard, Slot
from fcgi.settings import Settings
from fcgi.wsgi import Application

log = logging.getLogger("fcgi")

# WHY: a signal that arrives between the look at `phase` and the accept call would go
# unnoticed until the next connection. So no wait for a connection lasts longer.
ACCEPT_TIMEOUT_S: Final = 0.5


class Phase(IntEnum):
    """What a worker is up to.

    SERVE: take connections. RETIRE: finish what runs; others take the connections
    that wait. DRAIN: serve those that wait, too, for nobody comes after us.
    """

    SERVE = 0
    RETIRE = 1
    DRAIN = 2


@dataclass(slots=True)
class Worker:
    """One worker process, as its server model sees it.

    Attributes:
        app: The application.
        listener: The listening socket; waits end after `ACCEPT_TIMEOUT_S`.
        settings: How to serve.
        slot: Where to tell the parent about requests.
        phase: Changed by signals; to be looked at between requests.
        left: After how many requests to leave; negative for never.
    """

    app: Application
    listener: socket.socket
    settings: Settings
    slot: Slot
    phase: Phase = Phase.SERVE
    left: int = -1
    drain_until: float = 0.0
    _running: dict[int, int] = field(default_factory=dict)

    def base(self, *, multithread: bool) -> Environ:
        """Return the part of the environ that all requests share."""
        multiprocess = self.settings.processes != 1
        return environs.base(multithread=multithread, multiprocess=multiprocess)

    def values(self, connections: int, requests: int = 1) -> dict[bytes, bytes]:
        """Return what a web server hears that asks how much we take at once.

        Args:
            connections: How many one worker has open at once.
            requests: How many it serves at once on each.
        """
        connections *= max(1, self.settings.processes)
        most = connections * requests
        return {MAX_CONNS: b"%d" % connections, MAX_REQS: b"%d" % most}

    def done(self) -> None:
        """Count a served request; the last one allowed ends the worker."""
        if self.slot.count() >= self.left > 0:
            self.phase = Phase.RETIRE

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Tell the parent that a request runs; several may, in threads."""
        me = threading.get_ident()
        started = self._running[me] = time.monotonic_ns()
        # The oldest is first: a dict keeps the order of arrival.
        if len(self._running) == 1:
            self.slot.set_started(started)
        try:
            yield
        finally:
            del self._running[me]
            with contextlib.suppress(RuntimeError):  # changed while we looked
                self.slot.set_started(next(iter(self._running.values()), 0))

    @property
    def is_busy(self) -> bool:
        """Whether a request is running, as `running` knows it."""
        return bool(self._running)

    def may_keep(self) -> bool:
        """Return whether to wait for another request on a kept connection."""
        return self.phase is Phase.SERVE

    def may_accept(self) -> bool:
        """Return whether to take another connection."""
        if self.phase is Phase.SERVE:
            return True
        return self.phase is Phase.DRAIN and time.monotonic() < self.drain_until

    def accept(self) -> socket.socket | None:
        """Return a new connection; None if it was gone or unwelcome.

        Raises:
            BlockingIOError: If none came in time.
        """
        try:
            sock, peer = self.listener.accept()
        except ConnectionError:
            return None
        if not self.allows(peer):
            log.warning("refused a connection from %s", peer[0])
            sock.close()
            return None
        if sock.family != socket.AF_UNIX:
            # An accepted TCP socket inherits what `limit_waits` set.
            wait = struct.pack("ll", 0, 0)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, wait)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock

    def allows(self, peer: object) -> bool:
        """Return whether a connection from `peer` (an address) is welcome."""
        allow = self.settings.allow
        return not allow or not isinstance(peer, tuple) or peer[0] in allow

    def on_signal(self, number: int, _frame: FrameType | None = None) -> None:
        """Change the phase; this is a signal handler, so it does nothing else."""
        if number == signal.SIGTERM:
            self.phase = Phase.DRAIN
            # Under TCP, connections can arrive for as long as the socket is open.
            self.drain_until = time.monotonic() + self.settings.graceful_s / 2
        elif self.phase is Phase.SERVE:
            self.phase = Phase.RETIRE


def make_worker(
    app: Application, listener: socket.socket, settings: Settings, slot: Slot | None
) -> Worker:
    """Return a worker of this process, which hears signals from now on."""
    transport.limit_waits(listener.fileno(), ACCEPT_TIMEOUT_S)
    left = settings.max_requests
    if left:
        left += random.randrange(left // 10 + 1)
    worker = Worker(
        app, listener, settings, slot or Scoreboard(1).slot(0), left=left or -1
    )
    signal.signal(signal.SIGTERM, worker.on_signal)
    signal.signal(signal.SIGQUIT, worker.on_signal)
    return worker


def serve_to_the_end(serve: Callable[[Worker], None], worker: Worker) -> None:
    """Serve, and then let the application know that this was the last request.

    An application that has a method `close`, or else `stop`, hears of it in each worker.
    """
    try:
        serve(worker)
    finally:
        # A hook that hangs is like a request that does: `request_timeout_s` ends it.
        worker.slot.begin()
        try:
            hook = getattr(worker.app, "close", None) or getattr(
                worker.app, "stop", None
            )
            if callable(hook):
                hook()
        except Exception:
            log.exception("the application's end hook failed")
        finally:
            worker.slot.end()
