"""D7: what eight clients see of one server is linearizable, whatever befalls it."""

import itertools
import os
import time

import pytest
from kvstore_history import START, record, step
from kvstore_linear import first_broken
from kvstore_nemesis import NEMESES, YEAR_S, ClockJump

HISTORIES = int(os.environ.get("KVSTORE_HISTORIES", "20"))
OPERATIONS = 1000
SYNCS = itertools.cycle(["everysec", "always", "no"])


def share(nemesis):
    """How many of the histories this nemesis gets: evenly, the first get the rest."""
    return len(range(NEMESES.index(nemesis), HISTORIES, len(NEMESES)))


@pytest.mark.parametrize("nemesis", NEMESES)
def test_histories_are_linearizable(tmp_path, nemesis):
    # Little memory, so that the data is sealed and merged meanwhile.
    at = nemesis(tmp_path, "--sync", next(SYNCS))
    at.server.configure("memory-table 1mb", "log-size 1mb")
    unknown = 0
    with at.server:
        for number in range(share(nemesis)):
            with at.server.wire() as wire:
                wire.call("FLUSHALL")
            history = record(
                at.connect,
                OPERATIONS,
                seed=f"{nemesis.__name__}:{number}",
                disturb=at.disturb,
                enter=at.enter,
                pace_s=at.pace_s,
            )
            unknown += history.unknown
            broken = first_broken(history.parts, step, START)
            assert broken is None, sorted(
                history.parts[broken], key=lambda operation: operation.called
            )
        at.over()
    assert unknown > 0 or not nemesis.leaves_in_doubt


def test_a_clock_that_jumps_ends_what_it_passes_and_nothing_else(tmp_path):
    at = ClockJump(tmp_path)
    with at.server as server, server.wire() as wire:
        now_s = int(time.time())
        wire.call("SET", "stays", "1")
        wire.call("SET", "month", "1", "EX", 30 * 86400)
        wire.call("SET", "decade", "1", "EXAT", now_s + 10 * YEAR_S)
        at.shift(YEAR_S)
        assert wire.call("EXISTS", "month") == b":0"
        assert wire.call("EXISTS", "stays", "decade") == b":2"
        wire.call("SET", "minute", "1", "EX", 60)
        at.shift(-YEAR_S)
        # Gone is gone: it does not come back with the clock.
        assert wire.call("EXISTS", "month") == b":0"
        assert wire.call("EXISTS", "stays", "decade", "minute") == b":3"
        left_s = int(wire.call("TTL", "minute")[1:])
        assert abs(left_s - (2 * YEAR_S + 60)) < 30
        wire.call("SET", "second", "1", "PX", 200)
        deadline = time.monotonic() + 10
        while wire.call("EXISTS", "second") != b":0":
            assert time.monotonic() < deadline
        server.kill()
        server.start()
        with server.wire() as again:
            assert again.call("EXISTS", "stays", "decade", "minute") == b":3"
            assert again.call("DBSIZE") == b":3"
