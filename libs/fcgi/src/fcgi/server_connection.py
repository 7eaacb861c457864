"""The application's end of a FastCGI connection: requests come, answers go."""

from collections.abc import Mapping

from fcgi import codec, events
from fcgi.connection import Connection
from fcgi.errors import LocalProtocolError, RemoteProtocolError
from fcgi.limits import DEFAULT, Limits
from fcgi.records import (
    BEGIN_BODY,
    KEEP_CONN,
    MAX_CONNS,
    MAX_REQS,
    MPXS_CONNS,
    NULL_REQUEST_ID,
    UNKNOWN_BODY,
    ProtocolStatus,
    Role,
    Type,
)
from fcgi.state import Input, State, advance


class _Request:
    """What an application's end remembers of one active request."""

    __slots__ = ("keep", "params", "params_size", "role", "state")

    def __init__(self, role: Role, keep: bool) -> None:
        self.role = role
        self.keep = keep
        self.state = State.PARAMS
        self.params: list[bytes] = []
        self.params_size = 0


_INPUTS = {
    Type.PARAMS: (Input.PARAMS, Input.PARAMS_END),
    Type.STDIN: (Input.STDIN, Input.STDIN_END),
    Type.DATA: (Input.DATA, Input.DATA_END),
}
_FIXED_SIZE = {Type.BEGIN_REQUEST: 8, Type.ABORT_REQUEST: 0}


