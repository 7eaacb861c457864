"""Several connections, protocol faults, large collections: the same as redis-server."""

from __future__ import annotations

import random
import socket

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kvstore_compare import same
from kvstore_wire import pack

# A script is a list of (connection, words); every reply a step causes is compared, on
# the connection that asked and on those named after it.
SCRIPTS = {
    "watch": [
        ("a", "SET k 1"),
        ("a", "WATCH k other"),
        ("b", "SET k 2"),
        ("a", "MULTI"),
        ("a", "SET k 3"),
        ("a", "EXEC"),
        ("a", "GET k"),
        ("a", "WATCH k"),
        ("a", "UNWATCH"),
        ("b", "SET k 4"),
        ("a", "MULTI"),
        ("a", "INCR k"),
        ("a", "EXEC"),
        ("a", "WATCH k"),
        ("b", "DEL k"),
        ("a", "MULTI"),
        ("a", "PING"),
        ("a", "EXEC"),
        ("a", "WATCH none"),
        ("b", "DEL none"),
        ("a", "MULTI"),
        ("a", "PING"),
        ("a", "EXEC"),
        ("a", "WATCH h"),
        ("b", "HSET h f v"),
        ("a", "MULTI"),
        ("a", "EXEC"),
        ("a", "WATCH z"),
        ("b", "FLUSHALL"),
        ("a", "MULTI"),
        ("a", "EXEC"),
    ],
    "transactions": [
        ("a", "EXEC"),
        ("a", "DISCARD"),
        ("a", "MULTI"),
        ("a", "MULTI"),
        ("a", "SET k v"),
        ("a", "EXEC"),
        ("a", "MULTI"),
        ("a", "NOSUCH"),
        ("a", "SET k w"),
        ("a", "EXEC"),
        ("a", "MULTI"),
        ("a", "GET"),
        ("a", "EXEC"),
        ("a", "GET k"),
        ("a", "MULTI"),
        ("a", "INCR k"),
        ("a", "SET l 1"),
        ("a", "HSET k f v"),
        ("a", "EXEC"),
        ("a", "GET l"),
        ("a", "MULTI"),
        ("a", "WATCH k"),
        ("a", "EXEC"),
        ("a", "MULTI"),
        ("a", "SAVE"),
        ("a", "EXEC"),
        ("a", "MULTI"),
        ("a", "BZPOPMIN z 0"),
        ("a", "ZADD z 1 m"),
        ("a", "BZPOPMIN z 0"),
        ("a", "BZMPOP 0 1 z MIN"),
        ("a", "EXEC"),
        ("a", "MULTI"),
        ("a", "RESET"),
        ("a", "EXEC"),
        ("a", "MULTI"),
        ("a", "FLUSHALL"),
        ("a", "SET n 1"),
        ("a", "DBSIZE"),
        ("a", "EXEC"),
        ("a", "MULTI"),
        ("a", "CLIENT NOSUCH"),
        ("a", "EXEC"),
        ("a", "MULTI"),
        ("a", "EXPIRE n x"),
        ("a", "EXPIRE n -1"),
        ("a", "EXISTS n"),
        ("a", "EXEC"),
    ],
    "subscriptions": [
        ("a", "SUBSCRIBE one two", 1),
        ("a", "PSUBSCRIBE o* t*", 1),
        ("b", "PUBLISH one hello", "a", "a"),
        ("b", "PUBLISH three hello", "a"),
        ("b", "PUBLISH nobody hello"),
        ("b", "PUBSUB CHANNELS"),
        ("b", "PUBSUB CHANNELS o*"),
        ("b", "PUBSUB NUMSUB one three"),
        ("b", "PUBSUB NUMPAT"),
        ("b", "PUBSUB"),
        ("b", "PUBSUB NOSUCH"),
        ("a", "PING"),
        ("a", "PING text"),
        ("a", "UNSUBSCRIBE one"),
        ("a", "UNSUBSCRIBE one"),
        ("a", "UNSUBSCRIBE"),
        ("a", "UNSUBSCRIBE"),
        ("a", "PUNSUBSCRIBE t*"),
        ("b", "PUBLISH one again", "a"),
        ("a", "PUNSUBSCRIBE"),
        ("a", "PUNSUBSCRIBE"),
        ("a", "SUBSCRIBE"),
        ("a", "SUBSCRIBE x"),
        ("a", "RESET"),
        ("a", "PING"),
        ("b", "PUBLISH x y"),
    ],
    "resp2 subscribers may say little": [
        ("c", "SUBSCRIBE x"),
        ("c", "GET k"),
        ("c", "NOSUCH"),
        ("c", "CLIENT ID"),
        ("c", "MULTI"),
        ("c", "ping"),
        ("c", "UNSUBSCRIBE"),
        ("c", "GET k"),
    ],
    "names": [
        ("a", "CLIENT GETNAME"),
        ("a", "CLIENT SETNAME me"),
        ("a", "CLIENT GETNAME"),
        ("a", "CLIENT SETNAME"),
        ("a", "CLIENT KILL"),
        ("a", "CLIENT KILL 9.9.9.9:1"),
        ("a", "CLIENT KILL ID 0"),
        ("a", "CLIENT KILL ID x"),
        ("a", "CLIENT KILL ID 99999"),
        ("a", "CLIENT KILL TYPE nosuch"),
        ("a", "CLIENT KILL SKIPME maybe"),
        ("a", "CLIENT KILL NOSUCH x"),
        ("a", "CLIENT KILL ADDR"),
        ("a", "CLIENT KILL USER nobody"),
        ("a", "CLIENT LIST TYPE nosuch"),
        ("a", "CLIENT LIST TYPE replica"),
        ("a", "CLIENT LIST ID 99999"),
        ("a", "CLIENT LIST ID x"),
        ("a", "CLIENT LIST NOSUCH"),
        ("a", "CLIENT NO-EVICT maybe"),
        ("a", "CLIENT UNBLOCK 99999"),
        ("a", "CLIENT UNBLOCK x"),
        ("a", "CLIENT UNBLOCK 1 WHY"),
        ("a", "HELLO 3 SETNAME x AUTH default any"),
        ("a", "CLIENT GETNAME"),
        ("a", "HELLO 2 SETNAME"),
        ("a", "HELLO 2 AUTH x"),
        ("a", "HELLO 2 AUTH nobody any"),
        ("a", "HELLO 4"),
        ("a", "QUIT"),
    ],
    "quiet clients": [
        ("a", "CLIENT REPLY"),
        ("a", "CLIENT REPLY MAYBE"),
        ("a", "CLIENT REPLY ON"),
        ("c", "CLIENT GETNAME"),
        ("a", "CLIENT REPLY SKIP", None),
        ("a", "SET k skipped", None),
        ("a", "GET k"),
        ("a", "CLIENT REPLY SKIP", None),
        ("a", "NOSUCH", None),
        ("a", "GET k"),
        ("a", "CLIENT REPLY SKIP", None),
        ("a", "CLIENT REPLY SKIP", None),
        ("a", "CLIENT REPLY SKIP", None),
        ("a", "GET k", None),
        ("a", "GET k"),
        ("a", "CLIENT REPLY SKIP", None),
        ("a", "CLIENT REPLY ON"),
        ("a", "CLIENT REPLY OFF", None),
        ("a", "CLIENT REPLY OFF", None),
        ("a", "SET k unheard", None),
        ("a", "NOSUCH", None),
        ("a", "MULTI", None),
        ("a", "INCR n", None),
        ("a", "EXEC", None),
        ("a", "CLIENT REPLY SKIP", None),
        ("a", "SUBSCRIBE news"),
        ("b", "GET k"),
        ("b", "GET n"),
        ("b", "PUBLISH news text", "a"),
        ("a", "UNSUBSCRIBE news"),
        ("a", "PING", None),
        ("a", "CLIENT REPLY ON"),
        ("a", "CLIENT REPLY OFF", None),
        ("a", "RESET"),
        ("a", "PING"),
        ("a", "CLIENT REPLY OFF", None),
        ("a", "BZPOPMIN z 0", None),
        ("b", "ZADD z 1 m"),
        ("a", "CLIENT REPLY ON"),
        ("b", "EXISTS z"),
        ("a", "CLIENT REPLY SKIP", None),
        ("a", "BZPOPMIN z 0", None),
        ("b", "ZADD z 1 m"),
        ("a", "PING"),
    ],
    "pauses": [
        ("a", "CLIENT PAUSE"),
        ("a", "CLIENT PAUSE x"),
        ("a", "CLIENT PAUSE -1"),
        ("a", "CLIENT PAUSE 9223372036854775807"),
        ("a", "CLIENT PAUSE 1 MAYBE"),
        ("a", "CLIENT PAUSE 1 ALL x"),
        ("a", "CLIENT UNPAUSE x"),
        ("a", "CLIENT UNPAUSE"),
        ("a", "SET k v"),
        ("a", "CLIENT PAUSE 60000 WRITE"),
        ("a", "GET k"),
        ("a", "SET k"),
        ("a", "NOSUCH"),
        ("b", "SET k w", None),
        ("b", "GET k", None),
        ("c", "MULTI"),
        ("c", "GET k"),
        ("c", "EXEC"),
        ("c", "PUBLISH x y", None),
        ("a", "CLIENT UNBLOCK 0"),
        ("a", "CLIENT UNPAUSE", "b", "b", "c"),
        ("a", "GET k"),
        ("c", "MULTI"),
        ("c", "SET k z"),
        ("a", "CLIENT PAUSE 60000 WRITE"),
        ("c", "EXEC", None),
        ("a", "GET k"),
        ("a", "CLIENT PAUSE 1 WRITE"),
        ("a", "CLIENT UNPAUSE", "c"),
        ("a", "CLIENT PAUSE 300"),
        ("b", "GET k"),
        ("a", "CLIENT PAUSE 300 ALL"),
        ("a", "CLIENT UNPAUSE"),
    ],
    "limits of compact encodings": [
        ("a", "CONFIG SET hash-max-listpack-entries 2 zset-max-listpack-entries 2"),
        ("a", "HSET h a 1 b 2"),
        ("a", "OBJECT ENCODING h"),
        ("a", "HSET h a 3"),
        ("a", "OBJECT ENCODING h"),
        ("a", "HSET h c 3"),
        ("a", "OBJECT ENCODING h"),
        ("a", "ZADD z 1 a"),
        ("a", "ZADD z 2 b"),
        ("a", "OBJECT ENCODING z"),
        ("a", "ZADD z 2 a"),
        ("a", "OBJECT ENCODING z"),
        ("a", "ZADD z 3 c"),
        ("a", "OBJECT ENCODING z"),
        ("a", "CONFIG SET hash-max-listpack-value 3 zset-max-listpack-value 3"),
        ("a", "HSET g f 123"),
        ("a", "OBJECT ENCODING g"),
        ("a", "HSET g f 1234"),
        ("a", "OBJECT ENCODING g"),
        ("a", "ZADD y 1 abc"),
        ("a", "OBJECT ENCODING y"),
        ("a", "ZADD y 1 abcd"),
        ("a", "OBJECT ENCODING y"),
        ("a", "ZUNIONSTORE u 2 y y"),
        ("a", "OBJECT ENCODING u"),
        (
            "a",
            "CONFIG SET hash-max-listpack-entries 512 hash-max-listpack-value 64 "
            "zset-max-listpack-entries 128 zset-max-listpack-value 64",
        ),
        ("a", "ZADD w 1 abcd"),
        ("a", "OBJECT ENCODING w"),
        ("a", "CONFIG SET zset-max-listpack-value 3"),
        ("a", "ZADD w 2 abcd"),
        ("a", "OBJECT ENCODING w"),
        ("a", "CONFIG SET zset-max-ziplist-value 64"),
        ("a", "HSET v a 1234 b 2 c 3"),
        ("a", "OBJECT ENCODING v"),
    ],
    "the server": [
        ("a", "COMMAND COUNT x"),
        ("a", "COMMAND NOSUCH"),
        ("a", "COMMAND INFO nosuch"),
        ("a", "COMMAND GETKEYS mset a b c d"),
        ("a", "COMMAND GETKEYS zunionstore t 2 a b"),
        ("a", "COMMAND GETKEYS zunion 2 a b"),
        ("a", "COMMAND GETKEYS ping"),
        ("a", "COMMAND GETKEYS nosuch x"),
        ("a", "COMMAND GETKEYS get"),
        ("a", "COMMAND LIST FILTERBY"),
        ("a", "COMMAND LIST FILTERBY NOSUCH x"),
        ("a", "CONFIG GET save"),
        ("a", "CONFIG GET nosuch*"),
        ("a", "CONFIG GET"),
        ("a", "CONFIG GET maxmemory hash-max-listpack-entries zset*"),
        ("a", "CONFIG SET maxmemory"),
        ("a", "CONFIG SET nosuch 1"),
        ("a", "CONFIG SET maxclients x"),
        ("a", "CONFIG SET appendfsync never"),
        ("a", "CONFIG SET slowlog-max-len 10 timeout 5"),
        ("a", "CONFIG GET slowlog-max-len"),
        ("a", "CONFIG SET timeout 0"),
        ("a", "CONFIG SET timeout 0 timeout 1"),
        ("a", "CONFIG SET slowlog-max-len -1"),
        ("a", "CONFIG SET slowlog-max-len 128"),
        ("a", "CONFIG SET proto-max-bulk-len 1"),
        ("a", "CONFIG SET client-query-buffer-limit 1"),
        ("a", "CONFIG RESETSTAT"),
        ("a", "CONFIG NOSUCH"),
        ("a", "SLOWLOG LEN x"),
        ("a", "SLOWLOG RESET"),
        ("a", "SLOWLOG GET"),
        ("a", "SLOWLOG GET x"),
        ("a", "SLOWLOG NOSUCH"),
        ("a", "LATENCY RESET"),
        ("a", "LATENCY HISTORY command"),
        ("a", "LATENCY NOSUCH"),
        ("a", "MEMORY USAGE nothing"),
        ("a", "MEMORY USAGE nothing SAMPLES -1"),
        ("a", "MEMORY USAGE nothing WHAT 1"),
        ("a", "MEMORY NOSUCH"),
        ("a", "OBJECT ENCODING nothing"),
        ("a", "OBJECT FREQ nothing"),
        ("a", "OBJECT NOSUCH x"),
        ("a", "OBJECT"),
        ("a", "WAIT x 0"),
        ("a", "WAIT 0 x"),
        ("a", "WAIT 0 -1"),
        ("a", "SHUTDOWN NOSUCH"),
        ("a", "SHUTDOWN ABORT"),
        ("a", "SHUTDOWN SAVE NOSAVE"),
        ("a", "SHUTDOWN SAVE ABORT"),
        ("a", "SELECT 99"),
        ("a", "SELECT 1.5"),
        ("a", "INFO nosuch"),
        ("a", "ACL NOSUCH"),
        ("a", "ACL WHOAMI x"),
        ("a", "DEBUG NOSUCH"),
        ("a", "DEBUG SLEEP"),
        ("a", "DEBUG SLEEP 0"),
        ("a", "MODULE LIST"),
        ("a", "TIME x"),
        ("a", "LASTSAVE x"),
        ("a", "BGSAVE x"),
        ("a", "SAVE"),
        ("a", "ECHO"),
        ("a", "PING a b"),
        ("a", "AUTH a b c"),
        ("a", "AUTH"),
        ("a", "RANDOMKEY"),
        ("a", "CLUSTER INFO"),
        ("a", "CLUSTER SLOTS"),
        ("a", "READONLY"),
        ("a", "READWRITE"),
        ("a", "ASKING"),
        ("a", "ROLE"),
    ],
}


