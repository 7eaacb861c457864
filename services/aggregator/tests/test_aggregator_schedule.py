"""When a source is due again."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunch_aggregator.schedule import Outcome, Policy, next_due

NOW = dt.datetime(2026, 5, 1, 12, 0, tzinfo=dt.UTC)
POLICY = Policy(interval_s=1800)


def wait_s(outcome: Outcome, slug: str = "blog", now=NOW, policy=POLICY) -> float:
    return (next_due(slug, outcome, now, policy)[0] - now).total_seconds()


def test_without_wishes_the_interval_holds_and_falls_on_the_sources_slot():
    due, why = next_due("blog", Outcome(), NOW, POLICY)
    assert why == "interval"
    assert 900 <= (due - NOW).total_seconds() <= 2700
    later, _why = next_due("blog", Outcome(), due, POLICY)
    assert (later - due).total_seconds() == pytest.approx(1800, abs=1)


def test_a_restart_does_not_move_a_source_and_sources_spread_out():
    seconds = dt.timedelta(seconds=200)
    assert next_due("blog", Outcome(), NOW, POLICY)[0] == pytest.approx(
        next_due("blog", Outcome(), NOW + seconds, POLICY)[0], abs=dt.timedelta(1800)
    )
    slots = {round(wait_s(Outcome(), f"s{n}")) for n in range(200)}
    assert len(slots) > 150


def test_each_failure_doubles_the_wait_up_to_a_day():
    waits = [wait_s(Outcome(failures=n)) for n in range(1, 12)]
    assert waits[0] == pytest.approx(1800, rel=0.11)
    assert waits[1] == pytest.approx(3600, rel=0.11)
    assert waits == sorted(waits)
    assert waits[-1] == 86_400


def test_a_demand_to_wait_is_kept():
    due, why = next_due("b", Outcome(1, retry_after_s=7200), NOW, POLICY)
    assert why == "retry-after"
    assert (due - NOW).total_seconds() >= 7200
    assert wait_s(Outcome(1, retry_after_s=10**9)) <= 86_401
    assert wait_s(Outcome(1, retry_after_s=1)) >= 1800


def test_the_publishers_freshness_stretches_but_never_beyond_the_limit():
    assert 3600 <= wait_s(Outcome(fresh_for_s=3600)) <= 3600 * 1.06
    assert wait_s(Outcome(fresh_for_s=10**7)) <= 4 * 3600 * 1.06
    assert wait_s(Outcome(fresh_for_s=5)) >= 900
    assert next_due("b", Outcome(fresh_for_s=3600), NOW, POLICY)[1] == "max-age"
    assert next_due("b", Outcome(ttl_s=3600), NOW, POLICY)[1] == "ttl"


def test_what_is_gone_is_left_alone():
    due, why = next_due("b", Outcome(1, gone=True), NOW, POLICY)
    assert why == "gone"
    assert due > NOW + dt.timedelta(days=3000)


def test_a_clock_without_zone_is_an_error():
    with pytest.raises(ValueError, match="aware"):
        next_due("b", Outcome(), dt.datetime(2026, 1, 1), POLICY)


@given(
    slug=st.text(min_size=1, max_size=20),
    failures=st.integers(0, 1000),
    retry=st.none() | st.floats(0, 1e9),
    fresh=st.none() | st.floats(0, 1e9),
    ttl=st.none() | st.floats(0, 1e9),
    interval=st.floats(1, 1e7),
    now=st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(2100, 1, 1)),
)
def test_due_is_always_later_and_never_too_late(
    slug, failures, retry, fresh, ttl, interval, now
):
    now = now.replace(tzinfo=dt.UTC)
    due, _why = next_due(
        slug, Outcome(failures, retry, fresh, ttl), now, Policy(interval_s=interval)
    )
    assert now < due <= now + dt.timedelta(hours=37)
