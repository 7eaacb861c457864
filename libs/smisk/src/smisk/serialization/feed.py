"""Atom (RFC 4287) and RSS 2.0 for data that has items.

A leaf returns a `Feed`, or a mapping with the same keys. What a feed must have and
the data does not (an id, a time) comes from the address of the request.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TypeVar

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
    if not isinstance(data, Mapping):
        data = {"items": data} if isinstance(data, list | tuple) else plain(data)
    if not isinstance(data, Mapping) or not isinstance(data.get("items"), list | tuple):
        raise Unsuitable("a feed is made of data with a list of items")
    feed = _take(Feed, data, "title")
    feed.items = [_take(FeedItem, item, "title") for item in feed.items]
    for item in feed.items:
        item.enclosures = [_take(Enclosure, one, "url") for one in item.enclosures]
    return feed


def _take(cls: type[T], data: object, alone: str) -> T:
    """Make a `cls` of what has its fields; what has none is its field `alone`."""
    if isinstance(data, cls):
        return data
    if not isinstance(data, Mapping | str | int | float):
        data = plain(data)
    if not isinstance(data, Mapping):
        data = {alone: str(data)}
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
    """Write an element; nothing where there is nothing to say."""
    said = [f' {k}="{escape(str(v))}"' for k, v in attributes.items() if v]
    if text:
        return f"<{name}{''.join(said)}>{escape(str(text))}</{name}>\n"
    return f"<{name}{''.join(said)}/>\n" if said else ""


def _link(name: str, rel: str, href: str, **attributes: object) -> str:
    return _tag(name, "", rel=rel, href=href, **attributes) if href else ""


class Atom(Serializer):
    """Atom."""

    name = "Atom"
    extensions = ("atom",)
    media_types = ("application/atom+xml",)

    def serialize(self, data: object, exchange: Exchange) -> str:
        feed = feed_of(data)
        here = str(exchange.request.url)
        lang = f' xml:lang="{escape(feed.language)}"' if feed.language else ""
        return "".join((
            '<?xml version="1.0" encoding="utf-8"?>\n',
            f'<feed xmlns="http://www.w3.org/2005/Atom"{lang}>\n',
            _tag("id", feed.id or feed.url or here),
            _tag("title", feed.title or here),
            _tag("updated", format_time(_updated(feed))),
            _link("link", "self", here, type=self.media_types[0]),
            _link("link", "alternate", feed.url),
            _link("link", "next", feed.next_url),
            *(_link("link", "hub", hub) for hub in feed.hubs),
            _tag("subtitle", feed.subtitle),
            _tag("icon", feed.icon),
            # SPEC RFC 4287 4.1.1: an author here, unless every entry has its own.
            f"<author>\n{_tag('name', feed.author or 'unknown')}</author>\n",
            *(self._entry(item, feed) for item in feed.items),
            "</feed>\n",
        ))  # fmt: skip

    def _entry(self, item: FeedItem, feed: Feed) -> str:
        published = _when(item.published)
        updated = _when(item.updated) or published or _updated(feed)
        author = _tag("name", item.author)
        return "".join((
            "<entry>\n",
            _tag("id", item.id or item.url or f"{feed.id}#{item.title}"),
            _tag("title", item.title) or "<title></title>\n",
            _tag("updated", format_time(updated)),
            _tag("published", published and format_time(published)),
            _link("link", "alternate", item.url),
            author and f"<author>\n{author}</author>\n",
            *(_tag("category", "", term=tag) for tag in item.tags),
            *(
                _link("link", "enclosure", one.url, type=one.type, length=one.length)
                for one in item.enclosures
            ),
            _tag("summary", item.summary),
            item.content_html and _tag("content", item.content_html, type="html"),
            "</entry>\n",
        ))  # fmt: skip


class RSS(Serializer):
    """RSS 2.0."""

    name = "RSS"
    extensions = ("rss",)
    media_types = ("application/rss+xml",)

    def serialize(self, data: object, exchange: Exchange) -> str:
        feed = feed_of(data)
        here = str(exchange.request.url)
        return "".join((
            '<?xml version="1.0" encoding="utf-8"?>\n<rss version="2.0" ',
            'xmlns:atom="http://www.w3.org/2005/Atom" ',
            'xmlns:dc="http://purl.org/dc/elements/1.1/" ',
            'xmlns:content="http://purl.org/rss/1.0/modules/content/">\n<channel>\n',
            _tag("title", feed.title or here),
            _tag("link", feed.url or here),
            _tag("description", feed.subtitle or feed.title or here),
            _link("atom:link", "self", here, type=self.media_types[0]),
            _link("atom:link", "next", feed.next_url),
            *(_link("atom:link", "hub", hub) for hub in feed.hubs),
            _tag("language", feed.language),
            _tag("lastBuildDate", format_datetime(_updated(feed))),
            *(self._item(item) for item in feed.items),
            "</channel>\n</rss>\n",
        ))  # fmt: skip

    def _item(self, item: FeedItem) -> str:
        guid = item.id or item.url
        when = _when(item.published) or _when(item.updated)
        # An item has a title or a description; that is read as HTML.
        text = escape(item.summary) or item.content_html or ("" if item.title else guid)
        return "".join((
            "<item>\n",
            _tag("title", item.title),
            _tag("link", item.url),
            guid and _tag("guid", guid, isPermaLink=guid != item.url and "false"),
            _tag("pubDate", when and format_datetime(when)),
            _tag("dc:creator", item.author),
            *(_tag("category", tag) for tag in item.tags),
            # SPEC RSS 2.0: at most one enclosure is what readers expect, all three
            # attributes are required.
            *(
                f'<enclosure url="{escape(one.url)}" length="{one.length}" '
                f'type="{escape(one.type)}"/>\n'
                for one in item.enclosures[:1]
            ),
            _tag("description", text),
            _tag("content:encoded", item.content_html),
            "</item>\n",
        ))  # fmt: skip
