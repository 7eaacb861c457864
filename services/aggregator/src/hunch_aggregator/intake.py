"""A read document into the store: decide, copy pictures, commit.

What a document changes goes into the store in one commit, the source's validators
included, so a crash at any point repeats work and never loses or doubles an item.
"""

from __future__ import annotations

import datetime as dt
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import msgspec

from hunch_stream.item import Item
from hunch_stream.query import Query, Term
from hunch_stream.source import SourceConfig, SourceState
from hunch_stream.store import Change, Commit, Store, StoreError, StoreUnavailable

from .decide import (
    Decision,
    Intent,
    Known,
    copy_key,
    decide,
    entry_addresses,
    fingerprint,
    ids_of,
)
from .fetch import Failed, Fetcher, Why
from .media import Copier
from .parse import ParsedFeed

T = TypeVar("T")
log = logging.getLogger("hunch.intake")
# LIMIT: items written by one MULTI; a first sync of a large archive takes several.
MOST_PER_COMMIT = 200
# LIMIT: items looked at to find out what vanished or changed its guid.
MOST_SIBLINGS = 1000
_MOST_CHECKS = 5
# How long pictures that could not be had are asked for again.
PICTURE_PATIENCE = dt.timedelta(days=2)
_LACKS_PICTURE = "~"
# WHY two: readers see a new source's texts at once, and its pictures when they are here.
FIRST_PICTURES_S = 2.0
ALL_PICTURES_S = 90.0


@dataclass(frozen=True, slots=True)
class Report:
    """What one sync of one source did, for people and for `--json`."""

    slug: str
    outcome: str
    added: int = 0
    changed: int = 0
    gone: int = 0
    merged: int = 0
    reason: str = ""
    remedy: str = ""
    next_due: dt.datetime | None = None
    version: int = 0

    @property
    def is_ok(self) -> bool:
        """Whether the source could be read."""
        return self.outcome in ("changed", "unchanged")


class Intake:
    """Takes documents into one site's stream. Thread-safe.

    Args:
        store: Where the stream is kept.
        fetcher: For the pages of items that vanished from their feed.
        copier: Where pictures are copied.
        clock: The wall clock.
    """

    def __init__(
        self,
        store: Store,
        fetcher: Fetcher,
        copier: Copier,
        clock: Callable[[], dt.datetime],
    ) -> None:
        self.store = store
        self._fetcher = fetcher
        self._copier = copier
        self._clock = clock
        # WHY: items of two sources may be tied to each other; one decision at a time
        self._deciding = threading.Lock()

    def take(
        self,
        source: SourceConfig,
        feed: ParsedFeed,
        after: SourceState,
        now: dt.datetime,
        *,
        is_archive: bool = False,
    ) -> Report:
        """Decide what a document changes, copy its pictures, and commit it all.

        Where pictures take long, what there is goes into the stream first, and they
        follow in a second commit.

        Args:
            source: Whose document it is.
            feed: The document.
            after: The source's state to store with it.
            now: The instant of the decision.
            is_archive: An old page: only what is not there yet is taken from it.
        """
        budgets_s = (
            (ALL_PICTURES_S,) if is_archive else (FIRST_PICTURES_S, ALL_PICTURES_S)
        )
        total: Report | None = None
        for budget_s in budgets_s:
            report, items, is_hurried = self._once(
                source, feed, after, now, budget_s, is_archive
            )
            total = _sum(total, report)
            if not is_hurried:
                break
            after = msgspec.structs.replace(after, items=items, changed=now)
        assert total is not None
        return total

    def _once(
        self,
        source: SourceConfig,
        feed: ParsedFeed,
        after: SourceState,
        now: dt.datetime,
        budget_s: float,
        is_archive: bool,
    ) -> tuple[Report, int, bool]:
        """Take a document in; tells how many items there are, and if time ran out."""
        with self._deciding:
            known = self._known(source, feed, is_archive)
            preview = decide(feed, known, source, now)
        suspects = preview.missing[:_MOST_CHECKS]
        confirmed = frozenset(i.id for i in suspects if self._is_gone(i))
        # PERF: pictures take seconds and need no lock; they are copied for what the
        # first decision found, and the second one, under the lock, is what counts.
        copied = self._copier.copied([i.after for i in preview.intents], budget_s)
        pictures = {item.id: item for item in copied.items}
        with self._deciding:
            known = self._known(source, feed, is_archive)
            decision = decide(feed, known, source, now, confirmed)
            if is_archive:
                # WHY: old pages may hold older or shorter versions of what is known
                old = decision.intents
                decision.intents = [i for i in old if i.kind in ("add", "alias")]
            for intent in decision.intents:
                intent.after = _with_pictures(intent.after, pictures)
                if intent.after.id in copied.unfinished:
                    after = _unfinished(intent, after, now)
            decision.intents = [i for i in decision.intents if not _is_idle(i, known)]
            report, items = self._commit(source, after, decision, now)
            return report, items, copied.is_hurried

    def _known(self, source: SourceConfig, feed: ParsedFeed, is_archive: bool) -> Known:
        # PERF: an archive's page lies deep; walking down to it each time is quadratic
        siblings = [] if is_archive else self._siblings(source, feed)
        ids = list(dict.fromkeys((*ids_of(feed, source), *(i.id for i in siblings))))
        stored = {
            item_id: (found.item, found.fingerprint)
            for piece in _pieces(ids, 500)
            for item_id, found in self.store.stored(piece).items()
        }
        ties = self._by_address(source, feed, stored, siblings)
        return Known(stored, siblings, ties)

    def _siblings(self, source: SourceConfig, feed: ParsedFeed) -> list[Item]:
        """Return the source's visible items in the document's span of time."""
        dates = [d for e in feed.entries if (d := e.published or e.updated)]
        oldest = min(dates, default=None)
        found: list[Item] = []
        before: int | None = None
        while len(found) < MOST_SIBLINGS:
            try:
                page = self.store.page(
                    Query((Term("source", source.slug),)), before=before, limit=100
                )
            except StoreUnavailable:
                raise
            except StoreError as error:
                # WHY: a store without search still keeps the stream
                log.debug("no search in the store: %s", error)
                return found
            found += page.items
            before = page.next_cursor
            last = page.items[-1].effective if page.items else None
            is_past = (
                last is not None
                and oldest is not None
                and last < oldest
                and not feed.complete
            )
            if before is None or is_past:
                break
        return found

    def _by_address(
        self,
        source: SourceConfig,
        feed: ParsedFeed,
        stored: Mapping[str, tuple[Item, str]],
        siblings: Sequence[Item],
    ) -> dict[str, Item]:
        """Return items of other sources that new or changed entries may be tied to.

        Also the copies of items that may turn out to be gone.
        """
        prints = {print_ for _item, print_ in stored.values()}
        keys: set[str] = set()
        for entry in feed.entries:
            if fingerprint(entry, source) not in prints:
                keys.update(entry_addresses(entry))
        present = {entry.guid for entry in feed.entries if not entry.gone}
        for item in siblings:
            if item.guid not in present:
                keys.update(copy_key(address) for address in item.syndication)
        known = self.store.resolve_aliases(sorted(keys))
        wanted = {i for i in known.values() if i not in stored}
        found: dict[str, Item] = {}
        for piece in _pieces(sorted(wanted), 500):
            found.update(self.store.items(piece))
        return {key: found[i] for key, i in known.items() if i in found}

    def _is_gone(self, item: Item) -> bool:
        """Tell whether an item's own page says that it does not exist any more."""
        if not item.url:
            return False
        got = self._fetcher.get(item.url)
        return isinstance(got, Failed) and got.why in (Why.MISSING, Why.GONE)

    def _commit(
        self,
        source: SourceConfig,
        after: SourceState,
        decision: Decision,
        now: dt.datetime,
    ) -> tuple[Report, int]:
        intents = decision.intents
        changes = [_change(intent, self.store) for intent in intents]
        counts = {
            kind: sum(i.kind == kind for i in intents)
            for kind in ("add", "change", "gone", "alias")
        }
        aliases = self._new_aliases(decision)
        if intents:
            after = msgspec.structs.replace(after, changed=now)
        pieces = list(_pieces(changes, MOST_PER_COMMIT)) or [[]]
        version = 0
        for number, piece in enumerate(pieces):
            items = after.items + _growth(piece, source.slug)
            after = msgspec.structs.replace(after, items=items)
            # WHY: validators and the due time go with the last piece only, so that a
            # crash in between fetches the document again
            is_last = number == len(pieces) - 1
            state = after if is_last else _again(after, self._clock())
            names = aliases if is_last else {}
            version = self.store.commit(Commit(state, piece, names)).version
        report = Report(
            source.slug,
            "changed" if intents else "unchanged",
            added=counts["add"],
            changed=counts["change"],
            gone=counts["gone"],
            merged=counts["alias"],
            next_due=after.next_due,
            version=version,
        )
        return report, after.items

    def _new_aliases(self, decision: Decision) -> dict[str, str]:
        wanted = decision.aliases
        known = self.store.resolve_aliases(list(wanted))
        return {key: i for key, i in wanted.items() if known.get(key) != i}


