"""Opens the sockets the server listens on."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

from hunch_kvstore.server.setting import SettingError


def listen(bind: str, *, backlog: int, mode: int) -> socket.socket:
    """Return a listening socket for ``unix:/path``, ``host:port`` or ``port``.

    Raises:
        SettingError: If the address makes no sense or is taken.
    """
    if bind.startswith(("unix:", "/")):
        return _listen_unix(_path(bind), backlog, mode)
    host, _, port = bind.rpartition(":")
    if not port.isdigit() or int(port) > 65535:
        raise SettingError(
            f"bind {bind!r}: expected unix:/path, host:port or [ipv6]:port"
        )
    host = host.strip("[]") or "127.0.0.1"
    try:
        family, kind, proto, _, address = socket.getaddrinfo(
            host, int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except socket.gaierror as error:
        raise SettingError(f"bind {bind!r}: {error.strerror}") from error
    listener = socket.socket(family, kind, proto)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind(address)
        listener.listen(backlog)
    except OSError as error:
        listener.close()
        raise SettingError(f"bind {bind!r}: {error.strerror}") from error
    listener.setblocking(False)
    return listener


def shown_address(bind: str, listener: socket.socket) -> str:
    """Return the path or host:port a listener really has, for logs and clients."""
    if bind.startswith(("unix:", "/")):
        return str(_path(bind).absolute())
    host, port = listener.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _path(bind: str) -> Path:
    return Path(bind.removeprefix("unix:").removeprefix("//"))


def _listen_unix(path: Path, backlog: int, mode: int) -> socket.socket:
    """Listen on a path in a way that never shows it with another mode.

    SAFETY: the socket is made under a name of its own with the umask that gives its
    final mode, listens, and is then renamed to its place; a socket left behind by a
    dead server is replaced, that of a living one is not.
    """
    if _is_alive(path):
        raise SettingError(f"bind 'unix:{path}': another process listens there")
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o777 & ~mode)
    try:
        temporary.unlink(missing_ok=True)
        listener.bind(str(temporary))
        listener.listen(backlog)
        temporary.rename(path)
    except OSError as error:
        listener.close()
        temporary.unlink(missing_ok=True)
        reason = error.strerror or str(error)
        raise SettingError(f"bind 'unix:{path}': {reason}") from error
    finally:
        os.umask(before)
    listener.setblocking(False)
    return listener


def _is_alive(path: Path) -> bool:
    """Tell whether somebody listens at a path.

    Raises:
        SettingError: If something other than a socket lies there.
    """
    try:
        if not stat.S_ISSOCK(path.stat().st_mode):
            raise SettingError(f"bind 'unix:{path}': there is a file of that name")
    except FileNotFoundError:
        return False
    except OSError as error:
        raise SettingError(f"bind 'unix:{path}': {error.strerror}") from error
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True
