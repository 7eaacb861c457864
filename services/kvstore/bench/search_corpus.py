"""Documents like the items of a site, made up: 2 KB each, of which 600 signs are text.

The words are made of syllables and come as often as words of a language do (Zipf), each
third a stop word, with plural, past and -ing forms. Every document is the same in every
run: it depends on the seed and its number alone.
"""

from __future__ import annotations

import random
from bisect import bisect
from collections.abc import Sequence
from itertools import accumulate

STOP = [
    "the",
    "of",
    "and",
    "to",
    "a",
    "in",
    "is",
    "it",
    "that",
    "was",
    "for",
    "on",
    "are",
    "as",
    "with",
    "at",
    "be",
    "this",
    "by",
    "not",
]
ENDS = ("", "", "", "", "s", "s", "ed", "ing", "er", "ly")
SIZE_BYTES = 2000
WORDS = 60_000
FIRST_US = 1_500_000_000_000_000
STEP_US = 7_000_000
SCHEMA = [
    "source",
    "TAG",
    "service",
    "TAG",
    "type",
    "TAG",
    "tags",
    "TAG",
    "SEPARATOR",
    ",",
    "state",
    "TAG",
    "text",
    "TEXT",
    "published",
    "NUMERIC",
    "SORTABLE",
]
PREFIX = "{site}:item:"
INDEX = "{site}:items"
SERVICES = [
    "mastodon",
    "flickr",
    "github",
    "pinboard",
    "letterboxd",
    "lastfm",
    "web",
    "youtube",
]
TYPES = ["text", "note", "picture", "video", "sound", "link", "code", "recommendation"]
JITTER_US = 6 * 3600 * 1_000_000  # how late an item may be fetched


class Choice:
    """Picks from a row whose first entries come most often."""

    def __init__(self, row: Sequence[str], steepness: float = 1.0) -> None:
        self.row = row
        self.sums = list(accumulate((at + 2.7) ** -steepness for at in range(len(row))))

    def share(self, at: int) -> float:
        """Return how often an entry is picked, of 1."""
        before = self.sums[at - 1] if at else 0.0
        return (self.sums[at] - before) / self.sums[-1]

    def pick(self, r: random.Random) -> str:
        """Return one."""
        return self.row[bisect(self.sums, r.random() * self.sums[-1])]


def _word(r: random.Random) -> str:
    syllables = r.choices((1, 2, 3, 4), (2, 5, 4, 1))[0]
    return "".join(
        r.choice("bcdfghklmnprstvw") + r.choice(("a", "e", "i", "o", "u", "ea", "ou"))
        + r.choice(("", "", "n", "r", "st", "l"))
        for _ in range(syllables)
    )  # fmt: skip


class Corpus:
    """The documents, by number.

    Args:
        order: ``time`` is the order in which a site grows, each item up to six hours
            late; ``random`` is an import in no order at all.
    """

    def __init__(self, count: int, order: str = "time", seed: int = 1) -> None:
        r = random.Random(seed)
        self.count = count
        self.seed = seed
        self.is_random = order == "random"
        words = [_word(r) + r.choice(ENDS) for _ in range(WORDS)]
        self._words = Choice(words, 1.05)
        stop = Choice(STOP)
        scale = self._words.sums[-1] / 2 / stop.sums[-1]  # every third word
        self._all = [*words, *STOP]
        self._sums = [
            *self._words.sums,
            *(self._words.sums[-1] + one * scale for one in stop.sums),
        ]
        self.tags = Choice([f"tag{_word(r)}" for _ in range(300)], 0.9)
        self.sources = Choice([f"source-{at}" for at in range(25)])
        self.services = Choice(SERVICES)
        self._types = Choice(TYPES)

    def text(self, r: random.Random) -> str:
        """Return some 600 signs of text."""
        length = r.randint(300, 900)
        found = r.choices(self._all, cum_weights=self._sums, k=length // 5)
        return " ".join(found)[:length]

    def document(self, number: int) -> list[str]:
        """Return the words of the HSET that writes a document."""
        r = random.Random(self.seed << 32 | number)
        place = r.randrange(self.count) if self.is_random else number
        published = FIRST_US + place * STEP_US - r.randrange(JITTER_US)
        text = self.text(r)
        fields = [
            *("source", self.sources.pick(r), "service", self.services.pick(r)),
            *("type", self._types.pick(r)),
            *("tags", ",".join({self.tags.pick(r) for _ in range(r.randint(1, 5))})),
            *("state", "live" if r.random() < 0.98 else "gone"),
            *("text", text, "published", str(published)),
        ]
        rest = max(0, SIZE_BYTES - len(text) - 200)
        body = f"{r.getrandbits(256):064x}" * (rest // 64 + 1)
        fields += ["json", body[:rest], "fingerprint", f"{r.getrandbits(64):016x}"]
        return ["HSET", f"{PREFIX}{number:08d}", *fields]

    def shares(self) -> list[tuple[str, str, float]]:
        """Return (field, tag, share of the documents that have it)."""
        found = []
        for field, choice in (
            ("source", self.sources),
            ("service", self.services),
            ("type", self._types),
        ):
            found += [(field, tag, choice.share(i)) for i, tag in enumerate(choice.row)]
        for at, tag in enumerate(self.tags.row):
            rest = 1 - self.tags.share(at)
            found.append(("tags", tag, 1 - sum(rest**n for n in range(1, 6)) / 5))
        return found

    def words(self, r: random.Random, count: int) -> list[str]:
        """Return words that documents have."""
        return [self._words.pick(r) for _ in range(count)]
