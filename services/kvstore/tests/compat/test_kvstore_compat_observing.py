"""MONITOR, LATENCY and the counts of INFO: what redis-server tells of the same calls."""

from __future__ import annotations

import re
import time

import pytest

CALLS = [
    "SET k v",
    "GET k",
    "INCR k",
    "GET",
    "NOSUCH",
    "CLIENT ID",
    "CLIENT LIST",
    "CONFIG GET maxmemory",
    "AUTH default secret",
    "HELLO 2 AUTH default secret",
    "MULTI",
    "SET k 2",
    "HSET k f v",
    "EXEC",
    "MULTI",
    "GET k",
    "DISCARD",
    "PUBLISH news text",
    "ZADD z 1 m",
    "ZRANGE z 0 -1",
]


def lines_of(server):
    """Return what a monitor is shown, without time and address."""
    with server.wire() as wire, server.wire() as monitor:
        wire.call("FLUSHALL")
        wire.call("HELLO", "2")
        assert monitor.call("MONITOR") == b"+OK"
        for text in CALLS:
            wire.call(*text.split())
        wire.call("ECHO", b'"\\\n\r\t\a\b\x00\xff end')
        shown = []
        while not shown or b"end" not in shown[-1]:
            shown.append(monitor.read())
        monitor.send("MONITOR")  # says nothing
        replies = [monitor.call("GET", "k")]
        listed = wire.call("CLIENT", "LIST")
        assert b" flags=OU " in listed
        assert monitor.call("RESET") == b"+RESET"
        replies.append(monitor.call("GET", "k"))
        assert b" flags=O" not in wire.call("CLIENT", "LIST")
    pattern = re.compile(rb"\+\d+\.\d{6} \[0 unix:\S+\] ")
    assert all(pattern.match(line) for line in shown)
    return [pattern.sub(b"", line) for line in shown], replies


def test_a_monitor_is_shown_the_same(pair):
    ours, theirs = map(lines_of, pair)
    assert ours == theirs
    assert b'"SET" "k" "v"' in ours[0]


def test_there_is_no_monitor_inside_a_transaction(pair):
    replies = []
    for server in pair:
        with server.wire() as wire:
            commands = [["MULTI"], ["MONITOR"], ["EXEC"], ["PING"]]
            replies.append(wire.pipeline(commands))
    assert replies[0] == replies[1]


def counts_of(server):
    """Return {command: calls, rejected, failed, calls in the histogram}."""
    with server.wire() as wire:
        wire.call("FLUSHALL")
        wire.call("CONFIG", "RESETSTAT")
        for text in CALLS * 3:
            wire.call(*text.split())
        wire.call("SUBSCRIBE")
        text = wire.call("INFO", "commandstats").decode()
        pattern = r"cmdstat_(\S+):calls=(\d+),.*rejected_calls=(\d+),failed_calls=(\d+)"
        found = dict.fromkeys(re.findall(pattern, text))
        wire.call("HELLO", "3")
        reply = wire.call("LATENCY", "HISTOGRAM", "set", "client", "exec", "get", "no")
        names = reply[1::2]
        totals = [(row[1], row[2], row[3], row[4][-1]) for row in reply[2::2]]
        text = wire.call("INFO", "latencystats").decode()
        pattern = r"latency_percentiles_usec_(\S+):p50=[\d.]+,p99=[\d.]+,p99.9=[\d.]+\r"
        return (
            sorted(found),
            sorted(zip(names, totals, strict=True)),
            sorted(re.findall(pattern, text)),
        )


def test_calls_are_counted_alike(pair):
    ours, theirs = map(counts_of, pair)
    assert ours == theirs
    assert ("get", "3", "3", "0") in ours[0]


@pytest.mark.parametrize("command", ["SLEEP", "GET"])
def test_spikes_are_kept_alike(pair, command):
    found = []
    for server in pair:
        with server.wire() as wire:
            wire.call("LATENCY", "RESET")
            replies = [wire.call("LATENCY", "DOCTOR")[:60]]
            wire.call("CONFIG", "SET", "latency-monitor-threshold", "30")
            replies.append(wire.call("LATENCY", "DOCTOR"))
            replies.append(wire.call("LATENCY", "LATEST"))
            if command == "SLEEP":
                for _ in range(2):
                    wire.call("DEBUG", "SLEEP", "0.05")
            else:
                wire.call("GET", "k")
            started = time.time()
            latest, history = (
                wire.call("LATENCY", "LATEST"),
                wire.call("LATENCY", "HISTORY", "command"),
            )
            if command == "SLEEP":
                _, event, when, spent, worst = latest[1]
                assert 50 <= int(spent[1:]) <= int(worst[1:]) < 10_000
                assert abs(int(when[1:]) - started) < 3
                replies.append((event, len(history) - 1 in (1, 2)))
                assert wire.call("LATENCY", "DOCTOR") != replies[1]
            else:
                replies += [latest, history]
            replies.append(wire.call("LATENCY", "RESET", "nosuch", "command"))
            replies.append(wire.call("LATENCY", "LATEST"))
            wire.call("CONFIG", "SET", "latency-monitor-threshold", "0")
            found.append(replies)
    assert found[0] == found[1]
