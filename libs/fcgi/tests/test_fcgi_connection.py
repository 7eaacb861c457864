"""The sans-I/O connection: what bytes mean, however they are cut."""

import sys
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fcgi import events, records
from fcgi.client_connection import ClientConnection
from fcgi.codec import encode_begin, encode_end, encode_pairs, encode_record
from fcgi.errors import LocalProtocolError, RemoteProtocolError
from fcgi.limits import Limits
from fcgi.records import ProtocolStatus, Role, Type
from fcgi.server_connection import ServerConnection
from fcgi.state import State

PARAMS = encode_pairs([(b"PATH_INFO", b"/")])


def begin(request_id=1, role=1, flags=1):
    return encode_begin(request_id, role, flags)


def request(request_id=1, role=1, body=b"", flags=1):
    return b"".join(
        [
            begin(request_id, role, flags),
            encode_record(Type.PARAMS, request_id, PARAMS),
            encode_record(Type.PARAMS, request_id),
            encode_record(Type.STDIN, request_id, body) if body else b"",
            encode_record(Type.STDIN, request_id),
        ]
    )


def feed(connection, raw, step=None):
    """Feed bytes; return the events, and the error they ended in, as text."""
    seen = []
    try:
        for start in range(0, len(raw), step or len(raw) or 1):
            connection.receive_data(raw[start : start + (step or len(raw))])
            seen += connection.events()
    except RemoteProtocolError as error:
        seen.append(str(error))
    return seen


def test_a_responder():
    connection = ServerConnection()
    assert feed(connection, request(body=b"body")) == [
        events.RequestReceived(1, Role.RESPONDER, True, PARAMS),
        events.StdinReceived(1, b"body"),
        events.StdinReceived(1, b""),
    ]
    assert connection.state(1) is State.COMPLETE
    assert b"".join(connection.send_stdout(1, b"hi")) == b"\1\6\0\1\0\2\0\0hi"
    assert connection.end_request(1, 7) == encode_end(1, 7, 0)
    assert connection.active == ()
    assert not connection.must_close
    with pytest.raises(LocalProtocolError):
        connection.send_stdout(1, b"more")


def test_the_other_roles():
    authorizer = ServerConnection()
    raw = request(role=Role.AUTHORIZER)  # as lighttpd does, with an empty STDIN
    assert feed(authorizer, raw) == [
        events.RequestReceived(1, Role.AUTHORIZER, True, PARAMS)
    ]
    filter_ = ServerConnection()
    raw = request(role=Role.FILTER, body=b"in") + b"".join(
        [encode_record(Type.DATA, 1, b"file"), encode_record(Type.DATA, 1)]
    )
    assert feed(filter_, raw)[1:] == [
        events.StdinReceived(1, b"in"),
        events.StdinReceived(1, b""),
        events.DataReceived(1, b"file"),
        events.DataReceived(1, b""),
    ]


def test_requests_interleave():
    connection = ServerConnection()
    one, two = request(1, body=b"one"), request(2, body=b"two")
    # BEGIN, PARAMS and end of PARAMS of both, then the bodies the other way round
    size = len(one) - 8 - len(encode_record(5, 1, b"one"))
    raw = one[:size] + two[:size] + two[size:] + one[size:]
    seen = feed(connection, raw)
    assert [e.request_id for e in seen] == [1, 2, 2, 2, 1, 1]
    assert connection.active == (1, 2)


def test_turned_down():
    single = ServerConnection(multiplex=False)
    feed(single, request(1)[:40] + begin(2))
    assert single.data_to_send() == encode_end(2, 0, ProtocolStatus.CANT_MPX_CONN)
    full = ServerConnection(Limits(requests=1))
    feed(full, request(1) + request(2))
    assert full.data_to_send() == encode_end(2, 0, ProtocolStatus.OVERLOADED)
    unknown = ServerConnection()
    assert feed(unknown, request(9, role=77)) == []
    assert unknown.data_to_send() == encode_end(9, 0, ProtocolStatus.UNKNOWN_ROLE)


