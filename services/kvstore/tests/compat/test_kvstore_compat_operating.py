"""What operators and their tools ask: INFO, MEMORY, ACL, CONFIG, COMMAND LIST."""

from __future__ import annotations

import re
import time

import pytest
from kvstore_compare import same
from kvstore_process import OurServer, RedisServer

ASKED = """
ACL
ACL LIST
ACL LIST x
ACL USERS
ACL USERS x
ACL WHOAMI
ACL GETUSER
ACL GETUSER default
ACL GETUSER nobody
ACL CAT
ACL CAT nosuch
ACL caT read write
ACL CAT read write more
ACL GENPASS 0
ACL GENPASS -1
ACL GENPASS 4097
ACL GENPASS x
ACL gEnpass 8 x
ACL DRYRUN nobody get a
ACL DRYRUN default get a
ACL DRYRUN default GET
ACL DRYRUN default get a b
ACL DRYRUN default client nosuch
ACL DRYRUN default client id
ACL DRYRUN default client id x
ACL DRYRUN default nosuch x
ACL DRYRUN default
LOLWUT
LOLWUT VERSION
LOLWUT version x
LOLWUT VERSION 7
LOLWUT 1 2 3
SWAPDB 0 0
SWAPDB
SWAPDB 0
SWAPDB x 0
SWAPDB 0 x
SWAPDB 0 99
SWAPDB -1 0
SWAPDB 99 x
MEMORY
MEMORY PURGE
MEMORY PURGE x
MEMORY STATS x
MEMORY DOCTOR
MEMORY DOCTOR x
MEMORY MALLOC-STATS x
MEMORY NOSUCH
MEMORY USAGE
MEMORY USAGE none
MEMORY USAGE k SAMPLES x
MEMORY USAGE k SAMPLES -1
MEMORY USAGE k COUNT 1
DEBUG
DEBUG SLEEP
DEBUG SLEEP 0
DEBUG sleep 0.001
DEBUG SLEEP -1
DEBUG SLEEP x
DEBUG SLEEP 0.001x
DEBUG SLEEP 0 0
DEBUG JMAP
DEBUG jMap x y
DEBUG HELP x
OBJECT FREQ k
OBJECT FREQ none
OBJECT IDLETIME k
OBJECT IDLETIME none
OBJECT REFCOUNT none
OBJECT REFCOUNT long
OBJECT ENCODING none
OBJECT NOSUCH k
OBJECT FREQ
SLOWLOG gEt 1 2
CLIENT pausE 1 ALL x
PUBSUB cHannels a b
CONFIG
CONFIG GET
CONFIG GET nosuch
CONFIG GET SAVE
CONFIG GET APPENDFSYNC
CONFIG GET maxmemory maxmemory
CONFIG GET max[cm]*s
CONFIG GET SAVE save
CONFIG GET Timeout time*
CONFIG GET time* Timeout
CONFIG GET SAV? SAVE
CONFIG GET timeout
CONFIG GET time*t databas
CONFIG GET tcp-*
CONFIG GET lazyfree*
CONFIG GET slowlog-max-len
CONFIG RESETSTAT
CONFIG RESETSTAT x
CONFIG REWRITE
COMMAND LIST FILTERBY
COMMAND LIST FILTERBY PATTERN
COMMAND LIST FILTERBY NOSUCH x
COMMAND LIST FILTERBY MODULE nosuch
COMMAND LIST FILTERBY ACLCAT nosuch
COMMAND LIST FILTERBY PATTERN get
COMMAND LIST filterby pattern GeT
COMMAND LIST FILTERBY PATTERN xge*
COMMAND LIST PATTERN get
COMMAND COUNT x
INFO nosuch
INFO cluster
INFO MODULES
INFO cluster nosuch modules
INFO cluster CLUSTER
ROLE
LASTSAVE x
LATENCY LATEST x
"""


@pytest.mark.parametrize("resp", [2, 3])
def test_what_operators_ask_is_answered_alike(pair, resp):
    wrong = []
    ours, theirs = pair
    with ours.wire() as one, theirs.wire() as two:
        for wire in (one, two):
            wire.call("FLUSHALL")
            wire.call("HELLO", resp)
            wire.call("SET", "k", "v")
            wire.call("SET", "long", "v" * 100)
        for text in ASKED.strip().split("\n"):
            here, there = one.call(*text.split()), two.call(*text.split())
            if not same(text.encode().split(), here, there):
                wrong.append(f"{text}\n  ours:   {here!r}\n  theirs: {there!r}")
    assert not wrong, "\n".join(wrong)


