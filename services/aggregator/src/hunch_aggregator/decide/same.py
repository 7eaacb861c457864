"""Posts that one person put in several places: which item stands for which.

Evidence, strongest first: one names the other as its copy (`syndication`) or as its
original (`canonical`); both have the same address; a short note links to a post and
repeats its words. Nothing is thrown away: the lesser item stays and points to the
other (`same_as`).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable

from hunch_aggregator.parse import ParsedEntry
from hunch_stream.item import Item
from hunch_stream.markup import plain_text

from .address import address_key, links_of

# Copies are made within days; the same address after a year is a second visit.
NEAR = dt.timedelta(days=4)
_SHORT_CHARS = 600
_ENOUGH = 0.5


def addresses_of(item: Item, canonical: str = "") -> list[str]:
    """Return every address by which an item may be tied to others."""
    links = item.type in ("note", "picture", "link")
    return _keys(
        [item.url, canonical, *item.syndication], item.content_html if links else ""
    )


def entry_addresses(entry: ParsedEntry) -> list[str]:
    """Return every address by which an entry may be tied to stored items."""
    return _keys([entry.url, entry.canonical, *entry.syndication], entry.content_html)


def _keys(addresses: list[str], html: str) -> list[str]:
    found = [*addresses, *links_of(html)]
    return list(dict.fromkeys(address_key(a) for a in found if a))


def stands_for(one: Item, other: Item, canonical: str = "") -> bool:
    """Tell whether `one` is the original of which `other` is a copy.

    Args:
        one: The possible original.
        other: The possible copy; of another source.
        canonical: What `other` names as its original.
    """
    if one.source == other.source or not one.url or not other.url:
        return False
    if one.same_as or one.state == "gone":
        return False
    copies = {address_key(a) for a in one.syndication}
    if address_key(other.url) in copies:
        return True
    if canonical and address_key(canonical) == address_key(one.url):
        return True
    if abs(one.effective - other.effective) > NEAR:
        return False
    if address_key(one.url) == address_key(other.url):
        return (one.effective, one.id) <= (other.effective, other.id)
    links = {address_key(a) for a in links_of(other.content_html)}
    return address_key(one.url) in links and announces(other, one)


def announces(note: Item, post: Item) -> bool:
    """Tell whether a short note says hardly more than the post it links to."""
    if note.type != "note" or note.title:
        return False
    text = plain_text(note.content_html)
    if len(text) > _SHORT_CHARS:
        return False
    said = _words(re.sub(r"https?://\S+|→.*$", " ", text))
    title = _words(post.title)
    if title and title <= said:
        return True
    if not said:
        return True
    there = _words(f"{post.title} {post.summary} {plain_text(post.content_html)}")
    return len(said & there) / len(said) >= max(_ENOUGH, 0.8)


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w{2,}", text.lower()))


def merged_syndication(original: Item, copy: Item) -> tuple[str, ...]:
    """Return the places of an original with those of its copy added."""
    known = {address_key(a) for a in (original.url, *original.syndication)}
    more: Iterable[str] = (copy.url, *copy.syndication)
    new = [a for a in more if a and address_key(a) not in known]
    return (*original.syndication, *dict.fromkeys(new))
