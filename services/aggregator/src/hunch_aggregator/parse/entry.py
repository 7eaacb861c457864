"""What parsing brings: the same shape whatever the format was.

These values cross the pipe from the parsing process, so they are plain records. All of
it is already harmless: texts are plain, HTML is cleaned, addresses are http or https.
"""

from __future__ import annotations

import datetime as dt

import msgspec


class ParsedMedia(msgspec.Struct, frozen=True, omit_defaults=True):
    """A picture, film or sound an entry names. Fields as in the stream's `Media`."""

    url: str
    type: str = ""
    alt: str = ""
    width: int = 0
    height: int = 0
    thumbnail: str = ""
    duration_s: int = 0
    size_bytes: int = 0

    @property
    def is_picture(self) -> bool:
        """Whether it can be shown as a picture."""
        return self.type.startswith("image/")


class ParsedEntry(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One entry of a document.

    Attributes:
        guid: What the source calls it; never empty.
        kind: Item type, if the entry itself tells; empty to use the service's.
        published: None if the source gives no date that means anything.
        gone: The document says that the entry was deleted.
        canonical: Where it was published first, if it says so.
    """

    guid: str
    url: str = ""
    title: str = ""
    summary: str = ""
    content_html: str = ""
    tags: tuple[str, ...] = ()
    published: dt.datetime | None = None
    updated: dt.datetime | None = None
    author: str = ""
    media: tuple[ParsedMedia, ...] = ()
    syndication: tuple[str, ...] = ()
    canonical: str = ""
    in_reply_to: str = ""
    language: str = ""
    kind: str = ""
    rating: float = 0.0
    gone: bool = False


class ParsedFeed(
    msgspec.Struct,
    frozen=True,
    omit_defaults=True,
    kw_only=True,
    tag=True,
    tag_field="is",
):
    """A document read to the end.

    Attributes:
        format: `feed`, `jsonfeed`, `mastodon`, `bluesky`, `hfeed`, `wordpress`.
        service: As the document betrays it (generator, name spaces); may be empty.
        ttl_s: How long the document asks to be left alone, 0 if silent.
        hub: WebSub hub.
        topic: The feed's own name for itself (rel=self).
        older: Address of the page with older entries, if the document names one.
        complete: The document says that it holds every entry there is (RFC 5005 2).
        note: What was wrong with it though it could be read; plain words.
    """

    format: str
    title: str = ""
    home: str = ""
    service: str = ""
    entries: tuple[ParsedEntry, ...] = ()
    ttl_s: float = 0.0
    hub: str = ""
    topic: str = ""
    older: str = ""
    complete: bool = False
    note: str = ""


class Links(msgspec.Struct, frozen=True, tag=True, tag_field="is"):
    """The document is no feed but says where feeds are, best first."""

    urls: tuple[str, ...]


class Unreadable(msgspec.Struct, frozen=True, tag=True, tag_field="is"):
    """The document is nothing that can be read; with reason and remedy."""

    reason: str
    remedy: str = ""


Parsed = ParsedFeed | Links | Unreadable


class DocumentJob(msgspec.Struct, frozen=True, tag=True, tag_field="is"):
    """Work for the parsing process: a document.

    Attributes:
        url: Where it finally came from; base of relative addresses.
        content_type: As sent.
        link: The Link header.
        body: Decoded bytes.
    """

    url: str
    body: bytes
    content_type: str = ""
    link: str = ""


class PictureJob(msgspec.Struct, frozen=True, tag=True, tag_field="is"):
    """Work for the parsing process: measure a picture."""

    body: bytes


class Picture(msgspec.Struct, frozen=True, tag=True, tag_field="is"):
    """A picture that is one."""

    extension: str
    type: str
    width: int
    height: int


Job = DocumentJob | PictureJob
Answer = ParsedFeed | Links | Unreadable | Picture
