"""From a source to the store and back: real origin, real store, real child processes."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import struct
import time
import zlib

import pytest

from hunch_aggregator import intake
from hunch_aggregator.fetch import Fetcher, parse_networks
from hunch_aggregator.media import Copier
from hunch_aggregator.pipeline import Pipeline
from hunch_aggregator.scheduler import prepare
from hunch_aggregator.site import door
from hunch_stream.config import Config, Fetch, Site
from hunch_stream.item import item_id
from hunch_stream.query import parse
from hunch_stream.source import SourceConfig
from hunch_stream.store import StoreUnavailable

NOW = dt.datetime.now(dt.UTC)


def rss(*items: str, head: str = "") -> str:
    body = "".join(f"<item>{item}</item>" for item in items)
    return (
        '<rss version="2.0"><channel><title>Blog</title><link>http://ORIGIN/</link>'
        f"{head}{body}</channel></rss>"
    )


def post(name: str, hours_ago: float = 1, title: str = "", more: str = "") -> str:
    when = (NOW - dt.timedelta(hours=hours_ago)).strftime("%a, %d %b %Y %H:%M:%S +0000")
    return (
        f"<title>{title or name}</title><guid>http://ORIGIN/{name}</guid>"
        f"<link>http://ORIGIN/{name}</link><pubDate>{when}</pubDate>{more}"
    )


def png(side: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    rows = zlib.compress((b"\0" + bytes(3 * side)) * side)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", rows)
        + chunk(b"IEND", b"")
    )


class World:
    """One site whose sources live at the test's origin."""

    def __init__(self, origin, store, media, parser) -> None:
        self.origin = origin
        self.parser = parser
        self.store = store
        self.media = media
        self.sources: dict[str, SourceConfig] = {}

    def follow(self, slug: str, path: str, **fields) -> None:
        url = path if "://" in path else self.origin.base + path
        self.sources[slug] = SourceConfig(slug=slug, url=url, **fields)

    @property
    def config(self) -> Config:
        return Config(
            Site(id=self.store.keys.site),
            Fetch(allow_networks=parse_networks(["127.0.0.0/8"]), concurrency=2),
            tuple(self.sources.values()),
        )

    def sync(self, *slugs: str, **kwargs):
        pipeline = self.pipeline()
        prepare(pipeline)
        names = slugs or tuple(self.sources)
        return [pipeline.sync(slug, **kwargs) for slug in names]

    def pipeline(self) -> Pipeline:
        fetcher = Fetcher(door(self.config), "test")
        copier = Copier(self.media, fetcher, self.parser)
        return Pipeline(self.config, self.store, fetcher, self.parser, copier)

    def titles(self, query: str = "") -> list[str]:
        page = self.store.page(parse(query), limit=100)
        return [item.title or item.text for item in page.items]

    def item(self, slug: str, name: str):
        return self.store.item(item_id(slug, f"{self.origin.base}/{name}"))


@pytest.fixture
def world(origin, store, tmp_path, parser):
    return World(origin, store, tmp_path / "media", parser)


def test_a_second_sync_of_unchanged_sources_changes_nothing(world):
    world.origin.put("/with", rss(post("a"), post("b", 2)))
    world.origin.put("/without", rss(post("c", 3)), validators=False)
    world.follow("one", "/with")
    world.follow("two", "/without")
    assert [r.outcome for r in world.sync()] == ["changed", "changed"]
    version = world.store.version()
    assert [r.outcome for r in world.sync()] == ["unchanged", "unchanged"]
    assert [r.outcome for r in world.sync(forced=True)] == ["unchanged"] * 2
    assert world.store.version() == version
    assert world.titles() == ["a", "b", "c"]
    assert "If-None-Match" in world.origin.asked("/with")[1]
    assert world.store.source("one").items == 2


