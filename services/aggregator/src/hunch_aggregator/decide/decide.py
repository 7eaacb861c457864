"""Decides what a fetched document changes: data and `now` in, intents out.

Touches no clock, network or store. The rules it keeps:

* an entry is known by its guid; one that changed its guid is known by its address and
  time, or by its words and time, so that a source that renames everything does not
  flood the stream;
* an entry that is no longer in the document is not gone, since documents are windows;
  it is gone when the document says so, when the document claims to be complete, or
  when its neighbours on both sides are there and it is not;
* edits never move an item, and what reads the same is not a change.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from hunch_aggregator.parse import ParsedEntry, ParsedFeed
from hunch_stream.item import Item, item_id
from hunch_stream.source import SourceConfig

from .address import address_key
from .fingerprint import fingerprint
from .make import changed_item, new_item
from .same import addresses_of, copy_key, merged_syndication, stands_for

# Formats whose lists are authoritative: what is missing between two is deleted.
_AUTHORITATIVE = frozenset({"mastodon", "bluesky"})


@dataclass(frozen=True, slots=True)
class Known:
    """What the store has of this source's entries and of whom they may repeat.

    Attributes:
        stored: Items by id, with the fingerprint of the entry they were made from.
        siblings: Visible items of the source in the document's span of time.
        by_address: Items (of any source) by the address key they stand for.
    """

    stored: Mapping[str, tuple[Item, str]] = field(default_factory=dict)
    siblings: Sequence[Item] = ()
    by_address: Mapping[str, Item] = field(default_factory=dict)


@dataclass(slots=True)
class Intent:
    """One item to be written.

    Attributes:
        kind: `add`, `change`, `gone`, or `alias` (only its ties to others change).
        before: As stored; None if new.
        after: As it shall be.
        fingerprint: Of the entry; for `gone` and `alias` the stored one stays ("").
    """

    kind: str
    before: Item | None
    after: Item
    fingerprint: str


@dataclass(slots=True)
class Decision:
    """Everything one document changes.

    Attributes:
        intents: In the order of the document.
        aliases: Address key -> id of the item that stands for it.
        unchanged: Entries that are as they were.
        missing: Items that vanished from between their neighbours; gone if their
            own pages say so.
    """

    intents: list[Intent] = field(default_factory=list)
    aliases: dict[str, str] = field(default_factory=dict)
    unchanged: int = 0
    missing: list[Item] = field(default_factory=list)


def ids_of(feed: ParsedFeed, source: SourceConfig) -> list[str]:
    """Return the ids under which the entries of a document would be stored."""
    return [item_id(source.slug, entry.guid) for entry in feed.entries]


def service_of(feed: ParsedFeed, source: SourceConfig) -> str:
    """Return the service: the owner's word, the document's, or just the web."""
    return source.service or feed.service or "web"


def decide(
    feed: ParsedFeed,
    known: Known,
    source: SourceConfig,
    now: dt.datetime,
    confirmed: frozenset[str] = frozenset(),
) -> Decision:
    """Return what to write for a document.

    Args:
        feed: The document, entries as they stand in it (newest first by custom).
        known: What the store has.
        source: The owner's wishes.
        now: The instant of this decision, aware.
        confirmed: Ids of missing items whose own pages say that they are gone.
    """
    return _Decider(feed, known, source, now, confirmed).run()


class _Decider:
    def __init__(
        self,
        feed: ParsedFeed,
        known: Known,
        source: SourceConfig,
        now: dt.datetime,
        confirmed: frozenset[str],
    ) -> None:
        self.confirmed = confirmed
        self.feed = feed
        self.known = known
        self.source = source
        self.now = now
        self.service = service_of(feed, source)
        self.decision = Decision()
        self.present: set[str] = set()
        self.own_ids = frozenset(ids_of(feed, source))
        self.guids = {entry.guid for entry in feed.entries}
        self.touched: dict[str, Intent] = {}

    def run(self) -> Decision:
        for place, entry in enumerate(self.feed.entries):
            if entry.gone:
                self._tombstone(entry)
            else:
                self._entry(entry, place)
        self._vanished()
        return self.decision

    def _tombstone(self, entry: ParsedEntry) -> None:
        item = self._known(entry)
        if item is not None:
            self.present.add(item.id)
            self._gone(item)

    def _gone(self, item: Item) -> None:
        if item.state == "gone":
            return
        after = msgspec.structs.replace(item, state="gone")
        self._write(Intent("gone", item, after, ""))
        for address in item.syndication:
            copy = self.known.by_address.get(copy_key(address))
            if copy is not None and self._latest(copy).same_as == item.id:
                # WHY: what stood for it is gone, so the copy stands for itself
                alone = msgspec.structs.replace(self._latest(copy), same_as="")
                self._write(Intent("alias", copy, alone, ""))
                self.decision.aliases[address_key(address)] = copy.id

    def _write(self, intent: Intent) -> None:
        """Add an intent, or fold it into one for the same item."""
        earlier = self.touched.get(intent.after.id)
        if earlier is None:
            self.touched[intent.after.id] = intent
            self.decision.intents.append(intent)
            return
        earlier.after = intent.after
        earlier.fingerprint = intent.fingerprint or earlier.fingerprint

    def _latest(self, item: Item) -> Item:
        touched = self.touched.get(item.id)
        return touched.after if touched else item

    def _entry(self, entry: ParsedEntry, place: int) -> None:
        print_ = fingerprint(entry, self.source)
        before = self._known(entry)
        if before is None:
            self._add(entry, place, print_)
            return
        stored = self.known.stored.get(before.id)
        self.present.add(before.id)
        if stored is not None and stored[1] == print_ and before.state != "gone":
            self.decision.unchanged += 1
            return
        after = changed_item(before, entry, self.source, self.service, self.now)
        self._write(Intent("change", before, after, print_))
        self._tie(after, entry.canonical)

    def _add(self, entry: ParsedEntry, place: int, print_: str) -> None:
        # WHY: entries without dates keep the order of their document
        first_seen = self.now - dt.timedelta(seconds=place)
        if entry.published or entry.updated:
            first_seen = self.now
        made = new_item(
            entry,
            item_id(self.source.slug, entry.guid),
            self.source,
            self.service,
            first_seen,
        )
        self.present.add(made.id)
        self._write(Intent("add", None, made, print_))
        self._tie(made, entry.canonical)

    def _known(self, entry: ParsedEntry) -> Item | None:
        """Return the item of an entry, if it was ever seen under any guid."""
        stored = self.known.stored.get(item_id(self.source.slug, entry.guid))
        if stored is not None:
            return stored[0]
        # WHY: an item whose guid changed keeps the id of its first one
        free = (i for i in self.known.siblings if i.id not in self.own_ids)
        again = (i for i in free if i.guid == entry.guid)
        return next(again, None) or self._renamed(entry)

    def _renamed(self, entry: ParsedEntry) -> Item | None:
        """Return the item that this entry was before its guid changed."""
        when = entry.published or entry.updated
        for item in self.known.siblings:
            is_taken = item.id in self.present or item.id in self.own_ids
            if is_taken or item.guid in self.guids:
                continue
            if item.published != when:
                continue
            same_page = bool(entry.url) and item.url == entry.url
            same_words = bool(entry.title) and item.title == entry.title
            if when is not None and (same_page or same_words):
                return item
            if when is None and same_page and same_words:
                return item
        return None

    def _tie(self, item: Item, canonical: str) -> None:
        """Tie an item to those it repeats or is repeated by, and name its addresses."""
        keys = addresses_of(item, canonical)
        for key in keys:
            other = self.known.by_address.get(key)
            if other is None or other.id == item.id or other.source == item.source:
                continue
            other = self._latest(other)
            mine = self._latest(item)
            if stands_for(other, mine, canonical):
                self._merge(other, mine)
            elif stands_for(mine, other):
                self._merge(mine, other)
        standing = self._latest(item)
        target = standing.same_as or standing.id
        for key in keys:
            other = self.known.by_address.get(key)
            is_others = other is not None and other.id not in (item.id, target)
            if not (is_others and other is not None and self._owns(other, key)):
                self.decision.aliases[key] = target

    def _owns(self, other: Item, key: str) -> bool:
        """Tell whether an address is another item's own and that one stands alone."""
        latest = self._latest(other)
        return address_key(latest.url) == key and not latest.same_as

    def _merge(self, original: Item, copy: Item) -> None:
        if copy.same_as == original.id:
            return
        merged = msgspec.structs.replace(copy, same_as=original.id)
        self._write(Intent("alias", copy, merged, ""))
        if copy.url:
            self.decision.aliases[copy_key(copy.url)] = copy.id
        places = merged_syndication(original, copy)
        if places != original.syndication:
            richer = msgspec.structs.replace(original, syndication=places)
            self._write(Intent("alias", original, richer, ""))

    def _vanished(self) -> None:
        """Find items that the document should still hold, but does not."""
        absent = [
            i
            for i in self.known.siblings
            if i.id not in self.present and i.source == self.source.slug
        ]
        if not absent or not self.guids:
            return
        if self.feed.complete:
            for item in absent:
                self._gone(item)
            return
        span = _span(self.feed)
        if span is None:
            return
        oldest, newest = span
        inside = [i for i in absent if i.published and oldest < i.published < newest]
        # LIMIT: a document that lost most of itself is broken, not a mass deletion
        if len(inside) > max(3, len(self.present) // 4):
            return
        if self.feed.format in _AUTHORITATIVE:
            for item in inside:
                self._gone(item)
            return
        for item in inside:
            if item.id in self.confirmed:
                self._gone(item)
            else:
                self.decision.missing.append(item)


def _span(feed: ParsedFeed) -> tuple[dt.datetime, dt.datetime] | None:
    """Return the oldest and newest date of a document that is in order of time."""
    dates = [e.published or e.updated for e in feed.entries if not e.gone]
    if len(dates) < 3 or any(d is None for d in dates):
        return None
    firm = [d for d in dates if d is not None]
    if firm != sorted(firm, reverse=True):
        return None
    return firm[-1], firm[0]
