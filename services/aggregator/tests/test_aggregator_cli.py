"""The `hunch` command, as people and supervisors run it."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from hunch_aggregator.cli import main
from hunch_stream.config import load
from hunch_stream.query import parse
from hunch_stream.store import Store, StoreError

RSS = """<rss version="2.0"><channel><title>Blog</title><link>http://ORIGIN/</link>
{items}</channel></rss>"""


def rss(*numbers: int, head: str = "") -> str:
    items = "".join(
        f"<item><title>post {n}</title><guid>http://ORIGIN/{n}</guid>"
        f"<link>http://ORIGIN/{n}</link>"
        f"<pubDate>{n % 28 + 1:02} Jan {2000 + n // 28} 10:00:00 GMT</pubDate></item>"
        for n in numbers
    )
    return RSS.format(items=head + items)


class Hunch:
    """The command with a configuration of its own."""

    def __init__(self, origin, store, folder: Path, url: str) -> None:
        self.origin = origin
        self.store = store
        self.path = folder / "hunch.toml"
        self.url = url
        self.path.write_text(
            f'[site]\nid = "{store.keys.site}"\ntitle = "Me"\n\n'
            '[fetch]\nallow_networks = ["127.0.0.0/8"]\n'
        )

    def follow(self, slug: str, path: str) -> None:
        with self.path.open("a") as file:
            file.write(
                f'\n[[source]]\nslug = "{slug}"\nurl = "{self.origin.base}{path}"\n'
            )

    @property
    def options(self) -> list[str]:
        return ["--config", str(self.path), "--store", self.url]

    def __call__(self, *arguments: str) -> int:
        command, *rest = arguments
        return main([command, *self.options, *rest])


@pytest.fixture
def hunch(origin, store, store_process, tmp_path, monkeypatch):
    for name in ("HUNCH_CONFIG", "HUNCH_STORE", "HUNCH_MEDIA"):
        monkeypatch.delenv(name, raising=False)
    return Hunch(origin, store, tmp_path, store_process.url)


def until(condition, seconds: float = 15.0):
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        with contextlib.suppress(StoreError):
            if found := condition():
                return found
        time.sleep(0.05)
    pytest.fail("it did not happen in time")


# --- one command after the other


def test_sync_query_sources_and_export(hunch, origin, capsys):
    origin.put("/f", rss(1, 2, 3))
    hunch.follow("blog", "/f")
    hunch.follow("lost", "/none")
    assert hunch("sync", "--once") == 1
    out = capsys.readouterr().out
    assert "blog: 3 new" in out
    assert "lost: 127.0.0.1 has nothing at this address (404)." in out
    assert hunch("sync", "blog") == 0
    assert "nothing new" in capsys.readouterr().out
    assert hunch("query", "source:blog", "--limit", "2") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[-1] for line in lines] == ["3", "2"]
    assert hunch("query", "--json") == 0
    items = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [i["title"] for i in items] == ["post 3", "post 2", "post 1"]
    assert hunch("explain", "source:blog", "--json") == 0
    assert json.loads(capsys.readouterr().out)["total"] == 3
    assert hunch("sources") == 0
    assert "404" in capsys.readouterr().out
    assert hunch("sources", "--json") == 0
    states = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [s["slug"] for s in states] == ["blog", "lost"]
    assert hunch("export", "--quiet") == 0
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_wrong_use_has_its_own_exit_code(hunch, capsys, tmp_path):
    assert hunch("sync", "nosuch") == 1
    assert "no source called" in capsys.readouterr().err
    assert hunch("query", "colour:blue") == 2
    hunch.path.write_text(hunch.path.read_text() + "\n[fetch2]\nx = 1\n")
    assert hunch("check") == 2
    error = capsys.readouterr().err
    assert f"{hunch.path}:" in error
    assert "fetch2" in error
    missing = str(tmp_path / "none.toml")
    assert main(["check", "--config", missing]) == 2
    with pytest.raises(SystemExit) as left:
        main(["--nosuch"])
    assert left.value.code == 2


def test_check_looks_at_the_configuration_and_the_store(hunch, capsys, tmp_path):
    hunch.follow("blog", "/f")
    assert hunch("check", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["sources"] == ["blog"]
    assert found["store"] == "fine"
    assert hunch("check", "--alive") == 1
    hunch.store.beat(dt.datetime.now(dt.UTC))
    assert hunch("check", "--alive") == 0
    probe = [sys.executable, "-m", "hunch_aggregator.health"]
    names = {"HUNCH_CONFIG": str(hunch.path), "HUNCH_STORE": hunch.url}
    assert subprocess.run(probe, env={**os.environ, **names}).returncode == 0
    nowhere = f"unix://{tmp_path}/none.sock"
    assert main(["check", "--config", str(hunch.path), "--store", nowhere]) == 3
    assert main(["sync", "--config", str(hunch.path), "--store", nowhere]) == 3


def test_add_finds_the_feed_and_keeps_the_rest_of_the_file(hunch, origin, capsys):
    origin.put(
        "/blog",
        '<html><link rel="alternate" type="application/rss+xml" href="/f">',
        "text/html",
    )
    origin.put("/f", rss(1, 2))
    hunch.path.write_text("# my own words\n" + hunch.path.read_text())
    hunch.path.chmod(0o640)
    url = origin.base + "/blog"
    assert hunch("add", url, "--slug", "mine", "--tag", "garden", "--dry-run") == 0
    assert not load(hunch.path, {}).sources
    assert hunch("add", url, "--slug", "mine", "--tag", "garden") == 0
    out = capsys.readouterr().out
    assert "Found “Blog”: 2 entries" in out
    (source,) = load(hunch.path, {}).sources
    assert (source.slug, source.url, source.tags) == ("mine", url, ("garden",))
    assert hunch.path.read_text().startswith("# my own words\n")
    assert hunch.path.stat().st_mode & 0o777 == 0o640
    assert hunch("add", url) == 1
    assert "followed already" in capsys.readouterr().err
    origin.put("/page", "<html><p>no feed</p></html>", "text/html")
    assert hunch("add", origin.base + "/page") == 1
    assert "names no feed" in capsys.readouterr().err
    assert hunch("add", "not an address") == 1
    assert len(load(hunch.path, {}).sources) == 1


def test_import_takes_what_an_opml_names(hunch, capsys, tmp_path):
    hunch.path.write_text(
        hunch.path.read_text() + '\n[[source]]\nurl = "https://a.example/feed"\n'
    )
    opml = tmp_path / "list.opml"
    opml.write_text(
        """<?xml version="1.0"?><opml version="2.0"><head><title>x</title></head><body>
        <outline text="Blogs"><outline text="A" xmlUrl="https://a.example/feed"/>
        <outline text="B &quot;b&quot;" type="rss" xmlUrl="https://b.example/feed" category="/x/Y"/></outline>
        <outline text="B too" xmlUrl="https://b.example/other"/>
        <outline text="bad" xmlUrl="javascript:alert(1)"/></body></opml>"""
    )
    assert hunch("import", str(opml), "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found == {"added": ["b", "b-2"], "skipped": 2}
    sources = {s.slug: s for s in load(hunch.path, {}).sources}
    assert sources["b"].title == 'B "b"'
    assert sources["b"].tags == ("blogs", "x", "y")
    for bad in (
        "<html/>",
        "<opml><unclosed>",
        "",
        '<!DOCTYPE o [<!ENTITY a "b">]><opml><body/></opml>',
    ):
        opml.write_text(bad)
        assert hunch("import", str(opml)) == 1
    assert hunch("import", str(tmp_path / "none")) == 1


def test_forget_takes_what_is_no_longer_followed_out_of_sight(
    hunch, origin, store, capsys
):
    origin.put("/f", rss(1, 2, 3))
    origin.put("/g", rss(4))
    before = hunch.path.read_text()
    hunch.follow("old", "/f")
    followed = hunch.path.read_text()
    hunch.path.write_text(before)
    hunch.follow("new", "/g")
    now = hunch.path.read_text()
    hunch.path.write_text(followed)
    assert hunch("sync") == 0
    assert hunch("forget", "old") == 1
    hunch.path.write_text(now)
    assert hunch("sync") == 0
    assert store.count(parse("")) == 4
    assert hunch("forget", "nosuch") == 1
    assert hunch("forget", "old") == 0
    assert "3 items" in capsys.readouterr().out
    assert store.count(parse("")) == 1
    hunch.path.write_text(followed)
    assert hunch("sync") == 0
    assert store.count(parse("source:old")) == 3


# --- older pages


def test_backfill_follows_the_archive_to_its_end(hunch, origin, store, capsys):
    link = '<atom:link xmlns:atom="http://www.w3.org/2005/Atom" rel="prev-archive" href="http://ORIGIN/{}"/>'
    origin.put("/f", rss(9, 8, head=link.format("p2")))
    origin.put("/p2", rss(8, 7, head=link.format("p3")))
    origin.put("/p3", rss(6, head=link.format("f")))
    hunch.follow("blog", "/f")
    assert hunch("backfill", "blog", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {
        "slug": "blog", "added": 2, "complete": True,
    }  # fmt: skip
    assert store.count(parse("source:blog")) == 4
    version = store.version()
    assert hunch("backfill", "blog") == 0
    assert hunch("sync") == 0
    assert store.version() == version
    assert store.source("blog").items == 4


def test_backfill_counts_the_pages_of_wordpress(hunch, origin, store):
    generator = "<generator>https://wordpress.org/?v=6</generator>"
    origin.put("/feed", rss(9, 8, head=generator))
    origin.put("/feed?paged=2", rss(7, 6, head=generator))
    origin.put("/feed?paged=3", "", status=404)
    origin.put("/feed?paged=1", "", status=404)
    hunch.follow("blog", "/feed")
    assert hunch("backfill", "blog") == 0
    assert store.count(parse("source:blog")) == 4
    assert [path for path, _h in origin.requests][-1] == "/feed?paged=3"


def test_backfill_pages_through_statuses(hunch, origin, store):
    def page(*ids: int) -> str:
        account = {"id": "1", "acct": "me", "url": "http://ORIGIN/@me"}
        return json.dumps(
            [
                {
                    "id": str(n),
                    "uri": f"http://ORIGIN/s/{n}",
                    "url": f"http://ORIGIN/s/{n}",
                    "created_at": f"2026-01-{n:02}T00:00:00Z",
                    "content": f"<p>toot number {n}</p>",
                    "account": account,
                }
                for n in ids
            ]
        )

    path = "/api/v1/accounts/1/statuses"
    origin.put(path, page(9, 8, 7))
    origin.put(f"{path}?max_id=7", page(6, 5))
    origin.put(f"{path}?max_id=5", "[]")
    hunch.follow("toots", path)
    assert hunch("backfill", "toots") == 0
    assert store.count(parse("source:toots")) == 5


# --- the long run


class Running:
    """`hunch run` as its own process."""

    def __init__(self, hunch: Hunch, url: str = "") -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "hunch_aggregator", "run",
             "--config", str(hunch.path), "--store", url or hunch.url],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={k: v for k, v in os.environ.items() if not k.startswith("HUNCH_")},
        )  # fmt: skip

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        self.process.send_signal(number)
        out, _err = self.process.communicate(timeout=20)
        return self.process.returncode, out


@pytest.fixture
def run(hunch):
    started: list[Running] = []

    def start(url: str = "") -> Running:
        started.append(Running(hunch, url))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
        one.process.communicate()


def test_run_fetches_what_is_due_and_ends_on_a_signal(hunch, run, origin, store):
    origin.put("/f", rss(1))
    hunch.follow("blog", "/f")
    running = run()
    until(lambda: store.count(parse("")) == 1)
    assert store.heartbeat() is not None
    origin.put("/f", rss(2, 1))
    store.wake("blog", dt.datetime.now(dt.UTC))
    until(lambda: store.count(parse("")) == 2)
    code, out = running.stop()
    assert code == 0
    assert "blog: 1 new" in out
    assert "stopped" in out


def test_run_takes_up_a_changed_configuration(hunch, run, origin, store):
    origin.put("/f", rss(1))
    origin.put("/g", rss(2))
    hunch.follow("one", "/f")
    running = run()
    until(lambda: store.count(parse("")) == 1)
    whole = hunch.path.read_text()
    hunch.path.write_text(whole + "\n[nonsense]\n")
    time.sleep(1.5)
    hunch.path.write_text(whole)
    hunch.follow("two", "/g")
    until(lambda: store.count(parse("")) == 2)
    code, out = running.stop(signal.SIGINT)
    assert code == 0
    assert "nonsense" in out


def test_a_slow_source_holds_up_neither_the_others_nor_the_end(
    hunch, run, origin, store
):
    release = threading.Event()

    def slow(h):
        h.connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        release.wait(40)

    origin.serve("/slow", slow)
    # the same machine by another name, so that the host's queue is another one
    other = origin.base.replace("127.0.0.1", "localhost")
    origin.put("/f", rss(1))
    hunch.follow("slow", "/slow")
    hunch.path.write_text(
        hunch.path.read_text() + f'\n[[source]]\nslug = "fast"\nurl = "{other}/f"\n'
    )
    running = run()
    until(lambda: store.count(parse("")) == 1)
    started = time.monotonic()
    code, _out = running.stop()
    release.set()
    assert code == 0
    assert time.monotonic() - started < 10


def test_many_sources_of_one_host_follow_each_other_at_once(hunch, run, origin, store):
    for n in range(30):
        origin.put(f"/f{n}", rss(n))
        hunch.follow(f"s{n}", f"/f{n}")
    run()
    until(lambda: store.count(parse("")) > 0)
    started = time.monotonic()
    until(lambda: store.count(parse("")) == 30)
    # two at a time, a round each second, would take fifteen
    assert time.monotonic() - started < 10


def test_run_survives_the_store_going_away(hunch, origin, run, lone_store):
    origin.put("/f", rss(1))
    hunch.follow("blog", "/f")
    running = run(lone_store.url)
    time.sleep(0.5)
    lone_store.start()
    store = Store.connect(lone_store.url, hunch.store.keys.site)
    until(lambda: store.count(parse("")) == 1)
    lone_store.stop()
    time.sleep(1.2)
    assert running.process.poll() is None
    lone_store.start()
    origin.put("/f", rss(2, 1))
    until(lambda: store.wake("blog", dt.datetime.now(dt.UTC)) or True)
    until(lambda: store.count(parse("")) == 2)
    code, out = running.stop()
    store.close()
    assert code == 0
    assert out.count("waiting for it") == 2
