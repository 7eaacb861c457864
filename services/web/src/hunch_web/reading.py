"""Questions to the store that never keep a visitor waiting long.

A store that is away answers in one of three ways: not at all until the time-out, at
once with a refusal, or with a connection that breaks. The first of these costs a
visitor the time-out, so after one failure nobody asks for a while; then one request
tries again for all. A store that answers, but slowly, is asked only for what there is no
copy of.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from hunch_stream.store import Store, StoreError, StoreUnavailable
from hunch_web.view.site import Chrome, chrome

log = logging.getLogger("hunch_web.reading")

T = TypeVar("T")

# How long nobody asks after a failure, longer after each one in a row. Short, so that
# the site is itself again soon after the store is; long enough that a hanging store
# costs few visitors a time-out.
_PAUSES_S = (1.0, 2.0, 3.0)
# A refusal that came this fast was a stale connection or a restart, not a slow store.
_FAST_S = 0.05
# Two answers in a row beyond this, and for a while copies are preferred.
_SLOW_S = 0.25
_SLOW_FOR_S = 2.0
# The photo and the sources' names may change without the stream changing.
_CHROME_S = 60.0


class Reading:
    """The store, as pages ask it.

    Args:
        store: Where to ask.
        names: Titles that the configuration gives to sources, by slug.
        clock: Monotonic seconds.
        observe: Told the seconds that each answered question took.
    """

    def __init__(
        self,
        store: Store,
        names: dict[str, str],
        *,
        clock: Callable[[], float] = time.monotonic,
        observe: Callable[[float], None] = lambda _: None,
    ) -> None:
        self._store = store
        self._names = names
        self._clock = clock
        self._observe = observe
        self._silent_until = 0.0
        self._slow_until = 0.0
        self._slow_answers = 0
        self._failures = 0
        self._chrome: tuple[int, float, Chrome] | None = None

    def ask(self, question: Callable[[Store], T]) -> T:
        """Ask the store.

        Raises:
            StoreUnavailable: If it does not answer, or did not a moment ago.
            StoreError: If it cannot answer this.
        """
        if self._clock() < self._silent_until:
            raise StoreUnavailable("the store did not answer a moment ago")
        started = self._clock()
        try:
            answer = self._asked(question, started)
        except StoreUnavailable as error:
            pause_s = _PAUSES_S[min(self._failures, len(_PAUSES_S) - 1)]
            self._failures += 1
            if self._failures == 1:
                log.warning("the store is away: %s", error)
            self._silent_until = self._clock() + pause_s
            raise
        if self._failures:
            log.warning("the store is back")
        self._failures = 0
        self._timed(self._clock() - started)
        return answer

    @property
    def is_slow(self) -> bool:
        """Whether the store answers so slowly that a copy serves a reader better."""
        return self._clock() < self._slow_until

    def version(self) -> int:
        """Return the version of the visible stream: the one question of every page."""
        return self.ask(lambda store: store.version())

    def chrome(self, version: int) -> Chrome:
        """Return what stands around every page, asked once for each version."""
        now = self._clock()
        if self._chrome is not None:
            known, until, kept = self._chrome
            if self.is_slow or (known == version and now < until):
                return kept
        fresh = self.ask(
            lambda store: chrome(
                store.photo(), store.facets(), store.sources(), self._names
            )
        )
        self._chrome = (version, now + _CHROME_S, fresh)
        return fresh

    def _timed(self, seconds: float) -> None:
        self._observe(seconds)
        self._slow_answers = self._slow_answers + 1 if seconds > _SLOW_S else 0
        if self._slow_answers >= 2:
            self._slow_until = self._clock() + _SLOW_FOR_S

    def _asked(self, question: Callable[[Store], T], started: float) -> T:
        try:
            return question(self._store)
        except StoreUnavailable:
            # WHY once more: after a restart of the store, the first use of each kept
            # connection fails at once although the store is well.
            if self._clock() - started > _FAST_S:
                raise
            return question(self._store)
        except StoreError as error:
            if "index" not in str(error).lower():
                raise
            # WHY: a site whose aggregator never ran has no index yet, and no items.
            self._store.ensure_index()
            return question(self._store)
