"""Every address of the site, in process, over a real store."""

import gzip
import json
import re
from pathlib import Path

import feedparser
import html5lib
import jsonschema
import mf2py
import pytest

from hunch_stream.item import item_id
from hunch_web.app import Site
from smisk.test import Client

PAGES = [
    "/",
    "/tags/autumn",
    "/tags/service:mastodon+type:note",
    "/explain/source:flickr+autumn",
    "/explain",
    "/2026/",
    "/2026/11/",
    "/2026/11/22/",
    "/timeline/",
    "/search",
    "/search?q=dye+book",
    "/sources",
    f"/item/{item_id('blog', 'https://ada.example/blog/slow')}",
]
FEEDS = ["/feed", "/feed/autumn", "/", "/tags/autumn", "/2026/11", "/search"]


@pytest.mark.parametrize("path", PAGES)
def test_page_answers_and_revisit_is_304(client: Client, path: str) -> None:
    page = client.get(path, accept="text/html,*/*;q=0.8")
    assert page.status == 200, page.text[:500]
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert page.text.startswith("<!doctype html>")
    assert 'lang="en"' in page.text
    again = client.get(path, headers={"If-None-Match": page.headers["ETag"]})
    assert (again.status, again.body) == (304, b"")
    head = client.head(path)
    assert (head.status, head.body) == (200, b"")
    assert head.headers["ETag"] == page.headers["ETag"]


@pytest.mark.parametrize("path", PAGES)
def test_page_has_one_heading_one_main_and_no_inline_code(
    client: Client, path: str
) -> None:
    text = client.get(path).text
    assert len(re.findall(r"<h1[\s>]", text)) == 1
    assert text.count("<main") == 1
    assert not re.search(r"\sstyle=|\son\w+=|<style|<script(?![^>]*src=)", text)
    assert not re.search(r'(?:src|href)="javascript:', text)
    ids = re.findall(r'\sid="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    parser = html5lib.HTMLParser()
    parser.parse(text)
    assert parser.errors == []


@pytest.mark.parametrize("path", PAGES)
def test_page_loads_nothing_from_strangers(client: Client, path: str) -> None:
    text = client.get(path).text
    loaded = re.findall(r'<(?:img|script|source|video)[^>]*\ssrc="([^"]+)"', text)
    loaded += re.findall(r'<link rel="(?:icon|stylesheet)" href="([^"]+)"', text)
    assert loaded
    assert all(address.startswith("/") for address in loaded)
    for sound in re.findall(r"<audio[^>]*>", text):
        assert 'preload="none"' in sound


def test_front_page_says_who_what_and_where(client: Client) -> None:
    text = client.get("/").text
    assert re.search(r"<h1>.*Ada Wester.*</h1>", text)
    assert "I weave cloth and software." in text
    assert '<link rel="me" href="https://mastodon.example/@ada">' in text
    for label in ("Slow software", "Mastodon", "Flickr", "Letterboxd", "GitHub"):
        assert f'<span class="label">{label}</span>' in text
    assert ">Today</span>" in text
    assert "Yesterday" in text
    assert text.index("First snow") < text.index("The hour before snow")
    assert "Hills &lt;in&gt; evening light" in text
    assert "3 updates" in text
    assert 'value="4.5"' in text
    assert "og:title" in text


def test_front_page_is_an_h_feed(client: Client) -> None:
    parsed = mf2py.parse(doc=client.get("/").text, url="https://ada.example/")
    kinds = {kind for item in parsed["items"] for kind in item["type"]}
    assert {"h-card", "h-feed"} <= kinds
    feed = next(item for item in parsed["items"] if "h-feed" in item["type"])
    entries = [c for c in feed["children"] if "h-entry" in c["type"]]
    assert len(entries) == 30
    first = entries[0]["properties"]
    assert first["published"][0].startswith("2026-11-22T20:58:07")
    assert first["url"][0].startswith("https://ada.example/item/")
    assert first["syndication"] == ["https://bsky.app/profile/ada/post/1"]
    assert first["author"][0]["properties"]["name"] == ["Ada Wester"]
    assert "https://mastodon.example/@ada" in parsed["rels"]["me"]


@pytest.mark.parametrize("path", FEEDS)
@pytest.mark.parametrize("extension", ["atom", "rss", "json"])
def test_feeds_everywhere(client: Client, path: str, extension: str) -> None:
    query = {"q": "note"} if path == "/search" else None
    address = f"/.{extension}" if path == "/" else f"{path}.{extension}"
    reply = client.get(address, query=query)
    assert reply.status == 200, reply.text[:300]
    types = {
        "atom": "application/atom+xml; charset=utf-8",
        "rss": "application/rss+xml; charset=utf-8",
        "json": "application/feed+json",
    }
    assert reply.headers["Content-Type"] == types[extension]
    if extension == "json":
        assert reply.json()["version"] == "https://jsonfeed.org/version/1.1"
        assert reply.json()["items"]
    else:
        read = feedparser.parse(reply.body)
        assert not read.bozo
        assert read.entries


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("application/atom+xml", "application/atom+xml"),
        ("application/rss+xml", "application/rss+xml"),
        ("application/feed+json", "application/feed+json"),
        ("application/json", "application/json"),
        ("text/html", "text/html"),
        ("text/xml", "text/xml"),
        ("text/plain", "text/plain"),
    ],
)
def test_accept_chooses(client: Client, accept: str, content_type: str) -> None:
    reply = client.get("/", accept=accept)
    assert reply.headers["Content-Type"].partition(";")[0] == content_type
    assert "Accept" in reply.headers["Vary"]


