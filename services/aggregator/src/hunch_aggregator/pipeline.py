"""The whole way of one source: fetch, parse, decide, copy pictures, store.

This module alone knows all steps. Everything a fetch changes goes into the store in one
commit, validators included, so a crash at any point repeats work and never loses or
doubles an item.
"""

from __future__ import annotations

import datetime as dt
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from hunch_stream.config import Config
from hunch_stream.item import Item
from hunch_stream.query import Query, Term
from hunch_stream.source import SourceConfig, SourceState
from hunch_stream.store import Change, Commit, Store, StoreError, StoreUnavailable

from .decide import (
    Decision,
    Intent,
    Known,
    decide,
    entry_addresses,
    fingerprint,
    gone_intent,
    ids_of,
    recipe,
    service_of,
)
from .fetch import Failed, Fetcher, Validators, Why
from .locate import Found, Located, Locator, Unchanged
from .media import Copier
from .parse import ParsedFeed, ParsePool
from .parse.service import profile_feeds
from .schedule import Outcome, Policy, next_due

T = TypeVar("T")
log = logging.getLogger("hunch.pipeline")
# LIMIT: items written by one MULTI; a first sync of a large archive takes several.
MOST_PER_COMMIT = 200
# LIMIT: items looked at to find out what vanished or changed its guid.
MOST_SIBLINGS = 1000
_MOST_CHECKS = 5
# How long pictures that could not be had are asked for again.
PICTURE_PATIENCE = dt.timedelta(days=2)
_LACKS_PICTURE = "~"
_LOST = frozenset({Why.MISSING, Why.GONE, Why.CONTENT, Why.NOT_FOUND_HOST, Why.TLS})


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


