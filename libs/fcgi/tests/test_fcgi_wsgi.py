"""PEP 3333, over every model: what applications may do, and must not."""

import pytest
from fcgi_support import HERE, wait_until

from fcgi import address
from fcgi.client import connect, params_for
from fcgi.client_connection import ClientConnection
from fcgi.errors import StreamError

MODELS = ["prefork", "prefork --pure", "thread-per-request", "multiplex"]


@pytest.fixture(params=MODELS)
def server(request, shared):
    return shared("fixture_app:app", "--model", *request.param.split())


def test_write_and_file_wrapper(server):
    with server.client() as client:
        assert client.get("/written").body == b"one two three"
        source = (HERE / "apps/fixture_app.py").read_bytes()
        assert client.get("/wrapped").body == source
        assert client.request(params_for("/wrapped", method="HEAD")).body == b""


def test_start_response_again_after_an_error(server):
    with server.client() as client:
        response = client.get("/twice")
    assert (response.status, response.body) == (503, b"busy")
    assert (response.header("X-One"), response.header("X-Two")) == (None, "2")


def test_an_error_after_the_header_was_sent_breaks_off(server):
    with server.client() as client, pytest.raises(StreamError):
        client.get("/too_late")  # no end that would make it look whole
    wait_until(lambda: "after the header was sent" in server.log.read_text())
    with server.client() as client:
        assert client.get("/").status == 200


def test_each_piece_leaves_before_the_next_is_asked_for(server, folder):
    gate = folder / "gate"
    with connect(address.parse(server.bind), 10) as sock:
        talk = ClientConnection()
        pieces = talk.begin_request(1, params_for(f"/gated?{gate}"))
        sock.sendall(b"".join([*pieces, *talk.send_stdin(1, b"")]))
        got = b""
        while b"first " not in got:
            got += sock.recv(1000)
        assert b"second" not in got
        gate.touch()
        while data := sock.recv(1000):
            got += data
    assert b"second" in got


@pytest.mark.parametrize("path", ["/short", "/split", "/silent", "/text", "/long"])
def test_what_cannot_be_sent_is_an_error_of_the_server(server, path):
    with server.client() as client:
        try:
            response = client.get(path)
        except StreamError:
            assert path == "/text"  # a generator in disguise
            return
        assert response.status == 500
        assert response.header("Set-Cookie") is None
        assert client.get("/").status == 200


def test_a_body_may_come_in_pieces(server):
    with server.client() as client:
        response = client.get("/stream?3")
        assert response.body == b"0\n1\n2\n"
        assert response.header("Content-Length") is None
