"""Through a real lighttpd, the edge this server is made for."""

import json

import pytest
from fcgi_support import HERE


def get(path, *headers, method="GET", body=b""):
    lines = [f"{method} {path} HTTP/1.0", "Host: localhost", *headers]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


@pytest.fixture
def site(start, edge):
    server = start("fixture_app:app", "--processes", "2")
    return edge(server.bind)


def test_a_page(site):
    answer = site.raw(get("/"))
    assert answer.startswith(b"HTTP/1.0 200 OK")
    assert answer.endswith(b"\r\n\r\nhello\n")


def test_environ(site):
    answer = site.raw(get("/show/caf%C3%A9?a=1&b=2", "X-One: 1"))
    environ = json.loads(answer.partition(b"\r\n\r\n")[2])["environ"]
    assert environ["SCRIPT_NAME"] == ""
    assert environ["PATH_INFO"].encode("latin-1").decode() == "/show/café"
    assert environ["QUERY_STRING"] == "a=1&b=2"
    assert environ["HTTP_X_ONE"] == "1"
    assert environ["wsgi.url_scheme"] == "http"


def test_upload_and_download(site):
    body = bytes(range(256)) * 2000
    answer = site.raw(get("/echo", method="POST", body=body))
    assert answer.partition(b"\r\n\r\n")[2] == body
    assert len(site.raw(get("/big?300000")).partition(b"\r\n\r\n")[2]) == 300000


def test_look_alike_headers_are_refused(site):
    twice = get("/show", "X-Forwarded-For: 9.9.9.9", "X_Forwarded_For: 1.1.1.1")
    assert site.raw(twice).startswith(b"HTTP/1.0 400 ")
    assert site.raw(get("/show", "Remote_User: root")).startswith(b"HTTP/1.0 400 ")
    assert site.raw(get("/show", "X-Forwarded-For: 9.9.9.9")).startswith(
        b"HTTP/1.0 200 "
    )


def test_errors_reach_the_edge_and_its_log(site):
    assert site.raw(get("/fail")).startswith(b"HTTP/1.0 500 ")
    assert "a secret of the application" in site.log.read_text()
    assert site.raw(get("/die")).startswith(b"HTTP/1.0 500 ")
    assert site.raw(get("/")).startswith(b"HTTP/1.0 200 ")


def test_the_edge_sends_files(site):
    source = (HERE / "apps/fixture_app.py").read_bytes()
    assert site.raw(get("/sent")).partition(b"\r\n\r\n")[2] == source


def test_authorizer(start, edge, folder):
    (folder / "page.txt").write_text("secret")
    server = start("fixture_app:authorize")
    site = edge(server.bind, mode="authorizer")
    assert site.raw(get("/page.txt")).startswith(b"HTTP/1.0 403 ")
    allowed = site.raw(get("/page.txt", "X-Key: 1"))
    assert allowed.endswith(b"\r\n\r\nsecret")


def test_a_thousand_clients_at_once(site):
    socks = []
    try:
        for _ in range(1000):
            socks.append(site.connect())
            socks[-1].sendall(get("/"))
        for sock in socks:
            assert sock.recv(4096).startswith(b"HTTP/1.0 200 ")
    finally:
        for sock in socks:
            sock.close()
