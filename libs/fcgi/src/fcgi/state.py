"""Which record may follow which, for one request on a connection.

Rules
-----
1. Everything that changes the state of a request is in this file.
2. This file knows no bytes, no limits and no other requests.
3. A pair (state, input) that is missing from the table is the sender's mistake.
4. A request ends only by our END_REQUEST. Its id is then free, and whatever still
   arrives for it is dropped (SPEC 3.3), since the peer could not know yet.

Theory of operation
-------------------
A request is begun by BEGIN_REQUEST in state PARAMS. Each of its input streams is a
run of records of one type closed by an empty one. The role says which streams come:

    responder    PARAMS  STDIN
    authorizer   PARAMS
    filter       PARAMS  STDIN  DATA

Streams come in that order (SPEC 6.2 to 6.4); nothing may come after the last one but
ABORT_REQUEST, which is welcome at any time and only once means anything.

The other direction has no order: STDOUT and STDERR interleave, each may be closed by
an empty record or be left open, and END_REQUEST closes what is left.
"""

from enum import Enum, auto
from typing import Final

from fcgi.records import Role


class State(Enum):
    """How far the input of a request has come."""

    PARAMS = auto()
    STDIN = auto()
    DATA = auto()
    COMPLETE = auto()
    ABORTED = auto()


class Input(Enum):
    """What a record does to a request; `_END` is the empty record of a stream."""

    PARAMS = auto()
    PARAMS_END = auto()
    STDIN = auto()
    STDIN_END = auto()
    DATA = auto()
    DATA_END = auto()
    ABORT = auto()


_COMMON: Final = {
    (State.PARAMS, Input.PARAMS): State.PARAMS,
    # After an abort the rest of the streams may still be under way.
    **{(State.ABORTED, what): State.ABORTED for what in Input},
    **{(state, Input.ABORT): State.ABORTED for state in State},
}
_STDIN: Final = {
    (State.PARAMS, Input.PARAMS_END): State.STDIN,
    (State.STDIN, Input.STDIN): State.STDIN,
}

TABLE: Final[dict[Role, dict[tuple[State, Input], State]]] = {
    Role.RESPONDER: {
        **_COMMON,
        **_STDIN,
        (State.STDIN, Input.STDIN_END): State.COMPLETE,
    },
    Role.AUTHORIZER: {
        **_COMMON,
        (State.PARAMS, Input.PARAMS_END): State.COMPLETE,
        # WHY: SPEC 6.3 gives an authorizer no STDIN, yet lighttpd and nginx close
        # that stream for every role. Bodies are still refused.
        (State.COMPLETE, Input.STDIN_END): State.COMPLETE,
    },
    Role.FILTER: {
        **_COMMON,
        **_STDIN,
        (State.STDIN, Input.STDIN_END): State.DATA,
        (State.DATA, Input.DATA): State.DATA,
        (State.DATA, Input.DATA_END): State.COMPLETE,
    },
}


def advance(role: Role, state: State, what: Input) -> State | None:
    """Return the state after `what`, or None when it may not come now."""
    return TABLE[role].get((state, what))
