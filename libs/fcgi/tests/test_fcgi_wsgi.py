"""PEP 3333, over every model: what applications may do, and must not."""

import pytest
from fcgi_support import HERE

from fcgi.client import params_for
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
