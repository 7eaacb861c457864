"""The store away: stopped, frozen, back again. Readers still get their pages."""

import contextlib
import os
import shutil
import signal
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hunch_stream.store import Store, StoreUnavailable
from hunch_web.copy import Copy
from hunch_web.drawer import Drawer
from hunch_web.reading import Reading
from hunch_web.shelf import Shelf
from smisk.test import Client


def until(condition: Callable[[], bool], seconds: float = 15) -> None:
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.05)


def test_stopped_store_leaves_known_pages_with_their_age(
    own_store: Any, make_site: Any
) -> None:
    client = Client(make_site(own_store))
    fresh = client.get("/")
    assert "Age" not in fresh.headers
    feed = client.get("/feed.atom")
    client.get("/sources")
    own_store.stop()
    stale = client.get("/")
    assert stale.status == 200
    assert int(stale.headers["Age"]) >= 0
    assert stale.headers["Warning"].startswith("110")
    assert 'class="banner" role="status">This page was made' in stale.text
    assert "The hour before snow" in stale.text
    assert stale.headers["Content-Security-Policy"]
    assert client.get("/feed.atom").body == feed.body
    assert "cannot be read right now" in client.get("/sources").text
    unseen = client.get("/tags/autumn")
    assert unseen.status == 503
    assert int(unseen.headers["Retry-After"]) > 0
    assert "Back in a moment" in unseen.text
    assert client.get("/readyz").status == 503
    assert client.get("/healthz").status == 200
    own_store.start()
    until(lambda: client.get("/tags/autumn").status == 200, 5)
    again = client.get("/")
    assert "Age" not in again.headers
    assert 'class="banner"' not in again.text


def test_every_worker_has_the_page_that_one_has_made(
    own_store: Any, make_site: Any
) -> None:
    first, second = Client(make_site(own_store)), Client(make_site(own_store))
    first.get("/tags/autumn")
    own_store.stop()
    stale = second.get("/tags/autumn")
    assert stale.status == 200
    assert "Age" in stale.headers


def test_frozen_store_costs_few_readers_a_wait(own_store: Any, make_site: Any) -> None:
    client = Client(make_site(own_store))
    client.get("/")
    own_store.signal(signal.SIGSTOP)
    try:
        waits = []
        for _ in range(40):
            started = time.monotonic()
            assert client.get("/").status == 200
            waits.append(time.monotonic() - started)
    finally:
        own_store.signal(signal.SIGCONT)
    # The first one pays the time-out (0.8 s); who comes right after it pays nothing.
    assert max(waits) < 2
    assert sorted(waits)[35] < 0.1
    until(lambda: "Age" not in client.get("/").headers, 5)


class SlowWay:
    """A way to the store on which every answer takes its time."""

    def __init__(self, target: str, listen: Path, delay_s: float) -> None:
        self._target = target
        self._delay_s = delay_s
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(listen))
        self._listener.listen()
        self._open: list[socket.socket] = [self._listener]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.socket(socket.AF_UNIX)
                far.connect(self._target)
                self._open += [near, far]
                for pair, delay_s in (((near, far), 0.0), ((far, near), self._delay_s)):
                    work = threading.Thread(
                        target=self._carry, args=(*pair, delay_s), daemon=True
                    )
                    work.start()

    def _carry(self, come: socket.socket, go: socket.socket, delay_s: float) -> None:
        with contextlib.suppress(OSError):
            while raw := come.recv(65536):
                time.sleep(delay_s)
                go.sendall(raw)

    def close(self) -> None:
        for one in self._open:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


