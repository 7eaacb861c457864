"""CLIENT TRACKING: the same invalidations as redis-server sends, in the same order."""

from __future__ import annotations

import re
import time

import pytest

# Who says what; `a` tracks, `b` changes, `c` is redirected to.
SCRIPTS = {
    "keys that were read": (
        ["CLIENT TRACKING ON"],
        [
            *("a GET k", "a HGETALL h", "a MGET k1 k2", "a ZRANGE z 0 -1", "a SET k 0"),
            *("b SET k 1", "b SET k 2", "a GET k", "a INCR k", "b SET other 1"),
            *("b HSET h f 1", "b HSET h f 1", "b DEL k1", "a GET k1", "b DEL k1"),
            *("b MSET k1 1 k2 2", "a ZSCORE z m", "b ZADD z 1 m", "a TTL k"),
            *("b EXPIRE k 100", "b PERSIST k", "a EXISTS k k1", "b RENAME k k1"),
            *("a GET k1", "b COPY k1 k3 REPLACE", "b COPY k2 k1 REPLACE", "a GET h"),
            *("a GET k1", "b MULTI; SET k1 5; INCR k1; EXEC", "a GET k1"),
            *("a MULTI; GET k1; SET k1 6; EXEC", "b SET k1 7", "b SET k1 8"),
            *("a GET k1", "b FLUSHALL", "b SET k1 1", "b PUBLISH x y", "a RESET"),
        ],
    ),
    "not what the client changes itself": (
        ["CLIENT TRACKING ON NOLOOP"],
        ["a GET k", "a SET k 1", "b SET k 2", "a GET k", "b SET k 3"],
    ),
    "all keys": (
        ["CLIENT TRACKING ON BCAST"],
        [
            *("b SET k 1", "a SET k 2", "b MSET x 1 y 2", "b DEL k nosuch", "a GET k"),
            *("b MULTI; SET k 1; SET l 1; SET k 2; EXEC", "b FLUSHDB"),
            *("b HSET h f v", "b HDEL h f", "b ZADD z 1 m", "b ZREM z m"),
        ],
    ),
    "some keys": (
        ["CLIENT TRACKING ON BCAST PREFIX a: PREFIX b: NOLOOP"],
        [
            *("b SET k 1", "b SET a:1 1", "a SET a:1 2", "b MSET b:1 1 b:2 2 k 3"),
            *("a CLIENT TRACKING ON BCAST PREFIX c:", "b SET c:1 1", "b SET b:1 1"),
            *("a CLIENT TRACKINGINFO", "a CLIENT TRACKING OFF", "b SET c:1 2"),
        ],
    ),
    "keys one asks for": (
        ["CLIENT TRACKING ON OPTIN"],
        [
            *("a GET k", "b SET k 1", "a CLIENT CACHING YES", "a CLIENT TRACKINGINFO"),
            *("a GET k", "b SET k 2", "a CLIENT CACHING YES", "a PING", "a GET k"),
            *("b SET k 3", "a CLIENT CACHING NO", "a CLIENT CACHING MAYBE"),
        ],
    ),
    "keys one does not decline": (
        ["CLIENT TRACKING ON OPTOUT"],
        [
            *("a GET k", "b SET k 1", "a CLIENT CACHING NO", "a GET k", "b SET k 2"),
            *("a GET k", "b SET k 3", "a CLIENT CACHING YES", "a CLIENT TRACKINGINFO"),
        ],
    ),
    "refusals": (
        [],
        [
            *("a CLIENT CACHING YES", "a CLIENT TRACKING", "a CLIENT TRACKING MAYBE"),
            *("a CLIENT TRACKING ON WHAT", "a CLIENT TRACKING ON PREFIX a"),
            *("a CLIENT TRACKING ON REDIRECT 99999", "a CLIENT TRACKING ON REDIRECT x"),
            *("a CLIENT TRACKING ON REDIRECT", "a CLIENT TRACKING ON BCAST OPTIN"),
            *("a CLIENT TRACKING ON OPTIN OPTOUT", "a CLIENT GETREDIR"),
            *(
                "a CLIENT TRACKINGINFO",
                "a CLIENT TRACKING ON OPTIN",
                "a CLIENT GETREDIR",
            ),
            *("a CLIENT TRACKING ON OPTOUT", "a CLIENT TRACKING ON BCAST"),
            *("a CLIENT CACHING NO", "a CLIENT TRACKING OFF", "a CLIENT TRACKING OFF"),
            "a CLIENT TRACKING ON BCAST PREFIX FOO PREFIX BAR",
            *("a CLIENT TRACKING ON BCAST PREFIX FO", "a CLIENT TRACKINGINFO"),
            *("a CLIENT TRACKING ON BCAST PREFIX BARB", "a CLIENT TRACKINGINFO x"),
            "a CLIENT TRACKING ON BCAST PREFIX q PREFIX qu",
        ],
    ),
}


