"""The core: URLs, cookies, headers, streams, forms, sending files."""

import contextlib
import io
import socket
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smisk import Application, http
from smisk.core import URL, Headers, Request, RequestLimits, Stream
from smisk.core import url as urls
from smisk.core.condition import check_preconditions, format_etag
from smisk.core.cookie import format_cookie, parse_cookies
from smisk.core.form import parse_options, parts
from smisk.core.identity import object_hash, pack, uid
from smisk.core.sendfile import sendfile_header
from smisk.core.xml import escape, parse_xml, unescape
from smisk.session import MemoryStore
from smisk.test import Client


class Echo(Application):
    """Answers with what it received."""

    def service(self):
        request = self.request
        kept = []
        for name, entry in request.files.items():
            for file in entry if isinstance(entry, list) else [entry]:
                kept.append((name, file.filename, file.content_type, file.size))
                self.seen = file.path
                assert file.path.read_bytes() == b"x" * file.size
        self.response.write(repr((request.get, request.post, kept)))


# -- URL ---------------------------------------------------------------------------


def test_url_parts_and_back():
    text = "https://us%40er:pa%2Fss@Example.com:8443/a/b;c?d=e&f#g"
    url = URL(text)
    assert (url.scheme, url.user, url.password) == ("https", "us@er", "pa/ss")
    assert (url.host, url.port, url.path) == ("example.com", 8443, "/a/b;c")
    assert (url.query, url.fragment) == ("d=e&f", "g")
    assert str(url) == text.replace("Example", "example")
    assert url.to_s(user=False, port=False) == "https://example.com/a/b;c?d=e&f#g"
    assert url.to_s(scheme="http", password=False, path="/", query=False) == (
        "http://us%40er@example.com:8443/#g"
    )
    assert url.uri == "/a/b;c?d=e&f#g"
    assert "pa" not in repr(url)[10:]
    assert URL("http://[::1]:80/").host == "[::1]"
    assert URL("mailto:a@b").path == "a@b"
    assert URL(url) == url
    assert hash(URL(url)) == hash(url)
    for bad in ("http://h:port/", "http://h:99999/", "http://[::1]x/"):
        with pytest.raises(ValueError, match=r"not a"):
            URL(bad)


def test_encode_escape_decode():
    assert urls.encode("a b/ö") == "a%20b%2F%C3%B6"
    assert urls.escape("http://h/a b?ö=<") == "http://h/a%20b?%C3%B6=%3C"
    assert urls.escape("a%20b") == "a%20b"
    assert urls.decode("a%20b+%C3%B6%zz") == "a b+ö%zz"
    assert urls.decode("%e5") == "å"
    with pytest.raises(UnicodeDecodeError):
        urls.decode("%e5", tolerant=False)
    for function in (urls.encode, urls.escape, urls.decode):
        clean = "clean-as-can_be.~"
        assert function(clean) is clean
    assert URL.encode("a b") == "a%20b"
    assert URL.unescape("a%20b") == "a b"
    assert URL.decompose_query("a=1&a=2&b&c=+&=d&&") == {
        "a": ["1", "2"],
        "b": None,
        "c": " ",
        "": "d",
    }


@given(st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=8))
def test_query_round_trip(fields):
    assert urls.decompose_query(urls.compose_query(fields)) == fields


@given(st.text(max_size=60))
def test_any_text_is_a_url_or_refused(text):
    try:
        url = URL(text)
    except ValueError:
        return
    assert URL(str(url)) == url
    assert (
        urls.decode(urls.encode(text.encode("utf-8", "replace").decode())) is not None
    )


# -- cookies and headers --------------------------------------------------------------


def test_cookies():
    header = 'a=1; b="two"; a=3; =x; bad name=1; c=d=e;f; ;g='
    assert parse_cookies(header) == {"a": "1", "b": "two", "c": "d=e", "g": ""}
    assert format_cookie("a", "b", max_age=0, path="/").startswith(
        "a=b; Path=/; Max-Age=0; Expires=Thu, 01 Jan 1970"
    )
    for name, value, options in [
        ("a\r\n", "b", {}),
        ("a", "b; HttpOnly", {}),
        ("a", "b\r\nX: y", {}),
        ("a", "ö", {}),
        ("a", "b", {"path": "/;x"}),
        ("__Host-a", "b", {"path": "/"}),
        ("__Secure-a", "b", {}),
        ("a", "b", {"same_site": "None"}),
    ]:
        with pytest.raises(ValueError, match="cookie"):
            format_cookie(name, value, **options)


