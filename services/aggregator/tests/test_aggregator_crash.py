"""The aggregator killed at any moment: every item exactly once, counters right."""

from __future__ import annotations

import collections
import datetime as dt
import json
import os
import random
import signal
import subprocess
import sys
import time

from hunch_stream.query import parse
from hunch_stream.store import Store

PER_SOURCE = 60
SOURCES = 3


def feed(slug: str) -> str:
    base = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    items = [
        {
            "id": f"{slug}-{n}",
            "url": f"http://ORIGIN/{slug}/{n}",
            "title": f"{slug} {n}",
            "content_html": f'<p>text <img src="http://ORIGIN/p/{n % 7}.png"></p>',
            "date_published": (base + dt.timedelta(hours=n)).isoformat(),
            "tags": [f"t{n % 5}"],
        }
        for n in range(PER_SOURCE)
    ]
    return json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": items})


def consistent(store: Store) -> int:
    """Check that counters say what the items say; returns how many items there are."""
    while True:
        # what a killed process had sent already may be carried out while we look
        version = store.version()
        items = [item for item in store.every_item() if item.visible]
        counted, facets = store.days(), store.facets()
        shown = store.page(parse(""), limit=500).items
        if store.version() == version:
            break
    assert counted == dict(collections.Counter(i.effective.date() for i in items))
    tags = collections.Counter(tag for item in items for tag in item.tags)
    assert facets.get("tag", {}) == dict(tags)
    assert len({(i.source, i.guid) for i in items}) == len(items)
    assert {i.id for i in shown} == {i.id for i in items}
    return len(items)


def test_killed_at_any_moment_and_started_again(origin, store, store_process, tmp_path):
    slugs = [f"s{n}" for n in range(SOURCES)]
    config = tmp_path / "hunch.toml"
    text = (
        f'[site]\nid = "{store.keys.site}"\n[fetch]\nallow_networks = ["127.0.0.0/8"]\n'
    )
    for slug in slugs:
        origin.put(f"/{slug}.json", feed(slug), "application/json", validators=False)
        text += f'[[source]]\nslug = "{slug}"\nurl = "{origin.base}/{slug}.json"\n'
    config.write_text(text)
    chance = random.Random(7)

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "hunch_aggregator", "run", "--quiet",
             "--config", str(config), "--store", store_process.url,
             "--media", str(tmp_path / "media")],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "TMPDIR": str(tmp_path)},
        )  # fmt: skip

    for _round in range(4):
        process = start()
        time.sleep(chance.uniform(0.5, 1.3))
        process.send_signal(signal.SIGKILL)
        process.wait()
        store.ensure_index()
        assert consistent(store) % PER_SOURCE == 0
        for slug in slugs:
            store.wake(slug, dt.datetime.now(dt.UTC))
    began = time.time()
    process = start()
    ends = time.monotonic() + 30
    # The sign of life says that it is up: before, a TERM would just end the interpreter.
    while consistent(store) < PER_SOURCE * SOURCES or (store.heartbeat() or 0) < began:
        assert time.monotonic() < ends
        time.sleep(0.05)
    process.terminate()
    assert process.wait(20) == 0
    assert consistent(store) == PER_SOURCE * SOURCES
    assert [store.source(slug).items for slug in slugs] == [PER_SOURCE] * SOURCES