def test_profiles_pages_and_apis_are_found(world):
    account = {
        "id": "7",
        "acct": "me",
        "display_name": "Me",
        "url": "http://ORIGIN/@me",
    }
    status = {
        "id": "10",
        "uri": "http://ORIGIN/users/me/10",
        "url": "http://ORIGIN/@me/10",
        "created_at": "2026-03-01T10:00:00Z",
        "content": "<p>a toot</p>",
        "account": account,
        "visibility": "public",
    }
    world.origin.put("/api/v1/accounts/lookup", json.dumps(account), "application/json")
    world.origin.put(
        "/api/v1/accounts/7/statuses", json.dumps([status]), "application/json"
    )
    world.origin.put(
        "/blog",
        '<html><link rel="alternate" type="application/rss+xml" href="/rss">',
        "text/html",
    )
    world.origin.put("/rss", rss(post("p")))
    world.follow("toots", "/@me")
    world.follow("blog", "/blog")
    assert all(r.is_ok for r in world.sync())
    assert world.store.source("toots").kind == "mastodon"
    assert world.store.source("blog").feed_url == world.origin.base + "/rss"
    asked = len(world.origin.requests)
    world.sync()
    assert len(world.origin.requests) == asked + 2


BAD = {
    "html": (b"<html><body>a page</body></html>", "web page"),
    "empty": (b"", "empty"),
    "junk": (bytes(range(256)) * 20_000, "neither"),
    "xml": (b"<?xml version='1.0'?><note/>", "no feed"),
    "json": (b'{"x": 1}', "JSON"),
    "truncated": (
        b'{"version": "https://jsonfeed.org/version/1.1", "items": [{',
        "broken",
    ),
}


def test_bad_sources_say_why_and_never_stop_the_good_ones(world):
    for name, (body, _words) in BAD.items():
        world.origin.put(f"/{name}", body, "text/html")
        world.follow(name, f"/{name}")
    bomb = gzip.compress(bytes(1 << 20), 9) * 10_240
    world.origin.put("/bomb", bomb, Content_Encoding="gzip")
    world.follow("bomb", "/bomb")
    world.follow("missing", "/missing")
    world.follow("nohost", "http://no-such-host.invalid/feed")
    world.follow("inside", "http://169.254.169.254/latest/meta-data/")
    world.origin.put(
        "/latin",
        b"<rss><channel><item><guid>1</guid><title>caf"
        + b"\xe9\xff</title><pubDate>the 99th of never</pubDate></item></channel></rss>",
    )
    world.follow("latin", "/latin")
    world.origin.put("/good", rss(post("fine")))
    world.follow("good", "/good")
    reports = {r.slug: r for r in world.sync()}
    assert reports["good"].outcome == "changed"
    assert reports["latin"].outcome == "changed"
    assert len(world.titles()) == 2
    for name, (_body, words) in BAD.items():
        assert words in reports[name].reason, name
    assert "larger than 10 MB" in reports["bomb"].reason
    assert "404" in reports["missing"].reason
    assert "no host called" in reports["nohost"].reason
    assert "not a public address" in reports["inside"].reason
    for state in world.store.sources():
        bad = state.slug not in ("good", "latin")
        assert (state.health == "failing") == bad
        assert bool(state.reason) == bad
        assert state.next_due > NOW
    assert world.store.source("latin").items == 1


def test_a_source_that_breaks_keeps_its_items_and_recovers(world):
    world.origin.put("/f", rss(post("a")))
    world.follow("f", "/f")
    world.sync()
    for body in (b"", b"<html>sorry</html>", b"<rss><channel>"):
        world.origin.put("/f", body)
        world.sync()
        assert world.titles() == ["a"]
    world.origin.put("/f", b"", status=500)
    world.sync()
    assert world.store.source("f").failures >= 3
    world.origin.put("/f", rss(post("b", 0.5), post("a")))
    world.sync()
    state = world.store.source("f")
    assert (state.health, state.failures, state.reason) == ("ok", 0, "")
    assert world.titles() == ["b", "a"]