def test_management():
    connection = ServerConnection(values={b"FCGI_MAX_CONNS": b"10"})
    asked = encode_pairs(
        [(b"FCGI_MPXS_CONNS", b""), (b"FCGI_MAX_CONNS", b""), (b"X", b"")]
    )
    feed(connection, encode_record(Type.GET_VALUES, 0, asked))
    client = ClientConnection()
    seen = feed(client, connection.data_to_send())
    assert seen == [
        events.ValuesReceived(((b"FCGI_MPXS_CONNS", b"1"), (b"FCGI_MAX_CONNS", b"10")))
    ]
    feed(connection, encode_record(200, 0, b"from the future"))
    assert feed(client, connection.data_to_send()) == [events.UnknownTypeReceived(200)]


def test_abort():
    connection = ServerConnection()
    raw = request()[:-8] + encode_record(Type.ABORT_REQUEST, 1)
    assert feed(connection, raw)[-1] == events.RequestAborted(1)
    # the rest of the streams, and a second abort, mean nothing any more
    assert feed(connection, encode_record(5, 1, b"late") + raw[-8:]) == []
    connection.end_request(1)
    assert feed(connection, encode_record(5, 1)) == []
    early = ServerConnection()
    assert feed(early, begin() + raw[-8:]) == []
    assert early.data_to_send() == encode_end(1)


def test_close():
    connection = ServerConnection()
    feed(connection, request())
    connection.receive_data(b"")
    assert list(connection.events()) == [events.ConnectionClosed((1,))]
    assert connection.next_event() is None
    with pytest.raises(LocalProtocolError):
        connection.receive_data(b"x")
    cut = ServerConnection()
    cut.receive_data(request()[:30])
    cut.receive_data(b"")
    with pytest.raises(RemoteProtocolError):
        list(cut.events())


@pytest.mark.parametrize(
    "raw",
    [
        b"\2\1\0\1\0\x08\0\0" + bytes(8),  # version
        encode_record(Type.BEGIN_REQUEST, 1, bytes(16)),  # size
        encode_record(Type.ABORT_REQUEST, 1, b"x"),
        begin() + begin(),  # twice
        begin(0),  # no id
        encode_record(Type.PARAMS, 0),
        encode_record(Type.STDOUT, 1, b"x"),  # wrong direction
        encode_record(Type.END_REQUEST, 1, bytes(8)),
        encode_record(99, 1),  # unknown, and not management
        begin() + encode_record(Type.STDIN, 1, b"x"),  # before PARAMS end
        begin() + encode_record(Type.DATA, 1),
        request() + encode_record(Type.STDIN, 1, b"x"),  # after the end
        request() + encode_record(Type.PARAMS, 1, PARAMS),
        request() + encode_record(Type.DATA, 1, b"x"),  # not a filter
        request(role=Role.AUTHORIZER, body=b"x"),
        encode_record(Type.GET_VALUES, 0, b"\x05"),  # pairs cut short
    ],
)
def test_malformed(raw):
    connection = ServerConnection()
    assert isinstance(feed(connection, raw)[-1], str)
    with pytest.raises(RemoteProtocolError):  # and it stays that way
        connection.next_event()


def test_a_client_checks_too():
    for raw in (
        encode_record(Type.STDIN, 1),
        encode_record(Type.STDOUT, 2, b"x"),
        encode_record(Type.STDOUT, 1) + encode_record(Type.STDOUT, 1, b"x"),
        encode_record(Type.END_REQUEST, 1, b"x"),
        encode_record(Type.STDOUT, 0),
    ):
        client = ClientConnection()
        client.begin_request(1, [])
        assert isinstance(feed(client, raw)[-1], str)
    client = ClientConnection()
    for call in (
        lambda: client.begin_request(0, []),
        lambda: client.send_stdin(1, b""),
        lambda: client.abort_request(1),
    ):
        with pytest.raises(LocalProtocolError):
            call()


kinds = st.one_of(st.sampled_from(list(Type)), st.integers(0, 255))
ids = st.sampled_from([0, 1, 2, 3, 65535])
record = st.one_of(
    st.builds(encode_record, kinds, ids, st.binary(max_size=40)),
    st.builds(encode_begin, ids, st.integers(0, 4), st.integers(0, 255)),
    st.builds(
        request, st.sampled_from([1, 2]), st.integers(1, 3), st.binary(max_size=9)
    ),
    st.builds(lambda i: encode_record(Type.ABORT_REQUEST, i), ids),
)
wire = st.one_of(
    st.lists(record, max_size=12).map(b"".join),
    st.builds(lambda a, b: b"".join(a) + b, st.lists(record, max_size=4), st.binary(max_size=30)),
)  # fmt: skip


