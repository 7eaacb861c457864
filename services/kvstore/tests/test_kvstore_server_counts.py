"""What the server tells of itself: rates by the second, times of the log's syncs."""

from hunch_kvstore.engine.sync_times import BOUNDS_S, SyncTimes
from hunch_kvstore.server.rates import Rates


def test_a_rate_is_what_came_between_the_oldest_and_the_newest_tick():
    rates = Rates()
    assert rates.by_second() == (0.0, 0.0, 0.0)
    for tick in range(100):
        rates.take(10 + tick / 10, 5 * tick, 1000 * tick, 2000 * tick)
    calls, read, written = rates.by_second()
    assert (round(calls), round(read), round(written)) == (50, 10_000, 20_000)
    for tick in range(20):  # it stops, and the rate with it
        rates.take(20 + tick / 10, 495, 99_000, 198_000)
    assert rates.by_second() == (0.0, 0.0, 0.0)


def test_totals_that_begin_anew_are_no_negative_rate():
    rates = Rates()
    rates.take(1.0, 500, 500, 500)
    rates.take(2.0, 3, 3, 503)
    assert rates.by_second() == (0.0, 0.0, 3.0)


def test_a_sync_counts_in_its_bound_and_all_above():
    times = SyncTimes()
    for seconds in (0.0001, 0.00011, 0.3, 99.0):
        times.note(seconds)
    counts = times.cumulative()
    assert len(counts) == len(BOUNDS_S) + 1
    assert counts[0] == 1
    assert counts[1] == 2
    assert counts[BOUNDS_S.index(0.2)] == 2
    assert counts[BOUNDS_S.index(0.5)] == 3
    assert counts[-2:] == [3, 4]
    assert times.last_s == 99.0
    assert round(times.total_s, 5) == 99.30021
