"""What the server tells of itself: rates, syncs, saves, refusals, sizes."""

import pytest

from hunch_kvstore.engine import Sync, WritesRefused
from hunch_kvstore.engine.sync_times import BOUNDS_S, SyncTimes
from hunch_kvstore.server.acl_log import AclLog, Refusal
from hunch_kvstore.server.process import human
from hunch_kvstore.server.rates import Rates
from hunch_kvstore.server.saves import Saves


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


class Disk:
    """As much of an engine as SAVE knows, on a disk that may take nothing."""

    def __init__(self):
        self.sequence = 7
        self.sync = Sync.EVERYSEC
        self.is_full = False
        self.policies = []

    def flush(self):
        self.policies.append(self.sync)
        if self.is_full:
            raise WritesRefused("full")


def test_a_save_counts_only_if_the_disk_takes_it():
    disk = Disk()
    saves = Saves(disk)
    disk.sequence += 3
    assert (saves.count, saves.changes, int(saves.spent_s)) == (0, 3, -1)
    disk.is_full = True
    with pytest.raises(WritesRefused):
        saves.save()
    assert (saves.count, saves.changes, saves.has_failed) == (0, 3, True)
    disk.is_full = False
    saves.save()
    assert (saves.count, saves.changes, saves.has_failed) == (1, 0, False)
    assert int(saves.spent_s) == 0
    assert disk.policies == [Sync.ALWAYS] * 2
    assert disk.sync is Sync.EVERYSEC  # as it was, whatever happened


def test_refusals_alike_are_counted_for_a_minute():
    log = AclLog()
    log.limit = 2

    def refuse(user, when_s):
        log.note(Refusal(b"AUTH", b"toplevel", user, when_s, b""))
        return [(entry.user, entry.count) for entry in log.entries]

    assert refuse(b"a", 0.0) == [(b"a", 1)]
    assert refuse(b"a", 60.0) == [(b"a", 2)]
    assert refuse(b"a", 121.0) == [(b"a", 1), (b"a", 2)]
    assert refuse(b"b", 121.0) == [(b"b", 1), (b"a", 1)]
    log.limit = 0
    assert refuse(b"b", 121.0) == []


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0B"),
        (1023, "1023B"),
        (1024, "1.00K"),
        (1536, "1.50K"),
        (1024**2, "1.00M"),
        (25_276_510_208, "23.54G"),
        (1024**4 * 3, "3.00T"),
    ],
)
def test_a_size_is_written_as_redis_writes_it(size, text):
    assert human(size) == text
