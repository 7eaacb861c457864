"""Every format: written as its peers read it, read without running anything."""

import json
import plistlib
import random
import xmlrpc.client
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from uuid import UUID

import feedparser
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from smisk import serialization
from smisk.core.xml import parse_xml
from smisk.error import ConfigurationError
from smisk.mvc import Application, Controller, expose
from smisk.serialization.feed import Enclosure, Feed, FeedItem
from smisk.test import Client

WHEN = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
HOSTILE = "</script><script>\u2028]]>&\x00\x0b\ud83d\ude00'\""


class Colour(Enum):
    RED = "red"


@dataclass
class Point:
    x: int
    y: float = 0.5
    hidden: str | None = None


class Own:
    def to_json(self):
        return {"own": True}


DATA = {
    "text": "åäö <&> \"'",
    "int": 7,
    "float": 0.5,
    "true": True,
    "none": None,
    "list": [1, [2], {"a": "b"}],
    "empty": {"list": [], "dict": {}},
    "time": WHEN,
}
ODD = {
    "date": date(2026, 1, 2),
    "decimal": Decimal("1.50"),
    "uuid": UUID(int=1),
    "enum": Colour.RED,
    "point": Point(1),
    "own": Own(),
    "set": {1},
    "bytes": b"ab",
    "generator": (n for n in (1, 2)),
}

calls = {}


class Root(Controller):
    data = None

    def __call__(self):
        return calls["data"]

    def keep(self, a: str = "", b: int = 0, **rest):
        calls["kept"] = {"a": a, "b": b, **rest}
        return {"ok": True}

    def add(self, a: int, b: int):
        """Add two numbers."""
        return a + b

    @expose("fail")
    def fail(self):
        return {"x": 1 / 0}


class Deep(Root):
    def echo(self, value: object):
        return value


class Site(Application):
    root = Root

    def __init__(self):
        super().__init__()
        self.serializers = serialization.all_serializers()


@pytest.fixture
def client():
    calls.clear()
    return Client(Site())


def get(client, extension, data, query=None):
    calls["data"] = data
    reply = client.get(f"/.{extension}", query=query)
    assert reply.status == 200, reply.text
    return reply


def send(client, media_type, raw):
    headers = {"Content-Type": media_type}
    return client.post("/keep.json", body=raw, headers=headers).status


def test_json(client):
    reply = get(client, "json", {**DATA, **ODD, "big": 10**30})
    data = reply.json()
    assert data["text"] == DATA["text"]
    assert data["time"] == "2026-11-22T10:00:00Z"
    assert data["point"] == {"x": 1, "y": 0.5}
    assert (data["decimal"], data["enum"], data["date"]) == (
        "1.50",
        "red",
        "2026-01-02",
    )
    assert (data["own"], data["set"], data["generator"]) == ({"own": True}, [1], [1, 2])
    assert send(client, "application/json", b'\xef\xbb\xbf{"a": "x", "b": 2}') == 200
    assert calls["kept"] == {"a": "x", "b": 2}


def test_jsonp(client):
    reply = get(client, "js", {"a": HOSTILE}, {"callback": "my.call_back1"})
    assert reply.text.startswith('/**/my.call_back1({"a":')
    assert reply.text.endswith(");")
    assert "</" not in reply.text
    assert "\u2028" not in reply.text
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert get(client, "jsonp", 1).text == "/**/jsonp_callback(1);"
    for callback in ("alert(1)//", "a-b", "a..b", "1a", "a\n", "ö", "a" * 65, "é.x"):
        calls["data"] = 1
        reply = client.get("/.js", query={"callback": callback})
        assert reply.status == 400
        assert callback not in reply.text


def test_xml_round_trip(client):
    reply = get(client, "xml", DATA)
    etree.fromstring(reply.body)
    assert send(client, "text/xml", reply.body) == 200
    kept = dict(calls["kept"])
    assert (kept.pop("a"), kept.pop("b")) == ("", 0)
    assert kept == DATA
    for raw in (
        b"<data",
        b'<data type="int">x</data>',
        b"<data><x/></data>",
        b'<data type="bytes">!</data>',
        b"<!DOCTYPE d><data/>",
    ):
        assert send(client, "application/xml", raw) == 400, raw