def _sum(first: Report | None, second: Report) -> Report:
    """Return one report of a document that was taken in twice.

    The second time only adds pictures; its changes are no news.
    """
    if first is None:
        return second
    return replace(first, next_due=second.next_due, version=second.version)


def _again(state: SourceState, due: dt.datetime | None) -> SourceState:
    """Return the state of a source whose document must be read in full once more."""
    return msgspec.structs.replace(
        state, etag="", last_modified="", body_sha256="", next_due=due
    )


def _unfinished(intent: Intent, state: SourceState, now: dt.datetime) -> SourceState:
    """Mark an item that lacks a picture, so that the next fetch tries again.

    The mark makes its stored fingerprint differ from the entry's.
    """
    if not intent.fingerprint or now - intent.after.first_seen > PICTURE_PATIENCE:
        return state
    intent.fingerprint += _LACKS_PICTURE
    return _again(state, state.next_due)


def _is_idle(intent: Intent, known: Known) -> bool:
    """Tell whether writing an intent would change nothing at all."""
    stored = known.stored.get(intent.after.id)
    if intent.kind != "change" or stored is None:
        return False
    return stored == (intent.after, intent.fingerprint)


def _with_pictures(item: Item, pictures: dict[str, Item]) -> Item:
    """Return the item with the copies that were made for its earlier decision."""
    ready = pictures.get(item.id)
    if ready is None or [m.url for m in ready.media] != [m.url for m in item.media]:
        return item
    return msgspec.structs.replace(
        item, media=ready.media, content_html=ready.content_html
    )


def _change(intent: Intent, store: Store) -> Change:
    print_ = intent.fingerprint
    if not print_ and intent.before is not None:
        found = store.stored([intent.before.id]).get(intent.before.id)
        print_ = found.fingerprint if found else ""
    return Change(intent.before, intent.after, print_)


def _growth(changes: Sequence[Change], slug: str) -> int:
    """Return how many items more a source has after some changes."""
    growth = 0
    for change in changes:
        if change.after.source == slug:
            growth += change.after.state != "gone"
            if change.before is not None:
                growth -= change.before.state != "gone"
    return growth


def _pieces(values: Sequence[T], size: int) -> list[list[T]]:
    return [list(values[i : i + size]) for i in range(0, len(values), size)]
