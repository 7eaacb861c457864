"""What a hostile source can put into an item reaches no reader as markup."""

import datetime as dt
import re
from typing import Any

import feedparser
import html5lib
import pytest

from hunch_stream.item import Item, Media
from hunch_stream.source import SourceState
from hunch_stream.store import Change, Commit
from smisk.test import Client

PAYLOAD = "\"><img src=x onerror=alert(1)><script>alert(2)</script>'{{7*7}}]]>"
BODIES = [
    "<p>x<script>alert(1)</script><img src=x onerror=alert(1)></p>",
    "<b><noscript><!-- </noscript><img src=x onerror=alert(1) --></noscript>",
    '<a href="jAvAsCrIpT&colon;alert&lpar;1&rpar;">x</a><a href="java&Tab;script:x">y</a>',
    "<svg/onload=alert(1)><math><mi xlink:href=javascript:alert(1)>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe><object data=x></object>",
    "<style>*{display:none}</style><p style='position:fixed'>x</p><base href=//evil>",
    "<form action=//evil><input name=body><button>x</button></form>",
    "</main></body></html><plaintext>",
    '<img src="https://tracker.example/pixel.gif" width=1 height=1>',
    "<" * 3_000,
    "<div>" * 3_000,
]
KINDS = ["text", "note", "picture", "video", "sound", "link", "code", "recommendation",
         "place", "event"]  # fmt: skip


def hostile_items(now: dt.datetime) -> list[Item]:
    media = Media(
        url="https://evil.example/'\"><script>alert(1)</script>.mp3",
        type="audio/mpeg",
        alt=PAYLOAD,
    )
    picture = Media(url="https://evil.example/x", alt=PAYLOAD, path='aa/"><script>.jpg')
    return [
        Item(
            id=f"{n:020x}",
            source="evil",
            service='x"><script>',
            type=KINDS[n % len(KINDS)],  # type: ignore[arg-type]
            guid=PAYLOAD,
            first_seen=now - dt.timedelta(minutes=n),
            url="javascript:alert(1)" if n % 2 else "https://evil.example/" + PAYLOAD,
            title=PAYLOAD,
            summary=PAYLOAD,
            content_html=BODIES[n % len(BODIES)],
            tags=(PAYLOAD.lower().replace(",", ""), "<b>"),
            author=PAYLOAD,
            media=(media, picture),
            syndication=("javascript:alert(1)", "https://evil.example/" + PAYLOAD),
            in_reply_to="https://evil.example/" + PAYLOAD,
            language='en" onload="x',
        )
        for n in range(22)
    ]


@pytest.fixture
def client(module_store: Any, make_site: Any) -> Client:
    site = make_site(module_store)
    now = site.now()
    state = SourceState(
        slug="evil",
        service='x"><script>',
        title=PAYLOAD,
        home="javascript:alert(1)",
        health="failing",
        reason=PAYLOAD,
        remedy=PAYLOAD,
    )
    store = module_store.client()
    if store.source("evil") is None:
        items = hostile_items(now)
        store.commit(Commit(state, [Change(None, one, "f") for one in items]))
        store.follow(["evil"], now)
    store.close()
    return Client(site)


FORBIDDEN = {"script", "iframe", "object", "style", "base", "math", "svg", "form"}
PATHS = [
    "/",
    "/sources",
    "/tags/source:evil",
    "/explain/source:evil",
    "/search",
    *(f"/item/{n:020x}" for n in range(11)),
]


def test_pages_hold_only_our_own_markup(client: Client) -> None:
    for path in PATHS:
        text = client.get(path).text
        tree = html5lib.parse(text, namespaceHTMLElements=False)
        assert "plaintext" not in {node.tag for node in tree.iter()}
        for node in tree.iter():
            if not isinstance(node.tag, str):
                continue
            assert node.tag not in FORBIDDEN - {"script", "svg", "form"}, path
            assert not [name for name in node.attrib if name.startswith("on")], path
            assert "style" not in node.attrib, path
            for name in ("href", "src", "action"):
                value = node.attrib.get(name, "").lower()
                assert not re.match(r"\s*(java|vb)script|data:", value), path
            if node.tag == "script":
                assert node.attrib["src"].startswith("/static/")
                assert not node.text
            if node.tag == "img":
                assert node.attrib["src"].startswith("/media/")
        assert tree.find(".//footer[@class='colophon']") is not None, path
        assert "49" not in "".join(tree.find(".//title").itertext())


def test_feeds_stay_feeds(client: Client) -> None:
    for path in ("/feed.atom", "/feed.rss"):
        body = client.get(path).body
        read = feedparser.parse(body, sanitize_html=False)
        assert not read.bozo, read.get("bozo_exception")
        assert len(read.entries) == 30
        for entry in read.entries:
            tree = html5lib.parseFragment(
                entry.content[0].value, namespaceHTMLElements=False
            )
            for node in tree.iter():
                assert node.tag not in FORBIDDEN
                assert not [name for name in node.attrib if name.startswith("on")]
    assert len(client.get("/feed.json").json()["items"]) == 30
    assert client.get("/opml").status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/tags/" + "a+" * 400,
        "/tags/%22%3E%3Cscript%3Ealert(1)%3C/script%3E",
        "/tags/%00",
        "/tags/%ff%fe",
        "/search?q=%22%3E%3Cscript%3E",
        "/search?q=" + "x" * 3000,
        "/explain/%3Cscript%3E",
        "/?before=99999999999999999999999",
        "/?before=-1",
        "/item/%2e%2e%2f%2e%2e%2fetc",
        "/0000/",
        "/9999/12/31/",
        "/2026/11/22/?before=0",
        "/websub/%3Cscript%3E?hub.challenge=%3Cscript%3E",
        "/static/..%2fapp.py",
        "/media/aa/%22%3E.jpg",
    ],
)
def test_strange_addresses_get_a_calm_answer(client: Client, path: str) -> None:
    reply = client.get(path)
    assert reply.status in {200, 400, 404, 414}, reply.text[:300]
    assert "<script>" not in reply.text
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
