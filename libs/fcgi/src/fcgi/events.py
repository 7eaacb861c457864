"""What a connection tells its owner: plain values, one per thing that happened.

The first group is seen by an application (the server side of a connection), the
second by a web server or client.
"""

from dataclasses import dataclass

from fcgi.records import Role


@dataclass(frozen=True, slots=True)
class RequestReceived:
    """All parameters of a request have arrived; its streams follow.

    Attributes:
        request_id: 1 to 65535, unique among the requests active on the connection.
        role: What the web server wants.
        keep_connection: False: the connection is to be closed after this request.
        params: The raw content of the PARAMS stream; see `codec.decode_pairs`.
    """

    request_id: int
    role: Role
    keep_connection: bool
    params: bytes


@dataclass(frozen=True, slots=True)
class StdinReceived:
    """A piece of the request's body; empty content marks the end of the stream."""

    request_id: int
    content: bytes


@dataclass(frozen=True, slots=True)
class DataReceived:
    """A piece of the file to filter; empty content marks the end of the stream."""

    request_id: int
    content: bytes


@dataclass(frozen=True, slots=True)
class RequestAborted:
    """The web server no longer wants the answer; END_REQUEST is still due."""

    request_id: int


@dataclass(frozen=True, slots=True)
class ConnectionClosed:
    """The peer closed the connection in good order, between two records.

    Attributes:
        active: Requests that were left unanswered, oldest first.
    """

    active: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class StdoutReceived:
    """A piece of the response; empty content marks the end of the stream."""

    request_id: int
    content: bytes


@dataclass(frozen=True, slots=True)
class StderrReceived:
    """A piece for the web server's error log; empty content marks the end."""

    request_id: int
    content: bytes


@dataclass(frozen=True, slots=True)
class RequestEnded:
    """The application is done with a request.

    Attributes:
        request_id: Whose end this is; the id is free again.
        app_status: The exit status a CGI program would have had.
        protocol_status: 0, or why the request was turned down; see `ProtocolStatus`.
    """

    request_id: int
    app_status: int
    protocol_status: int


@dataclass(frozen=True, slots=True)
class ValuesReceived:
    """The application's answer to GET_VALUES."""

    values: tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
class UnknownTypeReceived:
    """The application does not know the management record we sent."""

    type: int


ServerEvent = (
    RequestReceived | StdinReceived | DataReceived | RequestAborted | ConnectionClosed
)
ClientEvent = (
    StdoutReceived
    | StderrReceived
    | RequestEnded
    | ValuesReceived
    | UnknownTypeReceived
    | ConnectionClosed
)
