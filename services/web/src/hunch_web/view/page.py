"""What a page says about itself, whatever it shows."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from hunch_web.view.card import Card, Link
from hunch_web.view.day import Day
from hunch_web.view.site import Filter


@dataclasses.dataclass(frozen=True, slots=True)
class FeedLink:
    """A feed that belongs to a page."""

    title: str
    media_type: str
    address: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The head of a page and the parts that most pages share.

    Attributes:
        title: Of the page, without the site's.
        address: Its canonical path, from `/`.
        description: For search engines and link previews; the person's line if empty.
        image: Path of the picture for link previews.
        feeds: Feeds of the same items.
        days: Items by day, newest first.
        next: Path of the page with older items.
        newest: Path of the first page, on any other.
        signs: Names of the drawings in use.
        wider: Each term of the query, and where it leads without that term.
        is_indexed: Whether search engines should keep it; of the endless questions
            that can be asked they should not.
    """

    title: str
    address: str
    description: str = ""
    og_type: str = "website"
    image: str = ""
    feeds: tuple[FeedLink, ...] = ()
    days: tuple[Day, ...] = ()
    next: str = ""
    newest: str = ""
    signs: tuple[str, ...] = ()
    search: str = ""
    lede: str = ""
    empty: str = ""
    views: tuple[Link, ...] = ()
    wider: tuple[Link, ...] = ()
    is_front: bool = False
    is_indexed: bool = True
    filters: tuple[Filter, ...] = ()
    year: int = 0


_ALWAYS = frozenset({"all", "search"})


def signs(cards: Iterable[Card], filters: Iterable[Filter] = ()) -> tuple[str, ...]:
    """Return the names of all drawings that cards and filters use."""
    names = set(_ALWAYS)
    for card in cards:
        names.add(card.mark.sign)
        names.update(link.mark.sign for link in card.also if link.mark)
        if not card.clock:
            names.add("link")
        if card.rating:
            names.update(("star", "half"))
        if card.type == "video":
            names.add("triangle")
    names.update(one.mark.sign for one in filters)
    return tuple(sorted(names))


def with_first(cards: list[Card]) -> list[Card]:
    """Mark the card whose picture should not wait for the reader to come near."""
    for place, card in enumerate(cards[:3]):
        if card.pictures:
            marked = dataclasses.replace(card, is_first=True)
            return [*cards[:place], marked, *cards[place + 1 :]]
    return cards


def feed_links(title: str, query: str) -> tuple[FeedLink, ...]:
    """Return the three feeds of a query; of the whole stream if it is empty."""
    base = f"/feed/{query}" if query else "/feed"
    return (
        FeedLink(f"{title} (Atom)", "application/atom+xml", f"{base}.atom"),
        FeedLink(f"{title} (RSS)", "application/rss+xml", f"{base}.rss"),
        FeedLink(f"{title} (JSON)", "application/feed+json", f"{base}.json"),
    )