def test_headers():
    headers = Headers(["Content-Type: text/plain", ("X-A", "1")])
    headers.add("x-a", "2")
    assert headers["CONTENT-type"] == "text/plain"
    assert headers["X-A"] == "1, 2"
    assert headers.get_all("x-a") == ["1", "2"]
    assert headers.pairs()[-1] == ("x-a", "2")
    assert len(headers) == 2
    headers.merge_tokens("Vary", "Accept")
    headers.merge_tokens("Vary", "accept", "Cookie")
    assert headers["Vary"] == "Accept, Cookie"
    del headers["x-a"]
    assert list(headers) == ["Content-Type", "Vary"]
    headers["X-Latin"] = "å\t"
    for name, value in [
        ("X", "a\nb"),
        ("X", "a\rb"),
        ("X", "\0"),
        ("X Y", "a"),
        ("X:", "a"),
        ("", "a"),
        ("X", "→"),
    ]:
        with pytest.raises(ValueError, match=r"header|control"):
            headers[name] = value
    with pytest.raises(ValueError, match="is written"):
        headers.append("no colon")


def test_find_header_and_cookie_of_a_response():
    class App(Application):
        def service(self):
            response = self.response
            response.headers = ["Content-Type: text/plain", "X-A: 1"]
            assert response.find_header("x-a:") == 1
            assert response.find_header("content-type: TEXT") == 0
            assert response.find_header("nope") == -1
            response.set_cookie("a", "b", comment="c", version=1, domain="example.com")
            response.delete_cookie("__Host-z")
            response("ok")

    reply = Client(App()).get("/")
    assert reply.headers.get_all("Set-Cookie") == [
        "a=b; Domain=example.com; Path=/",
        "__Host-z=; Path=/; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Secure",
    ]


def test_etags():
    assert format_etag('a"b\n') == '"a%22b%a"'
    assert format_etag('W/"x"') == 'W/"x"'
    env = {"HTTP_IF_NONE_MATCH": '"a,b", W/"c"'}
    assert check_preconditions("GET", env, '"a,b"', None) == '"a,b"'
    assert check_preconditions("GET", env, '"c"', None) == 'W/"c"'
    assert check_preconditions("GET", env, '"a"', None) is None
    with pytest.raises(http.PreconditionFailed):
        check_preconditions(
            "PUT",
            {"HTTP_IF_UNMODIFIED_SINCE": "Sun, 22 Nov 2026 10:00:00 GMT"},
            None,
            "Sun, 22 Nov 2026 10:00:01 GMT",
        )


@given(st.text(max_size=80))
def test_any_condition_is_read(header):
    for name in ("IF_NONE_MATCH", "IF_MODIFIED_SINCE"):
        check_preconditions(
            "GET", {"HTTP_" + name: header}, '"a"', "Sun, 22 Nov 2026 10:00:00 GMT"
        )


# -- streams --------------------------------------------------------------------------


def test_stream_reads_lines_within_its_length():
    raw = b"one\ntwo\nthree" + b"beyond"
    stream = Stream(io.BytesIO(raw), 13)
    assert stream.readline() == b"one\n"
    assert stream.read(2) == b"tw"
    assert stream.readline(1) == b"o"
    assert stream.readlines() == [b"\n", b"three"]
    assert stream.read() == b""
    assert list(Stream(io.BytesIO(raw), 13)) == [b"one\n", b"two\n", b"three"]
    assert Stream(io.BytesIO(b"a\nb\nc\n"), 6).readlines(3) == [b"a\n", b"b\n"]
    assert Stream(io.BytesIO(raw)).read() == raw
    with pytest.raises(http.BadRequest):
        Stream(io.BytesIO(b"abc"), 10).read()
    out = []
    stream = Stream(write=out.append)
    stream.writelines(["å", b"b"])
    stream.write_byte(99)
    stream.flush()
    assert b"".join(out) == "åbc".encode()
    with pytest.raises(OSError, match="not written"):
        Stream(io.BytesIO(b"")).write("x")


