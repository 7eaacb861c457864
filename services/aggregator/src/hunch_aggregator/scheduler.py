"""The loop behind `hunch run`: fetch each source when it is due, until told to stop.

Keeps nothing of its own: what is due stands in the store, so a restart goes on where
the last process ended, and a second process shares the work (a lease per source).
"""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import secrets
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait

from hunch_stream.store import StoreError, StoreUnavailable

from .fetch.url import host_of
from .intake import Report
from .pipeline import Pipeline

log = logging.getLogger("hunch.scheduler")
_POLL_S = 1.0
_SHORTEST_S = 0.02
_MOST_PER_HOST = 2
_BEAT_S = 30.0
_STORE_PAUSE_S = 1.0
# WHY: after a kill the next process waits so long for what was under way
LEASE_S = 150
# How long a stop waits for what is under way; the rest is simply done again.
_GRACE_S = 5.0


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class Scheduler:
    """Runs the sources of one site.

    Args:
        pipeline: The way of one source.
        stop: Set it and `run` returns after what is under way has ended.
        on_report: Called with each finished sync.
        owner: Name under which sources are leased, and whether leases under it can
            only be those of a process that is no more.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        stop: threading.Event,
        on_report: Callable[[Report], None] = lambda _report: None,
        owner: tuple[str, bool] = ("", False),
    ) -> None:
        self._pipeline = pipeline
        self._store = pipeline.store
        self._stop = stop
        self._on_report = on_report
        self._owner = owner[0] or secrets.token_hex(8)
        self._has_leftovers = owner[1]
        sources = pipeline.config.sources
        self._hosts = {source.slug: host_of(source.url) for source in sources}
        self._under_way: dict[str, Future[None]] = {}
        # WHY: a place is free then for another source of the same host
        self._ended = threading.Event()
        self._last_beat = 0.0
        self._store_lost = False

    def run(self) -> bool:
        """Work until `stop` is set; survives restarts of the store.

        Returns:
            Whether everything under way ended; otherwise threads are still fetching,
            and what they would have brought will be fetched again.
        """
        threads = ThreadPoolExecutor(self._pipeline.config.fetch.concurrency, "sync")
        try:
            while not self._stop.is_set() and not self._prepare():
                self._stop.wait(_STORE_PAUSE_S)
            while not self._stop.is_set():
                self._rest(self._round(threads))
        finally:
            threads.shutdown(wait=False, cancel_futures=True)
            left = wait(self._under_way.values(), _GRACE_S).not_done
        for slug, job in self._under_way.items():
            if job in left:
                with contextlib.suppress(StoreError):
                    self._store.release(slug, self._owner)
        return not left

    def _rest(self, seconds: float) -> None:
        """Sleep until the time is over, something ended, or it is time to stop."""
        ends = time.monotonic() + seconds
        self._stop.wait(_SHORTEST_S)
        while not self._stop.is_set() and time.monotonic() < ends:
            if self._ended.wait(0.1):
                break
        self._ended.clear()

    def _prepare(self) -> bool:
        try:
            prepare(self._pipeline)
            if self._has_leftovers:
                for slug in self._hosts:
                    self._store.release(slug, self._owner)
                self._has_leftovers = False
        except StoreError as error:
            self._lost(error)
            return False
        self._found()
        return True

    def _round(self, threads: ThreadPoolExecutor) -> float:
        """Start what is due; returns for how long to sleep."""
        self._under_way = {s: f for s, f in self._under_way.items() if not f.done()}
        try:
            if time.monotonic() - self._last_beat > _BEAT_S:
                self._store.beat(_now())
                self._last_beat = time.monotonic()
            for slug in self._store.due(_now(), 1000):
                if self._may_start(slug):
                    job = threads.submit(self._sync, slug)
                    job.add_done_callback(lambda _job: self._ended.set())
                    self._under_way[slug] = job
        except StoreError as error:
            self._lost(error)
            return _STORE_PAUSE_S
        if self._store_lost:
            # WHY: an empty store may have come up in place of the old one
            self._prepare()
        return _POLL_S

    def _may_start(self, slug: str) -> bool:
        """Tell whether a due source can begin now; if not, it stays due.

        WHY the host counts: requests to one host wait for each other, and twenty
        sources of a slow host would hold every thread while others are due.
        """
        host = self._hosts.get(slug)
        if host is None or slug in self._under_way:
            return False
        return sum(self._hosts[s] == host for s in self._under_way) < _MOST_PER_HOST

    def _sync(self, slug: str) -> None:
        if self._stop.is_set():
            return
        try:
            if not self._store.lease(slug, self._owner, LEASE_S):
                return
            try:
                self._on_report(self._pipeline.sync(slug))
            finally:
                self._store.release(slug, self._owner)
        except StoreUnavailable as error:
            self._lost(error)
        except StoreError as error:
            log.error("%s: the store refused: %s", slug, error)
            self._stop.wait(_STORE_PAUSE_S)
        except Exception as error:
            # WHY: a fault of ours in one source must neither stop the others nor
            # come back every second
            log.critical("%s: fault in the aggregator", slug, exc_info=True)
            with contextlib.suppress(StoreError):
                self._on_report(self._pipeline.faulted(slug, error))

    def _lost(self, error: StoreError) -> None:
        if not self._store_lost:
            log.warning("the store does not answer, waiting for it: %s", error)
        self._store_lost = True

    def _found(self) -> None:
        if self._store_lost:
            log.info("the store answers again")
        self._store_lost = False


def prepare(pipeline: Pipeline) -> None:
    """Bring the store in line with the configuration.

    Raises:
        StoreError: If the store does not answer.
    """
    store, config, now = pipeline.store, pipeline.config, _now()
    try:
        store.ensure_index()
    except StoreUnavailable:
        raise
    except StoreError as error:
        if "unknown command" not in str(error).lower():
            raise
        log.warning("the store has no search; items are only kept")
    store.follow([source.slug for source in config.sources], now)
    for source in config.sources:
        state = store.source(source.slug)
        if state is not None and state.config_url != source.url:
            store.wake(source.slug, now)
