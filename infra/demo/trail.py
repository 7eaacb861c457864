"""Reads the trail: what Ines published, as blocks of plain text (see places/README.md)."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import pathlib
import re

FOLDER = pathlib.Path(__file__).parent / "places"

_HEAD = re.compile(r"(\d+) (\d\d):(\d\d) (.*)")
_KEY = re.compile(r"([a-z]+): (.*)")
_TAG = re.compile(r"\s+#(\w+)")
_KEYS = frozenset(
    {"picture", "reply", "cw", "link", "url", "year", "rating", "length", "views"}
    | {"repo", "event"}
)


@dataclasses.dataclass(frozen=True)
class Picture:
    """A picture of a post: the scene to paint, its seed, and what it shows."""

    scene: str
    alt: str

    @property
    def name(self) -> str:
        """File name, the same for the same scene and text."""
        digest = hashlib.sha256(self.alt.encode()).hexdigest()[:10]
        return f"{self.scene}-{digest}.jpg"


@dataclasses.dataclass(frozen=True)
class Post:
    """One post, before any format."""

    place: str
    moment: dt.datetime
    title: str
    tags: tuple[str, ...]
    paragraphs: tuple[str, ...]
    pictures: tuple[Picture, ...]
    fields: dict[str, str]

    @property
    def key(self) -> str:
        """Stable identifier: independent of the day on which the trail is anchored."""
        seed = (
            f"{self.place}\0{self.title}\0{''.join(self.paragraphs)}\0{self.pictures}"
        )
        return hashlib.sha256(seed.encode()).hexdigest()[:12]

    @property
    def number(self) -> int:
        """A decimal identifier, for services that count."""
        return int(self.key, 16)

    @property
    def text(self) -> str:
        """The paragraphs as plain text."""
        return "\n\n".join(re.sub(r"<[^>]+>", " ", p) for p in self.paragraphs)

    @property
    def html(self) -> str:
        """The paragraphs as HTML."""
        return "\n".join(
            p if p.startswith("<") else f"<p>{p}</p>" for p in self.paragraphs
        )

    @property
    def slug(self) -> str:
        """The title as it stands in addresses."""
        return re.sub(r"[^a-z0-9]+", "-", self.title.lower()).strip("-") or self.key


def read(place: str, today: dt.date) -> list[Post]:
    """Return the posts of one place, newest first."""
    text = (FOLDER / f"{place}.txt").read_text(encoding="utf-8")
    blocks = [block.splitlines() for block in text.split("\n\n") if block.strip()]
    posts = [_post(place, lines, today) for lines in blocks]
    return sorted(posts, key=lambda post: post.moment, reverse=True)


def _post(place: str, lines: list[str], today: dt.date) -> Post:
    head = _HEAD.match(lines[0])
    if head is None:
        raise ValueError(f"{place}: no post begins like this: {lines[0]!r}")
    ago, hour, minute, rest = head.groups()
    day = today - dt.timedelta(days=int(ago))
    # Seconds from the text, so that posts don't all fall on the full minute.
    second = (
        int(hashlib.sha256(rest.encode() + lines[-1].encode()).hexdigest(), 16) % 60
    )
    moment = dt.datetime(
        day.year, day.month, day.day, int(hour), int(minute), second, tzinfo=dt.UTC
    )
    tags = tuple(_TAG.findall(" " + rest))
    title = _TAG.sub("", " " + rest).strip()
    fields: dict[str, str] = {}
    pictures: list[Picture] = []
    paragraphs: list[str] = []
    for line in lines[1:]:
        match = _KEY.match(line)
        if match is None or match.group(1) not in _KEYS:
            paragraphs.append(line)
        elif match.group(1) == "picture":
            scene, _, alt = match.group(2).partition(" ")
            pictures.append(Picture(scene, alt))
        else:
            fields[match.group(1)] = match.group(2)
    return Post(
        place, moment, "" if title == "-" else title, tags,
        tuple(paragraphs), tuple(pictures), fields,
    )  # fmt: skip
