"""The examples, each started for real behind lighttpd."""

import contextlib
import http.cookiejar
import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import xmlrpc.client
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[3] / "docs" / "examples"
STANDALONE = """( "host" => "127.0.0.1", "port" => {port}, "check-local" => "disable",
  "disable-time" => 60, "fix-root-scriptname" => "enable" )"""


class Site:
    def __init__(self, base):
        self.base = base
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self.opener = urllib.request.build_opener(jar)

    def __call__(self, path="/", method="GET", body=None, **headers):
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(self.base + path, body, names, method=method)
        try:
            with self.opener.open(request, timeout=20) as reply:
                return reply.status, reply.headers, reply.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers, error.read()


@pytest.fixture
def run(run_example):
    def start(name, options=""):
        return Site(f"http://127.0.0.1:{run_example(name, options)}")

    return start


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def wait_for(port):
    until = time.monotonic() + 20
    while True:
        assert time.monotonic() < until, "it does not listen"
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", port)),
        ):
            return
        time.sleep(0.02)


def test_minimal(run):
    site = run("minimal")
    status, headers, body = site("/anything?at=all")
    assert (status, body) == (200, b"Hello World!")
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert headers["Content-Length"] == "12"
    assert site("/", "HEAD")[2] == b""


def test_input(run):
    site = run("input")
    _, headers, body = site("/?a=%C3%A5&a=2")
    assert "last-path=seen; Path=/; Max-Age=3600; HttpOnly" in headers.get_all(
        "Set-Cookie"
    )
    assert "visits: 1" in body.decode()
    assert "get: {&#x27;a&#x27;: [&#x27;å&#x27;, &#x27;2&#x27;]}" in body.decode()
    upload = (
        b'--b\r\nContent-Disposition: form-data; name="text"\r\n\r\n\xc3\xa5\r\n'
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="<x>.png"\r\n'
        b"Content-Type: image/png\r\n\r\n" + b"x" * 3_000_000 + b"\r\n--b--\r\n"
    )
    _, _, body = site(
        "/", "POST", upload, Content_Type="multipart/form-data; boundary=b"
    )
    assert "visits: 2" in body.decode()
    assert "file file: &lt;x&gt;.png, image/png, 3000000 bytes" in body.decode()
    assert "cookies: [&#x27;SID&#x27;, &#x27;last-path&#x27;]" in body.decode()


def test_sendfile(run):
    site = run("sendfile")
    status, headers, body = site()
    source = (EXAMPLES / "sendfile" / "app.py").read_bytes()
    assert (status, body) == (200, source)
    assert "X-Sendfile" not in headers
    status, _, part = site("/", Range="bytes=0-9")
    assert (status, part) == (206, source[:10])


def test_distributed(tmp_path, lighttpd):
    app = EXAMPLES / "distributed" / "app.py"
    ports = [free_port() for _ in range(3)]
    servers = []
    try:
        for port in ports:
            log = (tmp_path / f"{port}.log").open("w")
            command = [sys.executable, app, f"127.0.0.1:{port}"]
            servers.append(subprocess.Popen(command, stderr=log))
            log.close()
        for port in ports:
            wait_for(port)
        hosts = ", ".join(STANDALONE.format(port=port) for port in ports)
        with lighttpd(tmp_path, hosts) as edge:
            site = Site(f"http://127.0.0.1:{edge}")
            answers = [site() for _ in range(12)]
            assert [status for status, _, _ in answers] == [200] * 12
            pids = [body.split(b",")[0] for _, _, body in answers]
            assert len(set(pids)) == 3
            assert [server.wait(20) for server in servers] == [0, 0, 0]
            assert site()[0] == 503
        for port in ports:
            log_text = (tmp_path / f"{port}.log").read_text()
            assert "served 4 requests" in log_text
    finally:
        for server in servers:
            server.kill()
            server.wait()


def test_keyvalue_core(run):
    site = run("keyvalue-core")
    assert site("/entry/a")[0] == 404
    assert site("/other")[0] == 404
    assert site("/entry/a", "PUT", b"\x00\xff")[0] == 201
    assert site("/entry/a")[2] == b"\x00\xff"
    assert site("/entry/a", "PUT", b"2")[0] == 204
    assert site("/entry/a", "POST", b"3")[0] == 409
    assert "DELETE" in site("/entry/a", "OPTIONS")[1]["Allow"]
    assert site("/entry/a", "PUT", b"x" * 1_000_001)[0] == 413
    assert site("/entry/a")[2] == b"2"
    assert site("/entry/a", "DELETE")[0] == 204
    assert site("/entry/a", "DELETE")[0] == 404


