"""Fetching from real servers that behave, and from those that do not."""

from __future__ import annotations

import contextlib
import gzip
import ipaddress
import resource
import socket
import ssl
import threading
import time
import zlib
from pathlib import Path

import pytest

from hunch_aggregator.fetch import (
    Door,
    Failed,
    Fetched,
    Fetcher,
    Limits,
    NotModified,
    Validators,
    Why,
)
from hunch_aggregator.fetch import door as door_module
from hunch_aggregator.fetch.address import is_allowed, is_public
from hunch_aggregator.fetch.body import BadEncoding, TooBig, read_body
from hunch_aggregator.fetch.url import BadURL, checked

CERTIFICATE = Path(__file__).parent / "tls" / "self_signed.pem"
LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)


def fetcher_with(**limits):
    bounds = {"total_s": 3.0, "connect_s": 1.0, "read_s": 1.0, **limits}
    return Fetcher(Door(LOOPBACK, None), "test agent", Limits(**bounds))


# --- what works


def test_a_document_comes_with_its_validators(origin, fetcher):
    url = origin.put("/feed", "<rss/>", "application/rss+xml; charset=UTF-8")
    got = fetcher.get(url)
    assert isinstance(got, Fetched)
    assert got.body == b"<rss/>"
    assert got.content_type == "application/rss+xml; charset=utf-8"
    assert got.validators.etag.startswith('"')
    assert origin.asked("/feed")[0]["User-Agent"] == "test"


def test_an_unchanged_document_costs_a_304(origin, fetcher):
    url = origin.put("/feed", "<rss/>")
    first = fetcher.get(url)
    again = fetcher.get(url, first.validators)
    assert isinstance(again, NotModified)
    assert origin.asked("/feed")[1]["If-None-Match"] == first.validators.etag


def test_the_same_bytes_are_unchanged_even_without_validators(origin, fetcher):
    url = origin.put("/feed", "<rss/>", validators=False)
    first = fetcher.get(url)
    assert first.validators.etag == ""
    assert isinstance(fetcher.get(url, first.validators), NotModified)


def test_gzip_and_deflate_are_unpacked(origin, fetcher):
    plain = b"<rss>" + b"x" * 5000 + b"</rss>"
    origin.put("/gz", gzip.compress(plain), Content_Encoding="gzip")
    origin.put("/zz", zlib.compress(plain), Content_Encoding="deflate")
    raw = zlib.compressobj(wbits=-15)
    bare = raw.compress(plain) + raw.flush()
    origin.put("/raw", bare, Content_Encoding="deflate")
    for path in ("/gz", "/zz", "/raw"):
        assert fetcher.get(origin.base + path).body == plain


def test_permanent_redirects_are_remembered_and_temporary_ones_are_not(origin, fetcher):
    end = origin.put("/end", "<rss/>")
    origin.put("/308", "", status=308, Location="/end")
    origin.put("/301", "", status=301, Location="/308")
    origin.put("/302", "", status=302, Location="/end")
    origin.put("/mixed", "", status=301, Location="/302")
    assert fetcher.get(origin.base + "/301").moved_to == end
    assert fetcher.get(origin.base + "/302").moved_to is None
    assert fetcher.get(origin.base + "/mixed").moved_to == origin.base + "/302"


def test_wishes_of_the_publisher_are_read(origin, fetcher):
    origin.put("/a", "x", Cache_Control="public, max-age=600", Age="100")
    origin.put("/b", "x", Cache_Control="no-cache, max-age=600")
    origin.put("/c", "x", Expires="Thu, 01 Jan 1970 00:00:00 GMT")
    assert fetcher.get(origin.base + "/a").fresh_for_s == 500
    assert fetcher.get(origin.base + "/b").fresh_for_s is None
    assert fetcher.get(origin.base + "/c").fresh_for_s is None


# --- refusals, each in plain words


@pytest.mark.parametrize(
    ("status", "headers", "why"),
    [
        (404, {}, Why.MISSING),
        (410, {}, Why.GONE),
        (401, {}, Why.DENIED),
        (403, {}, Why.DENIED),
        (403, {"cf_mitigated": "challenge"}, Why.DENIED),
        (429, {"Retry_After": "77"}, Why.BUSY),
        (503, {}, Why.BUSY),
        (500, {}, Why.SERVER),
        (304, {}, Why.BROKEN),
        (204, {}, Why.BROKEN),
        (302, {}, Why.REDIRECTS),
    ],
)
def test_each_status_has_its_reason_and_remedy(origin, fetcher, status, headers, why):
    url = origin.put("/x", "", status=status, **headers)
    got = fetcher.get(url)
    assert isinstance(got, Failed)
    assert got.why is why
    assert got.reason.endswith(".")
    assert got.remedy
    if "Retry_After" in headers:
        assert got.retry_after_s == 77


