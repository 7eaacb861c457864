"""Commands that look into the store: OBJECT, MEMORY, SLOWLOG, LATENCY."""

from __future__ import annotations

from collections.abc import Sequence

from hunch_kvstore.commands.arguments import SYNTAX, integer, wrong_subcommand
from hunch_kvstore.commands.context import Context
from hunch_kvstore.commands.generic import encoding_name
from hunch_kvstore.commands.table import command
from hunch_kvstore.keyspace.encoding import HASH, KIND, STRING
from hunch_kvstore.resp.reply import OK, CommandError, Reply, Verbatim


def _container(name: str) -> None:
    def handler(_ctx: Context, _args: Sequence[bytes]) -> Reply:
        raise CommandError(SYNTAX)

    command(name)(handler)


_container("OBJECT")
_container("MEMORY")
_container("SLOWLOG")
_container("LATENCY")


@command("OBJECT|ENCODING")
def object_encoding(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Answer how Redis would hold this value."""
    return encoding_name(ctx, args[0])


@command("OBJECT|REFCOUNT")
def object_refcount(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Answer 1 for what is there."""
    return 1 if ctx.keys.exists(args[0]) else None


@command("OBJECT|IDLETIME")
def object_idletime(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Answer 0 for what is there: times of access are not kept."""
    return 0 if ctx.keys.exists(args[0]) else None


@command("OBJECT|FREQ")
def object_freq(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Say that there is no such counter."""
    if not ctx.keys.exists(args[0]):
        return None
    raise CommandError(
        "ERR An LFU maxmemory policy is not selected, access frequency not tracked. "
        "Please note that when switching between policies at runtime LRU and LFU data "
        "will take some time to adjust."
    )


@command("MEMORY|USAGE")
def memory_usage(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Answer the bytes a key takes in the store, estimated from a few members."""
    samples = 5
    if len(args) == 3 and args[1].upper() == b"SAMPLES":
        samples = integer(args[2])
        if samples < 0:
            raise CommandError(SYNTAX)
    elif len(args) != 1:
        raise CommandError(SYNTAX)
    key = args[0]
    record = ctx.keys.record(key)
    if record is None:
        return None
    size = len(key) + len(record) + 2
    kind = record[0] & KIND
    if kind in (STRING, HASH):
        return size
    from_hash = ctx.keys.type_name(key) == b"hash"
    seen = taken = total = 0
    if from_hash:
        fields = ctx.keys.hash(key)
        total = fields.size
        for field, value in fields.items():
            seen += 1
            taken += len(field) + len(value) + 9
            if samples and seen >= samples:
                break
    else:
        zset = ctx.keys.zset(key)
        total = zset.size
        for member, _ in zset.members():
            seen += 1
            taken += 2 * len(member) + 34
            if samples and seen >= samples:
                break
    return size + taken * total // max(seen, 1)


@command("MEMORY|DOCTOR")
def memory_doctor(_ctx: Context, _args: Sequence[bytes]) -> Reply:
    """Have nothing to say."""
    return Verbatim(b"Sam, I can't find any memory issue in your instance.\n")


@command("SLOWLOG|GET")
def slowlog_get(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Answer the newest slow commands."""
    if len(args) > 1:
        raise CommandError(wrong_subcommand("SLOWLOG", "GET"))
    count = 10
    if args:
        count = integer(args[0], "ERR count should be greater than or equal to -1")
        if count < -1:
            raise CommandError("ERR count should be greater than or equal to -1")
    rows = list(ctx.server.slow.entries)
    if count >= 0:
        rows = rows[:count]
    return [
        [
            row.number,
            row.when_s,
            row.spent_us,
            list(row.words),
            row.address.encode(),
            row.name,
        ]
        for row in rows
    ]


@command("SLOWLOG|LEN")
def slowlog_len(ctx: Context, _args: Sequence[bytes]) -> Reply:
    """Count the entries."""
    return len(ctx.server.slow.entries)


@command("SLOWLOG|RESET")
def slowlog_reset(ctx: Context, _args: Sequence[bytes]) -> Reply:
    """Forget the entries."""
    ctx.server.slow.entries.clear()
    return OK


@command("LATENCY|LATEST")
def latency_latest(_ctx: Context, _args: Sequence[bytes]) -> Reply:
    """Answer none: SLOWLOG and the metrics have the times."""
    return []


@command("LATENCY|HISTORY")
def latency_history(_ctx: Context, _args: Sequence[bytes]) -> Reply:
    """Answer none."""
    return []


@command("LATENCY|RESET")
def latency_reset(_ctx: Context, _args: Sequence[bytes]) -> Reply:
    """Reset none."""
    return 0


@command("LATENCY|DOCTOR")
def latency_doctor(_ctx: Context, _args: Sequence[bytes]) -> Reply:
    """Point to where times are kept."""
    return Verbatim(
        b"I'm sorry, Dave, I can't do that. Latency monitoring is disabled in this "
        b'Redis instance. You may use "CONFIG SET latency-monitor-threshold '
        b'<milliseconds>." in order to enable it.\n'
    )


@command("LATENCY|HISTOGRAM")
def latency_histogram(_ctx: Context, _args: Sequence[bytes]) -> Reply:
    """Answer calls by command, without buckets."""
    return {}
