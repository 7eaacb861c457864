"""When a source is fetched again. Pure: what happened and `now` in, an instant out."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Policy:
    """Limits on waiting.

    Attributes:
        interval_s: The owner's wish.
        shortest_s: No source is asked more often.
        longest_wish_s: How far a publisher's "fresh for" may stretch the interval.
        longest_s: Nothing waits longer, but sources that are gone.
        gone_s: After 410 a source is left alone.
    """

    interval_s: float = 1800.0
    shortest_s: float = 60.0
    longest_wish_s: float = 4 * 3600.0
    longest_s: float = 24 * 3600.0
    gone_s: float = 3650 * 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a fetch left for the schedule to know.

    Attributes:
        failures: Failed fetches in a row, this one included; 0 after a good one.
        retry_after_s: The server's demand.
        fresh_for_s: The publisher's "fresh for": Cache-Control or Expires.
        ttl_s: The same wish inside the feed: RSS ttl, or the syndication module.
        gone: The server said 410.
    """

    failures: int = 0
    retry_after_s: float | None = None
    fresh_for_s: float | None = None
    ttl_s: float | None = None
    gone: bool = False


def next_due(
    slug: str, outcome: Outcome, now: dt.datetime, policy: Policy
) -> tuple[dt.datetime, str]:
    """Return when to fetch again, and why then.

    A demand to wait (Retry-After) always holds up to `policy.longest_s`. A source that
    failed waits twice as long for each failure in a row. Otherwise the publisher's
    "fresh for" may stretch the interval, and the result falls on a slot of the interval
    that belongs to the source, so that many sources spread out and a restart does not
    fetch everything at once.

    Args:
        slug: The source; decides its slot.
        outcome: What the fetch left.
        now: The instant of this decision; never read from the clock here.
        policy: Limits set by the operator.

    Returns:
        An aware UTC instant, always later than `now`, and one of `gone`,
        `retry-after`, `backoff`, `max-age`, `ttl`, `interval`.

    Raises:
        ValueError: If `now` has no time zone.
    """
    if now.tzinfo is None:
        msg = "now must be aware"
        raise ValueError(msg)
    interval_s = min(max(policy.interval_s, policy.shortest_s), policy.longest_s)
    if outcome.gone:
        return _after(now, policy.gone_s), "gone"
    demand_s = min(outcome.retry_after_s or 0.0, policy.longest_s)
    if outcome.failures:
        doubled = interval_s * 2.0 ** min(outcome.failures - 1, 16)
        wait_s = min(doubled, policy.longest_s) * (1 + _share(slug, "backoff") / 10)
        wait_s = min(wait_s, policy.longest_s)
        if demand_s >= wait_s:
            return _after(now, demand_s + 1), "retry-after"
        return _after(now, wait_s), "backoff"
    fresh_s, ttl_s = outcome.fresh_for_s or 0.0, outcome.ttl_s or 0.0
    wish_s = min(max(fresh_s, ttl_s), policy.longest_wish_s)
    if wish_s > interval_s:
        why = "max-age" if fresh_s >= ttl_s else "ttl"
        return _after(now, wish_s * (1 + _share(slug, "fresh") / 20)), why
    return _slot(slug, now, interval_s), "interval"


def _share(slug: str, salt: str) -> float:
    """Return a number from 0 to 1 that is the source's own."""
    digest = hashlib.sha256(f"{salt}\0{slug}".encode()).digest()
    return int.from_bytes(digest[:4]) / 2**32


def _after(now: dt.datetime, seconds: float) -> dt.datetime:
    return (now + dt.timedelta(seconds=seconds)).astimezone(dt.UTC)


def _slot(slug: str, now: dt.datetime, interval_s: float) -> dt.datetime:
    """Return the source's first slot that is at least half an interval away."""
    offset = _share(slug, "slot") * interval_s
    earliest = now.timestamp() + interval_s / 2
    turns = -((offset - earliest) // interval_s)
    due = offset + turns * interval_s
    if due < earliest:
        due += interval_s
    return dt.datetime.fromtimestamp(due, dt.UTC)
