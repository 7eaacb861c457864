"""Where a FastCGI application listens, in words and as a socket.

unix:/run/x.sock  /run/x.sock      a unix socket
127.0.0.1:9000  [::1]:9000  :9000  TCP; without a host, the loopback address
fd:0                               a listening socket inherited under that number
"""

import contextlib
import errno
import os
import socket
from dataclasses import dataclass
from pathlib import Path

from fcgi.errors import ConfigurationError

BACKLOG = 4096
"""WHY: lighttpd answers 500 at once when the backlog of a unix socket is full, so it
must hold as many connections as the edge may open. The kernel lowers it to
net.core.somaxconn."""


@dataclass(frozen=True, slots=True)
class Address:
    """A place to listen on or to connect to; one of the three is set."""

    path: str | None = None
    host: str | None = None
    port: int = 0
    fd: int | None = None

    def __str__(self) -> str:
        if self.path is not None:
            return f"unix:{self.path}"
        if self.fd is not None:
            return f"fd:{self.fd}"
        host = f"[{self.host}]" if self.host and ":" in self.host else self.host
        return f"{host}:{self.port}"


def parse(text: str) -> Address:
    """Return the address that `text` names.

    Raises:
        ConfigurationError: If it names none.
    """
    if text.startswith("unix:"):
        text = text.removeprefix("unix:")
        if not text:
            msg = "bind: 'unix:' lacks its path"
            raise ConfigurationError(msg)
        return Address(path=text)
    if "/" in text:
        return Address(path=text)
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65535:
        msg = f"bind: {text!r} is none of unix:/path, host:port, fd:number"
        raise ConfigurationError(msg)
    if host == "fd":
        return Address(fd=int(port))
    return Address(host=host.strip("[]") or "127.0.0.1", port=int(port))


@dataclass(slots=True)
class Listener:
    """A listening socket and whether it is ours to take away.

    Attributes:
        socket: The socket, in blocking mode.
        owned: True if it was bound here; False if it was inherited.
        path: The file of an owned unix socket.
    """

    socket: socket.socket
    owned: bool
    path: str | None = None

    @property
    def address(self) -> str:
        """The address in words, with the port the kernel chose."""
        if self.path is not None:
            return f"unix:{self.path}"
        name = self.socket.getsockname()
        if isinstance(name, tuple):
            return str(Address(host=name[0], port=name[1]))
        return f"unix:{os.fsdecode(name)}" if name else f"fd:{self.socket.fileno()}"

    def withdraw(self) -> None:
        """Let no new connection find us, while those in the backlog stay."""
        if self.path is not None:
            with contextlib.suppress(FileNotFoundError):
                Path(self.path).unlink()
            self.path = None

    def close(self) -> None:
        """Withdraw and close."""
        self.withdraw()
        self.socket.close()


def listen(
    address: Address,
    *,
    backlog: int = BACKLOG,
    mode: int = 0o660,
    group: int | None = None,
) -> Listener:
    """Bind and listen, or take over an inherited socket.

    Args:
        address: Where.
        backlog: How many connections may wait to be accepted.
        mode: Permissions of a unix socket, in force before the first connection.
        group: Group id of a unix socket; None leaves the process's own.

    Raises:
        ConfigurationError: If another process listens there, or it cannot be bound.
    """
    if address.fd is not None:
        return _inherit(address.fd)
    try:
        if address.path is not None:
            return _listen_unix(address.path, backlog, mode, group)
        family = socket.AF_INET6 if ":" in (address.host or "") else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind((address.host, address.port))
            sock.listen(backlog)
        except BaseException:
            sock.close()
            raise
    except OSError as error:
        msg = f"bind: {address}: {error.strerror or error}"
        raise ConfigurationError(msg) from error
    return Listener(sock, owned=True)


def _listen_unix(path: str, backlog: int, mode: int, group: int | None) -> Listener:
    _remove_stale(path)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        # SAFETY: nobody can connect between bind and listen, and the file never has
        # more permissions than asked for.
        before = os.umask(0o777 & ~mode)
        try:
            sock.bind(path)
        finally:
            os.umask(before)
        if group is not None:
            os.chown(path, -1, group)
        Path(path).chmod(mode)
        sock.listen(backlog)
    except BaseException:
        sock.close()
        raise
    return Listener(sock, owned=True, path=path)


def _remove_stale(path: str) -> None:
    """Remove a socket file nobody listens on; refuse one somebody does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(path)
        except FileNotFoundError:
            return
        except ConnectionRefusedError:
            if Path(path).is_socket():
                Path(path).unlink()
            return
        except BlockingIOError:
            pass  # A full backlog is a living server, too.
        raise OSError(errno.EADDRINUSE, "another process listens there")


def _inherit(fd: int) -> Listener:
    try:
        sock = socket.socket(fileno=fd)
    except OSError as error:
        msg = f"bind: fd:{fd} is not a socket"
        raise ConfigurationError(msg) from error
    if not sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        sock.detach()
        msg = f"bind: the socket fd:{fd} does not listen"
        raise ConfigurationError(msg)
    sock.setblocking(True)
    return Listener(sock, owned=False)