def heard(wire):
    """Return what has come so far, up to the answer to a PING."""
    wire.send("PING", "end")
    found = []
    while not found or found[-1] != b"$end":
        found.append(wire.read())
    return found[:-1]


@pytest.mark.parametrize("resp", [2, 3])
@pytest.mark.parametrize("redirected", [False, True])
@pytest.mark.parametrize("name", SCRIPTS)
def test_the_same_invalidations(pair, name, redirected, resp):
    begin, script = SCRIPTS[name]
    transcripts = []
    for server in pair:
        wires = {who: server.wire() for who in "abc"}
        transcript = []
        try:
            wires["b"].call("FLUSHALL")
            number = wires["c"].call("CLIENT", "ID")[1:].decode()
            for who in "ac":
                wires[who].call("HELLO", resp)
            if redirected and resp == 2:
                wires["c"].call("SUBSCRIBE", "__redis__:invalidate")
            for text in begin:
                more = ["REDIRECT", number] if redirected else []
                transcript.append(wires["a"].call(*text.split(), *more))
            for text in script:
                who, _, commands = text.partition(" ")
                words = [command.split() for command in commands.split("; ")]
                said = [text, wires[who].pipeline(words), heard(wires["a"])]
                if not (redirected and resp == 2):
                    said.append(heard(wires["c"]))
                whose = re.compile(r"(redirect', b':)\d+")
                transcript.append([whose.sub(r"\1N", str(part)) for part in said])
            if redirected and resp == 2:
                wires["b"].call("PUBLISH", "__redis__:invalidate", "end")
                while not transcript or transcript[-1][-1:] != (b"$end",):
                    transcript.append(wires["c"].read())
        finally:
            for wire in wires.values():
                wire.close()
        transcripts.append(transcript)
    for ours, theirs in zip(*transcripts, strict=True):
        assert ours == theirs


def test_who_is_told_has_gone(pair):
    found = []
    for server in pair:
        with server.wire() as tracking, server.wire() as other:
            gone = server.wire()
            number = gone.call("CLIENT", "ID")[1:].decode()
            tracking.call("HELLO", "3")
            tracking.call("CLIENT", "TRACKING", "ON", "REDIRECT", number)
            tracking.call("GET", "k")
            gone.close()
            time.sleep(0.1)
            other.call("SET", "k", "1")
            said = [*heard(tracking), tracking.call("CLIENT", "TRACKINGINFO")]
            assert b" flags=tR" in other.call("CLIENT", "LIST")
            found.append([str(part).replace(number, "NUMBER") for part in said])
    assert found[0] == found[1]


def test_keys_that_expire_and_a_limit_that_is_lowered(pair):
    found = []
    for server in pair:
        with server.wire() as tracking, server.wire() as other:
            tracking.call("HELLO", "3")
            tracking.call("CLIENT", "TRACKING", "ON")
            other.call("SET", "soon", "1", "PX", "20")
            tracking.call("GET", "soon")
            replies = [tracking.read()]
            for number in range(5):
                tracking.call("GET", f"k{number}")
            other.call("CONFIG", "SET", "tracking-table-max-keys", "2")
            replies += [tracking.read()[:2] for _ in range(3)]
            other.call("CONFIG", "SET", "tracking-table-max-keys", "1000000")
            replies.append(heard(tracking))
            found.append(replies)
    assert found[0] == found[1]