def test_slow_store_slows_few_readers(
    filled_store: Any, make_site: Any, tmp_path: Path
) -> None:
    class Slow:
        def environ(self) -> dict[str, str]:
            return {
                **filled_store.environ(),
                "HUNCH_STORE": f"unix://{tmp_path / 'slow.sock'}",
                "HUNCH_COPIES": str(tmp_path / "copies"),
            }

    way = SlowWay(str(filled_store.socket), tmp_path / "slow.sock", 0.3)
    try:
        site = make_site(Slow())
        client = Client(site)
        key = ("/", "before=", "text/html")
        moment = site.now().timestamp()
        site.shelf.put(key, Copy("old", "text/html", b"<p>kept</p>", moment))
        waits = []
        for _ in range(60):
            started = time.monotonic()
            assert client.get("/", accept="text/html").status == 200
            waits.append(time.monotonic() - started)
        assert sum(wait > 0.25 for wait in waits) <= 4
        # What there is no copy of is still found, if slowly.
        assert client.get("/tags/autumn").status == 200
        site.store.close()
    finally:
        way.close()


def test_restarted_store_is_not_noticed(own_store: Any, make_site: Any) -> None:
    client = Client(make_site(own_store))
    before = client.get("/")
    own_store.stop()
    own_store.start()
    after = client.get("/")
    assert (after.status, "Age" in after.headers) == (200, False)
    assert after.headers["ETag"] == before.headers["ETag"]


def test_commit_changes_the_page_and_its_tag(own_store: Any, make_site: Any) -> None:
    import datetime as dt

    from hunch_stream.item import Item
    from hunch_stream.source import SourceState
    from hunch_stream.store import Change, Commit

    site = make_site(own_store)
    client = Client(site)
    before = client.get("/")
    kept = client.get("/", headers={"If-None-Match": before.headers["ETag"]})
    assert kept.status == 304
    moment = site.now() - dt.timedelta(minutes=3)
    item = Item(
        id="f" * 20,
        source="notes",
        service="hfeed",
        type="text",
        guid="x",
        first_seen=moment,
        title="Brand new",
    )
    state = SourceState(slug="notes", service="hfeed", title="Workshop notes")
    writer = own_store.client()
    writer.commit(Commit(state, [Change(None, item, "f")]))
    writer.follow(["notes", "mastodon"], moment)
    writer.close()
    after = client.get("/", headers={"If-None-Match": before.headers["ETag"]})
    assert after.status == 200
    assert "Brand new" in after.text
    assert "Workshop notes" in after.text


def test_gone_and_merged_items(own_store: Any, make_site: Any) -> None:
    import msgspec

    from hunch_stream.source import SourceState
    from hunch_stream.store import Change, Commit

    site = make_site(own_store)
    client = Client(site)
    writer = own_store.client()
    first, second, *_ = client.get("/feed.json").json()["items"]
    ids = [one["id"].rpartition("/")[2] for one in (first, second)]
    items = writer.items(ids)
    gone = msgspec.structs.replace(items[ids[0]], state="gone")
    merged = msgspec.structs.replace(items[ids[1]], same_as="e" * 20)
    changes = [Change(items[one.id], one, "f") for one in (gone, merged)]
    writer.commit(Commit(SourceState(slug="mastodon"), changes))
    writer.close()
    reply = client.get(f"/item/{ids[0]}")
    assert reply.status == 410
    assert "First snow" not in reply.text
    moved = client.get(f"/item/{ids[1]}")
    assert moved.status == 301
    assert moved.headers["Location"].endswith(f"/item/{'e' * 20}")
    listed = [one["id"] for one in client.get("/feed.json").json()["items"]]
    assert first["id"] not in listed
    assert second["id"] not in listed