@pytest.mark.parametrize("resp", [2, 3])
@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts(pair, name, resp):
    transcripts = []
    for server in pair:
        transcript = []
        wires = {who: server.wire() for who in "abc"}
        try:
            wires["b"].call("FLUSHALL")
            if resp == 3:
                wires["a"].call("HELLO", "3")
            for who, text, *others in SCRIPTS[name]:
                words = text.split()
                wires[who].send(*words)
                if others != [None]:
                    transcript.append((words, wires[who].read()))
                for other in others:
                    if other is None:
                        continue
                    other = who if isinstance(other, int) else other
                    transcript.append((words, wires[other].read()))
        finally:
            for wire in wires.values():
                wire.close()
        transcripts.append(transcript)
    wrong = [
        f"{words}\n  ours:   {ours!r}\n  theirs: {theirs!r}"
        for (words, ours), (_, theirs) in zip(*transcripts, strict=True)
        if not same([words[0].encode()], ours, theirs)
    ]
    assert not wrong, "\n".join(wrong)


JUNK = st.lists(
    st.sampled_from(
        [
            *(b"*", b"$", b"\r\n", b"\r\n", b"\n", b"0", b"1", b"2", b"-1", b"9" * 11),
            *(
                b" ",
                b"PING",
                b"ECHO",
                b'"',
                b"'",
                b"a",
                b"*1\r\n$4\r\nPING\r\n",
                b"\\x41",
                b"\0",
            ),
            *(b"$1\r\n", b"*2\r\n$4\r\nECHO\r\n", b"*0\r\n", b"*-1\r\n", b"$-1\r\n"),
        ]
    ),
    max_size=12,
).map(b"".join)