class ServerConnection(Connection[events.ServerEvent]):
    """The application's end of a connection.

    Args:
        limits: What the peer may make us hold.
        multiplex: Whether several requests may be active at once; if not, a second
            one is answered with CANT_MPX_CONN.
        values: Answers to GET_VALUES beyond FCGI_MPXS_CONNS.
    """

    def __init__(
        self,
        limits: Limits = DEFAULT,
        *,
        multiplex: bool = True,
        values: Mapping[bytes, bytes] | None = None,
    ) -> None:
        super().__init__(limits)
        self._multiplex = multiplex
        self._requests: dict[int, _Request] = {}
        requests = limits.requests if multiplex else 1
        self._values = {
            MAX_CONNS: b"1",
            MAX_REQS: b"%d" % requests,
            **(values or {}),
            MPXS_CONNS: b"1" if multiplex else b"0",
        }
        self.must_close = False
        """True once a request without FCGI_KEEP_CONN has ended (SPEC 3.5)."""

    @property
    def active(self) -> tuple[int, ...]:
        """The ids of requests that still lack an END_REQUEST, oldest first."""
        return tuple(self._requests)

    def state(self, request_id: int) -> State | None:
        """Return how far the input of a request has come; None if it is not active."""
        request = self._requests.get(request_id)
        return request.state if request else None

    def send_stdout(self, request_id: int, data: codec.Buffer) -> list[codec.Buffer]:
        """Return `data` as STDOUT records; nothing for empty data."""
        self._need(request_id)
        return codec.encode_stream(Type.STDOUT, request_id, data)

    def send_stderr(self, request_id: int, data: codec.Buffer) -> list[codec.Buffer]:
        """Return `data` as STDERR records; nothing for empty data."""
        self._need(request_id)
        return codec.encode_stream(Type.STDERR, request_id, data)

    def end_request(
        self,
        request_id: int,
        app_status: int = 0,
        protocol_status: ProtocolStatus = ProtocolStatus.REQUEST_COMPLETE,
    ) -> bytes:
        """Return END_REQUEST and forget the request."""
        request = self._need(request_id)
        del self._requests[request_id]
        if not request.keep:
            self.must_close = True
        return codec.encode_end(request_id, app_status, protocol_status)

    def _need(self, request_id: int) -> _Request:
        request = self._requests.get(request_id)
        if request is None:
            msg = f"request {request_id} is not active"
            raise LocalProtocolError(msg)
        return request

    def _check_header(self, kind: int, owner: int, size: int) -> None:
        if owner == NULL_REQUEST_ID:
            if kind in _INPUTS or kind in _FIXED_SIZE:
                msg = f"record of type {kind} without a request"
                raise RemoteProtocolError(msg)
            return
        if kind not in _INPUTS:
            fixed = _FIXED_SIZE.get(kind)  # type: ignore[call-overload]
            if fixed is None:
                msg = f"record of type {kind} for request {owner}"
                raise RemoteProtocolError(msg)
            if size != fixed:
                msg = f"record of type {kind} with {size} bytes of content"
                raise RemoteProtocolError(msg)
            return
        if kind == Type.PARAMS and (request := self._requests.get(owner)):
            size += request.params_size
            # LIMIT: parameters without end.
            if size > self._limits.params_size:
                msg = f"more than {self._limits.params_size} bytes of parameters"
                raise RemoteProtocolError(msg)

    def _record(self, kind: int, owner: int, raw: bytes) -> events.ServerEvent | None:
        if owner == NULL_REQUEST_ID:
            self._manage(kind, raw)
            return None
        if kind == Type.BEGIN_REQUEST:
            self._begin(owner, raw)
            return None
        request = self._requests.get(owner)
        if request is None:
            return None  # SPEC 3.3: for a request that has ended; not worth a word.
        if kind == Type.ABORT_REQUEST:
            was = request.state
            request.state = State.ABORTED
            request.params.clear()
            if was is State.ABORTED:
                return None
            if was is State.PARAMS:
                # Its owner never heard of it, so the answer is ours to give.
                self._out.append(self.end_request(owner))
                return None
            return events.RequestAborted(owner)
        before = request.state
        state = advance(request.role, before, _INPUTS[Type(kind)][0 if raw else 1])
        if state is None:
            msg = f"record of type {kind} in state {before.name}"
            raise RemoteProtocolError(msg)
        request.state = state
        if state is State.ABORTED:
            return None
        if kind == Type.PARAMS:
            if raw:
                request.params.append(raw)
                request.params_size += len(raw)
                return None
            params = b"".join(request.params)
            request.params.clear()
            return events.RequestReceived(owner, request.role, request.keep, params)
        if kind == Type.DATA:
            return events.DataReceived(owner, raw)
        if request.role is Role.AUTHORIZER:
            return None
        return events.StdinReceived(owner, raw)

    def _begin(self, owner: int, raw: bytes) -> None:
        if owner in self._requests:
            msg = f"request {owner} begun twice"
            raise RemoteProtocolError(msg)
        role, flags = BEGIN_BODY.unpack(raw)
        keep = bool(flags & KEEP_CONN)
        if role not in Role._value2member_map_:
            self._turn_down(owner, ProtocolStatus.UNKNOWN_ROLE, keep)
        elif self._requests and not self._multiplex:
            self._turn_down(owner, ProtocolStatus.CANT_MPX_CONN, keep)
        elif len(self._requests) >= self._limits.requests:
            self._turn_down(owner, ProtocolStatus.OVERLOADED, keep)
        else:
            self._requests[owner] = _Request(Role(role), keep)

    def _turn_down(self, owner: int, status: ProtocolStatus, keep: bool) -> None:
        self._out.append(codec.encode_end(owner, 0, status))
        if not keep and not self._requests:
            self.must_close = True

    def _manage(self, kind: int, raw: bytes) -> None:
        if kind != Type.GET_VALUES:
            # SPEC 4.2: so that a newer web server learns what we do not know.
            body = UNKNOWN_BODY.pack(kind)
            self._out.append(codec.encode_record(Type.UNKNOWN_TYPE, 0, body))
            return
        asked = dict.fromkeys(name for name, _ in codec.decode_pairs(raw))
        known = [(name, self._values[name]) for name in asked if name in self._values]
        content = codec.encode_pairs(known)
        self._out.append(codec.encode_record(Type.GET_VALUES_RESULT, 0, content))

    def _end(self) -> events.ServerEvent:
        return events.ConnectionClosed(self.active)

    def _forget(self) -> None:
        self._requests.clear()
