"""Which representation a client gets, as RFC 9110 has it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smisk.mvc import Application, Controller, expose
from smisk.negotiation import (
    choose_charset,
    choose_media_type,
    codec_for,
    parse_accept,
    rate,
)
from smisk.test import Client

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


class Root(Controller):
    def __call__(self):
        return {"title": "T", "items": [{"title": "å", "url": "http://x/1"}]}

    @expose(formats=("atom", "rss", "json"))
    def feed(self):
        return {"title": "T", "items": []}

    def scalar(self):
        return {"no": "items"}

    def nothing(self):
        return None

    def forced(self):
        self.response.format = "json"
        return {"a": 1}

    def own_type(self):
        self.response.content_type = "application/json"
        return {"a": 1}

    def own_unknown_type(self):
        self.response.content_type = "application/x-nobody"
        return {"a": 1}

    def raw(self):
        self.response.content_type = "image/png"
        return b"\x89PNG"

    def stream(self):
        self.response.content_type = "text/plain"
        return (part for part in (b"a", b"b"))

    def cyrillic(self):
        return {"title": "Привет"}


class Site(Application):
    root = Root


@pytest.fixture
def client():
    return Client(Site())


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        (None, "text/html; charset=utf-8"),
        ("", "text/html; charset=utf-8"),
        (BROWSER, "text/html; charset=utf-8"),
        ("*/*", "text/html; charset=utf-8"),
        ("application/json", "application/json"),
        ("APPLICATION/JSON", "application/json"),
        ("application/json;q=0.5, text/html;q=0.4", "application/json"),
        ("application/json, */*", "application/json"),
        ("text/*;q=0.5, application/json;q=0.4", "text/html; charset=utf-8"),
        ("text/html;q=0, */*", "application/xhtml+xml; charset=utf-8"),
        ("text/html;q=0, application/xhtml+xml;q=0, */*", "application/json"),
        ("application/atom+xml", "application/atom+xml; charset=utf-8"),
        (
            "application/*;q=0.2, application/rss+xml",
            "application/rss+xml; charset=utf-8",
        ),
        ("text/html;level=1, application/json;q=0.1", "application/json"),
        ("text/html;charset=utf-8", "text/html; charset=utf-8"),
        (",,;;q=1,garbage, application/json", "application/json"),
    ],
)
def test_accept(client, accept, content_type):
    reply = client.get("/", accept=accept)
    assert reply.status == 200
    assert reply.headers["Content-Type"] == content_type


@pytest.mark.parametrize(
    "accept",
    ["image/png", "application/json;q=0", "*/*;q=0", "image/*", "text/html;q=0.0000"],
)
def test_nothing_acceptable_is_406_with_a_list(client, accept):
    reply = client.get("/", accept=accept)
    assert reply.status == 406
    assert 'href="/.json"' in reply.text
    assert reply.headers["Vary"] == "Accept"
    lenient = Site()
    lenient.strict_negotiation = False
    assert Client(lenient).get("/", accept=accept).status == 200


def test_browser_gets_html_and_is_told_where_it_lives(client):
    reply = client.get("/", accept=BROWSER)
    assert reply.headers["Content-Location"] == "/.html"
    assert reply.headers["Vary"] == "Accept-Charset, Accept"
    assert client.get("/.html").status == 200
    reply = client.get("/feed?a=b%20c", accept=BROWSER)
    assert reply.headers["Content-Location"] == "/feed.atom?a=b%20c"
    assert reply.headers["Content-Type"].startswith("application/atom+xml")


def test_extension_decides_alone(client):
    reply = client.get("/.json", accept="text/html")
    assert reply.headers["Content-Type"] == "application/json"
    assert "Content-Location" not in reply.headers
    assert "Vary" not in reply.headers
    assert client.get("/feed.html").status == 404
    assert client.get("/feed.RSS").status == 200


def test_no_wish_and_no_default_is_300():
    class Choosy(Application):
        root = Root
        default_format = None

    client = Client(Choosy())
    reply = client.get("/")
    assert reply.status == 300
    assert reply.headers["TCN"] == "list"
    assert '{"/.json" 1.0 {type application/json}}' in reply.headers["Alternates"]
    assert 'href="/.atom"' in reply.text
    assert client.get("/", accept="*/*").status == 200
    assert client.get("/feed").status == 200


def test_data_unsuitable_for_a_format(client):
    assert client.get("/scalar.atom").status == 404
    assert client.get("/scalar", accept="application/atom+xml").status == 406


def test_what_a_leaf_may_return(client):
    assert client.get("/nothing").status == 204
    for _ in range(2):
        reply = client.get("/forced", accept="text/html")
        assert reply.json() == {"a": 1}
        assert reply.headers["Content-Location"] == "/forced.json"
    assert client.get("/own_type").json() == {"a": 1}
    assert client.get("/own_unknown_type").status == 500
    reply = client.get("/raw")
    assert (reply.body, reply.headers["Content-Type"]) == (b"\x89PNG", "image/png")
    reply = client.get("/stream")
    assert reply.body == b"ab"
    assert "Content-Length" not in reply.headers
    assert client.head("/stream").body == b""


@pytest.mark.parametrize(
    ("accept_charset", "expected"),
    [
        ("iso-8859-1", "iso-8859-1"),
        ("utf-8;q=0.5, iso-8859-1", "iso-8859-1"),
        ("iso-8859-1, *", "utf-8"),
        ("utf-8;q=0, koi8-r;q=0.1", "koi8-r"),
        ("iso-8859-5, utf-8", "utf-8"),
        ("utf-7, utf-8;q=0.1", "utf-8"),
        ("nonsense, latin1;q=0.1", "latin1"),
    ],
)
def test_accept_charset(client, accept_charset, expected):
    reply = client.get("/cyrillic", headers={"Accept-Charset": accept_charset})
    assert reply.headers["Content-Type"] == f"text/html; charset={expected}"
    assert "Привет" in reply.text or "&#1055;" in reply.text


def test_no_charset_is_406(client):
    headers = {"Accept-Charset": "utf-7, *;q=0"}
    assert client.get("/", headers=headers).status == 406
    assert client.get("/.json", headers=headers).status == 200


def test_parameters_of_a_range_count():
    # SPEC RFC 9110 12.5.1, the example
    ranges = parse_accept(
        "text/*;q=0.3, text/plain;q=0.7, text/plain;format=flowed,"
        "text/plain;format=fixed;q=0.4, */*;q=0.5"
    )
    for media_type, quality in [
        ("text/plain;format=flowed", 1),
        ("text/plain", 0.7),
        ("text/html", 0.3),
        ("image/jpeg", 0.5),
        ("text/plain;format=fixed", 0.4),
        ("text/html;level=3", 0.3),
    ]:
        assert rate(media_type, ranges)[0] == quality


def test_ties_go_to_the_order_of_offers():
    offers = [(1, "text/html"), (2, "application/json")]
    assert choose_media_type("application/json, text/html", offers) == offers[0]
    assert choose_media_type("*/*, application/json", offers) == offers[1]


def test_only_charsets_that_hide_nothing_are_written():
    for charset in ("utf-7", "cp037", "idna", "rot13", "hex", "zlib", "unicode_escape"):
        assert codec_for(charset) is None
    for charset in ("utf-8", "ISO-8859-15", "windows-1252", "Shift_JIS", "euc-kr"):
        assert codec_for(charset)


@given(st.text(max_size=200))
def test_any_header_is_read(header):
    for media_range in parse_accept(header):
        assert 0 <= media_range.quality <= 1
    chosen = choose_charset(header, "utf-8")
    assert chosen is None or codec_for(chosen)