def test_edits_and_deletions_reach_the_stream(world):
    names = [post(n, h) for h, n in enumerate("abcdefgh", 1)]
    for name in "abcdefgh":
        world.origin.put(f"/{name}", "page", "text/html")
    world.origin.put("/f", rss(*names))
    world.follow("f", "/f")
    world.sync()
    world.origin.put("/f", rss(*names[:2], post("c", 3, "new words"), *names[4:]))
    del world.origin.pages["/d"]
    (report,) = world.sync()
    assert (report.changed, report.gone) == (1, 1)
    assert world.titles() == ["a", "b", "new words", "e", "f", "g", "h"]
    assert world.item("f", "c").state == "edited"
    assert world.item("f", "d").state == "gone"
    assert world.store.source("f").items == 7
    world.origin.put("/f", rss(*(n for n in names if ">e<" not in n)))
    world.sync()
    assert "e" in world.titles()


def test_pictures_are_copied_and_no_third_party_stays_in_the_text(world):
    world.origin.put("/p.png", png(40), "text/plain")
    world.origin.put("/q.png", png(40), "image/png")
    world.origin.put(
        "/svg.png", "<svg xmlns='http://www.w3.org/2000/svg'/>", "image/png"
    )
    text = (
        "<description>&lt;p&gt;x&lt;img src='/p.png' alt='P &amp;amp; Q'&gt;"
        "&lt;img src='/svg.png' alt='bad'&gt;&lt;img src='/none.png'&gt;&lt;/p&gt;"
        "</description><enclosure url='http://ORIGIN/q.png' type='image/png' length='1'/>"
    )
    world.origin.put("/f", rss(post("a", more=text)))
    world.follow("f", "/f")
    assert all(r.is_ok for r in world.sync())
    item = world.item("f", "a")
    copies = [m for m in item.media if m.path]
    assert len(copies) == 2
    assert copies[0].path == copies[1].path
    assert copies[0].type == "image/png"
    assert (copies[0].width, copies[0].height) == (40, 40)
    file = world.media / copies[0].path
    assert file.read_bytes() == png(40)
    assert file.stat().st_mode & 0o777 == 0o644
    assert len([p for p in world.media.rglob("*") if p.is_file()]) == 1
    assert item.content_html.count("<img") == 1
    assert f'<img src="/media/{copies[0].path}"' in item.content_html
    assert f'href="{world.origin.base}/svg.png"' in item.content_html
    assert ">bad</a>" in item.content_html
    asked = len(world.origin.asked("/p.png"))
    world.sync(forced=True)
    assert len(world.origin.asked("/p.png")) == asked
    world.origin.put("/f", rss(post("a", title="other", more=text)))
    world.sync()
    assert len(world.origin.asked("/p.png")) == asked
    assert world.item("f", "a").content_html == item.content_html


def test_a_picture_that_cannot_be_had_now_is_asked_for_again(world):
    world.origin.put("/p.png", "", status=500)
    world.origin.put("/never.png", "no picture")
    more = (
        "<enclosure url='http://ORIGIN/p.png' type='image/png' length='1'/>"
        "<enclosure url='http://ORIGIN/never.png' type='image/png' length='1'/>"
    )
    world.origin.put("/f", rss(post("a", more=more)))
    world.follow("f", "/f")
    world.sync()
    version = world.store.version()
    assert not any(m.path for m in world.item("f", "a").media)
    (report,) = world.sync()
    assert report.outcome == "unchanged"
    assert world.store.version() == version
    world.origin.put("/p.png", png(7), "image/png")
    (report,) = world.sync()
    assert report.changed == 1
    item = world.item("f", "a")
    assert [bool(m.path) for m in item.media] == [True, False]
    assert item.state == "live"
    world.sync()
    assert len(world.origin.asked("/never.png")) == 3
    assert world.store.version() == version + 1


