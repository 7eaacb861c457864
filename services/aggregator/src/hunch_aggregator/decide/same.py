"""Posts that one person put in several places: which item stands for which.

Evidence, strongest first: one names the other as its copy (`syndication`) or as its
original (`canonical`); both have the same address; a short note links to a post and
repeats its words; two short posts say the same within a day. Nothing is thrown away: the lesser item stays and points to the
other (`same_as`).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Iterable

from hunch_aggregator.parse import ParsedEntry
from hunch_stream.item import Item
from hunch_stream.markup import plain_text

from .address import address_key, links_of

# Copies are made within days; the same address after a year is a second visit.
NEAR = dt.timedelta(days=4)
# Networks are fed one after the other by the same person or program.
AT_ONCE = dt.timedelta(hours=24)
_SHORT_CHARS = 600
_SHORT_TYPES = frozenset({"note", "picture", "link"})
_FEWEST_WORDS = 5
_ENOUGH = 0.8


def addresses_of(item: Item, canonical: str = "") -> list[str]:
    """Return every key by which an item may be tied to others.

    Addresses, and for short posts a key of their words: most copies between networks
    name each other nowhere.
    """
    html = item.content_html if item.type in _SHORT_TYPES else ""
    return _keys([item.url, canonical, *item.syndication], item.title, html)


def entry_addresses(entry: ParsedEntry) -> list[str]:
    """Return every key by which an entry may be tied to stored items."""
    named = [entry.url, entry.canonical, *entry.syndication]
    return _keys(named, entry.title, entry.content_html)


def _keys(addresses: list[str], title: str, html: str) -> list[str]:
    found = [address_key(a) for a in (*addresses, *links_of(html)) if a]
    if words := "" if title else words_key(html):
        found.append(words)
    return list(dict.fromkeys(found))


def copy_key(address: str) -> str:
    """Return the key under which a copy itself is found, not what stands for it."""
    return "copy:" + address_key(address)


def words_key(html: str) -> str:
    """Return a key of what a short post says, or an empty string if it says little.

    Links, hashtags and mentions are left out, since each network writes its own.
    """
    text = plain_text(html)
    if len(text) > _SHORT_CHARS:
        return ""
    said = re.findall(r"\w+", re.sub(r"https?://\S+|[#@]\S+|→.*$", " ", text.lower()))
    if len(said) < _FEWEST_WORDS:
        return ""
    return "words:" + hashlib.sha256(" ".join(said).encode()).hexdigest()[:24]


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
    if address_key(one.url) in links and announces(other, one):
        return True
    return _same_note(one, other)


def _same_note(one: Item, other: Item) -> bool:
    """Tell whether two short posts say the same, and `one` said it first."""
    is_short = {one.type, other.type} <= _SHORT_TYPES and not (one.title or other.title)
    if not is_short or (one.effective, one.id) > (other.effective, other.id):
        return False
    words = words_key(one.content_html)
    if words and words == words_key(other.content_html):
        return other.effective - one.effective <= AT_ONCE
    ours = {address_key(a) for a in links_of(one.content_html)}
    theirs = {address_key(a) for a in links_of(other.content_html)}
    return bool(ours & theirs) and _alike(one, other)


def _alike(one: Item, other: Item) -> bool:
    ours, theirs = _said(one), _said(other)
    return bool(ours) and len(ours & theirs) >= _ENOUGH * len(ours | theirs)


def _said(note: Item) -> frozenset[str]:
    """Return the words of a note, those of its links left out."""
    text = plain_text(
        re.sub(r"<a\s[^>]*>.*?</a>", " ", note.content_html, flags=re.DOTALL)
    )
    return _words(re.sub(r"https?://\S+|→", " ", text))


def announces(note: Item, post: Item) -> bool:
    """Tell whether a short note says hardly more than the post it links to."""
    if note.type != "note" or note.title:
        return False
    if len(plain_text(note.content_html)) > _SHORT_CHARS:
        return False
    said = _said(note)
    title = _words(post.title)
    if title and title <= said:
        return True
    if not said:
        return True
    there = _words(f"{post.title} {post.summary} {plain_text(post.content_html)}")
    return len(said & there) >= _ENOUGH * len(said)


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w{2,}", text.lower()))


def merged_syndication(original: Item, copy: Item) -> tuple[str, ...]:
    """Return the places of an original with those of its copy added."""
    known = {address_key(a) for a in (original.url, *original.syndication)}
    more: Iterable[str] = (copy.url, *copy.syndication)
    new = [a for a in more if a and address_key(a) not in known]
    return (*original.syndication, *dict.fromkeys(new))