def test_sounds_are_a_playlist(client: Client) -> None:
    reply = client.get("/feed/type:sound.xspf")
    assert reply.headers["Content-Type"].startswith("application/xspf+xml")
    assert reply.text.count("<track>") == 1
    assert "<location>https://threads.example/41.mp3</location>" in reply.text
    assert "<duration>2832000</duration>" in reply.text


@pytest.mark.parametrize("extension", ["txt", "plist"])
@pytest.mark.parametrize(
    "path", ["/sources", "/timeline", "/explain/snow", "/tags/snow"]
)
def test_plain_formats(client: Client, path: str, extension: str) -> None:
    reply = client.get(f"{path}.{extension}")
    assert reply.status == 200
    assert len(reply.body) > 20


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("*/*", "application/atom+xml"),
        # A browser shows this one and would offer to save the other.
        ("text/html,application/xml;q=0.9,*/*;q=0.8", "application/xml"),
    ],
)
def test_feed_without_extension_is_atom(
    client: Client, accept: str, content_type: str
) -> None:
    reply = client.get("/feed", accept=accept)
    assert reply.headers["Content-Type"].startswith(content_type)
    assert feedparser.parse(reply.body).version == "atom10"


def test_paging_shows_every_item_once(client: Client) -> None:
    seen: list[str] = []
    address = "/feed.json"
    for _ in range(5):
        feed = client.get(address).json()
        seen += [item["id"] for item in feed["items"]]
        if "next_url" not in feed:
            break
        address = feed["next_url"].removeprefix("https://ada.example")
    assert len(seen) == len(set(seen)) == 48


def test_pages_lead_to_older_ones_and_back(client: Client) -> None:
    text = client.get("/").text
    match = re.search(r'<link rel="next" href="([^"]+)"', text)
    assert match
    older = client.get(match[1])
    assert older.status == 200
    assert 'class="newest" href="/"' in older.text
    assert "Old note number" in older.text


def test_etag_differs_by_page_and_format(client: Client) -> None:
    tags = {
        client.get(p).headers["ETag"] for p in ("/", "/.json", "/.atom", "/tags/snow")
    }
    assert len(tags) == 4


def test_page_asked_for_again_is_sent_compressed(client: Client) -> None:
    plain = client.get("/")
    for accept, is_packed in [
        ("gzip, br", True),
        ("gzip;q=0, br", False),
        ("gzip;q=0.5", True),
        ("", False),
    ]:
        reply = client.get("/", headers={"Accept-Encoding": accept})
        assert ("Content-Encoding" in reply.headers) == is_packed
        body = gzip.decompress(reply.body) if is_packed else reply.body
        assert body == plain.body
        assert "Accept-Encoding" in reply.headers["Vary"]
        assert (reply.headers["ETag"] != plain.headers["ETag"]) == is_packed
        for tag in (reply.headers["ETag"], plain.headers["ETag"]):
            again = client.get(
                "/", headers={"Accept-Encoding": accept, "If-None-Match": tag}
            )
            assert (again.status, again.headers["ETag"]) == (304, tag)


