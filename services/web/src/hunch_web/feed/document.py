"""What a feed says, whatever the format."""

from __future__ import annotations

import dataclasses
import datetime as dt
import html
import re
from collections.abc import Mapping, Sequence

from hunch_stream.item import Item
from hunch_web.view.card import Picture, card, pictures_of
from hunch_web.view.content import clean, safe_address
from hunch_web.view.site import SiteView

# SPEC XML 1.0, 2.2: the characters that no XML document may hold, even escaped.
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NEVER = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@dataclasses.dataclass(frozen=True, slots=True)
class Attachment:
    """A sound or film that belongs to an entry."""

    address: str
    media_type: str
    title: str = ""
    size_bytes: int = 0
    duration_s: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """One item as a subscriber gets it. All addresses are absolute."""

    id: str
    address: str
    original: str
    title: str
    name: str
    summary: str
    html: str
    published: dt.datetime
    updated: dt.datetime
    author: str
    language: str
    image: str
    tags: tuple[str, ...]
    attachments: tuple[Attachment, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Document:
    """A feed.

    Attributes:
        home: The page that shows the same items.
        own: Address of the feed itself, without extension.
        query: The canonical query, empty for the whole stream.
        cursor: Where older items begin; None on the last page.
    """

    site: SiteView
    title: str
    home: str
    own: str
    query: str
    photo: str
    entries: tuple[Entry, ...]
    cursor: int | None

    @property
    def id(self) -> str:
        """An id of the feed that outlives its address."""
        return self.site.tag_uri(f"feed/{self.query}").replace("/item/feed/", "/feed/")

    @property
    def updated(self) -> dt.datetime:
        """When anything in it changed last."""
        return max((entry.updated for entry in self.entries), default=_NEVER)

    def address(self, extension: str) -> str:
        """Return the address of this feed in one format."""
        return f"{self.own}.{extension}"

    def next(self, extension: str) -> str:
        """Return where this feed reads on, or an empty string."""
        if self.cursor is None:
            return ""
        return f"{self.own}.{extension}?before={self.cursor}"


def entry(item: Item, site: SiteView, labels: Mapping[str, str]) -> Entry:
    """Return what a subscriber gets of an item."""
    shown = card(item, site.zone, labels)
    pictures = pictures_of(item)
    copies = {
        address: site.absolute(f"/media/{media.path}")
        for media in item.media
        if media.path
        for address in (media.url, media.thumbnail)
        if address
    }
    body = clean(item.content_html, copies, remote=True)
    return Entry(
        id=site.tag_uri(item.id),
        address=site.absolute(shown.permalink),
        original=shown.original,
        title=printable(item.title if item.type != "note" else ""),
        name=printable(shown.name),
        summary=printable(item.summary),
        html=printable(
            _pictures(pictures, site, body) + (body or _paragraph(item.summary))
        ),
        published=item.effective,
        updated=max(item.updated or item.effective, item.effective),
        author=printable(site.author),
        language=item.language,
        image=site.absolute(pictures[0].address) if pictures else "",
        tags=tuple(printable(tag) for tag in item.tags),
        attachments=tuple(
            Attachment(m.url, m.type, printable(m.alt), m.size_bytes, m.duration_s)
            for m in item.media
            if m.type.startswith(("audio/", "video/")) and safe_address(m.url)
        ),
    )


def entries(
    items: Sequence[Item], site: SiteView, labels: Mapping[str, str]
) -> tuple[Entry, ...]:
    """Return what a subscriber gets of several items."""
    return tuple(entry(item, site, labels) for item in items)


def printable(text: str) -> str:
    """Return text without the characters that XML forbids."""
    return _FORBIDDEN.sub("", text)


def _pictures(pictures: Sequence[Picture], site: SiteView, body: str) -> str:
    """Return markup for those pictures that the body does not show itself."""
    return "".join(
        f'<p><img src="{html.escape(address)}" alt="{html.escape(one.alt)}" /></p>'
        for one in pictures
        if (address := site.absolute(one.address)) not in body
    )


def _paragraph(text: str) -> str:
    return f"<p>{html.escape(text)}</p>" if text else ""
