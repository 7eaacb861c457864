"""A FastCGI client: ask an application what a web server would ask it.

with Client("unix:/run/x.sock") as client:
    print(client.get("/").body)
"""

import contextlib
import select
import socket
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from fcgi import address, events
from fcgi.client_connection import ClientConnection
from fcgi.errors import ConfigurationError, RemoteProtocolError, StreamError
from fcgi.records import Role


@dataclass(slots=True)
class Response:
    """What an application answered.

    Attributes:
        status: The HTTP status; 200 if the application named none.
        headers: Header fields in order, as they were spelled.
        body: The bytes after the header.
        stderr: What the application wrote for the error log.
        app_status: Its exit status.
        protocol_status: 0, or why it turned the request down.
    """

    status: int = 200
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    stderr: bytes = b""
    app_status: int = 0
    protocol_status: int = 0

    def header(self, name: str) -> str | None:
        """Return the first header field of that name, in any case."""
        for key, value in self.headers:
            if key.lower() == name.lower():
                return value
        return None


class _Partial:
    """A response of which pieces have arrived."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.stdout: list[bytes] = []
        self.stderr: list[bytes] = []

    def response(self, end: events.RequestEnded) -> Response:
        response = Response(
            app_status=end.app_status,
            protocol_status=end.protocol_status,
            stderr=b"".join(self.stderr),
        )
        raw = b"".join(self.stdout)
        if raw:
            response.status, response.headers, response.body = parse_response(raw)
        return response


def parse_response(raw: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
    """Split a CGI response (RFC 3875 section 6) into status, header and body.

    Raises:
        RemoteProtocolError: If it has no header.
    """
    head, gap, body = raw.partition(b"\r\n\r\n")
    if not gap:
        head, gap, body = raw.partition(b"\n\n")
    if not gap:
        msg = "a response without a header"
        raise RemoteProtocolError(msg)
    status = 200
    headers = []
    for line in head.decode("latin-1").splitlines():
        name, colon, value = line.partition(":")
        if not colon:
            msg = f"header line {line!r}"
            raise RemoteProtocolError(msg)
        if name.lower() == "status":
            if not value.strip()[:3].isdecimal():
                msg = f"status {value!r}"
                raise RemoteProtocolError(msg)
            status = int(value.strip()[:3])
        else:
            headers.append((name, value.strip()))
    return status, headers, body


def params_for(
    path: str = "/",
    *,
    method: str = "GET",
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    extra: Mapping[str, str] | None = None,
) -> list[tuple[bytes, bytes]]:
    """Return the parameters a web server would send for a request of its root.

    Args:
        path: Path with an optional query.
        method: The request's method.
        body: What will be sent as STDIN.
        headers: Header fields of the HTTP request.
        extra: Parameters to add or replace.
    """
    pure_path, _, query = path.partition("?")
    params = {
        "CONTENT_LENGTH": str(len(body)),
        "QUERY_STRING": query,
        "REQUEST_URI": path,
        "SCRIPT_NAME": "",
        "PATH_INFO": pure_path,
        "REQUEST_METHOD": method,
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_SOFTWARE": "fcgi.client",
        "GATEWAY_INTERFACE": "CGI/1.1",
        "REQUEST_SCHEME": "http",
        "SERVER_PORT": "80",
        "SERVER_ADDR": "127.0.0.1",
        "SERVER_NAME": "localhost",
        "REMOTE_ADDR": "127.0.0.1",
        "REMOTE_PORT": "0",
        "HTTP_HOST": "localhost",
    }
    for name, value in (headers or {}).items():
        key = name.upper().replace("-", "_")
        params[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
    params.update(extra or {})
    return [(k.encode("latin-1"), v.encode("latin-1")) for k, v in params.items()]


class Client:
    """A connection, or with `keep` a series of requests on one.

    Args:
        bind: The application's address, as the server's `--bind` has it.
        keep: Whether to ask the application to keep the connection.
        timeout_s: The longest wait for any one read or write.
    """

    def __init__(
        self, bind: str, *, keep: bool = False, timeout_s: float | None = 30.0
    ) -> None:
        self._address = address.parse(bind)
        self._keep = keep
        self._timeout_s = timeout_s
        self._socket: socket.socket | None = None
        self._protocol = ClientConnection()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def get(self, path: str = "/", **headers: str) -> Response:
        """Ask for a path with GET."""
        return self.request(params_for(path, headers=headers))

    def request(
        self,
        params: Iterable[tuple[bytes, bytes]],
        body: bytes = b"",
        *,
        role: int = Role.RESPONDER,
        data: bytes = b"",
    ) -> Response:
        """Send one request and wait for its response.

        Args:
            params: Names and values; see `params_for`.
            body: What to send as STDIN.
            role: Which of `Role`.
            data: The file for a filter.

        Raises:
            StreamError: If the application hung up before it was done.
            RemoteProtocolError: If it broke the protocol.
        """
        sock = self._connect()
        protocol = self._protocol
        pieces = protocol.begin_request(1, params, role=role, keep=self._keep)
        if role != Role.AUTHORIZER:
            pieces += protocol.send_stdin(1, body) if body else []
            pieces += protocol.send_stdin(1, b"")
        if role == Role.FILTER:
            pieces += protocol.send_data(1, data) if data else []
            pieces += protocol.send_data(1, b"")
        with self._closing_on_error():
            sock.sendall(b"".join(pieces))
            return self._receive(sock)

    @contextlib.contextmanager
    def _closing_on_error(self) -> Iterator[None]:
        """Leave no connection behind on which half an answer is still to come."""
        try:
            yield
        except OSError as error:
            self.close()
            if isinstance(error, StreamError):
                raise
            raise StreamError(*error.args) from error
        except BaseException:
            self.close()
            raise

    def _receive(self, sock: socket.socket) -> Response:
        protocol = self._protocol
        partial = _Partial(0)
        while True:
            event = protocol.next_event()
            if event is None:
                protocol.receive_data(sock.recv(65536))
            elif isinstance(event, events.StdoutReceived):
                partial.stdout.append(event.content)
            elif isinstance(event, events.StderrReceived):
                partial.stderr.append(event.content)
            elif isinstance(event, events.ConnectionClosed):
                msg = "the application hung up before the end of the response"
                raise StreamError(msg)
            elif isinstance(event, events.RequestEnded):
                break
        if protocol.must_close:
            self.close()
        return partial.response(event)

    def many(
        self, requests: Iterable[Iterable[tuple[bytes, bytes]]], *, window: int = 32
    ) -> list[Response]:
        """Send requests without bodies on one connection, without waiting in between.

        An application that multiplexes serves them at once, any other one after the
        other.

        Args:
            requests: The parameters of each.
            window: How many may be under way at once.

        Returns:
            The responses, in the order of the requests.

        Raises:
            StreamError: If the application hung up before it was done.
            RemoteProtocolError: If it broke the protocol.
        """
        waiting = list(enumerate(requests))[::-1]
        sock = self._connect()
        with self._closing_on_error():
            return self._many(sock, waiting, window)

    def _many(
        self,
        sock: socket.socket,
        waiting: list[tuple[int, Iterable[tuple[bytes, bytes]]]],
        window: int,
    ) -> list[Response]:
        protocol = self._protocol
        got: dict[int, _Partial] = {}
        out = b""
        done: dict[int, Response] = {}
        free = list(range(window, 0, -1))
        while waiting or got:
            while waiting and free:
                number, params = waiting.pop()
                request_id = free.pop()
                got[request_id] = _Partial(number)
                pieces = protocol.begin_request(request_id, params, keep=True)
                out += b"".join([*pieces, *protocol.send_stdin(request_id, b"")])
            # Both directions at once: an application that is not read stops reading.
            readable, writable, _ = select.select(
                [sock], [sock] if out else [], [], self._timeout_s
            )
            if writable:
                out = out[sock.send(out[:65536]) :]
            if readable:
                protocol.receive_data(sock.recv(65536))
            elif not writable:
                msg = f"no answer within {self._timeout_s} s"
                raise StreamError(msg)
            for event in protocol.events():
                if isinstance(event, events.ConnectionClosed):
                    msg = "the application hung up before the end of the response"
                    raise StreamError(msg)
                if isinstance(
                    event, events.ValuesReceived | events.UnknownTypeReceived
                ):
                    continue
                partial = got[event.request_id]
                if isinstance(event, events.RequestEnded):
                    del got[event.request_id]
                    free.append(event.request_id)
                    done[partial.number] = partial.response(event)
                elif isinstance(event, events.StdoutReceived):
                    partial.stdout.append(event.content)
                else:
                    partial.stderr.append(event.content)
        return [done[number] for number in sorted(done)]

    def values(self, *names: str) -> dict[str, str]:
        """Ask the application for its limits, such as FCGI_MPXS_CONNS.

        Raises:
            StreamError: If the application hung up.
            RemoteProtocolError: If it broke the protocol.
        """
        sock = self._connect()
        with self._closing_on_error():
            sock.sendall(self._protocol.get_values(*(name.encode() for name in names)))
            while True:
                event = self._protocol.next_event()
                if event is None:
                    self._protocol.receive_data(sock.recv(65536))
                elif isinstance(event, events.ValuesReceived):
                    return {
                        name.decode(): value.decode() for name, value in event.values
                    }
                elif isinstance(event, events.ConnectionClosed):
                    msg = "the application hung up"
                    raise StreamError(msg)

    def _connect(self) -> socket.socket:
        if self._socket is None:
            self._protocol = ClientConnection()
            self._socket = connect(self._address, self._timeout_s)
        return self._socket


def connect(where: address.Address, timeout_s: float | None = 30.0) -> socket.socket:
    """Return a socket connected to an address.

    Raises:
        StreamError: If nobody listens there.
    """
    if where.fd is not None:
        msg = "cannot connect to a file descriptor"
        raise ConfigurationError(msg)
    family = socket.AF_UNIX
    target: str | tuple[str, int] = where.path or ""
    if where.host is not None:
        family = socket.AF_INET6 if ":" in where.host else socket.AF_INET
        target = (where.host, where.port)
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.settimeout(timeout_s)
    try:
        sock.connect(target)
    except OSError as error:
        sock.close()
        raise StreamError(*error.args) from error
    return sock
