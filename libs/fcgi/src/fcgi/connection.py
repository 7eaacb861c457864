"""One FastCGI connection, seen from either end: bytes in, events out.

Rules
-----
1. Nothing here reads or writes a socket, waits, locks, or looks at a clock.
2. What may follow what is decided in `state.py`; this file finds records in bytes,
   looks the state up, and keeps the bounds.
3. However the bytes are cut into pieces, the events are the same.
4. Every malformed input is RemoteProtocolError, and from then on the connection
   raises nothing else. Every misuse by the caller is LocalProtocolError.
5. Memory is bounded by one record, plus `Limits.params_size` for each of
   `Limits.requests` requests, plus what the caller fed and did not yet take out.

Theory of operation
-------------------
`receive_data` appends bytes; `next_event` takes records off the front until one of
them means something to the owner, or returns None when it needs more bytes. Records
that the protocol answers by itself (management records, requests that cannot be
taken) leave their answer in `data_to_send`. `send_*` return the bytes of what the
owner wants to say, in pieces for one gathering write: nothing is copied, nothing is
kept.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Generic, TypeVar

from fcgi import codec, events
from fcgi.errors import LocalProtocolError, RemoteProtocolError
from fcgi.limits import DEFAULT, Limits
from fcgi.records import (
    BEGIN_BODY,
    END_BODY,
    HEADER,
    HEADER_SIZE,
    KEEP_CONN,
    MAX_CONNS,
    MAX_REQS,
    MAX_REQUEST_ID,
    MPXS_CONNS,
    NULL_REQUEST_ID,
    UNKNOWN_BODY,
    ProtocolStatus,
    Role,
    Type,
)
from fcgi.state import Input, State, advance

EventT = TypeVar("EventT")


class _Connection(Generic[EventT]):
    """Find whole records in what arrives; the two ends say what they mean."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._buffer = bytearray()
        self._start = 0
        self._closed = self._told = False
        self._broken: str | None = None
        self._out: list[bytes] = []

    @property
    def is_between_records(self) -> bool:
        """Whether everything that was received has been taken out."""
        return self._start == len(self._buffer)

    def receive_data(self, data: bytes | bytearray | memoryview) -> None:
        """Take bytes from the peer; empty bytes mean that it closed its side."""
        if self._closed:
            if data:
                msg = "bytes after the end of the connection"
                raise LocalProtocolError(msg)
            return
        if not len(data):
            self._closed = True
        elif self._start:
            # Drop what was taken out before growing: the buffer never holds more than
            # one unfinished record and the bytes just fed.
            del self._buffer[: self._start]
            self._start = 0
        self._buffer += data

    def next_event(self) -> EventT | None:
        """Return what happened next, or None if more bytes are needed.

        Raises:
            RemoteProtocolError: If the peer broke the rules, now or before.
        """
        if self._broken is not None:
            raise RemoteProtocolError(self._broken)
        try:
            return self._next_event()
        except RemoteProtocolError as error:
            self._broken = str(error)
            self._buffer = bytearray()
            self._start = 0
            self._forget()
            raise

    def events(self) -> Iterator[EventT]:
        """Yield events until more bytes are needed."""
        while (event := self.next_event()) is not None:
            yield event

    def data_to_send(self) -> bytes:
        """Return, once, what the protocol itself has to answer."""
        if not self._out:
            return b""
        data = b"".join(self._out)
        self._out.clear()
        return data

    def _next_event(self) -> EventT | None:
        buffer = self._buffer
        while len(buffer) - self._start >= HEADER_SIZE:
            version, kind, owner, size, padding = HEADER.unpack_from(
                buffer, self._start
            )
            if version != 1:
                msg = f"record of version {version}"
                raise RemoteProtocolError(msg)
            # LIMIT: judged by its header, so that a record which cannot be right is
            # refused before its 64 KiB are waited for.
            self._check_header(kind, owner, size)
            content = self._start + HEADER_SIZE
            end = content + size + padding
            if len(buffer) < end:
                break
            raw = bytes(memoryview(buffer)[content : content + size])
            self._start = end
            event = self._record(kind, owner, raw)
            if event is not None:
                return event
        if self._start == len(buffer):
            buffer.clear()
            self._start = 0
        if self._closed:
            if buffer:
                msg = "connection closed inside a record"
                raise RemoteProtocolError(msg)
            if not self._told:
                self._told = True
                return self._end()
        return None

    def _check_header(self, kind: int, owner: int, size: int) -> None:
        raise NotImplementedError

    def _record(self, kind: int, owner: int, raw: bytes) -> EventT | None:
        raise NotImplementedError

    def _end(self) -> EventT | None:
        raise NotImplementedError

    def _forget(self) -> None:
        raise NotImplementedError


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


class ServerConnection(_Connection[events.ServerEvent]):
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


class ClientConnection(_Connection[events.ClientEvent]):
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