@given(st.binary(max_size=300), st.lists(st.integers(1, 50), max_size=20))
def test_stream_gives_every_byte_once(raw, sizes):
    stream = Stream(io.BytesIO(raw), len(raw))
    got = b""
    for index, size in enumerate(sizes):
        got += stream.readline(size) if index % 2 else stream.read(size)
    assert got + stream.read() == raw


# -- forms ----------------------------------------------------------------------------


class Trickle(io.BytesIO):
    def __init__(self, raw, size):
        super().__init__(raw)
        self.size = size

    def read(self, size=-1):
        return super().read(self.size)


def parse(raw, boundary="b", size=64, limits=None):
    stream = Stream(Trickle(raw, size))
    found = parts(stream, boundary, limits or RequestLimits())
    return [(headers, b"".join(content)) for headers, content in found]


BODY = (
    b"preamble\r\n--b \r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n"
    b"--b\r\n\r\nno headers \r\n--x is data\r\n--b\r\nX: y\r\n\r\n\r\n--b--\r\nepilogue"
)


def test_multipart_byte_at_a_time_equals_all_at_once():
    whole = parse(BODY, size=1000)
    assert [p[1] for p in whole] == [b"1", b"no headers \r\n--x is data", b""]
    assert [p[0] for p in whole][1:] == [{}, {"x": "y"}]
    for size in (1, 2, 3, 7, 50):
        assert parse(BODY, size=size) == whole


@settings(deadline=None)
@given(
    st.lists(st.binary(max_size=60).filter(lambda b: b"--b" not in b), max_size=5),
    st.integers(1, 40),
)
def test_multipart_round_trip(contents, size):
    raw = b"".join(b"--b\r\nX: y\r\n\r\n" + c + b"\r\n" for c in contents) + b"--b--"
    assert parse(raw, size=size) == [({"x": "y"}, content) for content in contents]


@settings(deadline=None)
@given(st.binary(max_size=300), st.integers(1, 50))
def test_any_multipart_body_is_read_or_refused(raw, size):
    for body in (raw, b"--b\r\n" + raw, b"--b\r\nA: b\r\n\r\n" + raw):
        with contextlib.suppress(http.BadRequest, http.ContentTooLarge):
            parse(body, size=size)


@pytest.mark.parametrize(
    ("boundary", "raw"),
    [
        ("", b""),
        ("x" * 71, b""),
        ("ö", b""),
        ("b", b"--b garbage\r\n"),
        ("b", b"--b\r\nno colon\r\n\r\n"),
        ("b", b"--b\r\n" + b"x" * 9000),
        ("b", b"--b" + b" " * 200),
    ],
)
def test_multipart_grammar_is_kept(boundary, raw):
    with pytest.raises(http.BadRequest):
        parse(raw, boundary)


def test_options_of_a_header():
    assert parse_options(
        'form-data; name="a\\"b"; filename="C:\\dir\\x;y.txt"; n=v'
    ) == (
        "form-data",
        {"name": 'a"b', "filename": "C:\\dir\\x;y.txt", "n": "v"},
    )


def test_content_nobody_reads_is_passed_over():
    stream = Stream(io.BytesIO(BODY))
    assert [headers for headers, _ in parts(stream, "b", RequestLimits())][2] == {
        "x": "y"
    }


def test_uploads_go_to_disk_and_leave_with_the_request():
    app = Echo()
    client = Client(app)
    reply = client.post(
        "/?q=1",
        form={"a": "å", "b": ""},
        files={"f": ("na\\me.bin", b"x" * 300_000, "image/png")},
    )
    assert reply.text == repr(
        ({"q": "1"}, {"a": "å", "b": ""}, [("f", "na\\me.bin", "image/png", 300_000)])
    )
    assert not app.seen.exists()


