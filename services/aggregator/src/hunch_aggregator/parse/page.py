"""Web pages: where they say their feed is."""

from __future__ import annotations

import contextlib
import re
from html.parser import HTMLParser

from .clean import clean_url

# LIMIT: feeds are named in the head of a page.
_HEAD_CHARS = 512 * 1024
_MOST_LINKS = 5
_FEED_TYPES = {
    "application/atom+xml": 0,
    "application/rss+xml": 1,
    "application/feed+json": 2,
    "application/rdf+xml": 3,
    "application/json": 4,
}
_COMMENTS = re.compile(
    r"comment|replies|antworten|commentaire|oembed|wp-json|activity", re.IGNORECASE
)


class _Head(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.base = ""
        self.links: list[tuple[int, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "base" and not self.base:
            self.base = values.get("href", "")
        if tag not in ("link", "a"):
            return
        rels = values.get("rel", "").lower().split()
        kind = values.get("type", "").lower().split(";")[0].strip()
        if not ({"alternate", "feed"} & set(rels)) or kind not in _FEED_TYPES:
            return
        href = values.get("href", "")
        rank = _FEED_TYPES[kind]
        # WHY: blogs name a feed of comments beside their own
        if _COMMENTS.search(values.get("title", "")) or _COMMENTS.search(href):
            rank += 10
        if href:
            self.links.append((rank, href))


def feed_links(html: str, url: str) -> tuple[str, ...]:
    """Return the addresses of a page's feeds, best first."""
    reader = _Head()
    # WHY: html.parser raises AssertionError on broken marked sections; what stood
    # before them is what counts
    with contextlib.suppress(AssertionError):
        reader.feed(html[:_HEAD_CHARS])
    base = clean_url(reader.base, url) or url
    ranked = sorted(reader.links, key=lambda link: link[0])
    found = (clean_url(href, base) for _rank, href in ranked)
    return tuple(dict.fromkeys(f for f in found if f and f != url))[:_MOST_LINKS]
