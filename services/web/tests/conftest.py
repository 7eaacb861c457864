"""A small made-up life, a real store process, and the site in front of it."""

import datetime as dt
import gc
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hunch_stream.item import Item, Media, item_id
from hunch_stream.source import SourceState
from hunch_stream.store import Change, Commit, Store, StoreError
from hunch_web.app import Site
from hunch_web.settings import Settings
from smisk.test import Client

NOW = dt.datetime(2026, 11, 22, 20, 40, tzinfo=dt.UTC)
CONFIG = """
[site]
id = "ada"
title = "Ada’s stream"
url = "https://ada.example/"
language = "en"
time_zone = "Europe/Stockholm"
[site.author]
name = "Ada Wester"
about = "I weave cloth and software."
links = ["https://mastodon.example/@ada", "https://github.com/ada"]
[[source]]
url = "https://ada.example/blog/feed"
slug = "blog"
title = "Slow software"
[[source]]
url = "https://mastodon.example/@ada"
slug = "mastodon"
[[source]]
url = "https://flickr.example/ada?token=canary-secret"
slug = "flickr"
"""


def at(day: int, hour: int, minute: int = 0, month: int = 11) -> dt.datetime:
    return dt.datetime(2026, month, day, hour, minute, 7, tzinfo=dt.UTC)


def make_item(source: str, kind: str, when: dt.datetime, **fields: object) -> Item:
    guid = str(fields.pop("guid", "") or fields.get("url") or when)
    values = {
        "id": item_id(source, guid),
        "source": source,
        "service": {"blog": "wordpress"}.get(source, source),
        "type": kind,
        "guid": guid,
        "published": when,
        "first_seen": NOW,
        **fields,
    }
    return Item(**values)  # type: ignore[arg-type]


PICTURE = Media(
    url="https://flickr.example/1.jpg",
    type="image/jpeg",
    alt="Hills <in> evening light",
    width=1600,
    height=1067,
    path="ab/ab12cd34ab12cd34.jpg",
)
EPISODE = Media(
    url="https://threads.example/41.mp3", type="audio/mpeg", duration_s=2832
)


def life() -> list[Item]:
    items = [
        make_item(
            "mastodon",
            "note",
            at(22, 19, 58),
            url="https://mastodon.example/@ada/1",
            content_html='<p>First snow, says <a href="https://x.example/">X</a>.</p>',
            summary="First snow, says X.",
            tags=("göteborg", "snow"),
            syndication=("https://bsky.app/profile/ada/post/1",),
        ),
        make_item(
            "flickr",
            "picture",
            at(22, 15),
            url="https://flickr.example/1",
            title="The hour before snow",
            summary="From the top of the hill.",
            tags=("autumn", "color"),
            media=(PICTURE,),
        ),
        make_item(
            "blog",
            "text",
            at(21, 9),
            url="https://ada.example/blog/slow",
            title="Slow & warm <rooms>",
            summary="Programs I can leave alone. " * 30,
            content_html="<h1>Slow</h1><p>Programs <em>I can leave</em> alone.</p>"
            * 30,
            tags=("software", "black and white"),
            state="edited",
            updated=at(22, 8),
        ),
        make_item(
            "letterboxd",
            "recommendation",
            at(20, 21),
            url="https://letterboxd.com/ada/film/x/",
            title="Past Lives, 2023 - ★★★★½",
            summary="Watched the hands.",
        ),
        make_item(
            "podcast",
            "sound",
            at(20, 6),
            url="https://threads.example/41",
            title="41: The dye book",
            summary="A blue nobody has made since.",
            media=(EPISODE,),
        ),
    ]
    items += [
        make_item(
            "github",
            "code",
            at(19, 10, minute),
            url=f"https://github.com/ada/loom/{minute}",
            title=f"Pushed {minute} commits to ada/loom",
        )
        for minute in range(3)
    ]
    items += [
        make_item(
            "mastodon",
            "note",
            at(1 + n % 25, n % 24, n, month=1 + n % 9),
            guid=f"old-{n}",
            url=f"https://mastodon.example/@ada/old-{n}",
            content_html=f"<p>Old note number {n}.</p>",
            summary=f"Old note number {n}.",
        )
        for n in range(40)
    ]
    return items