def test_the_user_has_a_password_in_both(pair):
    found = []
    for server in pair:
        with server.wire() as wire:
            wire.call("CONFIG", "SET", "requirepass", "sesame")
            replies = [wire.call("ACL", "LIST"), wire.call("ACL", "GETUSER", "default")]
            with server.wire() as stranger:
                replies.append(stranger.call("ACL", "LIST"))
                replies.append(stranger.call("AUTH", "wrong"))
            wire.call("CONFIG", "SET", "requirepass", "")
            found.append(replies)
    assert found[0] == found[1]


def test_a_password_has_as_many_letters(pair):
    for server in pair:
        with server.wire() as wire:
            for bits in ("1", "4", "5", "255", "256", "4096"):
                reply = wire.call("ACL", "GENPASS", bits)
                assert re.fullmatch(rb"\$[0-9a-f]+", reply)
                assert len(reply) == 1 + (int(bits) + 3) // 4
            assert len(wire.call("ACL", "GENPASS")) == 65


def refusals(wire, *words):
    """Return ACL LOG without times; of the connection only what it is told by name."""
    _, *entries = wire.call("ACL", "LOG", *words)
    found = []
    for _, *items in entries:
        row = dict(zip(items[::2], items[1::2], strict=True))
        assert 0 <= float(row.pop(b"$age-seconds")[1:]) < 60
        said = dict(pair.split(b"=") for pair in row.pop(b"$client-info").split())
        row |= {name: said[name] for name in (b"name", b"cmd", b"user")}
        found.append(row)
    return found


@pytest.mark.parametrize("resp", [2, 3])
def test_refused_log_ins_are_kept_alike(pair, resp):
    found = []
    for server in pair:
        with server.wire() as wire:
            wire.call("HELLO", resp)
            wire.call("ACL", "LOG", "RESET")
            replies = []
            for text in REFUSED.strip().split("\n"):
                for call in text.split(";"):
                    wire.call(*call.split())
                replies.append(refusals(wire))
            replies += [refusals(wire, "2"), refusals(wire, "-1"), refusals(wire, "0")]
            replies.append(len(refusals(wire, "99")))
            wire.call("CONFIG", "SET", "acllog-max-len", "3")
            wire.call("AUTH", "last", "y")
            replies.append(refusals(wire))
            wire.call("CONFIG", "SET", "acllog-max-len", "128")
            replies += [wire.call("ACL", "LOG", *words) for words in (["x"], [1, 2])]
            replies += [wire.call("ACL", "LOG", "reset"), wire.call("ACL", "LOG")]
            found.append(replies)
    assert found[0] == found[1]


REFUSED = """
AUTH nobody x
AUTH nobody y
Auth nobody x
AUTH default x
HELLO 3 AUTH me x
CLIENT SETNAME watched
AUTH nobody x
MULTI;AUTH nobody x;EXEC
AUTH a x
AUTH b x
AUTH c x
AUTH d x
AUTH e x
AUTH f x
AUTH g x
AUTH h x
AUTH i x
HELLO 3 AUTH me x
AUTH nobody x
"""


def every_command(wire):
    return set(wire.call("COMMAND", "LIST")[1:])


@pytest.mark.parametrize("words", [("ACL", "CAT"), ("COMMAND", "LIST", "FILTERBY")])
def test_commands_are_filtered_alike(pair, words):
    """As far as they are there; those of search are in no Redis of this version."""
    ours, theirs = pair
    with ours.wire() as one, theirs.wire() as two:
        common = every_command(one) & every_command(two)
        whats = [[name[1:]] for name in one.call("ACL", "CAT")[1:]]
        if words[0] == "COMMAND":
            whats = [[b"ACLCAT", *what] for what in whats]
            whats += [[b"PATTERN", pattern] for pattern in PATTERNS]
        for what in whats:
            here, there = (
                set(wire.call(*words, *what)[1:]) & common for wire in (one, two)
            )
            assert here == there, what


PATTERNS = (b"*", b"z*", b"*|*", b"client|*", b"[gs]et", b"H?ET", b"\\get", b"")


# -- INFO ------------------------------------------------------------------------------


def sections(wire, *words):
    """Return {section: {field: value}} in their order."""
    found = {}
    for part in wire.call("INFO", *words).decode()[1:].split("# ")[1:]:
        title, *rows = part.split("\r\n")
        found[title] = dict(row.split(":", 1) for row in rows if row)
    return found


# What would be made up: there is no such build, allocator, clock, sample or fork here.
LEFT_OUT = """
redis_git_sha1 redis_git_dirty redis_build_id atomicvar_api gcc_version lru_clock
allocator_allocated allocator_active allocator_resident allocator_frag_ratio
allocator_frag_bytes allocator_rss_ratio allocator_rss_bytes rss_overhead_ratio
rss_overhead_bytes mem_aof_buffer aof_last_rewrite_time_sec
aof_current_rewrite_time_sec expired_stale_perc latest_fork_usec total_forks
reply_buffer_shrinks reply_buffer_expands
"""


