"""The listening sockets, and who is let in through them."""

from __future__ import annotations

import contextlib
import select
import socket
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from hunch_kvstore.server.client import Client

if TYPE_CHECKING:
    from hunch_kvstore.server.core import Core
    from hunch_kvstore.server.setting import Settings

_ACCEPTS_A_ROUND: Final = 1000

_DENIED: Final = (
    b"-DENIED hunch-kvstore is running in protected mode because protected mode is "
    b"enabled and no password is set for the default user. In this mode connections "
    b"are only accepted from the loopback interface and unix sockets. Set a password "
    b"with requirepass-file (or requirepass) in kvstore.conf, or, where the network "
    b"lets only friends in, disable protected mode there with 'protected-mode no'.\r\n"
)


class Door:
    """Accepts connections as far as maxclients and protected mode allow."""

    def __init__(
        self, core: Core, poll: select.epoll, listeners: dict[str, socket.socket]
    ) -> None:
        self._core = core
        self._poll = poll
        self._listeners = {
            listener.fileno(): (name, listener) for name, listener in listeners.items()
        }
        self._resting: list[socket.socket] = []
        self._next_number = 1
        for number in self._listeners:
            poll.register(number, select.EPOLLIN)

    def arrivals(self, number: int) -> Iterator[tuple[socket.socket, Client]]:
        """Yield who has come to the listener of that number, if there is one."""
        found = self._listeners.get(number)
        if found is None:
            return
        name, listener = found
        core = self._core
        for _ in range(_ACCEPTS_A_ROUND):
            try:
                sock, address = listener.accept()
            except BlockingIOError:
                return
            except OSError as error:
                # LIMIT: out of descriptors; connections wait in the backlog until the
                # next sweep, so that a full table is no busy loop.
                core.log.warning("accept failed", error=str(error))
                self._poll.unregister(number)
                self._resting.append(listener)
                return
            sock.setblocking(False)
            is_unix = sock.family == socket.AF_UNIX
            refusal = self._refusal("" if is_unix else address[0])
            if refusal:
                core.count.rejected += 1
                with sock, contextlib.suppress(OSError):
                    sock.send(refusal)
                continue
            if not is_unix:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                _keep_alive(sock, core.settings.integer("tcp-keepalive"))
            where = f"{name}:0" if is_unix else _shown(sock.getsockname())
            peer = where if is_unix else _shown(address)
            client = Client(self._next_number, peer, where, time.monotonic())
            self._next_number += 1
            yield sock, client

    def _refusal(self, host: str) -> bytes:
        """Return what somebody is told who may not come in; nothing if they may."""
        core = self._core
        if len(core.clients) >= core.settings.integer("maxclients"):
            return b"-ERR max number of clients reached\r\n"
        return _DENIED if host and _is_denied(core.settings, host) else b""

    def reopen(self) -> None:
        """Listen again where there was no room."""
        for listener in self._resting:
            self._poll.register(listener.fileno(), select.EPOLLIN)
        self._resting.clear()

    def close(self) -> None:
        """Listen no more."""
        for _, listener in self._listeners.values():
            listener.close()


def _is_denied(settings: Settings, host: str) -> bool:
    """Tell whether protected mode keeps this address out."""
    if not settings["protected-mode"] or settings.text("requirepass"):
        return False
    return not (host.startswith("127.") or host in ("::1", "::ffff:127.0.0.1"))


def _keep_alive(sock: socket.socket, seconds: int) -> None:
    if seconds:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, seconds)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, max(seconds // 3, 1))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)


def _shown(address: tuple[str, int]) -> str:
    host, port = address[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