def states(items: list[Item]) -> list[SourceState]:
    found = []
    for slug in dict.fromkeys(item.source for item in items):
        failing = slug == "letterboxd"
        found.append(
            SourceState(
                slug=slug,
                service={"blog": "wordpress"}.get(slug, slug),
                title=f"{slug.title()} of Ada",
                config_url=f"https://{slug}.example/feed?token=canary-secret",
                feed_url=f"https://{slug}.example/feed?token=canary-secret",
                home=f"https://{slug}.example/ada",
                health="failing" if failing else "ok",
                reason="the server answered 403" if failing else "",
                remedy="Open the address in a browser" if failing else "",
                failures=4 if failing else 0,
                items=sum(item.source == slug for item in items),
                succeeded=NOW - dt.timedelta(hours=6 if failing else 1),
                changed=NOW - dt.timedelta(hours=9),
                next_due=NOW + dt.timedelta(minutes=23),
                wait_reason="backoff" if failing else "interval",
            )
        )
    return found


# The counters' library opens its files once in a process, so all sites share them.
COUNTERS = tempfile.TemporaryDirectory(prefix="hunch-web-test-")


class KeyValueStore:
    """A store process that a test may stop, freeze and start again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.socket = folder / "kv.sock"
        self.url = f"unix://{self.socket}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "hunch_kvstore", "serve"]
        command += [
            "--data",
            str(self.folder / "data"),
            "--bind",
            f"unix:{self.socket}",
        ]
        log = (self.folder / "kv.log").open("ab")
        with log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        store = self.client()
        until = time.monotonic() + 20
        while True:
            try:
                store.ping()
                break
            except StoreError:
                if time.monotonic() > until or self.process.poll() is not None:
                    pytest.fail((self.folder / "kv.log").read_text())
                time.sleep(0.02)
        store.close()

    def client(self) -> Store:
        zone = Settings.read(self.environ()).config.site.zone
        return Store.connect(self.url, "ada", zone=zone)

    def environ(self) -> dict[str, str]:
        config = self.folder / "hunch.toml"
        config.write_text(CONFIG)
        media = self.folder / "media"
        media.mkdir(exist_ok=True)
        return {
            "HUNCH_STORE": self.url,
            "HUNCH_CONFIG": str(config),
            "HUNCH_MEDIA": str(media),
            "HUNCH_COPIES": str(self.folder / "copies"),
            "PROMETHEUS_MULTIPROC_DIR": COUNTERS.name,
        }

    def signal(self, number: int) -> None:
        assert self.process is not None
        os.kill(self.process.pid, number)

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.signal(signal.SIGCONT)
            self.process.terminate()
            self.process.wait(20)
        self.process = None


def fill(store: Store, items: list[Item]) -> None:
    store.ensure_index()
    for state in states(items):
        own = [item for item in items if item.source == state.slug]
        store.commit(Commit(state, [Change(None, item, "f") for item in own]))
    store.follow([state.slug for state in states(items)], NOW)


def running(kvstore: KeyValueStore) -> Iterator[KeyValueStore]:
    try:
        kvstore.start()
        store = kvstore.client()
        fill(store, life())
        store.close()
        yield kvstore
    finally:
        kvstore.stop()


@pytest.fixture(scope="session", autouse=True)
def _closed_counters() -> Iterator[None]:
    """Close the files of the counters, which their library leaves to the system."""
    yield
    # WHY here: the library looks for its folder when it is first imported.
    from prometheus_client.mmap_dict import MmapedDict

    for one in gc.get_objects():
        if isinstance(one, MmapedDict):
            one.close()
    COUNTERS.cleanup()


@pytest.fixture(scope="session")
def filled_store(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[KeyValueStore]:
    """One store with a life in it, for tests that only read."""
    yield from running(KeyValueStore(tmp_path_factory.mktemp("kv")))


@pytest.fixture(scope="module")
def module_store(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[KeyValueStore]:
    """A store for the tests of one file, which may add to it."""
    yield from running(KeyValueStore(tmp_path_factory.mktemp("kv")))


@pytest.fixture
def own_store(tmp_path: Path) -> Iterator[KeyValueStore]:
    """A store of the test's own, with a life in it."""
    yield from running(KeyValueStore(tmp_path))


MakeSite = Callable[[KeyValueStore], Site]


@pytest.fixture
def make_site() -> Iterator[MakeSite]:
    """Makes sites whose clock stands still."""
    made: list[Site] = []

    def make(kvstore: KeyValueStore) -> Site:
        site = Site(Settings.read(kvstore.environ()))
        site.now = lambda: NOW  # type: ignore[method-assign]
        made.append(site)
        return site

    yield make
    for site in made:
        site.store.close()


@pytest.fixture
def site(filled_store: KeyValueStore, make_site: MakeSite) -> Site:
    return make_site(filled_store)


@pytest.fixture
def client(site: Site) -> Client:
    return Client(site)
