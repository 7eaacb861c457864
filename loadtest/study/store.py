"""The real store behind the real front page, with a made-up life in it."""

from __future__ import annotations

import datetime as dt
import random
import sys
from collections.abc import Mapping
from pathlib import Path

from hunch_stream.item import Item, ItemType, item_id
from hunch_stream.source import SourceState
from hunch_stream.store import Change, Commit, Store
from study.program import Program, StartError, until

ITEMS = 1000
SITE = "study"
_WORDS = [
    "snow",
    "train",
    "bread",
    "harbour",
    "letter",
    "window",
    "tide",
    "autumn",
    "colour",
    "engine",
    "paper",
    "garden",
    "lamp",
    "river",
    "frost",
    "north",
    "evening",
    "market",
    "bridge",
    "salt",
]
_KINDS: tuple[tuple[str, ItemType], ...] = (
    ("blog", "text"), ("micro", "note"), ("photos", "picture"), ("links", "link"),
)  # fmt: skip
CONFIG = """\
[site]
id = "study"
title = "A life made up"
url = "http://localhost/"
language = "en"
time_zone = "UTC"
[site.author]
name = "Nobody"
[[source]]
slug = "blog"
url = "https://nobody.example/feed"
"""


class SiteStore:
    """A running kvstore that holds a stream.

    Args:
        folder: For its data, socket and the site's configuration.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._url = f"unix://{folder}/kvstore.sock"
        (folder / "copies").mkdir(exist_ok=True)
        (folder / "hunch.toml").write_text(CONFIG)
        self.program = Program(
            "kvstore",
            [sys.executable, "-m", "hunch_kvstore", "serve", "--data",
             str(folder / "data"), "--bind", f"unix:{folder}/kvstore.sock"],
            folder / "kvstore.log",
        )  # fmt: skip
        if not until((folder / "kvstore.sock").exists, 20):
            self.program.stop()
            raise StartError(f"kvstore did not start: {self.program.last_words()}")
        self._fill()

    @property
    def environ(self) -> Mapping[str, str]:
        """What a worker of the site is told."""
        return {
            "HUNCH_STORE": self._url,
            "HUNCH_CONFIG": str(self._folder / "hunch.toml"),
            "HUNCH_COPIES": str(self._folder / "copies"),
        }

    def _fill(self) -> None:
        store = Store.connect(self._url, SITE, zone=dt.UTC, timeout_s=20)
        try:
            store.ensure_index()
            for slug, kind in _KINDS:
                items = [_item(slug, kind, number) for number in range(ITEMS // 4)]
                changes = [Change(None, item, item.id) for item in items]
                state = SourceState(slug=slug, items=len(items), health="ok")
                store.commit(Commit(state, changes))
        finally:
            store.close()


def _item(slug: str, kind: ItemType, number: int) -> Item:
    chance = random.Random(f"{slug} {number}")
    when = dt.datetime(2026, 11, 1, tzinfo=dt.UTC) - dt.timedelta(
        hours=5 * number + chance.random()
    )
    words = " ".join(chance.choices(_WORDS, k=60))
    url = f"https://{slug}.example/{number}"
    return Item(
        id=item_id(slug, url), source=slug, service=slug, type=kind, guid=url, url=url,
        published=when, first_seen=when, title=words[:40], summary=words[:200],
        content_html=f"<p>{words}</p>", tags=tuple(chance.sample(_WORDS, 3)),
    )  # fmt: skip