@given(wire, st.integers(1, 40), st.booleans())
@settings(max_examples=400)
def test_cut_anyhow_the_events_are_the_same(raw, step, multiplex):
    def run(size):
        connection = ServerConnection(
            Limits(params_size=200, requests=3), multiplex=multiplex
        )
        seen = feed(connection, raw, size)
        return seen, connection.data_to_send(), connection.active

    whole = run(None)
    assert run(1) == whole
    assert run(step) == whole


@given(wire)
@settings(max_examples=200)
def test_a_client_survives_anything(raw):
    def run(size):
        client = ClientConnection()
        client.begin_request(1, [], keep=True)
        client.begin_request(2, [], keep=True)
        return feed(client, raw, size)

    assert run(1) == run(None)


@given(
    st.lists(st.binary(max_size=3000), max_size=5), st.lists(st.binary(max_size=300))
)
def test_both_ends_understand_each_other(bodies, answers):
    server, client = ServerConnection(), ClientConnection()
    for number, body in enumerate(bodies, 1):
        pairs = [(b"N", b"%d" % number)]
        pieces = client.begin_request(number, pairs, keep=True)
        if body:
            pieces += client.send_stdin(number, body)
        pieces += client.send_stdin(number, b"")
        seen = feed(server, b"".join(pieces))
        assert b"".join(e.content for e in seen[1:]) == body
        out = [piece for a in answers for piece in server.send_stdout(number, a)]
        back = feed(client, b"".join([*out, server.end_request(number)]))
        assert b"".join(e.content for e in back[:-1]) == b"".join(answers)
        assert back[-1] == events.RequestEnded(number, 0, 0)


def test_memory_is_bounded_whatever_is_sent():
    attacks = {
        "parameters": begin() + encode_record(Type.PARAMS, 1, b"x" * 65528) * 300,
        "requests": b"".join(begin(i) for i in range(1, 16384)),
        "values": encode_record(Type.GET_VALUES, 0, PARAMS * 5000) * 20,
        "unfinished": b"\1\5\0\1\xff\xff\xff\0" + bytes(60000),
        "late input": encode_record(Type.STDIN, 7, b"x" * 65528) * 300,
    }
    limits = Limits(requests=64)
    for name, raw in attacks.items():
        tracemalloc.start()
        connection = ServerConnection(limits)
        try:
            for start in range(0, len(raw), 65536):
                connection.receive_data(memoryview(raw)[start : start + 65536])
                for _ in connection.events():
                    pass
                connection.data_to_send()
        except RemoteProtocolError:
            pass
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 3_000_000, (name, peak)


def calls_for(raw, step):
    """Return how many functions are called to take in bytes."""
    count = 0

    def profile(_frame, event, _what):
        nonlocal count
        count += event in ("call", "c_call")

    connection = ServerConnection(Limits(requests=64))
    sys.setprofile(profile)
    try:
        for start in range(0, len(raw), step):
            connection.receive_data(raw[start : start + step])
            for _ in connection.events():
                pass
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("step", [1, 65536])
def test_work_grows_with_what_is_sent_and_no_faster(step):
    attacks = {
        "tiny input": lambda n: request()[:-8] + tiny(Type.STDIN) * n,
        "tiny parameters": lambda n: begin() + tiny(Type.PARAMS) * n,
        "unknown types": lambda n: tiny(99, request_id=0) * n,
        "late input": lambda n: tiny(Type.STDIN, request_id=7) * n,
        "aborts": lambda n: begin() + encode_record(Type.ABORT_REQUEST, 1) * n,
    }
    for name, attack in attacks.items():
        few, many = calls_for(attack(200), step), calls_for(attack(800), step)
        assert many < 4.5 * few, (name, few, many)


def tiny(kind, request_id=1):
    return encode_record(kind, request_id, b"x")


def test_record_names_are_those_of_the_specification():
    assert records.HEADER.size == records.HEADER_SIZE == 8
    assert [t.name for t in Type][:3] == [
        "BEGIN_REQUEST",
        "ABORT_REQUEST",
        "END_REQUEST",
    ]
    assert (Type.UNKNOWN_TYPE, Role.FILTER, ProtocolStatus.UNKNOWN_ROLE) == (11, 3, 3)
