"""The item: what the stream keeps of one thing that a person published."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import Literal

import msgspec

from hunch_stream.markup import plain_text

ItemType = Literal[
    "text",
    "note",
    "picture",
    "video",
    "sound",
    "link",
    "code",
    "recommendation",
    "place",
    "event",
]
TYPES: tuple[str, ...] = (
    "text",
    "note",
    "picture",
    "video",
    "sound",
    "link",
    "code",
    "recommendation",
    "place",
    "event",
)
State = Literal["live", "edited", "gone"]

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class Media(msgspec.Struct, frozen=True, omit_defaults=True):
    """A picture, film or sound that belongs to an item.

    Attributes:
        url: Where the source publishes it.
        type: Media type, such as `image/jpeg`; empty if the source does not say.
        alt: What it shows, in the author's words.
        width: In pixels, 0 if unknown.
        height: In pixels, 0 if unknown.
        thumbnail: Address of a smaller picture of it at the source.
        path: Our own copy, relative to the media folder (`ab/ab12….jpg`), or empty.
        duration_s: Length of a film or sound in seconds, 0 if unknown.
        size_bytes: As the source declares it, 0 if unknown.
    """

    url: str
    type: str = ""
    alt: str = ""
    width: int = 0
    height: int = 0
    thumbnail: str = ""
    path: str = ""
    duration_s: int = 0
    size_bytes: int = 0


class Item(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One thing that was published, cleaned and ready to be shown.

    Texts (`title`, `summary`, `author`, tags) are plain text, never markup.
    `content_html` has been through the allow-list sanitiser. Every address is
    http or https. Times are aware and in UTC. `same_as` is the id of the item that
    this one repeats in another place; such an item is kept, but shown as part of it.
    `rating` goes from 0 (none) to 5.
    """

    id: str
    source: str
    service: str
    type: ItemType
    guid: str
    first_seen: dt.datetime
    published: dt.datetime | None = None
    updated: dt.datetime | None = None
    url: str = ""
    title: str = ""
    summary: str = ""
    content_html: str = ""
    tags: tuple[str, ...] = ()
    author: str = ""
    media: tuple[Media, ...] = ()
    syndication: tuple[str, ...] = ()
    in_reply_to: str = ""
    language: str = ""
    rating: float = 0.0
    state: State = "live"
    same_as: str = ""

    @property
    def effective(self) -> dt.datetime:
        """When the item counts as published; see `effective_time`."""
        return effective_time(self.published, self.first_seen)

    @property
    def position(self) -> int:
        """Where the item stands in the stream; see `position`."""
        return position(self.id, self.effective)

    @property
    def text(self) -> str:
        """What a search for words looks at: plain text, without markup."""
        body = plain_text(self.content_html) or self.summary
        parts = (self.title, body, *(m.alt for m in self.media))
        return "\n".join(part for part in parts if part)

    @property
    def visible(self) -> bool:
        """Whether readers see it as an item of its own."""
        return self.state != "gone" and not self.same_as


def item_id(source: str, guid: str) -> str:
    """Return the stable id of an entry: 20 hex digits derived from source and guid.

    80 bits: with a million items, the chance that any two collide is below 1e-12.
    """
    seed = f"{source}\0{guid}".encode("utf-8", "surrogatepass")
    return hashlib.sha256(seed).hexdigest()[:20]


def effective_time(
    published: dt.datetime | None, first_seen: dt.datetime
) -> dt.datetime:
    """Return the time by which an item is ordered.

    A post dated in the future, or not dated at all, stands where we first saw it;
    otherwise where its source says. Edits never move it, since neither time changes.
    """
    if published is None or published > first_seen:
        return first_seen
    return published


def position(item_id: str, effective: dt.datetime) -> int:
    """Return the item's place in the stream: microseconds since 1970, made unique.

    Sources date posts to the second at best, so many items would share a place and a
    page that ends between them could lose one. The digits below the second are
    therefore filled from the id where the time has none. The number stays below
    2**53, so that a store which keeps numbers as doubles keeps it exactly.
    """
    micros = (effective - _EPOCH) // dt.timedelta(microseconds=1)
    if micros % 1_000_000 == 0:
        micros += (
            int.from_bytes(hashlib.sha256(item_id.encode()).digest()[:8]) % 1_000_000
        )
    return micros


def position_floor(moment: dt.datetime) -> int:
    """Return the first position that a moment can have, for ranges of time."""
    return (moment - _EPOCH) // dt.timedelta(microseconds=1)


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Item)


def encode(item: Item) -> bytes:
    """Return the item as JSON, as it is stored."""
    return _encoder.encode(item)


def decode(raw: bytes) -> Item:
    """Read an item back from its stored JSON.

    Raises:
        msgspec.ValidationError: If it is no item of this version.
    """
    return _decoder.decode(raw)