def test_a_moved_feed_is_followed_and_a_gone_one_left_alone(world):
    world.origin.put("/new", rss(post("a")))
    world.origin.put("/old", "", status=301, Location="/new")
    world.follow("f", "/old")
    world.sync()
    assert world.store.source("f").feed_url == world.origin.base + "/new"
    world.sync()
    assert len(world.origin.asked("/old")) == 1
    world.origin.put("/new", "", status=410)
    world.origin.put("/old", "", status=410)
    (report,) = world.sync()
    assert report.outcome == "gone"
    state = world.store.source("f")
    assert state.health == "gone"
    assert state.next_due > NOW + dt.timedelta(days=365)
    assert world.titles() == ["a"]
    world.origin.put("/other", rss(post("b", 0.5)))
    world.follow("f", "/other")
    world.sync()
    assert world.store.source("f").health == "ok"


def test_the_owners_wishes_reach_items_of_sources_that_did_not_change(world):
    world.origin.put("/f", rss(post("a")))
    world.follow("f", "/f")
    world.sync()
    world.follow("f", "/f", tags=("garden",), type="picture")
    (report,) = world.sync()
    assert report.changed == 1
    assert world.titles("garden type:picture") == ["a"]
    (report,) = world.sync()
    assert report.outcome == "unchanged"


def test_a_crash_before_the_commit_repeats_work_and_loses_nothing(world, monkeypatch):
    world.origin.put("/f", rss(*(post(f"p{n}", n) for n in range(1, 4))))
    world.follow("f", "/f")
    commit = world.store.commit

    def crash(_commit):
        raise StoreUnavailable("gone")

    monkeypatch.setattr(world.store, "commit", crash)
    with pytest.raises(StoreUnavailable):
        world.sync()
    monkeypatch.setattr(world.store, "commit", commit)
    assert world.titles() == []
    world.sync()
    assert world.titles() == ["p1", "p2", "p3"]


def test_an_archive_larger_than_one_commit_is_whole_or_fetched_again(
    world, monkeypatch
):
    count = 250
    items = "".join(f"<item>{post(f'p{n}', n + 1)}</item>" for n in range(count))
    world.origin.put("/f", rss().replace("</channel>", items + "</channel>"))
    world.follow("f", "/f")
    commit, calls = world.store.commit, []

    def second_fails(one):
        calls.append(len(one.changes))
        if len(calls) == 2:
            raise StoreUnavailable("gone")
        return commit(one)

    monkeypatch.setattr(world.store, "commit", second_fails)
    with pytest.raises(StoreUnavailable):
        world.sync()
    assert world.store.source("f").etag == ""
    monkeypatch.setattr(world.store, "commit", commit)
    world.sync()
    assert world.store.count(parse("source:f")) == count
    assert world.store.source("f").items == count


def test_the_same_post_in_three_places_is_one_item(world):
    when = (NOW - dt.timedelta(hours=1)).isoformat()
    world.origin.put("/blog", rss(post("looms", 1, "On looms")))
    account = {"id": "7", "acct": "me", "url": "http://ORIGIN/@me"}
    toot = {
        "id": "1",
        "uri": "http://ORIGIN/users/me/1",
        "url": "http://ORIGIN/@me/1",
        "created_at": when,
        "content": '<p>On looms <a href="http://ORIGIN/looms">link</a></p>',
        "account": account,
    }
    world.origin.put(
        "/api/v1/accounts/7/statuses", json.dumps([toot]), "application/json"
    )
    skeet = {
        "uri": "at://did:plc:x/app.bsky.feed.post/k",
        "author": {"handle": "me.example"},
        "record": {
            "text": "On looms",
            "createdAt": when,
        },
        "embed": {
            "$type": "app.bsky.embed.external#view",
            "external": {"uri": world.origin.base + "/looms", "title": "On looms"},
        },
        "indexedAt": when,
    }
    world.origin.put(
        "/xrpc/app.bsky.feed.getAuthorFeed", json.dumps({"feed": [{"post": skeet}]})
    )
    world.follow("sky", "/xrpc/app.bsky.feed.getAuthorFeed")
    world.follow("toots", "/api/v1/accounts/7/statuses")
    world.follow("blog", "/blog")
    world.sync()
    assert world.titles() == ["On looms"]
    places = world.item("blog", "looms").syndication
    assert sorted(p.split("/")[2] for p in places) == sorted(
        [f"127.0.0.1:{world.origin.port}", "bsky.app"]
    )
    assert sum(world.store.days().values()) == 1
    version = world.store.version()
    world.sync(forced=True)
    assert world.store.version() == version


