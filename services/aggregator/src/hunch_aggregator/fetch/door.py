"""The only way out: sockets to checked addresses.

A name is resolved once, every answer is checked, and the connection goes to a checked
answer itself. Resolving again inside the HTTP library would let a name server say
"public" to the check and "127.0.0.1" to the connection (rebinding).
"""

from __future__ import annotations

import contextlib
import functools
import ipaddress
import os
import socket
import ssl
import threading
import time
from collections.abc import Callable
from typing import Any

import certifi
from requests.adapters import HTTPAdapter
from urllib3 import PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool

from .address import Network, is_allowed, is_public

# SPEC RFC 9110 4.2: the ports of the two schemes; others must be named by the operator.
USUAL_PORTS = frozenset({80, 443})


class RefusedAddress(OSError):  # noqa: N818 - reads as what it is
    """The host leads somewhere a fetch may not go."""


class RefusedPort(RefusedAddress):
    """The port is not one that pages are served on."""


class UnknownHost(OSError):  # noqa: N818 - reads as what it is
    """The name has no address."""


class Deadline:
    """Ends one fetch for good, wherever it is waiting.

    WHY: socket timeouts count from the last byte, so a server that sends one byte a
    second holds a reader for ever. The deadline shuts the connection down from outside.
    """

    def __init__(self, seconds: float) -> None:
        self.expired = False
        self._seconds = seconds
        self._ends: float | None = None
        self._lock = threading.Lock()
        self._closed = False
        self._twins: list[socket.socket] = []
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True

    def __enter__(self) -> Deadline:
        return self

    def start(self) -> None:
        """Let the time run, if it does not yet; waiting before this is free."""
        if self._ends is None:
            self._ends = time.monotonic() + self._seconds
            self._timer.start()

    def __exit__(self, *_exc: object) -> None:
        self._timer.cancel()
        with self._lock:
            self._closed = True
            for twin in self._twins:
                twin.close()
            self._twins.clear()

    @property
    def left_s(self) -> float:
        """Seconds until the end, never below a hundredth."""
        if self._ends is None:
            return self._seconds
        return max(0.01, self._ends - time.monotonic())

    @property
    def is_running(self) -> bool:
        """Whether the time runs."""
        return self._ends is not None

    def watch(self, sock: socket.socket) -> None:
        """Shut `sock` down at the deadline."""
        # WHY: TLS moves the descriptor to another object; a twin of it stays ours.
        twin = socket.socket(fileno=os.dup(sock.fileno()))
        with self._lock:
            if self._closed:
                twin.close()
                return
            self._twins.append(twin)
            expired = self.expired
        if expired:
            self._end()

    def _end(self) -> None:
        with self._lock:
            self.expired = True
            for twin in self._twins:
                with contextlib.suppress(OSError):
                    twin.shutdown(socket.SHUT_RDWR)


