"""Roles, multiplexing, aborts and management, over every model that has them."""

import threading
import time

import pytest
from fcgi_support import wait_until

from fcgi import address, codec, events
from fcgi.client import connect, params_for
from fcgi.client_connection import ClientConnection
from fcgi.records import Role, Type

SEQUENTIAL = ["prefork", "prefork --pure", "thread-per-connection"]
CONCURRENT = ["thread-per-request", "multiplex", "pool"]


@pytest.fixture(params=SEQUENTIAL + CONCURRENT)
def server(request, shared):
    return shared("fixture_app:app", "--model", *request.param.split())


@pytest.fixture(params=CONCURRENT)
def concurrent(request, shared):
    return shared("fixture_app:app", "--model", request.param)


class Line:
    """A connection of which the test sees every event."""

    def __init__(self, server):
        self.socket = connect(address.parse(server.bind), 10)
        self.protocol = ClientConnection()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def begin(self, request_id, path, *, end=True, **options):
        pieces = self.protocol.begin_request(request_id, params_for(path), **options)
        if end:
            pieces += self.protocol.send_stdin(request_id, b"")
        self.send(*pieces)

    def send(self, *pieces):
        self.socket.sendall(b"".join(pieces))

    def until_ended(self, count=1):
        """Return the request ids in the order of their ends, and their output."""
        order, out = [], {}
        while len(order) < count:
            event = self.protocol.next_event()
            if event is None:
                self.protocol.receive_data(self.socket.recv(65536))
            elif isinstance(event, events.RequestEnded):
                order.append(event.request_id)
            elif isinstance(event, events.StdoutReceived):
                out[event.request_id] = out.get(event.request_id, b"") + event.content
            elif isinstance(event, events.ConnectionClosed):
                break
        return order, out


def test_authorizer(server):
    with server.client() as client:
        params = params_for("/allow", extra={"CONTENT_LENGTH": "10"})
        response = client.request(params, role=Role.AUTHORIZER)
    assert (response.status, response.header("Variable-ROLE")) == (200, "AUTHORIZER")


def test_filter(server):
    with server.client(keep=True) as client:
        for size in (10, 200_000):
            data = b"d" * size
            params = params_for("/filter", method="POST", body=b"in", extra={
                "FCGI_DATA_LENGTH": str(size), "FCGI_DATA_LAST_MOD": "0"})  # fmt: skip
            response = client.request(params, b"in", role=Role.FILTER, data=data)
            assert response.body == b"FILTER in " + data.upper()


def test_an_unknown_role_is_said_to_be_so(server):
    with server.client() as client:
        assert client.request(params_for("/"), role=99).protocol_status == 3


def test_many_at_once_on_one_connection(server):
    with server.client(keep=True) as client:
        responses = client.many(
            [params_for(f"/big?{n}") for n in range(1, 60)], window=10
        )
    assert [len(response.body) for response in responses] == list(range(1, 60))


def test_a_second_request_at_once_is_turned_down(shared):
    server = shared("fixture_app:app", "--model", "prefork")
    with Line(server) as line:
        line.begin(1, "/show", end=False, keep=True)
        line.begin(2, "/", keep=True)
        line.send(*line.protocol.send_stdin(1, b""))
        seen = []
        while len(seen) < 2:
            line.protocol.receive_data(line.socket.recv(65536))
            ended = [
                e for e in line.protocol.events() if isinstance(e, events.RequestEnded)
            ]
            seen += [(e.request_id, e.protocol_status) for e in ended]
    assert seen == [(2, 1), (1, 0)]


def test_requests_overtake_each_other(concurrent):
    with Line(concurrent) as line:
        line.begin(1, "/stream?6", keep=True)
        line.begin(2, "/hello", keep=True)
        order, out = line.until_ended(2)
    assert order == [2, 1]
    assert out[1].endswith(b"0\n1\n2\n3\n4\n5\n")


def test_an_answer_does_not_wait_for_the_next_request(shared, folder):
    server = shared("fixture_app:app", "--model", "multiplex")
    with Line(server) as line:
        pieces = []
        for request_id, path in ((1, "/slow?0.05"), (2, f"/patient?{folder}/file")):
            pieces += line.protocol.begin_request(
                request_id, params_for(path), keep=True
            )
            pieces += line.protocol.send_stdin(request_id, b"")
        line.send(*pieces)
        assert line.until_ended()[0] == [1]
        (folder / "file").touch()
        assert line.until_ended()[1][2].endswith(b"\r\n\r\ncame")


def test_abort(concurrent):
    with Line(concurrent) as line:
        line.begin(1, "/show", end=False, keep=True)
        line.send(line.protocol.abort_request(1))
        assert line.until_ended()[0] == [1]
        line.begin(1, "/hello", keep=True)
        assert line.until_ended()[1][1].endswith(b"hello\n")