class Pipeline:
    """Syncs sources of one site. Thread-safe.

    Args:
        config: The site's configuration.
        store: Where the stream is kept.
        fetcher: The way out.
        parser: Where documents are read.
        copier: Where pictures are copied.
        clock: The wall clock.
    """

    def __init__(
        self,
        config: Config,
        store: Store,
        fetcher: Fetcher,
        parser: ParsePool,
        copier: Copier,
        clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    ) -> None:
        self.config = config
        self.store = store
        self._fetcher = fetcher
        self.locator = Locator(fetcher, parser)
        self._copier = copier
        self._clock = clock
        # WHY: items of two sources may be tied to each other; one decision at a time
        self._deciding = threading.Lock()
        self._sources = {source.slug: source for source in config.sources}

    def source(self, slug: str) -> SourceConfig:
        """Return the configuration of a source.

        Raises:
            KeyError: If there is none of that name.
        """
        return self._sources[slug]

    def sync(self, slug: str, *, forced: bool = False) -> Report:
        """Sync one source; whatever goes wrong with it becomes its recorded reason.

        Args:
            slug: The source.
            forced: Ask for the whole document even if it did not change.

        Raises:
            StoreError: If the store does not take the result.
        """
        source = self.source(slug)
        state = self._state(source)
        located = self._locate(source, state, forced)
        now = self._clock()
        if isinstance(located, Failed):
            if located.why is Why.RESTING:
                return self._postponed(source, state, located, now)
            return self._failed(source, state, located, now)
        if isinstance(located, Unchanged):
            return self._unchanged(source, state, located, now)
        return self._found(source, state, located, now)

    def copy_photo(self, url: str) -> str:
        """Copy a single picture into the media folder; returns its path or ""."""
        return self._copier.photo(url)

    # --- where the document comes from

    def _state(self, source: SourceConfig) -> SourceState:
        """Return what is known of the source; nothing if its address was changed."""
        try:
            known = self.store.source(source.slug)
        except StoreUnavailable:
            raise
        except StoreError as error:
            log.warning("%s: state dropped: %s", source.slug, error)
            known = None
        if known is None or known.config_url != source.url:
            items = known.items if known else 0
            return SourceState(slug=source.slug, config_url=source.url, items=items)
        return known

    def _locate(
        self, source: SourceConfig, state: SourceState, forced: bool
    ) -> Located:
        if not state.feed_url:
            return self.locator.first(source.url)
        known = None if forced else self._validators(source, state)
        located = self.locator.again(state.feed_url, known)
        if isinstance(located, Failed) and located.why in _LOST:
            is_only_address = state.feed_url == source.url
            if is_only_address and not profile_feeds(source.url):
                return located
            again = self.locator.first(source.url)
            if not isinstance(again, Failed):
                return again
        return located

    def _validators(
        self, source: SourceConfig, state: SourceState
    ) -> Validators | None:
        """Return validators, unless items would be made differently by now."""
        body, _, mark = state.body_sha256.partition(":")
        if mark != recipe(source) or not state.succeeded:
            return None
        return Validators(state.etag, state.last_modified, body)

    # --- the three outcomes

    def _failed(
        self, source: SourceConfig, state: SourceState, failed: Failed, now: dt.datetime
    ) -> Report:
        gone = failed.why is Why.GONE
        failures = state.failures + 1
        due, why = self._due(
            source, Outcome(failures, failed.retry_after_s, gone=gone), now
        )
        after = msgspec.structs.replace(
            state,
            health="gone" if gone else "failing",
            reason=failed.reason,
            remedy=failed.remedy,
            failures=failures,
            checked=now,
            next_due=due,
            wait_reason=why,
        )
        committed = self.store.commit(Commit(after))
        return Report(
            source.slug,
            "gone" if gone else "failed",
            reason=failed.reason,
            remedy=failed.remedy,
            next_due=due,
            version=committed.version,
        )

    def _postponed(
        self, source: SourceConfig, state: SourceState, failed: Failed, now: dt.datetime
    ) -> Report:
        """Come back when the host has rested; the source itself did nothing wrong."""
        wait_s = (failed.retry_after_s or 60.0) + 1
        due = now + dt.timedelta(seconds=wait_s)
        after = msgspec.structs.replace(state, next_due=due, wait_reason="retry-after")
        committed = self.store.commit(Commit(after))
        return Report(
            source.slug,
            "unchanged",
            reason=failed.reason,
            next_due=due,
            version=committed.version,
        )

    def _unchanged(
        self,
        source: SourceConfig,
        state: SourceState,
        found: Unchanged,
        now: dt.datetime,
    ) -> Report:
        answer = found.answer
        due, why = self._due(source, Outcome(0, None, answer.fresh_for_s), now)
        after = self._well(source, state, now, due, why)
        after = msgspec.structs.replace(
            after,
            feed_url=found.url,
            etag=answer.validators.etag,
            last_modified=answer.validators.last_modified,
        )
        committed = self.store.commit(Commit(after))
        return Report(source.slug, "unchanged", next_due=due, version=committed.version)

    def _found(
        self, source: SourceConfig, state: SourceState, found: Found, now: dt.datetime
    ) -> Report:
        feed, got = found.feed, found.fetched
        wishes = [w for w in (got.fresh_for_s, feed.ttl_s) if w]
        due, why = self._due(source, Outcome(0, None, max(wishes, default=None)), now)
        after = self._well(source, state, now, due, why)
        after = msgspec.structs.replace(
            after,
            feed_url=found.url,
            title=feed.title or state.title,
            home=feed.home or state.home,
            service=service_of(feed, source),
            kind=feed.format,
            etag=got.validators.etag,
            last_modified=got.validators.last_modified,
            body_sha256=f"{got.validators.body_sha256}:{recipe(source)}",
            hub=feed.hub,
            topic=feed.topic,
        )
        return self.take(source, feed, after, now)

    def _well(
        self,
        source: SourceConfig,
        state: SourceState,
        now: dt.datetime,
        due: dt.datetime,
        why: str,
    ) -> SourceState:
        return msgspec.structs.replace(
            state,
            config_url=source.url,
            health="ok",
            reason="",
            remedy="",
            failures=0,
            checked=now,
            succeeded=now,
            next_due=due,
            wait_reason=why,
        )

    def _due(
        self, source: SourceConfig, outcome: Outcome, now: dt.datetime
    ) -> tuple[dt.datetime, str]:
        interval_s = source.interval_s or self.config.fetch.interval_s
        return next_due(source.slug, outcome, now, Policy(float(interval_s)))

    # --- from a read document into the store

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

        Args:
            source: Whose document it is.
            feed: The document.
            after: The source's state to store with it.
            now: The instant of the decision.
            is_archive: An old page: only what is not there yet is taken from it.
        """
        with self._deciding:
            known = self._known(source, feed, is_archive)
            preview = decide(feed, known, source, now)
        missing = [i for i in preview.missing[:_MOST_CHECKS] if self._is_gone(i)]
        # PERF: pictures take seconds and need no lock; they are copied for what the
        # first decision found, and the second one, under the lock, is what counts.
        copied = self._copier.copied([i.after for i in preview.intents])
        pictures = {item.id: item for item in copied.items}
        with self._deciding:
            known = self._known(source, feed, is_archive)
            decision = decide(feed, known, source, now)
            decision.intents += [
                gone_intent(item) for item in missing if item in decision.missing
            ]
            if is_archive:
                # WHY: old pages may hold older or shorter versions of what is known
                old = decision.intents
                decision.intents = [i for i in old if i.kind in ("add", "alias")]
            for intent in decision.intents:
                intent.after = _with_pictures(intent.after, pictures)
                if intent.after.id in copied.unfinished:
                    after = _unfinished(intent, after, now)
            decision.intents = [i for i in decision.intents if not _is_idle(i, known)]
            return self._commit(source, after, decision, now)

    def _known(self, source: SourceConfig, feed: ParsedFeed, is_archive: bool) -> Known:
        # PERF: an archive's page lies deep; walking down to it each time is quadratic
        siblings = [] if is_archive else self._siblings(source, feed)
        ids = list(dict.fromkeys((*ids_of(feed, source), *(i.id for i in siblings))))
        stored = {
            item_id: (found.item, found.fingerprint)
            for piece in _pieces(ids, 500)
            for item_id, found in self.store.stored(piece).items()
        }
        ties = self._by_address(source, feed, stored)
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
    ) -> dict[str, Item]:
        """Return items of other sources that new or changed entries may be tied to."""
        prints = {print_ for _item, print_ in stored.values()}
        keys: set[str] = set()
        for entry in feed.entries:
            if fingerprint(entry, source) not in prints:
                keys.update(entry_addresses(entry))
        pairs = [(key, self.store.resolve_alias(key)) for key in sorted(keys)]
        wanted = {i for _key, i in pairs if i is not None and i not in stored}
        found: dict[str, Item] = {}
        for piece in _pieces(sorted(wanted), 500):
            found.update(self.store.items(piece))
        return {key: found[i] for key, i in pairs if i is not None and i in found}

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
    ) -> Report:
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
        return Report(
            source.slug,
            "changed" if intents else "unchanged",
            added=counts["add"],
            changed=counts["change"],
            gone=counts["gone"],
            merged=counts["alias"],
            next_due=after.next_due,
            version=version,
        )

    def _new_aliases(self, decision: Decision) -> dict[str, str]:
        return {
            key: item_id
            for key, item_id in decision.aliases.items()
            if self.store.resolve_alias(key) != item_id
        }


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


__all__ = ["Pipeline", "Report"]