def test_plist_round_trip(client):
    reply = get(client, "plist", {**DATA, "big": 2**70, "bytes": b"\x00\x01"})
    data = plistlib.loads(reply.body)
    assert "none" not in data
    assert (data["time"], data["bytes"]) == (WHEN.replace(tzinfo=None), b"\x00\x01")
    assert send(client, "application/plist+xml", reply.body) == 200
    assert calls["kept"]["list"] == DATA["list"]
    bomb = b'<!DOCTYPE plist [<!ENTITY a "b">]><plist><string>&a;</string></plist>'
    for raw in (
        bomb,
        b"<plist><integer>x</integer></plist>",
        b"bplist00",
        b"<plist>" + b"<array>" * 100 + b"</array>" * 100 + b"</plist>",
    ):
        assert send(client, "application/plist+xml", raw) == 400, raw


class _Transport(xmlrpc.client.Transport):
    def __init__(self, client):
        super().__init__()
        self.client = client

    def request(self, host, handler, request_body, verbose=False):
        headers = {"Content-Type": "text/xml"}
        reply = self.client.post(handler, body=request_body, headers=headers)
        assert reply.status == 200
        parser, unmarshaller = self.getparser()
        parser.feed(reply.body)
        parser.close()
        return unmarshaller.close()


def test_xmlrpc_with_the_client_of_python(client):
    proxy = xmlrpc.client.ServerProxy(
        "http://localhost/.xmlrpc",
        transport=_Transport(client),
        use_builtin_types=True,
        allow_none=True,
    )
    assert proxy.add(2, 3) == 5
    assert proxy.add({"a": 4, "b": 5}) == 9
    assert proxy.deep.echo([1, "å<", True, None, 0.5, b"x", {"a": []}]) == [
        1,
        "å<",
        True,
        None,
        0.5,
        b"x",
        {"a": []},
    ]
    when = datetime(2026, 11, 22, 10, 0)
    assert proxy.deep.echo(when) == when
    for method, code in [("nope", 404), ("add", 400), ("fail", 500), ("hidden.x", 404)]:
        with pytest.raises(xmlrpc.client.Fault) as caught:
            getattr(proxy, method)()
        assert caught.value.faultCode == code
    assert client.post("/.xmlrpc", body=b"<x/>").text.count("faultCode") == 1


def test_xmlrpc_writes_what_its_values_cannot_hold(client):
    local = WHEN.astimezone(timezone(timedelta(hours=1)))
    read, _ = xmlrpc.client.loads(
        get(client, "xmlrpc", [2**31, -(2**70), local, "a\0b"]).body,
        use_builtin_types=True,
    )
    assert read == ([2**31, -(2**70), WHEN.replace(tzinfo=None), "ab"],)


def test_what_is_derived_of_text_and_numbers_is_written():
    class Markup(str):
        __slots__ = ()

    class Count(int):
        pass

    site = Site()
    site.serializers.register(serialization.YAML)
    site.serializers.register(serialization.MessagePack)
    for extension in ("xmlrpc", "yaml", "plist", "msgpack", "json", "sphp", "xml"):
        data = {"a": Markup("bold"), "b": Count(2)}
        assert b"bold" in get(Client(site), extension, data).body


def test_xspf(client):
    data = {
        "title": "A & B",
        "tracks": [{"title": "å", "location": "http://x/1", "no": 1}],
    }
    reply = get(client, "xspf", data)
    assert send(client, "application/xspf+xml", reply.body) == 200
    del data["tracks"][0]["no"]
    assert {k: calls["kept"][k] for k in data} == data
    calls["data"] = {"no": "tracks"}
    assert client.get("/.xspf").status == 404
    assert send(client, "application/xspf+xml", b"<playlist/>") == 400


def test_php(client):
    data = {"å": [None, True, 1, 0.5, "ö"], "7": {}, "inf": float("inf"), "07": 10**20}
    assert (
        get(client, "sphp", data).body
        == (
            'a:4:{s:2:"å";a:5:{i:0;N;i:1;b:1;i:2;i:1;i:3;d:0.5;i:4;s:2:"ö";}i:7;a:0:{}'
            's:3:"inf";d:INF;s:2:"07";s:21:"100000000000000000000";}'
        ).encode()
    )
    assert send(client, "application/x-php-serialized", b"N;") == 415