def test_a_host_that_rests_postpones_its_sources_without_blame(world):
    world.origin.put("/f", rss(post("a")))
    world.follow("f", "/f")
    pipeline = world.pipeline()
    prepare(pipeline)
    pipeline._fetcher.hosts.rest("127.0.0.1", 600)
    report = pipeline.sync("f")
    assert report.outcome == "unchanged"
    state = world.store.source("f")
    assert (state.failures, state.wait_reason) == (0, "retry-after")
    assert state.next_due > NOW + dt.timedelta(seconds=500)


def test_a_thousand_entries_take_seconds(world):
    items = "".join(f"<item>{post(f'p{n}', n / 10)}</item>" for n in range(1000))
    world.origin.put("/f", rss().replace("</channel>", items + "</channel>"))
    world.follow("f", "/f")
    started = time.monotonic()
    world.sync()
    assert world.store.count(parse("source:f")) == 1000
    assert time.monotonic() - started < 30


def test_texts_come_first_where_pictures_take_long(world, monkeypatch):
    monkeypatch.setattr(intake, "FIRST_PICTURES_S", 0.3)
    picture = png(5)

    def slow(h):
        time.sleep(0.1)
        h.connection.sendall(
            b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: %d\r\n\r\n"
            % len(picture)
            + picture
        )

    posts = []
    for n in range(12):
        world.origin.serve(f"/{n}.png", slow)
        more = f"<enclosure url='http://ORIGIN/{n}.png' type='image/png' length='1'/>"
        posts.append(post(f"p{n}", n + 1, more=more))
    world.origin.put("/f", rss(*posts))
    world.follow("f", "/f")
    commits = []
    commit = world.store.commit

    def watched(one):
        commits.append(sum(any(m.path for m in c.after.media) for c in one.changes))
        return commit(one)

    monkeypatch.setattr(world.store, "commit", watched)
    (report,) = world.sync()
    assert (report.added, report.changed) == (12, 0)
    assert len(commits) == 2
    assert 0 < commits[0] < 12
    items = world.store.page(parse("")).items
    assert all(m.path for item in items for m in item.media)
    assert {item.state for item in items} == {"live"}
    assert world.store.source("f").items == 12
    (report,) = world.sync()
    assert report.outcome == "unchanged"
    assert len(world.origin.asked("/f")) == 2


def test_every_kind_of_document_is_stored_once(world, data):
    world.media = None
    names = []
    for path in sorted(data.iterdir()):
        if path.name.endswith((".xml.json", ".html.json", ".json.json")):
            continue
        if path.stem not in ("page", "mastodon_account"):
            world.origin.put(f"/{path.name}", path.read_bytes(), "text/plain")
            world.follow(path.stem.replace("_", "-"), f"/{path.name}")
            names.append(path.stem)
    reports = world.sync()
    assert [r.slug for r in reports if not r.added] == []
    assert len(names) >= 15
    version = world.store.version()
    for report in world.sync(forced=True):
        assert report.outcome == "unchanged", report
    assert world.store.version() == version
    shown = world.store.count(parse(""))
    assert shown == sum(world.store.days().values())
    assert {i.type for i in world.store.every_item()} >= {
        "text", "note", "picture", "video", "sound", "link", "code", "recommendation",
    }  # fmt: skip
