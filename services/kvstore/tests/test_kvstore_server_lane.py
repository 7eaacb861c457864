"""The fast lane does what the plain way does: replies, contents, counts, cut anywhere."""

import random
import time
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kvstore_wire import pack

from hunch_kvstore.engine import Engine, Options, Sync
from hunch_kvstore.engine._page_cache import PageCache
from hunch_kvstore.engine._record_cache import RecordCache
from hunch_kvstore.resp.parser import ProtocolError
from hunch_kvstore.server.client import Client
from hunch_kvstore.server.core import Core
from hunch_kvstore.server.logline import Log
from hunch_kvstore.server.setting import Settings

HOT = (
    "GET",
    "SET",
    "MGET",
    "INCR",
    "PING",
    "HSET",
    "HGET",
    "HGETALL",
    "ZADD",
    "ZRANGE",
    "ZREVRANGE",
)


class Side:
    """A core without sockets, with one client at a time."""

    def __init__(self, folder, enabled, resp=2, **options):
        self.engine = Engine.open(folder, sync=Sync.NO, options=Options(**options))
        self.core = Core(self.engine, Settings(), Log("warning"))
        self.core.lane.enabled = enabled
        self.meet(resp)

    def meet(self, resp=2):
        self.client = Client(1, "here:0", "here:0", 0.0)
        self.core.welcome(self.client)
        self.client.resp = resp

    def feed(self, data):
        """Do what the loop does with what it has read."""
        client, core = self.client, self.core
        if client.closing or client.killed:
            return
        used = core.lane.take(client, data)
        if used == len(data) or client.closing or client.killed:
            return
        commands = []
        fault = None
        try:
            client.parser.take(data[used:], commands)
        except ProtocolError as error:
            fault = error
        client.is_midway = not client.parser.is_idle
        core.perform(client, commands)
        if fault is not None and not client.closing and not client.killed:
            core.protocol_error(client, str(fault))

    def said(self):
        places = list(self.client.unacknowledged)
        assert places == sorted(set(places))
        self.core.flush()
        out, self.client.out = self.client.out, []
        writes = [out[place] for place in places]
        self.core.ready.clear()
        return b"".join(out), writes

    def contents(self):
        """All records, versions left out: they go on from run to run."""
        found = []
        for key, value in self.engine.scan(b"m", b"{"):
            if key[:1] in b"sz":
                found.append((key[:1] + key[9:], value))
            elif key[:1] == b"m" and value[0] & 0x0F in (3, 4):
                found.append((key, value[:1] + value[9:]))
            else:
                found.append((key, value))
        return sorted(found)

    def calls(self):
        self.core.lane.fold()
        return {name: row.calls for name, row in self.core.table.items() if row.calls}


@pytest.fixture(scope="module")
def sides(tmp_path_factory):
    both = [
        Side(tmp_path_factory.mktemp("lane") / "store", True),
        Side(tmp_path_factory.mktemp("plain") / "store", False),
    ]
    yield both
    for side in both:
        side.engine.close()


