"""The whole way of one source: fetch, parse, decide, copy pictures, store.

This module and its second half, `intake`, alone know all steps: here is what a fetch
means for the source, there is what a document means for the stream.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable

import msgspec

from hunch_stream.config import Config
from hunch_stream.source import SourceConfig, SourceState
from hunch_stream.store import Commit, Store, StoreError, StoreUnavailable

from .decide import recipe, service_of
from .fetch import Failed, Fetcher, Validators, Why
from .intake import Intake, Report
from .locate import Found, Located, Locator, Unchanged
from .media import Copier
from .parse import ParsePool
from .parse.service import profile_feeds
from .schedule import Outcome, Policy, next_due
from .websub import Subscriber

log = logging.getLogger("hunch.pipeline")
_LOST = frozenset({Why.MISSING, Why.GONE, Why.CONTENT, Why.NOT_FOUND_HOST, Why.TLS})


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
        self.intake = Intake(store, fetcher, copier, clock)
        self.subscriber = Subscriber(store, fetcher, config.site.url)
        self._copier = copier
        self._clock = clock
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

    def faulted(self, slug: str, error: Exception) -> Report:
        """Record that the aggregator itself failed on a source, and back off."""
        source = self.source(slug)
        failed = Failed(
            Why.FAULT,
            f"A fault in Hunch itself: {type(error).__name__}.",
            "Please report it with the lines of the aggregator's log.",
        )
        return self._failed(source, self._state(source), failed, self._clock())

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
        committed = self.store.commit(Commit(self._with_hub(after, now)))
        return Report(source.slug, "unchanged", next_due=due, version=committed.version)

    def _found(
        self, source: SourceConfig, state: SourceState, found: Found, now: dt.datetime
    ) -> Report:
        feed, got = found.feed, found.fetched
        due, why = self._due(source, Outcome(0, None, got.fresh_for_s, feed.ttl_s), now)
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
        after = self._with_hub(after, now)
        return self.intake.take(source, feed, after, now)

    def _with_hub(self, state: SourceState, now: dt.datetime) -> SourceState:
        """Ask the source's hub for pushes; say so where it has agreed."""
        if self.subscriber.keep(state, now) and state.wait_reason == "interval":
            return msgspec.structs.replace(state, wait_reason="websub")
        return state

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