def test_query_finds_what_it_says(client: Client) -> None:
    feed = client.get("/feed/source:flickr+source:blog+type:picture.json").json()
    assert [item["title"] for item in feed["items"]] == ["The hour before snow"]
    spaced = client.get("/tags/tag:%22black%20and%20white%22.json").json()
    assert [item["title"] for item in spaced["items"]] == ["Slow & warm <rooms>"]


def test_longer_query_offers_wider_ones(client: Client) -> None:
    text = client.get("/tags/service:mastodon+snow").text
    assert 'href="/tags/snow" title="Without service:mastodon"' in text
    assert 'href="/tags/service:mastodon" title="Without snow"' in text
    assert "Take a term away" not in client.get("/tags/snow").text
    assert client.get("/tags").headers["Location"].endswith("/search")


def test_explain_shows_compiled_query_plan_and_counts(client: Client) -> None:
    page = client.get("/explain/source:flickr+autumn").text
    assert "@source:{flickr}" in page
    assert "Everything from Flickr tagged autumn: 1 item." in page
    data = client.get("/explain/source:mastodon+snow.json").json()
    assert data["total"] == 1
    assert data["terms"] == [
        {"term": "source:mastodon", "count": 41},
        {"term": "snow", "count": 1},
    ]
    assert data["plan"]


@pytest.mark.parametrize("query", ["nokind:x", "after:2026-13", "type:nonsense"])
def test_query_that_cannot_be_read_says_what_would_do(
    client: Client, query: str
) -> None:
    for view in ("tags", "feed", "explain"):
        reply = client.get(f"/{view}/{query}")
        assert reply.status == 400
        assert re.search("use |write |must be in", reply.text)


def test_item_page_is_whole(client: Client) -> None:
    item = item_id("blog", "https://ada.example/blog/slow")
    text = client.get(f"/item/{item}").text
    assert '<h1 class="title p-name">Slow &amp; warm &lt;rooms&gt;</h1>' in text
    assert text.count("<em>I can leave</em>") == 30
    assert "Edited" in text
    assert 'href="https://ada.example/blog/slow"' in text
    assert 'rel="prev"' in text
    assert 'rel="next"' in text
    feed = client.get(f"/item/{item}.json").json()
    assert len(feed["items"]) == 1


def test_item_that_is_not_there(client: Client) -> None:
    assert client.get("/item/0000").status == 404
    assert client.get("/item/" + "x" * 500).status == 404


def test_archives(client: Client) -> None:
    day = client.get("/2026/11/22/").text
    assert "22 November 2026: 2 items" in day
    assert "The hour before snow" in day
    assert "Past Lives" not in day
    assert 'href="/2026/11/21/"' in day
    for missing in ("/2026/13/", "/2026/02/30/", "/2026/00/"):
        assert client.get(missing).status == 404
    assert client.get("/2031/").status == 200


def test_timeline_has_an_anchor_for_each_day(client: Client) -> None:
    text = client.get("/timeline/").text
    assert '<a id="2026-11-22" href="/2026/11/22/"' in text
    assert 'id="2026-11"' in text
    assert 'id="2026"' in text
    assert client.get("/timeline.json").json()["days"]["2026-11-22"] == 2


def test_search(client: Client) -> None:
    found = client.get("/search", query={"q": "dye book"})
    assert "41: The dye book" in found.text
    assert "Search: dye book" in found.text
    nothing = client.get("/search", query={"q": "<script>zebra"})
    assert nothing.status == 200
    assert "<script>zebra" not in nothing.text
    assert client.get("/search", query={"q": "after:nonsense"}).status == 400


def test_sources_speak_plainly_and_keep_secrets(client: Client) -> None:
    text = client.get("/sources").text
    assert "1 of 6 sources cannot be read right now." in text
    assert "The server answered 403." in text
    assert "Open the address in a browser." in text
    assert text.index("Letterboxd") < text.index('id="mastodon"')
    for path in ("/sources", "/sources.json", "/opml", "/", "/feed.atom"):
        assert b"canary" not in client.get(path).body, path