KEYS = st.sampled_from([b"a", b"b", b"c", b"", b"doc:1", b"watched", b"\xff\xff"])
VALUES = st.one_of(
    st.sampled_from([b"", b"x", b"1", b"-1", b"007", b"-0", b"9223372036854775807"]),
    st.binary(max_size=70),
    st.integers(-(10**18), 10**18).map(lambda n: b"%d" % n),
    st.sampled_from([b"v" * 65, b"w" * 9000, b"y" * 17000]),
)
FIELDS = st.one_of(
    st.sampled_from([b"f", b"g", b"", b"f" * 65]),
    st.integers(0, 150).map(b"f%d".__mod__),
)
SCORES = st.one_of(
    st.sampled_from(
        [b"0", b"-0", b"0.0", b"-0.0", b"1e3", b"inf", b"nan", b"1.", b".5"]
    ),
    st.integers(-(10**16), 10**16).map(lambda n: b"%d" % n),
    st.decimals(-1000, 1000, places=3).map(lambda d: str(d).encode()),
    st.sampled_from([b"1.5", b"-2.25", b"0.1", b"1763800000.25", b"", b"x", b"NX"]),
)
RANKS = st.sampled_from(
    [b"0", b"1", b"-1", b"-3", b"5", b"200", b"-200", b"x", b"-0", b""]
)
ONES = st.one_of(
    st.tuples(st.sampled_from([b"GET", b"get", b"INCR", b"HGETALL", b"TYPE"]), KEYS),
    st.tuples(st.just(b"SET"), KEYS, VALUES),
    st.tuples(
        st.just(b"SET"), KEYS, VALUES, st.sampled_from([b"NX", b"xx", b"GET", b"?"])
    ),
    st.tuples(
        st.just(b"SET"),
        KEYS,
        VALUES,
        st.just(b"EX"),
        st.sampled_from([b"0", b"x", b""]),
    ),
    st.tuples(st.just(b"MGET"), KEYS, KEYS, KEYS),
    st.tuples(st.just(b"HSET"), KEYS, FIELDS, VALUES),
    st.tuples(st.just(b"HGET"), KEYS, FIELDS),
    st.tuples(st.just(b"HDEL"), KEYS, FIELDS),
    st.tuples(st.just(b"ZADD"), KEYS, SCORES, st.one_of(FIELDS, VALUES)),
    st.tuples(st.just(b"ZREM"), KEYS, FIELDS),
    st.tuples(st.just(b"ZRANGE"), KEYS, RANKS, RANKS),
    st.tuples(
        st.just(b"ZRANGE"),
        KEYS,
        RANKS,
        RANKS,
        st.sampled_from([b"REV", b"rev", b"WITHSCORES", b"REX"]),
    ),
    st.tuples(st.just(b"ZREVRANGE"), KEYS, RANKS, RANKS),
    st.tuples(st.just(b"ZREVRANGE"), KEYS, RANKS, RANKS, st.just(b"REV")),
    st.tuples(st.just(b"DEL"), KEYS),
    st.sampled_from(
        [
            (b"PING",),
            (b"PING", b"x"),
            (b"GET",),
            (b"SET", b"a"),
            (b"MULTI",),
            (b"EXEC",),
            (b"WATCH", b"watched"),
            (b"UNWATCH",),
            (b"DBSIZE",),
            (b"HELLO", b"3"),
            (b"FT._LIST",),
            (b"SUBSCRIBE", b"c"),
            (b"UNSUBSCRIBE",),
            (b"QUIT",),
            (b"NOSUCH", b"x"),
        ]
    ),
)
ODD = st.sampled_from(
    [b"PING\r\n", b"*0\r\n", b"*-1\r\n", b"*1\r\n$04\r\nPING\r\n", b"*x\r\n", b"\r\n",
     b"*1\r\n$4\rxPINGxx", b"*2\r\n$3\r\nGET\r\n:1\r\n", b"*01\r\n$4\r\nPING\r\n"]
)  # fmt: skip


def both_ways(sides, pieces, resp):
    results = []
    for side in sides:
        side.meet(resp)
        side.feed(pack([b"FLUSHALL"]))
        side.feed(pack([b"HSET", b"wide"] + [b"%d" % n for n in range(300)]))
        for piece in pieces:
            side.feed(piece)
        results.append((side.said(), side.contents(), side.client.closing))
        side.core.farewell(side.client)
    return results


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    words=st.lists(st.one_of(ONES.map(pack), ODD), min_size=1, max_size=30),
    resp=st.sampled_from([2, 3]),
    cuts=st.lists(st.integers(0, 2000), max_size=4),
)
def test_both_ways_are_one(sides, words, resp, cuts):
    data = b"".join(words)
    lane, plain = both_ways(sides, [data], resp)
    assert lane == plain
    places = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    pieces = [data[a:b] for a, b in pairwise(places)]
    (again,) = both_ways(sides[:1], pieces, resp)
    assert again == lane


def test_byte_at_a_time_is_all_at_once(sides):
    words = (
        [b"SET", b"a", b"1"],
        [b"INCR", b"a"],
        [b"GET", b"a"],
        [b"HSET", b"h", b"f", b"v"],
    )
    data = b"".join(map(pack, [*words, [b"HGETALL", b"h"], [b"MGET", b"a", b"h"]]))
    whole, _ = both_ways(sides, [data], 2)
    single, _ = both_ways(sides, [data[n : n + 1] for n in range(len(data))], 2)
    assert whole == single