class Door:
    """Connects to hosts whose addresses and ports are allowed.

    Attributes:
        allow_networks: Private networks sources may live in.
        ports: Ports allowed besides 80 and 443; None for all. WHY also where a network
            is allowed: a stranger's picture could name the store of the same machine.
        refused_hosts: The site's own names: fetching oneself is a way to be tricked.
    """

    def __init__(
        self,
        allow_networks: tuple[Network, ...] = (),
        ports: frozenset[int] | None = frozenset(),
        refused_hosts: frozenset[str] = frozenset(),
    ) -> None:
        self.allow_networks = allow_networks
        self.ports = None if ports is None else USUAL_PORTS | ports
        self.refused_hosts = refused_hosts

    def addresses(self, host: str, port: int) -> list[tuple[int, str]]:
        """Resolve `host` and return (family, address) of every allowed answer.

        Raises:
            UnknownHost: If the name has no address.
            RefusedAddress: If no answer may be connected to.
        """
        if host.lower().rstrip(".") in self.refused_hosts:
            msg = f"{host} is this site itself"
            raise RefusedAddress(msg)
        if "\x00" in host or "%" in host:
            msg = "the host name holds characters no host has"
            raise RefusedAddress(msg)
        if self.ports is not None and port not in self.ports:
            msg = f"port {port} is not one that pages are served on"
            raise RefusedPort(msg)
        try:
            answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise UnknownHost(str(error)) from error
        allowed: list[tuple[int, str]] = []
        refused = ""
        for family, _type, _proto, _name, sockaddr in answers:
            text = str(sockaddr[0])
            address = ipaddress.ip_address(text.partition("%")[0])
            if not is_allowed(address, self.allow_networks):
                refused = refused or text
            else:
                allowed.append((family, text))
        if not allowed:
            msg = f"{host} leads to {refused}, which is not a public address"
            raise RefusedAddress(msg)
        return allowed

    def is_local(self, host: str, port: int) -> bool:
        """Tell whether `host` is in a network the operator named."""
        try:
            found = self.addresses(host, port)
        except OSError:
            return False
        return not all(is_public(ipaddress.ip_address(a)) for _family, a in found)

    def connect(
        self, host: str, port: int, timeout_s: float, watch: Callable[..., None]
    ) -> socket.socket:
        """Open a connection to the first allowed address that answers.

        Raises:
            OSError: If none does; `RefusedAddress`, `UnknownHost` as in `addresses`.
        """
        last: OSError | None = None
        for family, address in self.addresses(host, port):
            sock = socket.socket(family, socket.SOCK_STREAM)
            try:
                sock.settimeout(timeout_s)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                watch(sock)
                sock.connect((address, port))
            except OSError as error:
                sock.close()
                last = error
            else:
                return sock
        assert last is not None
        raise last


class _Visit:
    """The door and the deadline of one fetch, as its connections need them."""

    def __init__(self, door: Door, deadline: Deadline, connect_timeout_s: float):
        self.door = door
        self.deadline = deadline
        self.connect_timeout_s = connect_timeout_s

    def open(self, connection: HTTPConnection) -> socket.socket:
        port = connection.port
        assert port is not None
        timeout_s = min(self.connect_timeout_s, self.deadline.left_s)
        return self.door.connect(
            connection._dns_host,
            port,
            timeout_s,
            self.deadline.watch,
        )


class _PlainConnection(HTTPConnection):
    def __init__(self, *args: Any, visit: _Visit, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._visit = visit

    def _new_conn(self) -> socket.socket:
        return self._visit.open(self)


class _SecureConnection(HTTPSConnection):
    def __init__(self, *args: Any, visit: _Visit, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._visit = visit

    def _new_conn(self) -> socket.socket:
        return self._visit.open(self)


class _Pools(PoolManager):
    def __init__(self, visit: _Visit, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._visit = visit

    def _new_pool(
        self,
        scheme: str,
        host: str,
        port: int,
        request_context: dict[str, Any] | None = None,
    ) -> HTTPConnectionPool:
        pool = super()._new_pool(scheme, host, port, request_context)
        kind = _SecureConnection if scheme == "https" else _PlainConnection
        pool.ConnectionCls = functools.partial(kind, visit=self._visit)  # type: ignore[assignment]
        return pool


@functools.cache
def _tls() -> ssl.SSLContext:
    """Return the context that trusts whom the machine trusts, and Mozilla's list.

    PERF: loading the lists takes longer than most handshakes, so it happens once.
    """
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


class GuardedAdapter(HTTPAdapter):
    """A requests adapter whose connections all go through one `Door`."""

    def __init__(
        self, door: Door, deadline: Deadline, connect_timeout_s: float = 10.0
    ) -> None:
        self._visit = _Visit(door, deadline, connect_timeout_s)
        super().__init__(max_retries=0)

    def init_poolmanager(
        self,
        connections: int,
        maxsize: int,
        block: bool = False,
        **pool_kwargs: Any,
    ) -> None:
        """Build the pools (called by requests)."""
        self.poolmanager = _Pools(
            self._visit,
            num_pools=connections,
            maxsize=maxsize,
            block=block,
            ssl_context=_tls(),
            **pool_kwargs,
        )

    def cert_verify(
        self,
        conn: Any,
        url: str,
        verify: bool | str,
        cert: Any,
    ) -> None:
        """Demand a valid certificate; the context knows whom to trust."""
        del url, verify, cert
        conn.cert_reqs = "CERT_REQUIRED"
