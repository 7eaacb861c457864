"""The event loop of the models `multiplex` and `pool`: all I/O in one thread."""

import contextlib
import selectors
import signal
import socket
import time
from collections import deque
from collections.abc import Callable
from typing import Final

from fcgi.codec import Environ
from fcgi.errors import ProtocolError
from fcgi.models.channel import Channel, Request
from fcgi.worker import Phase, Worker, log

_FIRST_WORD_S: Final = 1.0
"""How long a worker that leaves waits for the first request of a connection it took."""


class Loop:
    """Accepts, reads and writes; hands over each request that has arrived.

    Args:
        worker: Whose connections these are.
        base: The part of the environ that requests share.
        ready: Called, in this thread, with each request.
        turn: Called once a round; returns True if it has more to do at once.
    """

    def __init__(
        self,
        worker: Worker,
        base: Environ,
        ready: Callable[[Request], None],
        turn: Callable[[], bool] = lambda: False,
    ) -> None:
        self._worker = worker
        self._base = base
        self._ready = ready
        self._turn = turn
        self._selector = selectors.DefaultSelector()
        self._channels: set[Channel] = set()
        self._changed: deque[Channel] = deque()
        self._fresh: list[Channel] = []
        self._woken, self._waker = socket.socketpair()
        self._woken.setblocking(False)
        self._waker.setblocking(False)
        # The flag is shared by all who have the socket, the other workers included;
        # they run the same model.
        worker.listener.setblocking(False)
        self._accepting = False

    def run(self) -> None:
        """Serve until told to leave and all that runs is finished."""
        self._selector.register(self._woken, selectors.EVENT_READ, None)
        with contextlib.suppress(ValueError):  # not the main thread: no signals here
            # A signal ends the wait, as a finished request does.
            signal.set_wakeup_fd(self._waker.fileno(), warn_on_full_buffer=False)
        self._accept_or_not()
        leave_at = float("inf")
        more = False
        sweep_at = 0.0
        while time.monotonic() < leave_at:
            for key, mask in self._selector.select(0 if more else 0.5):
                if key.fileobj is self._worker.listener:
                    self._accept()
                elif key.data is None:
                    with contextlib.suppress(BlockingIOError):
                        self._woken.recv(4096)
                else:
                    self._serve(key.data, mask)
            more = self._turn()
            if time.monotonic() > sweep_at:
                sweep_at = time.monotonic() + 1.0
                self._sweep()
            self._flush()
            while self._fresh:
                channel = self._fresh.pop()
                if channel in self._channels and not channel.registered:
                    self._watch(channel, selectors.EVENT_READ)
            if not self._worker.may_accept() or self._worker.phase is not Phase.SERVE:
                if leave_at == float("inf"):
                    leave_at = time.monotonic() + self._worker.settings.graceful_s
                    if self._worker.phase is Phase.DRAIN:
                        self._accept()
                if self._is_finished():
                    break
            self._accept_or_not()
        for channel in list(self._channels):
            self._close(channel)

    def wake(self, channel: Channel) -> None:
        """Let the loop look at a channel's output; may be called by any thread."""
        self._changed.append(channel)
        with contextlib.suppress(BlockingIOError, OSError):
            self._waker.send(b"w")

    def note(self, channel: Channel) -> None:
        """Like `wake`, when the caller is the loop's own thread."""
        self._changed.append(channel)

    def _sweep(self) -> None:
        """Close connections whose peer has been silent for too long."""
        settings = self._worker.settings
        now = time.monotonic()
        for channel in [c for c in self._channels if c.is_waiting]:
            idle = channel.is_idle
            patience_s = settings.keep_timeout_s if idle else settings.read_timeout_s
            if now - channel.touched > patience_s:
                self._close(channel)

    def _is_finished(self) -> bool:
        # WHY: who has just connected is about to ask, and would get no answer.
        early = time.monotonic() - _FIRST_WORD_S
        for channel in [c for c in self._channels if c.is_idle]:
            if channel.used or channel.touched < early:
                self._close(channel)
        return not self._channels

    def _accept_or_not(self) -> None:
        """Listen for connections while there is room for them."""
        wanted = (
            self._worker.phase is Phase.SERVE
            and len(self._channels) < self._worker.settings.connections
        )
        if wanted and not self._accepting:
            self._selector.register(self._worker.listener, selectors.EVENT_READ, None)
        elif self._accepting and not wanted:
            self._selector.unregister(self._worker.listener)
        self._accepting = wanted

    def _accept(self) -> None:
        while len(self._channels) < self._worker.settings.connections:
            try:
                sock = self._worker.accept()
            except BlockingIOError:
                return
            if sock is None:
                continue
            sock.setblocking(False)
            wake = self.note if self._ready_is_here else self.wake
            channel = Channel(sock, self._worker, self._base, self._ready, wake)
            self._channels.add(channel)
            # PERF: the request is most likely here already, and its answer may be
            # gone before there is anything to wait for (2026-11).
            self._fresh.append(channel)
            self._serve(channel, selectors.EVENT_READ)
            if (
                self._worker.phase is Phase.SERVE
                and self._worker.settings.processes > 1
            ):
                return  # leave the next one to the other workers

    _ready_is_here = False

    def _serve(self, channel: Channel, mask: int) -> None:
        try:
            if mask & selectors.EVENT_READ and not channel.read():
                self._close(channel)
                return
            if mask & selectors.EVENT_WRITE:
                self._write(channel)
        except ProtocolError as error:
            log.warning("connection dropped: %s", error)
            self._close(channel)
        except OSError as error:
            log.info("connection lost: %s", error)
            self._close(channel)

    def _flush(self) -> None:
        """Write for all channels that were noted."""
        while self._changed:
            channel = self._changed.popleft()
            if channel not in self._channels:
                continue
            try:
                self._write(channel)
            except OSError as error:
                log.info("connection lost: %s", error)
                self._close(channel)

    def _write(self, channel: Channel) -> None:
        channel.write()
        if channel.is_done:
            self._close(channel)
            return
        wanted = selectors.EVENT_READ
        if channel.out_size:
            wanted |= selectors.EVENT_WRITE
        # One that is fresh and has nothing to wait for may be done soon.
        if channel.registered or wanted & selectors.EVENT_WRITE:
            self._watch(channel, wanted)

    def _watch(self, channel: Channel, events: int) -> None:
        if not channel.registered:
            self._selector.register(channel.socket, events, channel)
        elif channel.registered != events:
            self._selector.modify(channel.socket, events, channel)
        channel.registered = events

    def _close(self, channel: Channel) -> None:
        if channel in self._channels:
            self._channels.discard(channel)
            if channel.registered:
                self._selector.unregister(channel.socket)
            channel.close()


class InlineLoop(Loop):
    """A loop whose applications run in its own thread."""

    _ready_is_here = True