def test_the_lane_is_used_and_counts_what_the_plain_way_counts(tmp_path):
    commands = [
        [b"SET", b"a", b"1"], [b"GET", b"a"], [b"INCR", b"a"], [b"MGET", b"a", b"b"], [b"PING"],
        [b"HSET", b"h", b"f", b"v"], [b"HGET", b"h", b"f"], [b"HGETALL", b"h"],
        [b"ZADD", b"z", b"1", b"m"], [b"ZADD", b"z", b"2", b"n"], [b"ZRANGE", b"z", b"0", b"1"],
        [b"ZREVRANGE", b"z", b"0", b"1"], [b"ZRANGE", b"z", b"0", b"1", b"REV"],
    ]  # fmt: skip
    counts = []
    for enabled in (True, False):
        side = Side(tmp_path / str(enabled), enabled)
        for row in side.core.table.values():
            row.calls = 0
        plain = []
        process = side.core.process
        side.core.process = lambda client, words, plain=plain, process=process: (
            plain.append(words[0]),
            process(client, words),
        )
        side.feed(b"".join(map(pack, commands)))
        counts.append((side.calls(), side.core.key_count(), side.core.count.calls))
        # the first ZADD makes the set, which is not the lane's
        assert plain == ([b"ZADD"] if enabled else [words[0] for words in commands])
        assert side.client.last_command == "ZRANGE"
        side.engine.close()
    assert counts[0] == counts[1]
    assert set(counts[0][0]) == {name.encode() for name in HOT}


def test_watched_and_indexed_keys_go_the_plain_way(tmp_path):
    side = Side(tmp_path / "store", True)
    side.feed(
        b"".join(
            map(pack, [[b"SET", b"k", b"1"], [b"WATCH", b"k"], [b"SET", b"k", b"2"]])
        )
    )
    side.feed(b"".join(map(pack, [[b"MULTI"], [b"GET", b"k"], [b"EXEC"]])))
    assert side.said()[0].endswith(b"*-1\r\n")
    side.feed(b"FT.CREATE i ON HASH PREFIX 1 doc: SCHEMA tags TAG\r\n")
    side.feed(pack([b"HSET", b"doc:1", b"tags", b"red"]))
    side.feed(pack([b"FT.SEARCH", b"i", b"@tags:{red}", b"NOCONTENT"]))
    assert side.said()[0].endswith(b"*2\r\n:1\r\n$5\r\ndoc:1\r\n")
    side.engine.close()


def test_an_expired_key_is_gone_at_once(tmp_path):
    side = Side(tmp_path / "store", True)
    side.feed(pack([b"SET", b"k", b"1", b"PX", b"30"]))
    side.feed(pack([b"GET", b"k"]))
    assert side.said()[0] == b"+OK\r\n$1\r\n1\r\n"
    until = time.time() + 0.05
    while time.time() < until:
        time.sleep(0.01)
    side.feed(
        b"".join(
            map(pack, [[b"GET", b"k"], [b"MGET", b"k"], [b"SET", b"k", b"2", b"NX"]])
        )
    )
    assert side.said()[0] == b"$-1\r\n*1\r\n$-1\r\n+OK\r\n"
    side.engine.close()


def test_sealed_data_and_a_long_log_are_read_and_written_alike(tmp_path):
    """Small tables and log chunks: the lane meets segments and logs without room."""
    side = Side(
        tmp_path / "store", True, memory_table_bytes=1 << 16, log_chunk_bytes=1 << 14
    )
    for turn in range(60):
        commands = [[b"SET", b"k%d" % (turn * 50 + n), b"v" * 100] for n in range(50)]
        commands += [[b"HSET", b"h", b"f%d" % n, b"%d" % turn] for n in range(20)]
        commands += [
            [b"ZADD", b"z", b"%d" % (turn * 50 + n), b"m%d" % n] for n in range(50)
        ]
        side.feed(b"".join(map(pack, commands)))
        side.core.flush()
        side.core.tick(time.monotonic())
    side.said()
    deadline = time.monotonic() + 20
    while not side.engine.stats()["segments"] and time.monotonic() < deadline:
        side.core.tick(time.monotonic())
    assert side.engine.stats()["segments"]
    side.feed(pack([b"GET", b"k7"]) + pack([b"ZRANGE", b"z", b"0", b"1"]))
    side.feed(
        pack([b"HGET", b"h", b"f3"])
        + pack([b"DBSIZE"])
        + pack([b"ZRANGE", b"z", b"-1", b"-1"])
    )
    assert side.said()[0] == (
        b"$100\r\n" + b"v" * 100 + b"\r\n*2\r\n$2\r\nm0\r\n$2\r\nm1\r\n"
        b"$2\r\n59\r\n:3002\r\n*1\r\n$3\r\nm49\r\n"
    )
    before = side.contents()
    side.engine.close()
    again = Side(tmp_path / "store", True)
    assert again.contents() == before
    again.engine.close()


