"""The fast path, plain and compiled, fed with requests that are almost the same."""

import ast
import socket
import threading
from pathlib import Path

import pytest
from fcgi_quick import KINDS, exchange, make, request, status_of
from hypothesis import given, settings
from hypothesis import strategies as st

import fcgi
from fcgi import _pure
from fcgi.client import params_for, parse_response
from fcgi.client_connection import ClientConnection
from fcgi.errors import RemoteProtocolError
from fcgi.events import StdoutReceived
from fcgi.records import Type


class Recorder:
    """An application that keeps the environs it sees."""

    def __init__(self):
        self.seen = []

    def __call__(self, environ, start_response):
        text = {k: v for k, v in environ.items() if isinstance(v, str)}
        self.seen.append((text, environ["wsgi.input"].read()))
        environ.clear()  # what an application does to its environ is its own affair
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"ok"]


changes = st.dictionaries(
    st.sampled_from(["PATH_INFO", "QUERY_STRING", "REMOTE_PORT", "HTTP_COOKIE", "HTTPS",
                     "REQUEST_SCHEME", "REQUEST_METHOD", "HTTP_X_ONE", "HTTP_CONTENT_TYPE",
                     "HTTP_PROXY", "HTTP_REMOTE_USER", "CONTENT_LENGTH", "HTTP_X-ONE"]),
    st.one_of(st.sampled_from(["", "0", "1", "on", "https", "GET", "HEAD", "/x"]),
              st.text("abé", max_size=300)),
    max_size=3,
)  # fmt: skip


@given(
    st.lists(
        st.tuples(changes, st.booleans(), st.integers(1, 300)), min_size=2, max_size=6
    )
)
@settings(max_examples=150)
def test_twins_see_the_same(sequence):
    twins = [(make(kind, Recorder()), kind) for kind in KINDS]
    for change, turn, request_id in sequence:
        pairs = params_for("/", extra=change)
        raw = request(pairs[::-1] if turn else pairs, request_id=request_id)
        answers = []
        for (quick, worker), _ in twins:
            before = len(worker.app.seen)
            got, left = exchange(quick, raw)
            assert left is None
            seen = worker.app.seen[before:]
            answers.append((status_of(got, request_id), seen))
        assert all(answer == answers[0] for answer in answers)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_remembered_follows_what_is_asked_for(kind):
    """Long enough the same page, then another, of all lengths: nothing is left of it."""
    quick, worker = make(kind, Recorder())
    for path in ["/"] * 3 + ["/one"] * 40 + ["/two", "/one", "/three", "/"] * 12:
        for port in ("4000", "40001"):
            extra = {"REMOTE_PORT": port, "QUERY_STRING": path[1:]}
            worker.app.seen.clear()
            got, left = exchange(quick, request(params_for(path, extra=extra)))
            assert status_of(got) == 200
            assert left is None
            environ, body = worker.app.seen[0]
            assert body == b""
            asked = {k.decode(): v.decode() for k, v in params_for(path, extra=extra)}
            assert {k: v for k, v in environ.items() if k in asked} == asked


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("keep", [False, True])
def test_what_is_remembered_is_not_where_it_is_mounted(kind, keep):
    """A web server without PATH_INFO: the split is ours, and new for each request."""
    quick, worker = make(kind, Recorder(), mount="/blog", keep_timeout_s=0.1)
    for path in ["/blog/a", "/blog/a", "/blog/bcd", "/blog", "/blog/xyz"] * 3:
        extra = {"SCRIPT_NAME": path, "PATH_INFO": ""}
        worker.app.seen.clear()
        raw = request(params_for("/", extra=extra), keep=keep)
        assert status_of(exchange(quick, raw)[0]) == 200
        environ = worker.app.seen[0][0]
        split = environ["SCRIPT_NAME"], environ["PATH_INFO"]
        assert split == ("/blog", path[5:])
    for path in ("/blag/xyz", "/blogs", "/"):
        extra = {"SCRIPT_NAME": path, "PATH_INFO": ""}
        raw = request(params_for("/", extra=extra), keep=keep)
        got, left = exchange(quick, raw)
        if keep:  # others know how to go on after a refusal
            assert left == raw
        else:
            assert status_of(got) == 404
    assert len(worker.app.seen) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_peer_that_connects_and_leaves_is_no_request(kind):
    quick, worker = make(kind, Recorder())
    assert exchange(quick, b"") == (b"", None)
    assert not worker.app.seen


@pytest.mark.parametrize("kind", KINDS)
def test_a_doubled_name_is_not_hidden_by_what_came_before(kind):
    quick, worker = make(kind, Recorder())
    pairs = params_for("/", headers={"X-One": "1", "X-Two": "2"})
    assert status_of(exchange(quick, request(pairs))[0]) == 200
    doubled = [(b"HTTP_X_ONE", v) if k == b"HTTP_X_TWO" else (k, v) for k, v in pairs]
    for raw in (request(doubled), request([*pairs, (b"HTTP_X_ONE", b"1")])):
        assert status_of(exchange(quick, raw)[0]) == 400
    assert len(worker.app.seen) == 1