def test_a_redirect_circle_ends(origin, fetcher):
    origin.put("/a", "", status=302, Location="/b")
    origin.put("/b", "", status=302, Location="/a")
    assert fetcher.get(origin.base + "/a").why is Why.REDIRECTS
    assert len(origin.requests) == 6


@pytest.mark.parametrize(
    "there",
    [
        "file:///etc/passwd",
        "gopher://127.0.0.1:6379/_INFO",
        "ftp://example.org/x",
        "javascript:alert(1)",
        "data:text/plain,x",
        "http://user:secret@127.0.0.1/",
        "http://",
        "http://[::1",
        "http://exa mple.org/",
    ],
)
def test_a_redirect_to_what_is_no_web_address_is_refused(origin, fetcher, there):
    url = origin.put("/x", "", status=302, Location=there)
    got = fetcher.get(url)
    assert isinstance(got, Failed)
    assert got.why in (Why.REDIRECTS, Why.BAD_URL)


def test_a_host_that_does_not_exist(fetcher):
    got = fetcher.get("http://no-such-host.invalid/feed")
    assert got.why is Why.NOT_FOUND_HOST
    assert "no-such-host.invalid" in got.reason


def test_a_port_where_nobody_listens(fetcher):
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{sock.getsockname()[1]}/"
    assert fetcher.get(url).why is Why.UNREACHABLE


def test_a_server_without_tls_asked_for_tls(origin, fetcher):
    assert fetcher.get(origin.base.replace("http", "https") + "/").why is Why.TLS