def sealed(side):
    """Seal what is in memory, and merge what wants it."""
    side.engine.freeze()
    deadline = time.monotonic() + 20
    while side.engine.busy and time.monotonic() < deadline:
        side.core.tick(time.monotonic())
        time.sleep(0.005)


def test_what_is_kept_of_segments_is_never_stale(tmp_path):
    """Small caches, frozen and sealed tables, deleted ranges: the lane against memory."""
    lane = Side(tmp_path / "lane", True, memory_table_bytes=1 << 30)
    lane.engine._records = RecordCache(12_000)
    lane.engine._pages = PageCache(12_000)
    plain = Side(tmp_path / "plain", False, memory_table_bytes=1 << 30)
    made = random.Random(7)
    feeds = [b"feed", b"long", b"other"]

    def member():
        return b"m%d" % made.randrange(60)

    def one():
        key = b"k%d" % made.randrange(90)
        feed = made.choice(feeds)
        kind = made.randrange(100)
        if kind < 25:
            return [b"GET", key]
        if kind < 35:
            return [b"SET", key, b"v%d" % made.randrange(1000) * made.randrange(1, 40)]
        if kind < 40:
            return [b"HSET", b"h" + key, b"f", b"%d" % kind]
        if kind < 45:
            return [b"HGETALL", b"h" + key]
        if kind < 47:
            return [b"DEL", made.choice([key, feed, b"wide"])]
        if kind < 49:
            return [b"HSET", b"wide", *(b"%d" % n for n in range(300))]
        if kind < 65:
            return [b"ZADD", feed, b"%d" % made.randrange(40), member()]
        if kind < 70:
            return [b"ZREM", feed, member()]
        if kind < 72:
            return [b"MGET", key, b"k1", b"k2"]
        start = made.randrange(-20, 20)
        page = [b"%d" % start, b"%d" % (start + made.randrange(20))]
        return made.choice(
            [
                [b"ZRANGE", feed, *page],
                [b"ZRANGE", feed, *page, b"REV"],
                [b"ZREVRANGE", feed, *page],
            ]
        )

    fill = [[b"ZADD", b"long", b"%d" % n, b"old%d" % n] for n in range(3000)]
    for side in (lane, plain):
        side.feed(b"".join(map(pack, fill)))
    most_records = most_pages = 0
    for turn in range(40):
        data = b"".join(pack(one()) for _ in range(150))
        for side in (lane, plain):
            side.feed(data)
        assert lane.said() == plain.said()
        stats = lane.engine.stats()
        most_records = max(most_records, stats["record_cache_bytes"])
        most_pages = max(most_pages, stats["page_cache_bytes"])
        if turn % 4 == 1:
            sealed(lane)
        elif turn % 4 == 3:
            lane.engine.freeze()
    assert 8_000 < most_records <= 12_000
    assert 1_000 < most_pages <= 12_000
    assert stats["merges"]
    assert lane.contents() == plain.contents()
    for side in (lane, plain):
        side.engine.close()


def test_a_vanished_folder_is_a_refusal(tmp_path):
    side = Side(tmp_path / "store", True, log_chunk_bytes=1 << 14)
    for path in sorted((tmp_path / "store").iterdir()):
        path.unlink()
    (tmp_path / "store").rmdir()
    for n in range(200):
        side.feed(pack([b"SET", b"k%d" % n, b"v" * 1000]))
    assert b"-MISCONF The store takes no writes now: " in side.said()[0]
    side.feed(pack([b"GET", b"k1"]))
    assert side.said()[0].startswith(b"$1000\r\n")
    side.engine.abandon()
