"""A client of the Redis protocol: as small as sessions and shared state need it.

One connection for each process, RESP2, commands sent and replies read in order. A
connection that broke is opened anew for the next command; a command that may have
reached the server is not sent twice.
"""

import io
import os
import select
import socket
import threading
from collections.abc import Iterable
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

from smisk.error import Error

Reply = bytes | int | None | list["Reply"]
Argument = bytes | str | int | float


class StoreError(Error, OSError):
    """The store cannot be reached, or broke off."""


class ReplyError(Error):
    """The store refused a command."""


class Connection:
    """A connection to a store.

    Args:
        url: ``unix:///path``, ``redis://[:password@]host:port/database``.
        timeout_s: Of connecting and of every reply.
    """

    #: LIMIT: of one reply; a store gone mad must not take us with it.
    max_reply_size = 64 * 1024 * 1024

    def __init__(self, url: str, timeout_s: float = 5.0) -> None:
        self.url = url
        self._timeout_s = timeout_s
        self._socket: socket.socket | None = None
        self._owner = 0
        self._replies: BinaryIO = io.BytesIO()
        self._lock = threading.Lock()

    def __call__(self, *command: Argument) -> Reply:
        """Send one command and return its reply.

        Raises:
            ReplyError: The store refused it.
            StoreError: The store cannot be reached.
        """
        reply = self.pipeline([command])[0]
        if isinstance(reply, ReplyError):
            raise reply
        return reply

    def pipeline(
        self, commands: Iterable[tuple[Argument, ...]]
    ) -> list[Reply | ReplyError]:
        """Send several commands at once and return their replies."""
        commands = list(commands)
        with self._lock:
            try:
                sock = self._connect()
                sock.sendall(b"".join(_encode(command) for command in commands))
                return [self._read() for _ in commands]
            except (OSError, ValueError) as error:
                self.close()
                msg = f"the store at {self.url.rpartition('@')[2]}: {error}"
                raise StoreError(msg) from error

    def close(self) -> None:
        """Close the connection; the next command opens it again."""
        if self._socket is not None:
            self._replies.close()
            self._socket.close()
        self._socket = None

    def _is_alive(self) -> bool:
        # WHY: workers that fork later must not read each other's replies.
        if self._socket is None or self._owner != os.getpid():
            return False
        # Who has something to say before it was asked has hung up.
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        return not poll.poll(0)

    def _connect(self) -> socket.socket:
        if self._is_alive():
            assert self._socket is not None
            return self._socket
        self.close()
        self._owner = os.getpid()
        parts = urlsplit(self.url)
        if parts.scheme == "unix":
            sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            sock.settimeout(self._timeout_s)
            try:
                sock.connect(unquote(parts.path))
            except OSError:
                sock.close()
                raise
        else:
            address = (parts.hostname or "localhost", parts.port or 6379)
            sock = socket.create_connection(address, self._timeout_s)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket, self._replies = sock, sock.makefile("rb")
        greeting: list[tuple[Argument, ...]] = []
        if parts.password:
            user = (unquote(parts.username),) if parts.username else ()
            greeting.append(("AUTH", *user, unquote(parts.password)))
        if parts.scheme != "unix" and parts.path.strip("/") not in ("", "0"):
            greeting.append(("SELECT", parts.path.strip("/")))
        for command in greeting:
            sock.sendall(_encode(command))
            reply = self._read()
            if isinstance(reply, ReplyError):
                raise OSError(f"{command[0]!r} was refused: {reply}")
        return sock

    def _read(self, depth: int = 8) -> Reply | ReplyError:
        line = self._replies.readline(65536)
        kind, rest = line[:1], line[1:-2]
        if not line.endswith(b"\r\n"):
            raise OSError("the connection broke off, or a line has no end")
        if kind == b"+":
            return rest
        if kind == b"-":
            return ReplyError(rest.decode("utf-8", "replace"))
        size = int(rest)
        if kind == b":":
            return size
        if kind in b"$*" and size < 0:
            return None
        if kind == b"$" and size <= self.max_reply_size:
            data = self._replies.read(size + 2)
            if len(data) < size + 2:
                raise OSError("the connection broke off")
            return data[:-2]
        if kind == b"*" and depth and size <= self.max_reply_size // 16:
            replies = [self._read(depth - 1) for _ in range(size)]
            return [r for r in replies if not isinstance(r, ReplyError)]
        raise ValueError(f"not a reply: {line[:20]!r}")


def _encode(command: tuple[Argument, ...]) -> bytes:
    parts = [b"*%d\r\n" % len(command)]
    for argument in command:
        raw = argument if isinstance(argument, bytes) else str(argument).encode()
        parts.append(b"$%d\r\n%s\r\n" % (len(raw), raw))
    return b"".join(parts)
