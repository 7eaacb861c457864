"""One item as a template shows it.

`card` decides what is shown of an item: which pictures, which text and how much of it,
where its title leads, what else is said about it. A template only prints.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Mapping
from urllib.parse import quote, urlsplit

from hunch_stream.item import Item, Media
from hunch_stream.markup import plain_text
from hunch_stream.query import Query, Term
from hunch_web.view import when
from hunch_web.view.content import clean, safe_address, without_hashtags
from hunch_web.view.mark import Mark, mark_of, service_of_host
from hunch_web.view.rating import Rating, split_rating

_NOUNS = {
    "text": "article",
    "note": "note",
    "picture": "photo",
    "video": "video",
    "sound": "track",
    "link": "bookmark",
    "code": "code",
    "recommendation": "review",
    "place": "place",
    "event": "event",
}
# A note longer than this is cut in the stream and whole on its own page.
_NOTE_LENGTH = 1_400
_EXCERPT_LENGTH = 330
_GRID = 4
# How feeds say that a summary is cut.
_OMISSION = re.compile(r"\s*(?:\[(?:…|\.\.\.)\]|\[&hellip;\])\s*\Z")


@dataclasses.dataclass(frozen=True, slots=True)
class Picture:
    """A picture that we hold a copy of."""

    address: str
    alt: str
    width: int = 0
    height: int = 0

    @property
    def shape(self) -> str:
        """Name of its proportions, for the style sheet."""
        if not self.width or not self.height:
            return "unknown"
        ratio = self.width / self.height
        return "tall" if ratio < 0.8 else "square" if ratio < 1.2 else "wide"


@dataclasses.dataclass(frozen=True, slots=True)
class Sound:
    """A sound that the browser can play, fetched only when the reader asks."""

    address: str
    media_type: str
    length: str


@dataclasses.dataclass(frozen=True, slots=True)
class Link:
    """Words that lead somewhere."""

    label: str
    address: str
    mark: Mark | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Card:
    """All that is shown of one item.

    Attributes:
        target: Where the title leads: the original, or our page if it is an article.
        body: Safe markup; in the stream only for what is short, or an empty string.
        excerpt: Plain text; empty if `body` says it all.
        words: The beginning of its plain text in any case.
        pictures: What of its pictures we hold; the first ones in the stream.
        more_pictures: How many are on the item's own page only.
        rest: Whether the item's own page has more to read.
        is_first: Whether its picture is likely the first that a reader sees.
    """

    id: str
    type: str
    noun: str
    state: str
    language: str
    mark: Mark
    source: Link
    permalink: str
    original: str
    host: str
    target: str
    title: str
    body: str
    excerpt: str
    words: str
    rest: bool
    pictures: tuple[Picture, ...]
    more_pictures: int
    sound: Sound | None
    length: str
    rating: Rating | None
    tags: tuple[Link, ...]
    also: tuple[Link, ...]
    reply_to: Link | None
    author: str
    moment: dt.datetime
    iso: str
    clock: str
    full: str
    edited: str
    edited_iso: str
    position: int
    is_first: bool = False

    @property
    def name(self) -> str:
        """What to call the item where a title is needed (page title, links)."""
        return self.title or _cut(self.words, 80) or f"{self.noun} of {self.full}"


def card(
    item: Item,
    zone: dt.tzinfo,
    labels: Mapping[str, str] | None = None,
    *,
    whole: bool = False,
) -> Card:
    """Return what is shown of an item.

    Args:
        item: The item.
        zone: The site's time zone.
        labels: Names of sources by slug.
        whole: For the item's own page: all of its text and pictures.
    """
    label = (labels or {}).get(item.source, "") or item.source
    permalink = f"/item/{quote(item.id)}"
    original = safe_address(item.url)
    title, rating = split_rating(item.title, item.rating)
    pictures = pictures_of(item)
    copies = _copies(item)
    shown = pictures if whole else pictures[: 1 if item.type == "text" else _GRID]
    words = _words(item)
    body, excerpt, rest = _text(item, words, copies, whole=whole)
    mark = mark_of(item.service, item.type, label)
    moment = item.effective
    edited = item.updated if item.state == "edited" else None
    return Card(
        id=item.id,
        type=item.type,
        noun=_noun(item),
        state=item.state,
        language=item.language,
        mark=mark,
        source=Link(mark.label, f"/tags/source:{quote(item.source)}", mark),
        permalink=permalink,
        original=original,
        host=host_of(original),
        target=permalink
        if item.type in ("text", "note", "picture")
        else original or permalink,
        title="" if item.type == "note" else title,
        body=body,
        excerpt=excerpt,
        words=_cut(words, 200),
        rest=rest,
        pictures=shown,
        more_pictures=len(pictures) - len(shown) if item.type == "picture" else 0,
        sound=_sound(item.media),
        length=when.length(max((m.duration_s for m in item.media), default=0)),
        rating=rating,
        tags=tuple(
            Link(tag, f"/tags/{query_path(Term('tag', tag))}") for tag in item.tags
        ),
        also=tuple(
            _elsewhere(address) for address in item.syndication if safe_address(address)
        ),
        reply_to=_elsewhere(item.in_reply_to)
        if safe_address(item.in_reply_to)
        else None,
        author=item.author,
        moment=moment,
        iso=when.iso(moment.astimezone(zone)),
        clock=when.clock(moment, zone),
        full=when.full(moment, zone),
        edited=when.full(edited, zone) if edited else "",
        edited_iso=when.iso(edited.astimezone(zone)) if edited else "",
        position=item.position,
    )


def _noun(item: Item) -> str:
    if item.type == "sound" and any(m.type.startswith("audio/") for m in item.media):
        return "episode"
    return _NOUNS.get(item.type, item.type)


def host_of(address: str) -> str:
    """Return the host of an address as people say it, without `www.`."""
    return (urlsplit(address).hostname or "").removeprefix("www.") if address else ""


def query_path(query: Query | Term) -> str:
    """Return a query as it stands in an address."""
    return quote(str(query), safe=":+-,")


def _copies(item: Item) -> dict[str, str]:
    copies: dict[str, str] = {}
    for media in item.media:
        if media.path:
            copies[media.url] = copies[media.thumbnail] = f"/media/{media.path}"
    copies.pop("", None)
    return copies


def pictures_of(item: Item) -> tuple[Picture, ...]:
    """Return those pictures of an item that we hold a copy of."""
    return tuple(p for media in item.media if (p := _picture(media)))


def _picture(media: Media) -> Picture | None:
    if not media.path:
        return None
    return Picture(f"/media/{quote(media.path)}", media.alt, media.width, media.height)


def _sound(media: tuple[Media, ...]) -> Sound | None:
    for one in media:
        if one.type.startswith("audio/") and safe_address(one.url):
            return Sound(one.url, one.type, when.length(one.duration_s))
    return None


def _words(item: Item) -> str:
    text = " ".join(item.summary.split()) or plain_text(item.content_html)
    return _OMISSION.sub(" …", text)


def _text(
    item: Item, words: str, copies: Mapping[str, str], *, whole: bool
) -> tuple[str, str, bool]:
    """Return body, excerpt, and whether there is more than these."""
    is_pictured = item.type in ("picture", "note")
    if whole:
        body = clean(item.content_html, copies, pictures=not is_pictured)
        return body, "" if body else words, False
    if item.type == "note":
        body = without_hashtags(clean(item.content_html, pictures=False), item.tags)
        if body and len(body) <= _NOTE_LENGTH:
            return body, "", False
        text = words or item.title
        return "", _cut(text, _NOTE_LENGTH // 2), len(text) > _NOTE_LENGTH // 2
    if item.type == "code":
        return "", _cut(words, 140), False
    excerpt = _cut(words, _EXCERPT_LENGTH)
    return "", excerpt, excerpt != words


def _cut(text: str, length: int) -> str:
    """Return text cut between words, with an ellipsis where something is missing."""
    if len(text) <= length:
        return text
    cut = text[:length].rsplit(" ", 1)[0].rstrip(" ,;:.-–—")
    return cut + " …"


def _elsewhere(address: str) -> Link:
    host = host_of(address)
    service = service_of_host(host)
    if not service and "/@" in address:
        service = "mastodon"
    if not service:
        return Link(host, address, mark_of("web", "text", host))
    mark = mark_of(service)
    return Link(mark.label, address, mark)