@settings(max_examples=150, deadline=None)
@given(JUNK)
def test_junk_is_answered_alike(pair, raw):
    """The same bytes, then the end: the same answer, and an end as well."""
    answers = []
    for server in pair:
        with server.wire() as wire:
            wire.sock.sendall(raw)
            wire.sock.shutdown(socket.SHUT_WR)
            answer = b""
            try:
                while data := wire.sock.recv(65536):
                    answer += data
            except ConnectionResetError:
                pass
            answers.append(answer)
    assert answers[0] == answers[1]


@pytest.mark.parametrize("resp", [2, 3])
def test_large_collections_answer_alike(pair, resp):
    rng = random.Random(7)
    commands = [["HELLO", resp], ["FLUSHALL"]]
    for number in range(400):
        score = rng.choice([number, number // 10, 0.5 * number, -number])
        commands.append(["ZADD", "z", score, f"m{rng.randrange(600)}"])
        commands.append(["ZADD", "lex", 0, f"m{rng.randrange(600)}"])
        commands.append(["HSET", "h", f"f{rng.randrange(300)}", number])
    for _ in range(150):
        start, stop = rng.randrange(-450, 450), rng.randrange(-450, 450)
        rev = ["REV"] if rng.random() < 0.5 else []
        commands += [
            ["ZRANGE", "z", start, stop, *rev, "WITHSCORES"],
            ["ZRANGE", "z", start, stop, "BYSCORE", *rev, "LIMIT", start % 7, 9],
            ["ZRANGE", "lex", "[m1", f"(m{abs(start)}", "BYLEX", *rev],
            ["ZRANK", "z", f"m{abs(start)}"],
            ["ZREVRANK", "z", f"m{abs(stop)}"],
            ["ZCOUNT", "z", f"({start}", stop],
            ["ZREMRANGEBYRANK", "z", abs(start), abs(start) + 1],
            ["ZREMRANGEBYLEX", "lex", f"[m{abs(start)}", f"[m{abs(start)}1"],
            ["ZINCRBY", "z", 1.25, f"m{abs(stop)}"],
            ["HDEL", "h", f"f{abs(start)}"],
            ["HGET", "h", f"f{abs(stop)}"],
        ]
    commands += [
        *(["OBJECT", "ENCODING", key] for key in ("z", "lex", "h")),
        ["HGETALL", "h"],
        ["ZRANGESTORE", "copy", "z", 10, 60],
        ["ZUNIONSTORE", "u", 2, "z", "lex", "WEIGHTS", 2, 3, "AGGREGATE", "MAX"],
        ["ZRANGE", "u", 0, -1, "WITHSCORES"],
        ["ZINTER", 2, "z", "lex", "WITHSCORES"],
        ["ZDIFF", 2, "z", "lex", "WITHSCORES"],
        ["COPY", "z", "z2"],
        ["ZPOPMAX", "z2", 300],
        ["ZPOPMIN", "z2", 300],
        ["EXISTS", "z2"],
        ["ZCARD", "z"],
    ]
    ours, theirs = [], []
    for server, replies in zip(pair, (ours, theirs), strict=True):
        with server.wire() as wire:
            wire.sock.sendall(b"".join(map(pack, commands)))
            replies += [wire.read() for _ in commands]
    for words, left, right in zip(commands[1:], ours[1:], theirs[1:], strict=True):
        assert same([words[0].encode()], left, right), words


@pytest.mark.parametrize("key", ["z", "h"])
def test_scans_visit_everything(pair, key):
    for server in pair:
        with server.wire() as wire:
            wire.call("FLUSHALL")
            for number in range(1000):
                wire.send("ZADD", "z", number, f"m{number}")
                wire.send("HSET", "h", f"m{number}", number)
                wire.send("SET", f"k{number}", number)
            for _ in range(3000):
                wire.read()
            for name in ((key[0] + "SCAN", key), ("SCAN",)):
                seen = []
                cursor = "0"
                while True:
                    _, cursor, page = wire.call(*name, cursor[1:] or "0", "COUNT", "37")
                    seen += page[1 :: 2 if len(name) > 1 else 1]
                    cursor = cursor.decode()
                    if cursor == "$0":
                        break
                assert len(set(seen)) == (1000 if len(name) > 1 else 1002)
