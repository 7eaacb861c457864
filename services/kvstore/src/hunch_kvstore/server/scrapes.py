"""Who reads the metrics: a listener of its own, and a few short requests at a time."""

from __future__ import annotations

import contextlib
import select
import socket
import time
from typing import TYPE_CHECKING, Final

from hunch_kvstore.server.metrics import REQUEST_BYTES, respond

if TYPE_CHECKING:
    from hunch_kvstore.server.core import Core

_MOST: Final = 16  # LIMIT: at a time; more are turned away
_LONGEST_S: Final = 10.0


class Scrapes:
    """Requests for metrics under way, on the loop's own poll.

    LIMIT: a reader too slow for the socket's buffer gets what fits in it.
    """

    def __init__(
        self, core: Core, poll: select.epoll, listener: socket.socket | None
    ) -> None:
        self._core = core
        self._poll = poll
        self._listener = listener
        self._open: dict[int, tuple[socket.socket, float, bytes]] = {}
        if listener is not None:
            poll.register(listener.fileno(), select.EPOLLIN)

    def serve(self, number: int) -> None:
        """Go on with the socket of that number, if it is one of these."""
        if self._listener is not None and number == self._listener.fileno():
            self._accept(self._listener)
        elif number in self._open:
            self._answer(number)

    def _accept(self, listener: socket.socket) -> None:
        try:
            sock, _ = listener.accept()
        except OSError:
            return
        sock.setblocking(False)
        if len(self._open) >= _MOST:
            sock.close()
            return
        self._open[sock.fileno()] = (sock, time.monotonic(), b"")
        self._poll.register(sock.fileno(), select.EPOLLIN)

    def _answer(self, number: int) -> None:
        """Read a request's head; answer it in one piece and close."""
        sock, since_s, head = self._open[number]
        try:
            data = sock.recv(REQUEST_BYTES)
        except OSError:
            data = b""
        head += data
        if data and b"\r\n\r\n" not in head and len(head) < REQUEST_BYTES:
            self._open[number] = (sock, since_s, head)
            return
        if data:
            with contextlib.suppress(OSError):
                sock.send(respond(self._core, head))
        self._end(number)

    def _end(self, number: int) -> None:
        sock = self._open.pop(number)[0]
        self._poll.unregister(number)
        sock.close()

    def sweep(self, now_s: float) -> None:
        """Close what takes too long."""
        for number, (_, since_s, _) in list(self._open.items()):
            if now_s - since_s > _LONGEST_S:
                self._end(number)

    def close(self) -> None:
        """Close all of it, the listener, too."""
        for number in list(self._open):
            self._end(number)
        if self._listener is not None:
            self._listener.close()