class TestReading:
    def test_nobody_asks_for_a_while_after_a_failure(self) -> None:
        now = [100.0]
        asked = []

        def fail(store: Store) -> int:
            asked.append(store)
            now[0] += 0.4
            raise StoreUnavailable

        store = Store.connect("unix:///nowhere.sock", "ada")
        reading = Reading(store, {}, clock=lambda: now[0])
        for _ in range(5):
            with pytest.raises(StoreUnavailable):
                reading.ask(fail)
        assert len(asked) == 1
        for pause, times in ((1.1, 2), (1.1, 2), (1.1, 3), (3.1, 4), (3.1, 5)):
            now[0] += pause
            with pytest.raises(StoreUnavailable):
                reading.ask(fail)
            assert len(asked) == times
        now[0] += 3.1
        assert reading.ask(lambda _: "answer") == "answer"
        assert reading.ask(lambda _: "answer") == "answer"

    def test_two_slow_answers_in_a_row_make_copies_preferred(self) -> None:
        now = [100.0]

        def answer_in(seconds: float) -> None:
            def question(_: Store) -> None:
                now[0] += seconds

            reading.ask(question)

        store = Store.connect("unix:///nowhere.sock", "ada")
        reading = Reading(store, {}, clock=lambda: now[0])
        for seconds, is_slow in (
            (0.5, False),
            (0.01, False),
            (0.5, False),
            (0.5, True),
        ):
            answer_in(seconds)
            assert reading.is_slow == is_slow
        now[0] += 2.1
        assert not reading.is_slow
        answer_in(0.5)
        assert reading.is_slow
        now[0] += 2.1
        answer_in(0.01)
        answer_in(0.5)
        assert not reading.is_slow

    def test_fast_refusal_is_tried_once_more(self) -> None:
        asked = []

        def fail_once(store: Store) -> str:
            asked.append(store)
            if len(asked) == 1:
                raise StoreUnavailable
            return "answer"

        store = Store.connect("unix:///nowhere.sock", "ada")
        assert Reading(store, {}).ask(fail_once) == "answer"


def page(body: bytes = b"x", tag: str = "1", made: float = 0) -> Copy:
    return Copy(tag, "text/html", body, made)


class TestShelf:
    def test_forgets_the_oldest_used(self) -> None:
        shelf = Shelf(copies=2)
        for name in "abc":
            shelf.put((name, "", ""), page(name.encode()))
            shelf.fresh(("a", "", ""), "1")
        assert shelf.latest(("a", "", "")) is not None
        assert shelf.latest(("b", "", "")) is None
        assert len(shelf) == 2

    def test_holds_so_many_bytes(self) -> None:
        shelf = Shelf(size_bytes=8_000)
        for number in range(100):
            shelf.put((str(number), "", ""), page(b"x" * 900))
        assert 0 < shelf.size_bytes <= 8_000
        shelf.put(("big", "", ""), page(b"x" * 2_000))
        assert shelf.latest(("big", "", "")) is None
        shelf.put(("99", "", ""), page(b"y"))
        assert shelf.size_bytes == sum(
            len(c.body) for n in range(100) if (c := shelf.latest((str(n), "", "")))
        )

    def test_one_worker_finds_what_another_made(self, tmp_path: Path) -> None:
        key = ("/tags/ö", "before=1", "text/html")
        ours, theirs = Shelf(Drawer(tmp_path)), Shelf(Drawer(tmp_path))
        ours.put(key, page(b"old", "1", 100))
        theirs.put(key, page(b"new", "2", 200))
        assert ours.fresh(key, "3") is None
        newest = ours.latest(key)
        assert newest is not None
        assert (newest.body, newest.made) == (b"new", 200)
        found = ours.fresh(key, "2")
        assert found is not None
        assert found.body == b"new"
        assert ours.fresh(("/other", "", ""), "2") is None

    def test_drawer_is_bounded_and_survives_damage(self, tmp_path: Path) -> None:
        drawer = Drawer(tmp_path, places=4)
        for number in range(50):
            drawer.put((str(number), "", ""), page(b"x" * 100))
        assert len(list(tmp_path.iterdir())) == 4
        for file in tmp_path.iterdir():
            file.write_bytes(file.read_bytes()[:-3])
        assert all(drawer.get((str(n), "", "")) is None for n in range(50))
        drawer.put(("big", "", ""), page(os.urandom(300_000)))
        assert drawer.get(("big", "", "")) is None
        shutil.rmtree(tmp_path)
        drawer.put(("a", "", ""), page())
        assert drawer.get(("a", "", "")) is None