def test_info_has_the_fields_of_redis_in_its_order(pair):
    left_out = set(LEFT_OUT.split())
    with pair[0].wire() as one, pair[1].wire() as two:
        for wire in (one, two):
            wire.call("FLUSHALL")
            wire.call("CONFIG", "RESETSTAT")
            wire.call("SET", "k", "v", "EX", "100")
            wire.call("NOSUCH")
            wire.call("HGET", "k", "f")
            wire.call("EXEC")
            wire.call("HELLO", "9")
        for words in ((), ("default",), ("all",), ("everything",), ("server", "stats")):
            here, there = sections(one, *words), sections(two, *words)
            assert list(here) == list(there)
            for title, rows in there.items():
                wanted = [name for name in rows if name not in left_out]
                got = [name for name in here[title] if name in wanted]
                if title in ("Commandstats", "Latencystats"):
                    assert set(got) == set(wanted)  # in no order there
                else:
                    assert got == wanted, title
                assert not left_out & set(here[title])


def test_info_writes_values_in_the_form_of_redis(pair):
    """Numbers with as many decimals, the same units."""

    def form(value):
        if re.fullmatch(r"-?\d+", value):
            return "number"
        if re.fullmatch(r"[\d.]+[BKMGTP]", value):
            return "size"
        decimals = re.fullmatch(r"-?\d+(\.\d+)(%?)", value)
        return (len(decimals[1]), decimals[2]) if decimals else "text"

    other = {"unixsocket", "redis_mode", "os", "config_file", "mem_allocator"}
    with pair[0].wire() as one, pair[1].wire() as two:
        here, there = sections(one, "default"), sections(two, "default")
        for title, rows in there.items():
            for name, value in rows.items():
                if name in here[title] and name not in other:
                    assert form(here[title][name]) == form(value), name


# What has one value, or one that follows from what was sent.
EXACT = """
redis_version redis_mode arch_bits monotonic_clock multiplexing_api process_supervised hz
configured_hz io_threads_active connected_clients cluster_connections maxclients
blocked_clients tracking_clients clients_in_timeout_table number_of_functions maxmemory
maxmemory_human maxmemory_policy mem_not_counted_for_evict mem_replication_backlog
mem_total_replication_buffers mem_clients_slaves mem_cluster_links active_defrag_running
lazyfree_pending_objects loading async_loading rdb_bgsave_in_progress
rdb_last_bgsave_status rdb_current_bgsave_time_sec rdb_last_cow_size
aof_rewrite_in_progress aof_rewrite_scheduled aof_last_bgrewrite_status
aof_last_write_status total_connections_received total_commands_processed
rejected_connections sync_full expired_keys evicted_keys evicted_clients keyspace_hits
keyspace_misses pubsub_channels pubsub_patterns pubsubshard_channels tracking_total_keys
tracking_total_items tracking_total_prefixes unexpected_error_replies total_error_replies
role connected_slaves master_failover_state master_replid2 second_repl_offset
repl_backlog_active repl_backlog_histlen cluster_enabled
errorstat_ERR errorstat_WRONGTYPE errorstat_EXECABORT errorstat_NOPROTO
"""


def test_info_says_the_same_of_the_same_calls(pair):
    calls = [
        "SET k v",
        "SET gone v PX 1",
        "SET later v EX 1000",
        "GET k",
        "HGET k f",
        "NOSUCH",
        "MULTI",
        "NOSUCH",
        "EXEC",
        "HELLO 9",
        "SUBSCRIBE news",
        "PSUBSCRIBE n*",
        "DEBUG SLEEP 0.005",
        "GET gone",
        "MULTI",
        "GET k",
        "GET none",
        "EXEC",
    ]
    found = []
    for server in pair:
        with server.wire() as other:
            other.call("FLUSHALL")
            other.call("CONFIG", "RESETSTAT")
        with server.wire() as wire:
            wire.call("HELLO", "3")
            for text in calls:
                wire.call(*text.split())
            time.sleep(0.25)  # ours adds reads up at every tick
            rows = {}
            for part in sections(wire, "everything").values():
                rows |= part
            assert int(rows["total_reads_processed"]) > 0
            found.append(
                {name: rows.get(name) for name in EXACT.split()} | {"": rows["db0"]}
            )
    for one in found:
        ours = re.fullmatch(r"keys=(\d+),expires=(\d+),avg_ttl=(\d+)", one.pop(""))
        assert ours.groups()[:2] == ("2", "1")
        assert int(ours[3]) <= 1_000_000
    assert found[0] == found[1]