def test_keyvalue(run):
    site = run("keyvalue")
    form = {"Content_Type": "application/x-www-form-urlencoded"}
    assert site("/entry/a", "PUT", b"value=hello", **form)[0] == 201
    assert site("/entry/a.json")[2] == b'{"value":"hello"}'
    raw = b'{"value": ["\xc3\xa5", 1]}'
    assert site("/entry/a", "PUT", raw, Content_Type="application/json")[0] == 204
    assert json.loads(site("/entry/a", Accept="application/json")[2])["value"] == [
        "å",
        1,
    ]
    _, headers, body = site("/entry/a.xml")
    assert body.count(b"<item") == 3
    assert site("/entry/a.xml", If_None_Match=headers["ETag"])[0] == 304
    assert site("/entry/b", "PUT", body, Content_Type="text/xml")[0] == 201
    assert site("/entry/b.json")[2] == site("/entry/a.json")[2]
    assert site("/entry/c", "PUT", b"x", Content_Type="text/x-unknown")[0] == 415
    assert site("/entry/c", "PUT", b"{", Content_Type="application/json")[0] == 400
    assert site("/entry/a", "POST", b"value=1", **form)[0] == 409
    _, headers, body = site("/entry/a.json", "OPTIONS")
    assert headers["Allow"] == "DELETE, GET, HEAD, OPTIONS, POST, PUT"
    assert b"Create an entry." in body
    assert site("/.json")[2] == b'{"keys":["a","b"]}'
    assert site("/entry/a", "DELETE")[0] == 204
    assert site("/entry/a.txt")[0] == 404
    assert site("/entry/a.nope")[0] == 404


def test_kittens(run, tmp_path):
    pytest.importorskip("sqlalchemy", reason="the extra model is not installed")
    site = run("kittens", f"sqlite:///{tmp_path}/kittens.db")
    assert b"No kittens yet." in site()[2]
    form = {"Content_Type": "application/x-www-form-urlencoded"}
    assert b">Misse<" in site("/create", "POST", b"name=Misse&colour=black", **form)[2]
    assert json.loads(site("/kitten/1.json")[2])["kitten"]["colour"] == "black"
    assert site("/kitten/2")[0] == 404
    page = site("/delete?id=1")[2].decode()
    confirm = page.partition('confirm_token" value="')[2].partition('"')[0]
    site("/delete", "POST", f"id=1&confirm_token={confirm}".encode(), **form)
    assert b"No kittens yet." in site()[2]


def test_xmlrpc(run):
    site = run("xmlrpc")
    with xmlrpc.client.ServerProxy(site.base) as proxy:
        assert proxy.arithmetic.add(2, 3) == 5
        assert proxy.hello("Åsa") == "Hello Åsa!"
        for call, code in [
            (lambda: proxy.arithmetic.nope(), 404),
            (lambda: proxy.arithmetic.add(1), 400),
            (lambda: proxy.arithmetic.divide(1.0, 0.0), 500),
        ]:
            with pytest.raises(xmlrpc.client.Fault) as caught:
                call()
            assert caught.value.faultCode == code


def test_playlist(run):
    site = run("playlist")
    status, headers, body = site("/")
    assert status == 200
    assert headers["Content-Type"] == "application/xspf+xml; charset=utf-8"
    assert headers["Content-Location"] == "/.xspf"
    assert "Räksmörgås" in body.decode()
    assert site("/", Accept="text/html")[1]["Content-Type"].startswith("text/html")
    assert json.loads(site("/.json")[2])["tracks"][1]["title"] == "Black & White"
    assert site("/.sphp")[0] == 404


def test_serializer(run):
    site = run("serializer")
    assert site("/.csv")[2].decode() == "city,rain\r\nGöteborg,1\r\nOslo,0\r\n"
    raw = site("/", Accept="text/csv")[2]
    assert (
        site("/total.csv", "POST", raw, Content_Type="text/csv")[2] == b"total\r\n1\r\n"
    )
    assert site("/nope.csv")[2] == b"error,404,Not Found\r\n"


def test_wsgi(run):
    assert run("wsgi")()[2] == b"Hello from lighttpd"


def test_browser_gets_html_with_both_vary_tokens(run):
    # The one live test of the original whose expectation has come down to us.
    accept = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
    _, headers, _ = run("keyvalue")("/", Accept=accept)
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert headers["Content-Location"] == "/.html"
    assert headers["Vary"] == "Accept-Charset, Accept"