def test_plain_text(client):
    text = get(client, "txt", {"a": {"b": [1, [2, 3], {"c": None}]}, "d": "x\ny"}).text
    assert text == ("a:\n  b:\n    - 1\n    - - 2\n      - 3\n    - c:\nd:\n  x\n  y\n")
    assert client.get("/nope.txt").text == "status: 404\ntitle: Not Found\n"


def test_html_escapes(client):
    reply = get(client, "html", {"<k>": [HOSTILE]})
    assert "<script>" not in reply.text
    assert "&lt;k&gt;" in reply.text


FEED = Feed(
    title="T & <b>",
    id="tag:example,2026:f",
    url="https://x.example/",
    subtitle="S",
    language="sv",
    author="Me",
    next_url="https://x.example/?before=1&a=b",
    hubs=["https://hub.example/"],
    items=[
        FeedItem(
            id="tag:example,2026:1",
            url="https://x.example/1",
            title="One & only",
            summary="a < b",
            content_html="<p>Hello & <b>you</b></p>",
            published=WHEN,
            updated=WHEN + timedelta(hours=1),
            author="You",
            tags=["color", "a&b"],
            enclosures=[Enclosure("https://x.example/1.jpg", "image/jpeg", 123)],
        ),
        FeedItem(url="https://x.example/2", published=WHEN.replace(tzinfo=None)),
    ],
)


@pytest.mark.parametrize("extension", ["atom", "rss"])
def test_feeds_as_a_reader_reads_them(client, extension):
    reply = get(client, extension, FEED)
    etree.fromstring(reply.body)
    feed = feedparser.parse(reply.body, sanitize_html=False)
    assert not feed.bozo
    assert feed.version == {"atom": "atom10", "rss": "rss20"}[extension]
    links = {link.rel: link.href for link in feed.feed.links}
    assert links["self"] == f"http://localhost/.{extension}"
    assert links["next"] == FEED.next_url
    assert links["hub"] == "https://hub.example/"
    assert feed.feed.link == "https://x.example/"
    one, two = feed.entries
    assert (one.id, one.link, one.title) == (
        "tag:example,2026:1",
        "https://x.example/1",
        "One &amp; only",
    ) or one.title == "One & only"
    assert one.content[0].value == "<p>Hello & <b>you</b></p>"
    assert one.published_parsed[:5] == (2026, 11, 22, 10, 0)
    assert [t.term for t in one.tags] == ["color", "a&b"]
    assert one.enclosures[0].href == "https://x.example/1.jpg"
    assert one.enclosures[0].length == "123"
    assert one.author == "You"
    assert two.link == "https://x.example/2"
    assert two.published_parsed[:5] == (2026, 11, 22, 10, 0)


def test_feed_of_plain_data(client):
    data = {
        "title": "T",
        "items": [
            {
                "title": "1",
                "published": "2026-11-22T12:00:00+02:00",
                "enclosures": [{"url": "u"}],
                "unknown": 1,
            },
            "two",
            Point(3),
        ],
    }
    for extension in ("atom", "rss"):
        feed = feedparser.parse(get(client, extension, data).body)
        assert not feed.bozo
        assert len(feed.entries) == 3
        assert feed.entries[0].published_parsed[3] == 10
    assert len(feedparser.parse(get(client, "atom", [1, 2]).body).entries) == 2
    hostile = Feed(title=HOSTILE, items=[FeedItem(title=HOSTILE, id=HOSTILE)])
    for extension in ("atom", "rss"):
        etree.fromstring(get(client, extension, hostile).body)


