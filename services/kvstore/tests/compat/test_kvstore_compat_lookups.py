"""keyspace_hits and keyspace_misses: what counts as a lookup with redis-server."""

from __future__ import annotations

import re

import pytest
from kvstore_wire import pack

SETUP = """
FLUSHALL|SET s 123|SET n 5|SET t x EX 1000|HSET h f v g w|ZADD z 1 a 2 b 3 c|ZADD y 2 b
CONFIG RESETSTAT
"""
# What is between two bars is sent in one go.
CALLS = """
GET s|GET no|GET h|MGET s no h s|MGET t no|STRLEN s|STRLEN no|GETRANGE s 0 1
GETRANGE no 0 1|GETRANGE s x 1|SUBSTR s 0 1|get t|SET s 1|SET s 1 NX|SET s 1 XX GET
SET no 1 GET|SET h 1 GET|SETNX s 1|GETSET s 1|GETSET no 1|GETSET h 1|GETDEL s|GETDEL no
GETEX s|GETEX no EX 5|GETEX s PERSIST|GETEX s EX 9|GETEX h|MSET a 1|MSETNX a 1 s 1
APPEND s x|SETRANGE s 0 a|INCR n|INCRBYFLOAT n 1|DECRBY n 2
EXISTS s no s|TOUCH s no|TYPE s|TYPE no|TTL s|TTL no|PTTL t|EXPIRETIME no
PEXPIRETIME t|PERSIST t|EXPIRE s 100|EXPIRE no 1|DEL s no|UNLINK s no|RENAME s b
RENAME no b|RENAMENX s h|COPY s h|COPY s b|COPY no b|COPY s h REPLACE|RANDOMKEY|KEYS *
DBSIZE|SCAN 0 COUNT 1000|SCAN 0 COUNT 1000 TYPE hash|SCAN 0 COUNT 1000 TYPE none
SCAN 0 MATCH [sh] COUNT 1000 TYPE hash|FLUSHALL
OBJECT ENCODING s|OBJECT ENCODING h|OBJECT ENCODING no|OBJECT REFCOUNT s
OBJECT IDLETIME no|OBJECT FREQ s|OBJECT FREQ no|MEMORY USAGE s|MEMORY USAGE no
MEMORY USAGE h|MEMORY USAGE z|HSET h f v|HSETNX h f v|HMSET h f v|HGET h f|HGET h none
HGET no f|HGET s f|HMGET h f g|HMGET no f g|HGETALL h|HGETALL no|HGETALL s|HKEYS h
HVALS no|HLEN h|HLEN no|HSTRLEN h f|HEXISTS no f|HDEL h f|HDEL no f|HINCRBY h n 1
HINCRBYFLOAT h n 1|HRANDFIELD h|HRANDFIELD no|HRANDFIELD h 0|HRANDFIELD h 2 WITHVALUES
HRANDFIELD no 2|HRANDFIELD h x|HSCAN h 0|HSCAN no 0|HSCAN h x|HSCAN h 0 COUNT x
ZADD z 1 a|ZADD z XX 1 q|ZADD no XX 1 q|ZADD z INCR 1 a|ZINCRBY z 1 a|ZREM z a|ZREM no a
ZCARD z|ZCARD no|ZSCORE z a|ZSCORE no a|ZSCORE z q|ZMSCORE z a q|ZMSCORE no a|ZRANK z a
ZREVRANK no a|ZCOUNT z 0 9|ZCOUNT z x 9|ZLEXCOUNT no - +|ZRANDMEMBER z|ZRANDMEMBER no
ZRANDMEMBER z 0|ZRANDMEMBER z 3 WITHSCORES|ZSCAN z 0|ZSCAN no 0|ZRANGE z 0 -1
ZRANGE no 0 -1|ZRANGE s 0 -1|ZRANGE z 0 -1 REV|ZRANGE z 5 9|ZRANGE z 0 0 BYSCORE
ZRANGE no - + BYLEX|ZRANGE z x 1|ZREVRANGE z 0 1|ZREVRANGE no 0 1|ZRANGEBYSCORE z 0 9
ZRANGEBYSCORE z 0 9 LIMIT 0 0|ZREVRANGEBYSCORE no 9 0|ZRANGEBYLEX z - +
ZREVRANGEBYLEX z + -|ZRANGESTORE b z 0 -1|ZRANGESTORE b no 0 -1|ZRANGESTORE z z 0 0
ZRANGESTORE b s 0 -1|ZREMRANGEBYRANK z 0 0|ZREMRANGEBYSCORE no 0 1|ZREMRANGEBYLEX z - +
ZUNION 2 z y|ZUNION 2 z no|ZUNION 3 z s y|ZUNION 2 z y ZZ|ZINTER 2 z y|ZDIFF 2 no z
ZINTERCARD 2 z y|ZUNIONSTORE b 2 z y|ZUNIONSTORE z 2 z no|ZINTERSTORE b 2 s z
ZDIFFSTORE b 2 z y|ZPOPMIN z|ZPOPMAX no|ZPOPMIN z 0|ZMPOP 2 no z MIN|ZMPOP 1 no MIN
BZPOPMIN z 0.01|BZMPOP 0.01 2 no z MAX|GET s;BZPOPMAX no 0.01;GET no|WATCH s|UNWATCH
MULTI;GET s;SET s 2;GET no;HGETALL h;EXEC|MULTI;GET s;GET no;EXEC|PUBLISH a b
MULTI;GETSET s 1;COPY s b;ZCARD z;TYPE s;EXEC|CLIENT TRACKING on;GET s;HGET no f
PEXPIRE s 1;DEBUG SLEEP 0.003;GET s|PEXPIRE s 1;DEBUG SLEEP 0.003;EXISTS s s
PEXPIRE s 1;DEBUG SLEEP 0.003;INCR s|PEXPIRE h 1;DEBUG SLEEP 0.003;HGETALL h
"""


def lines(text):
    return [line for row in text.strip().split("\n") for line in row.split("|")]


def counted(server, text):
    """Return hits, misses and commands after these calls, from a known beginning."""
    with server.wire() as wire:
        setup = [line.split() for line in lines(SETUP)]
        calls = [line.split() for line in text.split(";")]
        wire.pipeline(setup)
        wire.sock.sendall(b"".join(map(pack, calls)))
        for _ in calls:
            wire.read()
        said = wire.call("INFO", "stats").decode()
        names = ("keyspace_hits", "keyspace_misses", "total_commands_processed")
        return {name: int(re.search(rf"\b{name}:(\d+)", said)[1]) for name in names}


@pytest.mark.parametrize("lane", [True, False], ids=["lane", "plain"])
def test_lookups_are_counted_alike(pair, lane):
    wrong = []
    ours, theirs = pair
    with ours.wire() as monitor:
        if not lane:
            monitor.call("MONITOR")  # then every command takes the plain way
        for text in lines(CALLS):
            here, there = counted(ours, text), counted(theirs, text)
            if here != there:
                wrong.append(f"{text}\n  ours:   {here}\n  theirs: {there}")
    assert not wrong, "\n".join(wrong)