def test_abort_is_seen_by_who_asks(server):
    with Line(server) as line:
        line.begin(7, "/until_aborted", keep=True)
        time.sleep(0.1)
        line.send(line.protocol.abort_request(7))
        order, out = line.until_ended()
        assert order == [7]
        assert out[7].endswith(b"aborted")


def test_abort_of_a_request_that_has_no_body(server):
    with Line(server) as line:
        options = {"role": Role.AUTHORIZER, "end": False, "keep": True}
        line.begin(7, "/until_aborted", **options)
        time.sleep(0.1)
        line.send(line.protocol.abort_request(7))
        assert line.until_ended()[0] == [7]
        line.begin(7, "/hello", keep=True)
        assert line.until_ended()[1][7].endswith(b"hello\n")


def test_hang_up_closes_the_iterable(server, tmp_path):
    mark = tmp_path / "closed"
    with Line(server) as line:
        line.begin(1, f"/endless?{mark}")
        line.socket.recv(1000)
    wait_until(mark.exists)


def test_a_kept_connection_may_carry_anything_in_turn(server):
    """What comes in one piece, in several, too early, and too late."""
    with Line(server) as line:
        for _ in range(2):
            line.begin(1, "/hello", keep=True)
            assert line.until_ended()[1][1].endswith(b"hello\n")
            line.begin(1, "/hello", end=False, keep=True)
            time.sleep(0.05)
            line.send(*line.protocol.send_stdin(1, b""))
            assert line.until_ended()[1][1].endswith(b"hello\n")
            line.socket.sendall(codec.encode_record(Type.ABORT_REQUEST, 1))
            time.sleep(0.05)
            line.socket.sendall(codec.encode_record(Type.GET_VALUES, 0))
        line.begin(1, "/hello", keep=True)
        assert line.until_ended()[1][1].endswith(b"hello\n")


@pytest.mark.parametrize("model", SEQUENTIAL + CONCURRENT)
@pytest.mark.parametrize("kind", [Type.ABORT_REQUEST, Type.GET_VALUES])
def test_what_is_no_request_does_not_shorten_the_wait_for_one(shared, model, kind):
    """A connection without a request on it is kept, whatever else came on it."""
    times = ("--read-timeout", "0.2", "--keep-timeout", "30")
    server = shared("fixture_app:app", "--model", *model.split(), *times)
    record = codec.encode_record(kind, 0 if kind == Type.GET_VALUES else 1)
    with Line(server) as line:
        for _ in range(2):
            line.begin(1, "/hello", keep=True)
            assert line.until_ended()[1][1].endswith(b"hello\n")
            line.socket.sendall(record)
            time.sleep(0.7)


def test_limits_are_told(server):
    with server.client(keep=True) as client:
        values = client.values(
            "FCGI_MAX_CONNS", "FCGI_MAX_REQS", "FCGI_MPXS_CONNS", "OTHER"
        )
        assert set(values) == {"FCGI_MAX_CONNS", "FCGI_MAX_REQS", "FCGI_MPXS_CONNS"}
        assert client.get("/").status == 200


@pytest.mark.parametrize(
    ("model", "connections", "requests", "multiplexes"),
    [
        ("prefork", "3", "3", "0"),
        ("thread-per-connection", "12", "12", "0"),
        ("thread-per-request", "12", "3072", "1"),
        ("multiplex", "12", "3072", "1"),
        ("pool", "12", "3072", "1"),
    ],
)
def test_a_server_says_how_much_it_takes_at_once(
    start, model, connections, requests, multiplexes
):
    many = ("--processes", "3", "--connections", "4")
    server = start("fixture_app:app", "--model", model, *many)
    with server.client() as client:
        values = client.values("FCGI_MAX_CONNS", "FCGI_MAX_REQS", "FCGI_MPXS_CONNS")
    assert list(values.values()) == [connections, requests, multiplexes]


def test_slow_uploads_do_not_hold_up_others(concurrent):
    with Line(concurrent) as line:
        line.begin(1, "/hello", end=False, keep=True)
        with concurrent.client() as client:
            assert client.get("/").body == b"hello\n"
        line.send(*line.protocol.send_stdin(1, b""))
        assert line.until_ended()[0] == [1]


def test_a_slow_reader_costs_little(shared):
    server = shared("fixture_app:app", "--model", "pool", "--threads", "2")
    with Line(server) as slow:
        slow.begin(1, "/big?3000000")
        time.sleep(0.2)
        done = []

        def ask():
            with server.client() as client:
                done.append(client.get("/").status)

        threads = [threading.Thread(target=ask, daemon=True) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(5)
        assert done == [200] * 4
        assert len(slow.until_ended()[1][1]) > 3_000_000