def test_msgpack(client):
    msgpack = pytest.importorskip(
        "msgpack", reason="the extra msgpack is not installed"
    )
    client = Client(site := Site())
    site.serializers.register(serialization.MessagePack)
    zone = timezone(timedelta(hours=1))
    data = {**DATA, "bytes": b"\x00", "big": 2**70, "zone": WHEN.astimezone(zone)}
    read = msgpack.unpackb(get(client, "msgpack", data).body, timestamp=3)
    assert (read["time"], read["bytes"], read["zone"]) == (WHEN, b"\x00", WHEN)
    packed = msgpack.packb({"a": "å", "c": [1]})
    assert send(client, "application/vnd.msgpack", packed) == 200
    assert calls["kept"] == {"a": "å", "b": 0, "c": [1]}
    for raw in (b"\xc1", b"\xdf\xff\xff\xff\xff", packed + b"x", b"\xa1\xff"):
        assert send(client, "application/vnd.msgpack", raw) == 400, raw


def test_yaml():
    yaml = pytest.importorskip("yaml", reason="the extra yaml is not installed")
    client = Client(site := Site())
    site.serializers.register(serialization.YAML)
    assert yaml.safe_load(get(client, "yaml", DATA).body) == DATA
    assert send(client, "text/yaml", "a: å\nc: [1]\n".encode()) == 200
    assert calls["kept"] == {"a": "å", "b": 0, "c": [1]}
    for raw in (
        b"a: &x 1\nc: *x",
        b"a: !!python/object/apply:os.system ['x']",
        b"a: [",
        b"[" * 200 + b"]" * 200,
        b"\xff",
    ):
        assert send(client, "text/yaml", raw) == 400, raw
    # All of one hash: the time to fill a mapping with them grows as their square.
    assert len({hash(n * (2**61 - 1)) for n in range(1, 100)}) == 1
    for form in ("{}", "{:#x}", "{:#b}"):
        keys = ", ".join(form.format(n * (2**61 - 1)) + ": 0" for n in range(8, 40))
        assert send(client, "text/yaml", f"c: {{{keys}}}".encode()) == 400, form
    assert send(client, "text/yaml", b"a: '12345678901234567890'\nb: -77") == 200


def test_an_extra_that_is_missing_says_so():
    from smisk.serialization.extra import _load

    with pytest.raises(ConfigurationError, match="Nothing"):
        _load("smisk_no_such_module", "Nothing")


def test_no_reader_runs_what_it_reads():
    names = {one.name for one in serialization.all_serializers().readers()}
    assert names == {"JSON", "XML-RPC", "XML", "XML property list", "XSPF"}
    assert not {"pickle", "py"} & set(serialization.all_serializers().by_extension)


SEEDS = {
    "application/json": [b'{"a": [1, "x", null]}', b"[[[["],
    "application/xml": [b'<data type="map"><item key="a" type="int">1</item></data>'],
    "application/plist+xml": [
        plistlib.dumps({"a": [1, WHEN.replace(tzinfo=None), b"x"]})
    ],
    "application/rpc+xml": [xmlrpc.client.dumps((1, {"b": [2]}), "keep").encode()],
    "application/xspf+xml": [
        b'<playlist xmlns="http://xspf.org/ns/0/"><trackList/></playlist>'
    ],
    "application/x-www-form-urlencoded": [b"a=1&b=%e5+%zz&a"],
}


@pytest.mark.parametrize("media_type", SEEDS)
@settings(max_examples=120, deadline=None)
@given(seed=st.integers(0, 10**6), junk=st.binary(max_size=30))
def test_any_body_is_read_or_refused(media_type, seed, junk):
    client = Client(Site())
    raw = bytearray(random.Random(seed).choice(SEEDS[media_type]))
    rnd = random.Random(seed)
    for _ in range(rnd.randrange(4)):
        at = rnd.randrange(len(raw) + 1)
        raw[at : at + rnd.randrange(5)] = junk[: rnd.randrange(len(junk) + 1)]
    assert send(client, media_type, bytes(raw)) in (200, 400, 404, 405, 413)


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.text()
        | st.binary(),
        lambda inner: (
            st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4)
        ),
        max_leaves=12,
    )
)
@settings(max_examples=80, deadline=None)
def test_any_data_is_written(data):
    client = Client(Site())
    for extension in ("html", "txt", "xml", "sphp", "xmlrpc", "json", "js"):
        reply = get(client, extension, {"data": data})
        if extension == "json":
            json.loads(reply.body)
        elif extension in ("xml", "xmlrpc"):
            parse_xml(reply.body)
