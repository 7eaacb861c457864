"""Hostile input against a whole application: the right 4xx, and it stays alive."""

import http.client
import logging
import resource
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from smisk import serialization
from smisk.mvc import Application, Controller, expose
from smisk.session import MemoryStore, Sessions
from smisk.test import Client


class Root(Controller):
    def __call__(self, a: int = 0, b: str = "", c: list[str] = [], **rest):  # noqa: B006
        return {"a": a, "b": b, "c": c, "cookies": self.request.cookies, **rest}

    @expose(route="/item/<id>")
    def item(self, id: str):
        self.response.headers["X-URL"] = str(self.request.url)
        return {"id": id, "session": self.request.session}

    @expose(route="/files/<path:path>")
    def files(self, path: str):
        return {"path": path}

    def shadow(self, self_: str = "", leaf: str = "", exchange: str = ""):
        return {"leaf": leaf}


class Site(Application):
    root = Root

    def __init__(self):
        super().__init__()
        self.serializers = serialization.all_serializers()
        self.sessions = Sessions(MemoryStore())


SITE = Site()
latin = st.text(
    st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=80
)
environ = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(("HTTP_ACCEPT", "HTTP_ACCEPT_CHARSET", "HTTP_COOKIE", "HTTP_HOST", "HTTP_REFERER", "HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE", "HTTP_IF_MATCH", "HTTP_ORIGIN", "HTTP_AUTHORIZATION", "CONTENT_TYPE", "CONTENT_LENGTH", "SCRIPT_NAME"), latin),
)  # fmt: skip
CLIENT_ERRORS = {400, 404, 405, 406, 411, 412, 413, 414, 415, 431}


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    method=st.sampled_from(["GET", "HEAD", "POST", "PUT", "OPTIONS", "DELETE"]),
    path=latin.map(lambda text: "/" + text)
    | st.sampled_from(["/item/x.json", "/files/../../etc/passwd", "/.json", "/.js"]),
    query=latin,
    extra=environ,
    body=st.binary(max_size=100),
)
@example("GET", "/item/a\x85b", "a=%00", {}, b"")
@example("GET", "/item/x", "a=1" + "&a=1" * 2000, {}, b"")
@example("POST", "/", "", {"CONTENT_TYPE": 'multipart/form-data; boundary="'}, b"--")
@example("GET", "/item/x", "", {"HTTP_HOST": "a\x00b"}, b"")
def test_any_request_is_answered_as_it_should(method, path, query, extra, body):
    base = {"PATH_INFO": path, "QUERY_STRING": query, **extra}
    client = Client(SITE, base, validate=False)
    reply = client.request(method, "/", body=body)
    assert reply.status in {200, 204, 300, 304, *CLIENT_ERRORS}, reply.text
    for name, value in reply.headers.pairs():
        assert not set(name + value) & set("\r\n\0")
        value.encode("latin-1")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/item/x" + "y" * 9000, 414),
        ("/?" + "q" * 20_000, 414),
        ("/?" + "a&" * 1001, 400),
        ("/?a=" + "9" * 5000, 400),
        ("/item/%00", 400),
        ("/item/..%2f..%2fetc%2fpasswd", 404),
        ("/../../etc/passwd", 404),
        ("/item/%2e%2e/", 200),
        ("/files/..\\..\\x", 200),
        ("/__class__", 404),
        ("/item/__init__.__globals__", 200),
        ("/shadow?self=1&leaf=2&exchange=3", 200),
        ("/shadow?self_=1&__class__=2", 200),
        ("//", 200),
        ("///item/x", 404),
    ],
)
def test_odd_paths(path, status):
    assert Client(Site()).get(path).status == status


def test_oversized_headers():
    client = Client(Site())
    assert client.get("/", headers={"Cookie": "a=b; " * 5000}).status == 431
    begin = time.perf_counter()
    assert client.get("/", accept="a/b;q=0.1," * 5000).status == 406
    assert client.get("/", headers={"If-None-Match": '"a",' * 5000}).status == 200
    many = ";".join(f"c{n}=1" for n in range(2000))
    assert len(client.get("/.json", headers={"Cookie": many}).json()["cookies"]) <= 100
    assert time.perf_counter() - begin < 2


def test_names_are_as_many_as_the_limit_allows():
    # LIMIT: crafted names that collide cost at most as much as this many can.
    client = Client(Site(), validate=False)
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    for count, status in [(1000, 200), (1001, 400)]:
        form = "&".join(f"n{n}=1" for n in range(count)).encode()
        assert client.post("/.json", body=form, headers=headers).status == status