@given(st.data())
@settings(max_examples=300)
def test_anything_at_all_is_answered_or_handed_back(data):
    raw = bytearray(
        request(params_for("/x"), b"body" if data.draw(st.booleans()) else b"")
    )
    for _ in range(data.draw(st.integers(0, 3))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    raw = bytes(raw[: data.draw(st.integers(0, len(raw)))])
    results = []
    for kind in KINDS:
        quick, worker = make(kind, Recorder())
        exchange(quick, request(params_for("/x")))  # something to remember
        exchange(quick, request(params_for("/long")))  # and that the path varies
        worker.app.seen.clear()
        got, left = exchange(quick, raw)
        assert left is None or left == raw
        results.append((got[:1], left, worker.app.seen))
    assert all(result == results[0] for result in results)


class Kept:
    """A connection that is served in a thread, and what the server made of it."""

    def __init__(self, quick):
        self.ours, theirs = socket.socketpair()
        self.ours.settimeout(5)

        def serve():
            self.left = quick.serve(theirs.fileno())
            theirs.close()

        self._thread = threading.Thread(target=serve)
        self._thread.start()

    def ask(self, raw):
        self.ours.sendall(raw)
        got = b""
        while not got.endswith(_pure.encode_end(1)):
            data = self.ours.recv(65536)
            assert data, got
            got += data
        return status_of(got)

    def end(self):
        """Return what was handed back."""
        self._thread.join(10)
        self.ours.close()
        return self.left


@pytest.mark.parametrize("kind", KINDS)
def test_a_kept_connection_is_served_to_its_end(kind):
    quick, worker = make(kind, Recorder())
    kept = Kept(quick)
    for path in ("/", "/", "/a", "/bc", "/"):
        assert kept.ask(request(params_for(path), keep=True)) == 200
    body = params_for("/", method="POST", body=b"body")
    assert kept.ask(request(body, b"body", keep=True)) == 200
    kept.ours.shutdown(socket.SHUT_WR)
    assert kept.end() is None
    assert [seen["PATH_INFO"] for seen, _ in worker.app.seen[:5]] == [
        "/", "/", "/a", "/bc", "/",
    ]  # fmt: skip
    assert worker.app.seen[5][1] == b"body"


@pytest.mark.parametrize("kind", KINDS)
def test_a_kept_connection_ends_when_its_request_says_so(kind):
    kept = Kept(make(kind, Recorder())[0])
    for keep in (True, True, False):
        assert kept.ask(request(params_for("/"), keep=keep)) == 200
    assert kept.ours.recv(1) == b""
    assert kept.end() is None


@pytest.mark.parametrize("kind", KINDS)
def test_a_kept_connection_is_dropped_when_nothing_comes(kind):
    kept = Kept(make(kind, Recorder(), keep_timeout_s=0.1)[0])
    assert kept.ask(request(params_for("/"), keep=True)) == 200
    assert kept.ours.recv(1) == b""
    assert kept.end() is None


@pytest.mark.parametrize("kind", KINDS)
def test_a_kept_connection_hands_back_what_is_not_quick(kind):
    kept = Kept(make(kind, Recorder())[0])
    raw = request(params_for("/"), keep=True)
    assert kept.ask(raw) == 200
    kept.ours.sendall(raw[:-8])
    assert kept.end() == raw[:-8]


@pytest.mark.parametrize("kind", KINDS)
def test_a_kept_connection_ends_with_a_body_that_broke(kind):
    def app(_environ, start_response):
        start_response("200 OK", [("Content-Length", "5")])
        yield b"half"
        raise ValueError("the other half")

    kept = Kept(make(kind, app)[0])
    kept.ours.sendall(request(params_for("/"), keep=True))
    got = b""
    while data := kept.ours.recv(65536):
        got += data
    assert _pure.encode_end(1) not in got
    assert kept.end() is None


@pytest.mark.parametrize("kind", KINDS)
def test_the_next_request_is_no_abort(kind):
    seen = []

    def app(environ, start_response):
        seen.append(environ["fcgi.is_aborted"]())
        start_response("200 OK", [])
        return [b"ok"]

    first = request(params_for("/"), keep=True)
    abort = _pure.encode_record(Type.ABORT_REQUEST, 1)
    for after, aborted in ((b"", False), (first, False), (abort, True)):
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ours.sendall(first)

            def late(environ, start_response, ours=ours, due=[after]):  # noqa: B006
                if due:
                    ours.sendall(due.pop())
                return app(environ, start_response)

            quick, _ = make(kind, late, keep_timeout_s=0.1)
            seen.clear()
            left = quick.serve(theirs.fileno())
        assert seen[0] is aborted
        assert left == (abort if aborted else None)


@pytest.mark.parametrize("kind", KINDS)
def test_output_of_every_size(kind):
    for size in (0, 1, 8000, 8190, 65528, 65529, 100_000):
        quick, _ = make(kind, lambda e, s, size=size: s("200 OK", []) and [b"y" * size])
        got, _ = exchange(quick, request(params_for("/")))
        client = ClientConnection()
        client.begin_request(1, [])
        client.receive_data(got)
        seen = list(client.events())
        out = b"".join(e.content for e in seen if isinstance(e, StdoutReceived))
        assert parse_response(out)[2] == b"y" * size


@pytest.mark.parametrize("kind", KINDS)
def test_a_response_without_a_body_leaves_as_a_whole(kind):
    """So it can still become another, and no edge hangs up between its parts."""

    def app(environ, start_response):
        start_response(environ["HTTP_STATUS"], [("X-One", "1")])
        yield b"first"
        if environ["HTTP_FAIL"]:
            raise ValueError("second")
        yield b"second"

    quick, _ = make(kind, app)
    for method, status in (("HEAD", "200 OK"), ("GET", "304 Not Modified")):
        for fail in ("", "1"):
            headers = {"Status": status, "Fail": fail}
            raw = request(params_for("/", method=method, headers=headers))
            got, _ = exchange(quick, raw)
            assert status_of(got) == (500 if fail else int(status[:3]))
            assert b"first" not in got


FIELD = ("Content-Type", "text/plain")
LENGTH = ("Content-Length", "3")
ANSWERS = [
    ("200 OK", [FIELD], b"one"),
    ("200 OK", [FIELD], b"one"),
    ("200 OK", [FIELD], b"other"),
    ("200 OK", [FIELD, LENGTH], b"one"),
    ("200 OK", [FIELD, LENGTH], b"longer than it says"),
    ("200 OK", [FIELD, LENGTH], b"one"),
    ("200 OK", [LENGTH, FIELD], b"one"),
    ("200 OK", [FIELD], b"x" * 20480),
    ("200 OK", [FIELD], b"x" * 20480),
    ("204 No Content", [], b"ignored"),
    ("204 No Content", [], b"ignored"),
    ("200 OK", [], b""),
    ("200 OK", [FIELD, "no pair"], b"one"),
    ("200 OK", [FIELD], b"one"),
    ("404 Not Found", [FIELD], b"one"),
]


@pytest.mark.parametrize("kind", KINDS)
@given(st.lists(st.sampled_from(ANSWERS), min_size=2, max_size=8))
@settings(max_examples=100)
def test_answers_do_not_depend_on_those_before(kind, sequence):
    """A header that is kept because it comes again must be the one that is sent."""
    due = []

    def app(_environ, start_response):
        status, headers, body = due.pop()
        start_response(status, list(headers))
        return [body]

    quick, _ = make(kind, app)
    for answer in sequence:
        got = []
        for one in (quick, make(kind, app)[0]):
            due.append(answer)
            got.append(exchange(one, request(params_for("/")))[0])
        assert got[0] == got[1]


@pytest.mark.parametrize("kind", KINDS)
def test_an_input_that_is_shared_stays_as_it_is(kind):
    def app(environ, start_response):
        environ["wsgi.input"].close()
        with pytest.raises(Exception, match="write"):
            environ["wsgi.input"].write(b"x")
        start_response("200 OK", [])
        return [environ["wsgi.input"].read()]

    quick, _ = make(kind, app)
    for _ in range(2):
        assert status_of(exchange(quick, request(params_for("/")))[0]) == 200


@pytest.mark.parametrize("kind", KINDS)
def test_leaving_after_so_many_requests(kind):
    quick, worker = make(kind, Recorder())
    worker.left = 2
    quick = kind(worker)
    for _ in range(3):
        exchange(quick, request(params_for("/")))
    assert worker.phase.name == "RETIRE"
    assert worker.slot.served == 3


def test_wire_modules_know_no_outside_world():
    """What finds meaning in bytes must not be able to read or write any."""
    folder = Path(fcgi.__file__).parent
    banned = {
        "socket",
        "select",
        "selectors",
        "threading",
        "asyncio",
        "os",
        "time",
        "logging",
    }
    for name in (
        "records",
        "events",
        "state",
        "limits",
        "connection",
        "server_connection",
        "client_connection",
        "codec",
        "_pure",
        "headers",
        "errors",
    ):
        for node in ast.walk(ast.parse((folder / f"{name}.py").read_text())):
            if isinstance(node, ast.Import):
                assert not banned & {alias.name for alias in node.names}, name
            elif isinstance(node, ast.ImportFrom):
                assert node.module not in banned, name


def test_codecs_refuse_what_a_record_cannot_hold():
    with pytest.raises(RemoteProtocolError):
        _pure.decode_pairs(b"\x01\x01a")
    assert _pure.encode_record(Type.STDIN, 1, b"x" * 65535)[4:6] == b"\xff\xff"
