"""The demo as a reader meets it: from the origin's documents to the pages."""

import datetime as dt
import json
import re

import feedparser
import pytest

from support.site import Site, get


def test_the_whole_trail_is_there(demo: Site) -> None:
    items = demo.items()
    assert len(items) >= 150
    assert len({item["id"] for item in items}) == len(items)
    dates = [item["date_published"] for item in items]
    assert dates == sorted(dates, reverse=True)
    span = dt.datetime.fromisoformat(dates[0]) - dt.datetime.fromisoformat(dates[-1])
    assert span > dt.timedelta(days=3 * 365)
    assert sum("image" in item or "attachments" in item for item in items) > 30


def test_the_front_page_says_whose_what_and_where_from(demo: Site) -> None:
    page = demo.get("/").text
    assert "Ines Falk" in page
    assert "First frost on the allotment" in page
    for slug in ("blog", "photos", "mastodon", "films"):
        assert f"source:{slug}" in page or f"service:{slug}" in page or slug in page


def test_pictures_come_from_the_site_itself(demo: Site) -> None:
    page = demo.get("/").text
    sources = re.findall(r'<img[^>]+src="([^"]+)"', page)
    assert len(sources) > 5
    assert all(source.startswith(("/media/", "/static/")) for source in sources)
    picture = demo.get(next(s for s in sources if s.startswith("/media/")))
    assert picture.status == 200
    assert picture.body.startswith(b"\xff\xd8\xff")
    assert "immutable" in picture.headers["Cache-Control"]


@pytest.mark.parametrize(
    "path",
    [
        "/", "/.html", "/.json", "/.atom", "/.rss", "/feed", "/feed/type:picture",
        "/tags/source:photos+sea", "/tags/bread", "/explain/type:picture+sea", "/sources",
        "/opml", "/search?q=bread", "/timeline/", "/healthz", "/readyz",
    ],
)  # fmt: skip
def test_every_address_answers(demo: Site, path: str) -> None:
    reply = demo.get(path)
    assert reply.status == 200, reply.text[:500]
    assert reply.body


def test_archives_by_year_month_and_day(demo: Site) -> None:
    newest = dt.datetime.fromisoformat(demo.items()[-1]["date_published"])
    for path in (f"/{newest:%Y}/", f"/{newest:%Y/%m}/", f"/{newest:%Y/%m/%d}/"):
        assert demo.get(path).status == 200, path


def test_an_item_has_a_page_of_its_own(demo: Site) -> None:
    item = next(
        i
        for i in demo.items()
        if i.get("title") == "Why I keep my own copy of everything"
    )
    path = re.sub(
        r"^https?://[^/]+", "", item["url"] if "/item/" in item["url"] else item["id"]
    )
    if "/item/" not in path:
        path = f"/item/{item['_hunch']['id']}"
    page = demo.get(path).text
    assert "Feeds outlive APIs" in page


@pytest.mark.parametrize("path", ["/metrics", "/METRICS", "/metrics.txt", "/%6detrics"])
def test_metrics_stay_inside(demo: Site, path: str) -> None:
    assert demo.get(path).status in {403, 404}


@pytest.mark.parametrize(
    "path", ["/item/none", "/tags/type:nonsense", "/nowhere", "/2026/13/"]
)
def test_what_is_not_there_is_said_plainly(demo: Site, path: str) -> None:
    reply = demo.get(path)
    assert 400 <= reply.status < 500
    assert "<main" in reply.text


def test_feeds_read_well(demo: Site) -> None:
    for path, version in (("/.atom", "atom10"), ("/.rss", "rss20")):
        parsed = feedparser.parse(demo.get(path).body)
        assert parsed.version == version
        assert not parsed.bozo, parsed.get("bozo_exception")
        assert len(parsed.entries) >= 20
    feed = demo.get("/.json").json
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert all(
        i["id"] and ("content_html" in i or "content_text" in i) for i in feed["items"]
    )


def test_a_query_has_three_views(demo: Site) -> None:
    page = demo.get("/tags/type:picture+sea").text
    feed = feedparser.parse(demo.get("/feed/type:picture+sea").body)
    explained = demo.get("/explain/type:picture+sea.json").text
    assert feed.entries
    assert feed.entries[0].title in page
    assert "@type:{picture}" in json.loads(explained)["compiled"]


def test_unchanged_pages_cost_nothing(demo: Site) -> None:
    first = demo.get("/")
    again = demo.get("/", If_None_Match=first.headers["ETag"])
    assert again.status == 304
    assert again.body == b""


def test_negotiates_by_accept(demo: Site) -> None:
    reply = demo.get("/", Accept="application/atom+xml")
    assert "atom+xml" in reply.headers["Content-Type"]
    assert "Accept" in reply.headers["Vary"]


def test_every_answer_carries_the_security_headers(demo: Site) -> None:
    for path in ("/", "/nowhere", "/.json", "/sources", "/static/none.css"):
        headers = demo.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff", path
        assert "default-src 'none'" in headers["Content-Security-Policy"], path


def test_sources_are_well(demo: Site) -> None:
    sources = demo.get("/sources.json").json["sources"]
    assert len(sources) == 12
    assert {s["tone"] for s in sources} == {"well"}


def test_the_origin_is_not_reached_through_the_site(demo: Site) -> None:
    assert get(demo.url + "/xrpc/app.bsky.feed.getAuthorFeed").status == 404
