"""Items of one query, as a page and as a feed."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from hunch_stream import store
from hunch_stream.query import Query
from hunch_web.answer import Moment, Recipe
from hunch_web.feed.document import Document, entries
from hunch_web.view.card import Link, card, query_path
from hunch_web.view.day import days
from hunch_web.view.page import Page, feed_links, signs, with_first
from hunch_web.view.words import count, describe

if TYPE_CHECKING:
    from hunch_web.app import Site

PAGE_SIZE = 30


@dataclasses.dataclass(frozen=True, slots=True)
class Listing:
    """A query under one of its addresses.

    Attributes:
        path: Of the page, percent-encoded, without what pages it.
        query: What is listed.
        before: Where the page begins; None for the newest items.
        title: Of the page; in the words of the query if empty.
        fixed: What else of the query string belongs to the page.
    """

    site: Site
    path: str
    query: Query
    before: int | None = None
    title: str = ""
    fixed: tuple[tuple[str, str], ...] = ()

    def recipe(self, template: str = "index.html", *, is_feed: bool = False) -> Recipe:
        """Return how to make this listing."""
        return Recipe(
            template,
            self.page,
            self.document,
            key=urlencode((*self.fixed, ("before", self.before or ""))),
            is_feed=is_feed,
        )

    def address(self, before: int | None) -> str:
        """Return the address of this page, or of one with older items."""
        pairs = [*self.fixed, *([("before", str(before))] if before else [])]
        return self.path + ("?" + urlencode(pairs) if pairs else "")

    def items(self) -> store.Page:
        """Return the items from the store."""
        return self.site.reading.ask(
            lambda one: one.page(self.query, before=self.before, limit=PAGE_SIZE)
        )

    def page(self, moment: Moment) -> Page:
        """Return what the page shows."""
        found = self.items()
        site, chrome = self.site.view, moment.chrome
        cards = with_first(
            [card(item, site.zone, chrome.labels) for item in found.items]
        )
        is_front = self.path == "/"
        path = query_path(self.query)
        title = self.title or (
            site.title if is_front else describe(self.query, chrome.labels)
        )
        filters = chrome.at(self.path)
        pictured = (c for c in cards if c.pictures)
        lead = next(pictured, None)
        return Page(
            title=title,
            address=self.address(self.before),
            description="" if is_front else f"{title} — {site.author}",
            image=lead.pictures[0].address if lead and not is_front else "",
            feeds=feed_links(title, path),
            days=days(cards, site.zone, moment.today),
            next=self.address(found.next_cursor) if found.next_cursor else "",
            newest=self.address(None) if self.before else "",
            signs=signs(cards, filters),
            lede="" if is_front else count(found.total),
            empty=self.empty(is_front=is_front),
            views=() if is_front else views(path),
            wider=self.wider(),
            filters=filters,
            is_front=is_front,
            year=moment.today.year,
        )

    def document(self, moment: Moment) -> Document:
        """Return what a feed says."""
        found = self.items()
        site, chrome = self.site.view, moment.chrome
        path = query_path(self.query)
        title = self.title or (
            describe(self.query, chrome.labels) if self.query else ""
        )
        return Document(
            site=site,
            title=f"{site.title}: {title}" if title else site.title,
            home=site.absolute(f"/tags/{path}" if path else "/"),
            own=site.absolute(f"/feed/{path}" if path else "/feed"),
            query=path,
            photo=site.absolute(chrome.photo) if chrome.photo else "",
            entries=entries(found.items, site, chrome.labels),
            cursor=found.next_cursor,
        )

    def wider(self) -> tuple[Link, ...]:
        """Return for each term of a longer query where it leads without that term."""
        if len(self.query.terms) < 2 or not self.path.startswith("/tags/"):
            return ()
        return tuple(
            Link(str(term), f"/tags/{query_path(self.query.without(term))}")
            for term in self.query.terms
        )

    def empty(self, *, is_front: bool) -> str:
        """Return what to say when nothing is found."""
        if self.before:
            return "That was the oldest of it."
        if is_front:
            return "Nothing here yet. The first items appear once sources are read."
        return "Nothing in the stream fits this."


def views(path: str) -> tuple[Link, ...]:
    """Return the three views of a query: page, feed, explanation."""
    return (
        Link("Subscribe (Atom)", f"/feed/{path}.atom"),
        Link("RSS", f"/feed/{path}.rss"),
        Link("JSON", f"/feed/{path}.json"),
        Link("How it is found", f"/explain/{path}"),
    )