@pytest.fixture
def secure():
    """A server with a certificate that nobody signed; a callable answers."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(10)

    def serve(answer):
        def run():
            with contextlib.suppress(OSError):
                raw, _peer = listener.accept()
                with context.wrap_socket(raw, server_side=True) as sock:
                    sock.recv(65536)
                    answer(sock)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        return f"https://localhost:{listener.getsockname()[1]}/", thread

    yield serve
    listener.close()


def test_a_certificate_that_nobody_signed_is_refused(secure):
    url, thread = secure(lambda sock: sock.sendall(b"never"))
    got = fetcher_with().get(url)
    thread.join()
    assert got.why is Why.TLS
    assert "certificate of localhost is not valid" in got.reason


def test_a_certificate_that_is_trusted_is_enough_and_the_deadline_holds(
    secure, monkeypatch
):
    trusting = ssl.create_default_context(cafile=CERTIFICATE)
    monkeypatch.setattr(door_module, "_tls", lambda: trusting)
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nsafe"
    url, thread = secure(lambda sock: sock.sendall(answer))
    assert fetcher_with().get(url).body == b"safe"
    thread.join()

    def drip(sock):
        sock.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        for _ in range(50):
            sock.sendall(b"x")
            time.sleep(0.1)

    url, thread = secure(drip)
    started = time.monotonic()
    assert fetcher_with(total_s=0.7).get(url).why is Why.TIMEOUT
    assert time.monotonic() - started < 2
    thread.join()


# --- hostile servers: bounded time, bounded memory


def test_ten_gigabytes_of_zeros_in_ten_megabytes_of_gzip(origin):
    # one megabyte of zeros, compressed once and repeated as gzip members: 10 GB in all
    member = gzip.compress(bytes(1 << 20), 9)
    bomb = member * 10_240
    assert len(bomb) > 10_000_000
    url = origin.put("/bomb", bomb, Content_Encoding="gzip")
    before = resource.getrusage(resource.RUSAGE_SELF)
    started = time.monotonic()
    got = fetcher_with(total_s=20.0).get(url)
    after = resource.getrusage(resource.RUSAGE_SELF)
    assert got.why is Why.TOO_BIG
    assert time.monotonic() - started < 5
    assert after.ru_maxrss - before.ru_maxrss < 64 * 1024


def test_a_bomb_inside_a_bomb(origin, fetcher):
    inner = gzip.compress(bytes(50 << 20), 9)
    url = origin.put("/b", gzip.compress(inner), Content_Encoding="gzip, gzip")
    assert fetcher.get(url).why is Why.TOO_BIG
    url = origin.put("/c", b"x", Content_Encoding=", ".join(["gzip"] * 50))
    assert fetcher.get(url).why is Why.BROKEN


def test_a_body_that_never_ends(origin):
    def endless(h):
        h.connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n\r\n")
        for _ in range(100_000):
            h.connection.sendall(b"x" * 65536)

    url = origin.serve("/endless", endless)
    assert fetcher_with(body_bytes=1 << 20).get(url).why is Why.TOO_BIG


@pytest.mark.parametrize("part", ["headers", "body", "nothing"])
def test_one_byte_at_a_time_ends_at_the_deadline(origin, part):
    stop = threading.Event()

    def drip(h):
        send = h.connection.sendall
        if part == "body":
            send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        if part == "headers":
            send(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while not stop.wait(0.1):
            if part != "nothing":
                send(b"x")

    url = origin.serve("/drip", drip)
    started = time.monotonic()
    got = fetcher_with(total_s=1.0, read_s=0.8).get(url)
    stop.set()
    assert got.why is Why.TIMEOUT
    assert time.monotonic() - started < 2.5


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\x00\xff\x00garbage\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\nbad",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 4\r\n\r\nabcd",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 5000 + b"\r\n",
        b"HTTP/1.1 999999 What\r\n\r\n",
        b"HTTP/1.1 302 F\r\nLocation: \xff\xfe\x00\r\nContent-Length: 0\r\n\r\n",
    ],
)
def test_what_is_not_http_is_a_failure_and_no_exception(origin, answer):
    def raw(h):
        h.connection.sendall(answer)

    url = origin.serve("/raw", raw)
    got = fetcher_with().get(url)
    assert isinstance(got, Failed)
    assert got.reason


def test_body_reader_counts_what_comes_out():
    packed = gzip.compress(b"a" * 1000) + gzip.compress(b"b" * 10) + b"\0" * 20
    halves = [packed[:7], packed[7:40], packed[40:]]
    assert read_body(halves, "x-gzip", 2000) == b"a" * 1000 + b"b" * 10
    byte_by_byte = [bytes([b]) for b in packed]
    assert read_body(byte_by_byte, "gzip", 2000) == b"a" * 1000 + b"b" * 10
    with pytest.raises(TooBig):
        read_body(halves, "gzip", 999)
    with pytest.raises(BadEncoding):
        read_body([b"plain"], "gzip", 999)


# --- politeness


def test_one_request_at_a_time_to_a_host(origin, fetcher):
    busy, most, lock = 0, 0, threading.Lock()

    def slow(h):
        nonlocal busy, most
        with lock:
            busy += 1
            most = max(most, busy)
        time.sleep(0.05)
        with lock:
            busy -= 1
        h.connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx")

    url = origin.serve("/slow", slow)
    threads = [threading.Thread(target=fetcher.get, args=(url,)) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1


def test_waiting_for_ones_turn_is_not_counted(origin):
    def slow(h):
        time.sleep(0.4)
        h.connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx")

    url, fetcher, results = origin.serve("/slow", slow), fetcher_with(total_s=0.8), []
    threads = [
        threading.Thread(target=lambda: results.append(fetcher.get(url)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [type(r) for r in results] == [Fetched] * 4


def test_a_public_host_that_asks_for_rest_gets_it(origin, fetcher):
    url = origin.put("/x", "fine")
    fetcher.hosts.rest("127.0.0.1", 30)
    got = fetcher.get(url)
    assert got.why is Why.RESTING
    assert 25 < got.retry_after_s <= 30
    assert not origin.requests


# --- where it may go

CLOSED = [
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "168.63.129.16",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:0:127.0.0.1",
    "64:ff9b::127.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::7f00:1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00::1",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
]
OPEN = [
    "1.1.1.1",
    "8.8.8.8",
    "93.184.216.34",
    "172.15.0.1",
    "172.32.0.1",
    "192.167.1.1",
    "11.0.0.1",
    "2606:4700::1111",
    "2a00:1450::1",
    "2001:4860:4860::8888",
    "::ffff:8.8.8.8",
]


@pytest.mark.parametrize("text", CLOSED)
def test_addresses_that_are_not_public(text):
    address = ipaddress.ip_address(text)
    assert not is_public(address)
    assert not is_allowed(address, ())


@pytest.mark.parametrize("text", OPEN)
def test_addresses_that_are_public(text):
    assert is_public(ipaddress.ip_address(text))


SPELLINGS = [
    "127.0.0.1",
    "2130706433",
    "0x7f000001",
    "017700000001",
    "0177.0.0.1",
    "0x7f.1",
    "127.1",
    "127.0.1",
    "0",
    "0x0",
    "①②⑦.⓪.⓪.①",
    "１２７.0.0.1",
    "localhost",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::]",
]


@pytest.mark.parametrize("host", SPELLINGS)
def test_no_spelling_of_this_machine_is_connected_to(host):
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.05)
    port = listener.getsockname()[1]
    try:
        got = Fetcher(Door(ports=None), "test", Limits(total_s=2)).get(
            f"http://{host}:{port}/"
        )
        assert isinstance(got, Failed)
        assert got.why in (Why.REFUSED_ADDRESS, Why.NOT_FOUND_HOST, Why.BAD_URL)
        with pytest.raises(TimeoutError):
            listener.accept()
    finally:
        listener.close()


def test_a_redirect_cannot_lead_where_a_first_address_may_not(origin):
    inside = origin.put("/inside", "secret")
    only = (ipaddress.ip_network("127.0.0.2/32"),)
    door = Door(only, None)
    got = Fetcher(door, "test", Limits(total_s=2)).get(inside)
    assert got.why is Why.REFUSED_ADDRESS
    assert not origin.requests


def test_a_name_is_resolved_once(monkeypatch, origin):
    """A name server that lies the second time is never asked a second time."""
    answers = iter(
        [[(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", origin.port))]]
    )
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_k: next(answers))
    origin.put("/x", "once")
    got = fetcher_with().get(f"http://rebinding.example:{origin.port}/x")
    assert isinstance(got, Fetched)
    assert origin.asked("/x")[0]["Host"] == f"rebinding.example:{origin.port}"


def test_a_mixed_answer_only_leads_to_what_is_allowed(monkeypatch):
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda *_a, **_k: [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("169.254.169.254", 80)),
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("8.8.8.8", 80)),
        ],
    )
    assert Door().addresses("mixed.example", 80) == [(socket.AF_INET, "8.8.8.8")]


def test_only_ports_of_pages_are_asked_even_where_the_network_is_allowed(origin):
    got = Fetcher(Door(LOOPBACK), "test").get(origin.put("/x", "x"))
    assert got.why is Why.REFUSED_ADDRESS
    assert f"port {origin.port}" in got.reason
    assert not origin.requests
    door = Door(LOOPBACK, frozenset({origin.port}))
    assert isinstance(Fetcher(door, "test").get(origin.base + "/x"), Fetched)


def test_the_site_does_not_fetch_itself(fetcher, origin):
    door = Door(LOOPBACK, refused_hosts=frozenset({"me.example"}))
    got = Fetcher(door, "t").get("http://ME.example./")
    assert got.why is Why.REFUSED_ADDRESS


def test_proxies_of_the_environment_are_not_used(monkeypatch, origin, fetcher):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    assert isinstance(fetcher.get(origin.put("/x", "direct")), Fetched)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "feed",
        "//example.org/",
        "example.org/feed",
        "file:///etc/passwd",
        "ftp://example.org/",
        "http:///x",
        "http://a:b@example.org/",
        "http://example.org:0/",
        "http://example.org:99999/",
        "http://exa\nmple.org/",
        "http://example.org\\@127.0.0.1/",
        "http://example.org/" + "x" * 9000,
    ],
)
def test_what_is_no_address_is_said_to_be_none(url):
    with pytest.raises(BadURL):
        checked(url)
    got = Fetcher(Door(), "t").get(url)
    assert got.why is Why.BAD_URL
    assert "hunch.toml" in got.remedy


def test_validators_of_other_servers_do_not_make_a_304_an_error(origin, fetcher):
    url = origin.put("/x", "body", validators=False)
    known = Validators('"old"', "Mon, 01 Jan 2024 00:00:00 GMT", "0" * 64)
    assert isinstance(fetcher.get(url, known), Fetched)
