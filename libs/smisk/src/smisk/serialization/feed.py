"""Atom (RFC 4287) and RSS 2.0 for data that has items.

A leaf returns a `Feed`, or a mapping with the same keys. What a feed must have and
the data does not (an id, a time) comes from the address of the request.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, TypeVar

from smisk.core.exchange import Exchange
from smisk.core.xml import escape
from smisk.serialization.plain import format_time, plain
from smisk.serialization.serializer import Serializer, Unsuitable

T = TypeVar("T")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Enclosure:
    """A file that goes with an item."""

    url: str
    type: str = "application/octet-stream"
    length: int = 0


@dataclass(slots=True)
class FeedItem:
    """One item; ``id`` is permanent, ``url`` is where it is shown."""

    id: str = ""
    url: str = ""
    title: str = ""
    summary: str = ""
    content_html: str = ""
    published: datetime | None = None
    updated: datetime | None = None
    author: str = ""
    tags: list[str] = field(default_factory=list)
    enclosures: list[Enclosure] = field(default_factory=list)


@dataclass(slots=True)
class Feed:
    """A list of items, newest first; ``url`` is the page for people."""

    title: str = ""
    id: str = ""
    url: str = ""
    items: list[FeedItem] = field(default_factory=list)
    subtitle: str = ""
    language: str = ""
    author: str = ""
    updated: datetime | None = None
    icon: str = ""
    next_url: str = ""
    hubs: list[str] = field(default_factory=list)


def feed_of(data: object) -> Feed:
    """Read `data` as a feed.

    Raises:
        Unsuitable: If it has no items.
    """
    if isinstance(data, Feed):
        return data
    if not isinstance(data, Mapping | list | tuple):
        data = plain(data)
    if isinstance(data, list | tuple):
        data = {"items": data}
    items = data.get("items") if isinstance(data, Mapping) else None
    if not isinstance(items, list | tuple):
        msg = "a feed is made of data with a list of items"
        raise Unsuitable(msg)
    assert isinstance(data, Mapping)
    feed = _take(Feed, data)
    feed.items = [_item(item) for item in items]
    return feed


def _item(data: object) -> FeedItem:
    if isinstance(data, FeedItem):
        return data
    if not isinstance(data, Mapping):
        data = {"title": data} if isinstance(data, str | int | float) else plain(data)
    if not isinstance(data, Mapping):
        data = {"title": str(data)}
    item = _take(FeedItem, data)
    given: list[Any] = list(item.enclosures)
    item.enclosures = [
        e if isinstance(e, Enclosure) else _take(Enclosure, e) for e in given
    ]
    return item


def _take(cls: type[T], data: Mapping[str, Any]) -> T:
    known = {f.name for f in fields(cls)}  # type: ignore[arg-type]
    return cls(**{k: v for k, v in data.items() if k in known and v is not None})


def _when(value: object) -> datetime | None:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if isinstance(value, int | float):
        value = datetime.fromtimestamp(value, UTC)
    if not isinstance(value, datetime):
        return None
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def _updated(feed: Feed) -> datetime:
    times = [t for i in feed.items for t in (_when(i.updated), _when(i.published)) if t]
    return _when(feed.updated) or max(times, default=EPOCH)


def _tag(name: str, text: object, **attributes: object) -> str:
    head = name + "".join(
        f' {k.rstrip("_")}="{escape(str(v))}"' for k, v in attributes.items() if v
    )
    return f"<{head}>{escape(str(text))}</{name}>\n" if text else f"<{head}/>\n"


class Atom(Serializer):
    """Atom."""

    name = "Atom"
    extensions = ("atom",)
    media_types = ("application/atom+xml",)

    def serialize(self, data: object, exchange: Exchange) -> str:
        """Write a feed."""
        feed = feed_of(data)
        here = str(exchange.request.url)
        lang = f' xml:lang="{escape(feed.language)}"' if feed.language else ""
        parts = [
            '<?xml version="1.0" encoding="utf-8"?>\n',
            f'<feed xmlns="http://www.w3.org/2005/Atom"{lang}>\n',
            _tag("id", feed.id or feed.url or here),
            _tag("title", feed.title or here),
            _tag("updated", format_time(_updated(feed))),
            _tag("link", "", rel="self", type=self.media_types[0], href=here),
        ]
        if feed.url:
            parts.append(_tag("link", "", rel="alternate", href=feed.url))
        if feed.next_url:
            parts.append(_tag("link", "", rel="next", href=feed.next_url))
        parts += [_tag("link", "", rel="hub", href=hub) for hub in feed.hubs]
        for name, text in (("subtitle", feed.subtitle), ("icon", feed.icon)):
            if text:
                parts.append(_tag(name, text))
        # SPEC RFC 4287 4.1.1: an author here, unless every entry has its own.
        parts.append(f"<author>\n{_tag('name', feed.author or 'unknown')}</author>\n")
        parts += [self._entry(item, feed) for item in feed.items]
        return "".join([*parts, "</feed>\n"])

    def _entry(self, item: FeedItem, feed: Feed) -> str:
        updated = _when(item.updated) or _when(item.published) or _updated(feed)
        parts = [
            "<entry>\n",
            _tag("id", item.id or item.url or f"{feed.id}#{item.title}"),
            _tag("title", item.title) if item.title else "<title></title>\n",
            _tag("updated", format_time(updated)),
        ]
        if published := _when(item.published):
            parts.append(_tag("published", format_time(published)))
        if item.url:
            parts.append(_tag("link", "", rel="alternate", href=item.url))
        if item.author:
            parts.append(f"<author>\n{_tag('name', item.author)}</author>\n")
        parts += [_tag("category", "", term=tag) for tag in item.tags]
        parts += [
            _tag("link", "", rel="enclosure", href=e.url, type=e.type, length=e.length)
            for e in item.enclosures
        ]
        if item.summary:
            parts.append(_tag("summary", item.summary))
        if item.content_html:
            parts.append(_tag("content", item.content_html, type="html"))
        return "".join([*parts, "</entry>\n"])


class RSS(Serializer):
    """RSS 2.0."""

    name = "RSS"
    extensions = ("rss",)
    media_types = ("application/rss+xml",)

    def serialize(self, data: object, exchange: Exchange) -> str:
        """Write a feed."""
        feed = feed_of(data)
        here = str(exchange.request.url)
        parts = [
            '<?xml version="1.0" encoding="utf-8"?>\n<rss version="2.0" ',
            'xmlns:atom="http://www.w3.org/2005/Atom" ',
            'xmlns:dc="http://purl.org/dc/elements/1.1/" ',
            'xmlns:content="http://purl.org/rss/1.0/modules/content/">\n<channel>\n',
            _tag("title", feed.title or here),
            _tag("link", feed.url or here),
            _tag("description", feed.subtitle or feed.title or here),
            _tag("atom:link", "", rel="self", type=self.media_types[0], href=here),
        ]
        if feed.next_url:
            parts.append(_tag("atom:link", "", rel="next", href=feed.next_url))
        parts += [_tag("atom:link", "", rel="hub", href=hub) for hub in feed.hubs]
        if feed.language:
            parts.append(_tag("language", feed.language))
        parts.append(_tag("lastBuildDate", format_datetime(_updated(feed))))
        parts += [self._item(item) for item in feed.items]
        return "".join([*parts, "</channel>\n</rss>\n"])

    def _item(self, item: FeedItem) -> str:
        parts = ["<item>\n"]
        if item.title:
            parts.append(_tag("title", item.title))
        if item.url:
            parts.append(_tag("link", item.url))
        guid = item.id or item.url
        if guid:
            is_link = "" if guid == item.url else "false"
            parts.append(_tag("guid", guid, isPermaLink=is_link))
        if when := _when(item.published) or _when(item.updated):
            parts.append(_tag("pubDate", format_datetime(when)))
        if item.author:
            parts.append(_tag("dc:creator", item.author))
        parts += [_tag("category", tag) for tag in item.tags]
        # SPEC RSS 2.0: at most one enclosure is what readers expect, all three
        # attributes are required.
        parts += [
            f'<enclosure url="{escape(e.url)}" length="{e.length}" '
            f'type="{escape(e.type)}"/>\n'
            for e in item.enclosures[:1]
        ]
        if item.summary or item.content_html or not item.title:
            # An item has a title or a description.
            # It is read as HTML.
            text = escape(item.summary) or item.content_html or guid
            parts.append(_tag("description", text))
        if item.content_html:
            parts.append(_tag("content:encoded", item.content_html))
        return "".join([*parts, "</item>\n"])