@pytest.mark.parametrize(
    ("media_type", "raw"),
    [
        ("application/json", b"[" * 1_000_000),
        ("application/json", b'{"a":' * 100_000 + b"1" + b"}" * 100_000),
        ("application/json", b'"' + b"\\" * 1_000_001),
        ("application/xml", b"<a>" * 300_000),
        (
            "application/xml",
            b"<a " + b"".join(b'b%d="" ' % n for n in range(50_000)) + b"/>",
        ),
        ("application/rpc+xml", b"<methodCall>" + b"<value>" * 100_000),
        ("application/plist+xml", b"<plist>" + b"<array>" * 100_000),
    ],
)
def test_nested_and_repeated_documents_are_400_at_once(media_type, raw):
    client = Client(Site(), validate=False)
    begin = time.perf_counter()
    reply = client.post(
        "/.json", body=raw[:1_000_000], headers={"Content-Type": media_type}
    )
    assert reply.status in (400, 404)
    assert time.perf_counter() - begin < 5


def test_an_upload_does_not_stand_in_memory(tmp_path):
    class Endless:
        left = 64_000_000
        head = b'--b\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n\r\n'

        def read(self, size=-1):
            if self.head:
                head, Endless.head = self.head, b""
                return head
            if self.left <= 0:
                tail, self.tail = self.tail, b""
                return tail
            self.left -= size
            return b"x" * size

        tail = b"\r\n--b--"

    class Uploads(Application):
        class root(Controller):  # noqa: N801
            def __call__(self, f: object):
                return {"size": f.size}

        default_format = "json"

    base = {
        "wsgi.input": Endless(),
        "wsgi.input_terminated": True,
        "CONTENT_TYPE": "multipart/form-data; boundary=b",
    }
    tracemalloc.start()
    reply = Client(Uploads(), base, validate=False).request("POST", "/")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert reply.json()["size"] >= 64_000_000
    assert peak < 3_000_000


def test_remembering_is_bounded():
    site = Site()
    client = Client(site, validate=False)
    for n in range(6000):
        client.get(f"/item/{n}", accept=f"text/html, a/b{n}")
    leaf = site.router.leaf_for(Root.item)
    assert len(leaf.choices) <= 256
    assert len(site._known) <= 2048
    assert len(site._known._seen) <= 2048
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for n in range(6000):
        client.get(f"/item/{n}x", accept=f"text/html, a/c{n}")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 30_000


def test_live_worker_survives(run_example):
    port = run_example("keyvalue")

    def ask(path, method="GET", body=None, headers=()):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        connection.putrequest(method, path, skip_accept_encoding=True)
        for name, value in headers:
            connection.putheader(name, value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        try:
            return connection.getresponse().status
        finally:
            connection.close()

    xml = [("Content-Type", "application/xml")]
    form = [("Content-Type", "application/x-www-form-urlencoded")]
    multi = [("Content-Type", "multipart/form-data; boundary=b")]
    cases = [
        (("/entry/" + "x" * 8000,), {404, 414}),
        (("/?" + "x" * 6000,), {200}),
        (("/", "GET", None, [("Accept", "x/y," * 1500)]), {406}),
        (("/", "GET", None, [("Host", "a/../b")]), {400, 200}),
        (("/", "GET", None, [("Cookie", "a=b;" * 1500)]), {200}),
        (("/entry/a", "PUT", b"a&" * 2000, form), {400}),
        (("/entry/a", "PUT", b"value=" + b"x" * 11_000_000, form), {413}),
        (("/entry/a", "PUT", b"<a>" * 100_000, xml), {400}),
        (("/entry/a", "PUT", b"\x00" * 5000, multi), {400}),
        (("/entry/a", "PUT", b"--b\r\n" * 3000, multi), {400, 413}),
        (("/entry/a", "PUT", b"x" * 2_000_000, xml), {413}),
        (("/entry/%00", "GET"), {400, 404}),
    ]
    for arguments, expected in cases:
        assert ask(*arguments) in expected, arguments[0][:40]
        assert ask("/") == 200


def test_fuzzing_for_a_moment(tmp_path):
    pytest.importorskip("atheris", reason="atheris is not installed")
    program = Path(__file__).parents[1] / "fuzz" / "fuzz_smisk.py"
    done = subprocess.run(
        [sys.executable, program, "-runs=3000", "-max_total_time=20", tmp_path],
        capture_output=True, text=True, timeout=60, cwd=tmp_path, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.fixture(autouse=True)
def _quiet():
    logging.getLogger("smisk.application").setLevel(logging.CRITICAL)