def test_opml_lists_every_source(client: Client) -> None:
    reply = client.get("/opml")
    assert reply.headers["Content-Type"].startswith("text/x-opml")
    assert reply.body.count(b"<outline ") == 6
    assert b"https://ada.example/feed/source:blog.rss" in reply.body


def test_operation(client: Client) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    ready = client.get("/readyz").json()
    assert (ready["store"], ready["aggregator"]) == ("ok", "late")
    metrics = client.get("/metrics").text
    assert "hunch_web_requests_total{" in metrics
    behind_edge = client.request("GET", "/metrics", headers={})
    assert behind_edge.status == 200


def test_metrics_stay_inside(site: Site) -> None:
    assert Client(site, base={"HUNCH_EDGE": "public"}).get("/metrics").status == 404


def test_static_and_media_without_an_edge(site: Site, client: Client) -> None:
    css = re.search(r'href="(/static/hunch.css\?v=\w+)"', client.get("/").text)
    assert css
    reply = client.get(css[1])
    assert reply.headers["Content-Type"].startswith("text/css")
    assert "immutable" in reply.headers["Cache-Control"]
    assert len(reply.body) < 25_000
    assert client.get("/static/hunch.js").status == 200
    assert site.settings.media is not None
    copy = site.settings.media / "ab" / "ab12cd34ab12cd34.jpg"
    copy.parent.mkdir(exist_ok=True)
    copy.write_bytes(b"\xff\xd8")
    assert client.get("/media/ab/ab12cd34ab12cd34.jpg").body == b"\xff\xd8"
    for path in (
        "/media/../hunch.toml",
        "/media/ab/../../hunch.toml",
        "/static/../app.py",
    ):
        assert client.get(path).status == 404


def test_robots_and_icon(client: Client) -> None:
    robots = client.get("/robots.txt")
    assert robots.headers["Content-Type"].startswith("text/plain")
    assert "Disallow: /search" in robots.text
    icon = client.get("/favicon.ico")
    assert icon.status == 301
    assert "/static/icon.svg?v=" in icon.headers["Location"]


def test_first_picture_does_not_wait(client: Client) -> None:
    text = client.get("/").text
    assert text.count('fetchpriority="high"') == 1
    picture = re.search(r'<img class="u-photo"[^>]+fetchpriority="high"[^>]*>', text)
    assert picture
    assert 'loading="lazy"' not in picture[0]


SECURITY = {
    "Content-Security-Policy": "default-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Strict-Transport-Security": "max-age",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": "camera=()",
}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        *(("GET", path, 200) for path in PAGES),
        ("GET", "/feed.atom", 200),
        ("GET", "/opml", 200),
        ("GET", "/healthz", 200),
        ("GET", "/metrics", 200),
        ("GET", "/static/hunch.css", 200),
        ("GET", "/nowhere", 404),
        ("GET", "/tags/nokind:x", 400),
        ("GET", "/?before=x", 400),
        ("GET", "/feed.html", 404),
        ("POST", "/", 405),
        ("DELETE", "/sources", 405),
        ("GET", "/websub/unknown-token-of-some-length", 404),
    ],
)
def test_every_response_protects_its_reader(
    client: Client, method: str, path: str, status: int
) -> None:
    reply = client.request(method, path)
    assert reply.status == status
    for name, part in SECURITY.items():
        assert part in reply.headers[name], name
    policy = reply.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "Set-Cookie" not in reply.headers


def test_errors_come_in_the_format_asked_for(client: Client) -> None:
    page = client.get("/nowhere", accept="text/html")
    assert "There is nothing here" in page.text
    data = client.get("/item/0.json")
    assert (data.status, json.loads(data.body)["error"]["status"]) == (404, 404)


def test_feeds_fit_the_json_feed_schema(client: Client) -> None:
    schema = json.loads(
        (Path(__file__).parent / "jsonfeed-1.1.schema.json").read_text()
    )
    jsonschema.validate(client.get("/feed.json").json(), schema)