def test_an_empty_file_field_is_dropped():
    reply = Client(Echo()).post("/", files={"f": ("", b"", "text/plain")})
    assert reply.text == repr(({}, {}, []))


def multipart(raw):
    return {
        "body": raw,
        "headers": {"Content-Type": "multipart/form-data; boundary=b"},
    }


def test_broken_uploads_leave_no_files(tmp_path):
    app = Echo()
    app.limits = RequestLimits(
        max_multipart_size=2000,
        max_formdata_size=500,
        max_fields=5,
        upload_folder=tmp_path,
    )
    client = Client(app)
    head = b'--b\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n\r\n'
    text = b'--b\r\nContent-Disposition: form-data; name="t"\r\n\r\n'
    for raw, status in [
        (head + b"x" * 100, 400),
        (head + b"x" * 3000 + b"\r\n--b--", 413),
        (head + b"x\r\n" + text + b"y" * 600 + b"\r\n--b--", 413),
        ((head + b"x\r\n") * 6 + b"--b--", 413),
        (b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--", 400),
        (head + b"x\r\n--b--", 200),
    ]:
        assert client.post("/", **multipart(raw)).status == status
        assert list(tmp_path.iterdir()) == []


def test_oversized_everything_is_4xx():
    app = Echo()
    app.limits = RequestLimits(
        max_formdata_size=1000, max_query_size=100, max_fields=10
    )
    client = Client(app)
    assert client.post("/", form={"a": "x" * 2000}).status == 413
    assert client.get("/?" + "x" * 101).status == 414
    assert client.get("/?" + "a&" * 12).status == 400
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert client.post("/", body=b"a&" * 12, headers=form).status == 400
    environ = {"CONTENT_LENGTH": "5", "CONTENT_TYPE": form["Content-Type"]}
    assert Client(app, environ).post("/", body=b"a=1").status == 400
    for length in ("-1", "1e3", "9" * 30, "٣"):
        environ["CONTENT_LENGTH"] = length
        assert Client(app, environ, validate=False).post("/", body=b"a").status == 400


def test_intolerant_charset_is_400():
    app = Echo()
    client = Client(app)
    assert client.get("/?a=%e5").text.startswith("({'a': 'å'}")
    app.tolerant = False
    assert client.get("/?a=%e5").status == 400
    assert client.get("/?a=%c3%a5").status == 200


def test_request_url_and_host():
    class App(Application):
        def service(self):
            self.response(str(self.request.url), " ", str(self.request.referring_url))

    def get(path="/", **base):
        return Client(App(), base).get(path).text

    assert get("/a%20b/%C3%B6;x?y=z") == "http://localhost/a%20b/%C3%B6;x?y=z None"
    assert get(HTTP_HOST="Example.com:81", SCRIPT_NAME="/app").startswith(
        "http://example.com:81/app/"
    )
    base = {"HTTP_HOST": "", "SERVER_NAME": "s", "SERVER_PORT": "8080"}
    assert get(**base).startswith("http://s:8080/")
    assert get(HTTP_REFERER="http://x:y/").endswith("None")
    assert get(HTTP_REFERER="http://x/y").endswith(" http://x/y")
    for host in ("a/b", "a@b", "a b", "a:b", 'a"', "[x]", "a:80:80"):
        assert Client(App(), {"HTTP_HOST": host}).get("/").status == 400


def test_log_line_cannot_be_forged():
    class App(Application):
        def service(self):
            self.request.log_error("a\nb\x1b[31mc")
            self.response("x")

    log = io.StringIO()
    Client(App(), {"wsgi.errors": log}).get("/")
    assert log.getvalue() == "a\\nb\\x1b[31mc\n"


@pytest.mark.parametrize(
    ("software", "header"),
    [
        ("lighttpd/1.4.69", "X-Sendfile"),
        ("lighttpd/1.4.19", "X-LIGHTTPD-send-file"),
        ("lighttpd/1.5.0", "X-Sendfile"),
        ("Apache/2.4.57 (Debian)", "X-Sendfile"),
        ("nginx/1.22.1", "X-Accel-Redirect"),
    ],
)
def test_sendfile_header(software, header):
    assert sendfile_header(software, Path("/a b")) == (header, "/a%20b")


def test_send_file_needs_a_server_that_can():
    with pytest.raises(OSError, match="cannot be asked"):
        sendfile_header("WSGIServer/0.2", Path("/a"))


# -- small things -----------------------------------------------------------------------


def test_identity():
    assert [len(pack(b"x" * 20, bits)) for bits in (4, 5, 6)] == [40, 32, 27]
    assert pack(b"\xff\x00", 4) == "ff00"
    assert len({uid() for _ in range(100)}) == 100
    assert object_hash({"a": 1, "b": [2]}) == object_hash({"b": [2], "a": 1})
    assert object_hash(1) != object_hash("1")


def test_xml_text():
    assert escape("<a&\"'\x00\x0b>") == "&lt;a&amp;&quot;&#x27;&gt;"
    assert unescape("&lt;&#228;&#xe4;&nope;&#0;&amp;lt;") == "<ää&nope;&#0;&lt;"


@pytest.mark.parametrize(
    "raw",
    [
        b"<a>",
        b"",
        b"\xff",
        b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE a><a/>'.encode("utf-16"),
        b"<a>" * 100 + b"</a>" * 100,
        b'<?xml version="1.0" encoding="nope"?><a/>',
    ],
)
def test_dangerous_xml_is_refused(raw):
    with pytest.raises(ValueError, match=r"."):
        parse_xml(raw)


@given(st.binary(max_size=200))
def test_any_xml_is_read_or_refused(raw):
    try:
        parse_xml(raw)
    except ValueError:
        return


@pytest.mark.parametrize("name", ["Connection", "transfer-encoding", "TE"])
def test_headers_between_two_hops_are_the_servers(name):
    with pytest.raises(ValueError, match="belongs to the server"):
        Headers()[name] = "close"


def test_a_body_that_comes_too_slowly_is_408():
    class Slow(Application):
        limits = RequestLimits(max_body_time_s=0.2)

        def service(self):
            self.response.write(self.request.post["a"])

    read, write = socket.socketpair()

    def drip():
        for _ in range(100):
            with contextlib.suppress(OSError):
                write.send(b"a")
            time.sleep(0.02)

    with read, write:
        base = {
            "wsgi.input": read.makefile("rb"),
            "CONTENT_LENGTH": "1000",
            "CONTENT_TYPE": "application/x-www-form-urlencoded",
        }
        thread = threading.Thread(target=drip)
        thread.start()
        begin = time.monotonic()
        reply = Client(Slow(), base, validate=False).request("POST", "/")
        taken = time.monotonic() - begin
        thread.join()
        base["wsgi.input"].close()
    assert reply.status == 408
    assert "Connection" not in reply.headers
    assert 0.2 <= taken < 1.5
    prompt = Client(Slow()).post("/", form={"a": "x" * 100_000})
    assert prompt.body == b"x" * 100_000


def test_current_and_classes_of_its_own():
    class Mine(Request):
        pass

    class Site(Application):
        request_class = Mine
        sessions_class = MemoryStore

        def service(self):
            assert Application.current is self
            self.response.write(type(self.request).__name__)

    site = Site()
    assert Application.current is site
    other = Application()
    assert Application.current is other
    assert Client(site).get("/").text == "Mine"
    assert Application.current is other
    assert isinstance(site.sessions.store, MemoryStore)


def test_a_body_nobody_reads_leaves_nothing_behind(tmp_path):
    ended = []

    class Streaming(Application):
        limits = RequestLimits(upload_folder=tmp_path)

        def service(self):
            assert self.request.files["f"].path.exists()
            self.response.body = (chunk for chunk in [b"a", b"b"])

        def request_did_end(self, request, response):
            ended.append(response.status)

    files = {"f": ("a.txt", b"text", "text/plain")}
    assert Client(Streaming()).post("/", files=files).body == b"ab"
    assert ended == [200]

    class HungUp(Streaming):
        def __call__(self, environ, start_response):
            super().__call__(environ, start_response).close()
            return []

    Client(HungUp(), validate=False).post("/", files=files)
    assert ended == [200, 200]
    assert not list(tmp_path.iterdir())
