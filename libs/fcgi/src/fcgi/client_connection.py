"""The web server's end of a FastCGI connection: requests go, answers come."""

from collections.abc import Iterable

from fcgi import codec, events
from fcgi.connection import Connection
from fcgi.errors import LocalProtocolError, RemoteProtocolError
from fcgi.limits import DEFAULT, Limits
from fcgi.records import (
    END_BODY,
    HEADER,
    KEEP_CONN,
    MAX_REQUEST_ID,
    NULL_REQUEST_ID,
    Role,
    Type,
)


class ClientConnection(Connection[events.ClientEvent]):
    """The web server's end of a connection.

    Args:
        limits: What the peer may make us hold.
    """

    def __init__(self, limits: Limits = DEFAULT) -> None:
        super().__init__(limits)
        self._open: dict[int, set[int]] = {}
        self._keep = True

    @property
    def active(self) -> tuple[int, ...]:
        """The ids of requests without an END_REQUEST yet, oldest first."""
        return tuple(self._open)

    @property
    def must_close(self) -> bool:
        """True once the application is going to close the connection."""
        return not self._keep and not self._open

    def begin_request(
        self,
        request_id: int,
        params: Iterable[tuple[bytes, bytes]],
        *,
        role: int = Role.RESPONDER,
        keep: bool = False,
    ) -> list[codec.Buffer]:
        """Return BEGIN_REQUEST and the whole PARAMS stream."""
        if not NULL_REQUEST_ID < request_id <= MAX_REQUEST_ID:
            msg = f"request id {request_id} is not within 1 to {MAX_REQUEST_ID}"
            raise LocalProtocolError(msg)
        if request_id in self._open:
            msg = f"request {request_id} is active"
            raise LocalProtocolError(msg)
        self._open[request_id] = {Type.STDOUT, Type.STDERR}
        self._keep = self._keep and keep
        flags = KEEP_CONN if keep else 0
        return [
            codec.encode_begin(request_id, role, flags),
            *codec.encode_stream(Type.PARAMS, request_id, codec.encode_pairs(params)),
            HEADER.pack(1, Type.PARAMS, request_id, 0, 0),
        ]

    def send_stdin(self, request_id: int, data: codec.Buffer) -> list[codec.Buffer]:
        """Return `data` as STDIN records; empty data closes the stream."""
        return self._send(Type.STDIN, request_id, data)

    def send_data(self, request_id: int, data: codec.Buffer) -> list[codec.Buffer]:
        """Return `data` as DATA records; empty data closes the stream."""
        return self._send(Type.DATA, request_id, data)

    def abort_request(self, request_id: int) -> bytes:
        """Return ABORT_REQUEST; END_REQUEST is still to come."""
        if request_id not in self._open:
            msg = f"request {request_id} is not active"
            raise LocalProtocolError(msg)
        return HEADER.pack(1, Type.ABORT_REQUEST, request_id, 0, 0)

    def get_values(self, *names: bytes) -> bytes:
        """Return GET_VALUES asking for the named variables."""
        content = codec.encode_pairs((name, b"") for name in names)
        return codec.encode_record(Type.GET_VALUES, 0, content)

    def _send(
        self, kind: Type, request_id: int, data: codec.Buffer
    ) -> list[codec.Buffer]:
        if request_id not in self._open:
            msg = f"request {request_id} is not active"
            raise LocalProtocolError(msg)
        if not len(data):
            return [HEADER.pack(1, kind, request_id, 0, 0)]
        return codec.encode_stream(kind, request_id, data)

    def _check_header(self, kind: int, owner: int, size: int) -> None:
        if owner == NULL_REQUEST_ID:
            if kind not in (Type.GET_VALUES_RESULT, Type.UNKNOWN_TYPE):
                msg = f"record of type {kind} without a request"
                raise RemoteProtocolError(msg)
        elif kind not in (Type.STDOUT, Type.STDERR, Type.END_REQUEST):
            msg = f"record of type {kind} for request {owner}"
            raise RemoteProtocolError(msg)
        elif owner not in self._open:
            msg = f"record for request {owner}, which is not active"
            raise RemoteProtocolError(msg)
        fixed = kind in (Type.END_REQUEST, Type.UNKNOWN_TYPE)
        if fixed and size != END_BODY.size:
            msg = f"record of type {kind} with {size} bytes of content"
            raise RemoteProtocolError(msg)

    def _record(self, kind: int, owner: int, raw: bytes) -> events.ClientEvent | None:
        if kind == Type.GET_VALUES_RESULT:
            return events.ValuesReceived(tuple(codec.decode_pairs(raw)))
        if kind == Type.UNKNOWN_TYPE:
            return events.UnknownTypeReceived(raw[0])
        if kind == Type.END_REQUEST:
            del self._open[owner]
            app_status, protocol_status = END_BODY.unpack(raw)
            return events.RequestEnded(owner, app_status, protocol_status)
        streams = self._open[owner]
        if kind not in streams:
            msg = f"record of type {kind} after the end of its stream"
            raise RemoteProtocolError(msg)
        if not raw:
            streams.discard(kind)
        if kind == Type.STDERR:
            return events.StderrReceived(owner, raw)
        return events.StdoutReceived(owner, raw)

    def _end(self) -> events.ClientEvent:
        return events.ConnectionClosed(self.active)

    def _forget(self) -> None:
        self._open.clear()