def test_resetstat_begins_to_count_anew(pair):
    for server in pair:
        with server.wire() as wire:
            wire.call("GET", "none")
            wire.call("NOSUCH")
            wire.call("CONFIG", "RESETSTAT")
            rows = sections(wire, "stats", "errorstats", "commandstats")
            assert rows["Errorstats"] == {}
            assert list(rows["Commandstats"]) == ["cmdstat_config|resetstat"]
            for name in ("keyspace_misses", "total_error_replies", "expired_keys"):
                assert rows["Stats"][name] == "0", name


def test_saving_is_told(pair):
    """SAVE by SAVE, and how many changes there were since."""
    found = []
    for server in pair:
        with server.wire() as wire:
            wire.call("SAVE")
            before = sections(wire, "persistence")["Persistence"]
            wire.call("SET", "k", "v")
            wire.call("SET", "k", "w")
            wire.call("GET", "k")
            rows = sections(wire, "persistence")["Persistence"]
            wire.call("SAVE")
            after = sections(wire, "persistence")["Persistence"]
            count = "rdb_saves"
            assert int(after[count]) == int(before[count]) + 1
            found.append(
                [row["rdb_changes_since_last_save"] for row in (before, rows, after)]
                + [after["rdb_last_bgsave_status"]]
            )
            assert wire.call("LASTSAVE") == b":" + after["rdb_last_save_time"].encode()
    assert found[0] == found[1]


def test_memory_stats_names_what_redis_names(pair):
    found = []
    for server in pair:
        with server.wire() as wire:
            wire.call("HELLO", "3")
            wire.call("FLUSHALL")
            wire.call("SET", "k", "v")
            kind, *items = wire.call("MEMORY", "STATS")
            assert kind == "%"
            found.append(dict(zip(items[::2], items[1::2], strict=True)))
    ours, theirs = found
    assert list(ours) == [name for name in theirs if name in ours]
    assert {name for name in theirs if name not in ours} == {
        *(b"$aof.buffer", b"$db.0", b"$allocator.allocated", b"$allocator.active"),
        *(b"$allocator.resident", b"$allocator-fragmentation.ratio"),
        *(b"$allocator-fragmentation.bytes", b"$allocator-rss.ratio"),
        *(b"$allocator-rss.bytes", b"$rss-overhead.ratio", b"$rss-overhead.bytes"),
    }
    for name, value in ours.items():
        assert value[:1] == theirs[name][:1], name
    assert ours[b"$keys.count"] == theirs[b"$keys.count"] == b":1"


def test_settings_that_tools_read_are_there(tmp_path):
    """With Redis's value where the store is what Redis is with that value."""
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    ours.mkdir()
    theirs.mkdir()
    with OurServer(ours) as here, RedisServer(theirs) as there:
        replies = []
        for server in (here, there):
            with server.wire() as wire:
                _, *items = wire.call("CONFIG", "GET", "*")
                replies.append(dict(zip(items[::2], items[1::2], strict=True)))
    mine, redis = replies
    own = {name for name in mine if name not in redis}
    assert own == {
        *(b"$data", b"$sync", b"$memory-table", b"$log-size", b"$segment-cache"),
        *(b"$disk-reserve", b"$disk-failure", b"$verify-at-start"),
        *(b"$requirepass-file", b"$metrics", b"$busy-poll-us"),
    }
    differ = {name for name in mine.keys() & redis.keys() if mine[name] != redis[name]}
    assert differ == {
        *(b"$appendonly", b"$databases", b"$dir", b"$unixsocket", b"$unixsocketperm"),
        *(b"$bind", b"$client-output-buffer-limit", b"$dynamic-hz", b"$set-proc-title"),
        *(b"$enable-debug-command", b"$slowlog-log-slower-than"),
    }


def test_what_redis_cannot_change_is_not_changed(pair):
    """Setting what there is one value of to just that: OK, or Redis's refusal."""
    ours, theirs = pair
    with ours.wire() as one, theirs.wire() as two:
        _, *items = one.call("CONFIG", "GET", "*")
        known = dict(zip(items[::2], items[1::2], strict=True))
        _, *items = two.call("CONFIG", "GET", "*")
        same_value = sorted(
            name
            for name, value in zip(items[::2], items[1::2], strict=True)
            if known.get(name) == value
        )
        assert len(same_value) > 40
        for name in same_value:
            words = ("CONFIG", "SET", name[1:], known[name][1:])
            assert one.call(*words) == two.call(*words), name
