"""MEMORY: what keys and the process take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hunch_kvstore.commands.arguments import SYNTAX, integer
from hunch_kvstore.commands.context import Context
from hunch_kvstore.commands.table import command
from hunch_kvstore.keyspace.encoding import HASH, KIND, STRING
from hunch_kvstore.resp.reply import OK, CommandError, Reply, Verbatim
from hunch_kvstore.server.memory import Memory, trim

_SMALL_BYTES: Final = 5 * 1024 * 1024  # what Redis calls an empty instance
_EMPTY: Final = (
    b"Hi Sam, this instance is empty or is using very little memory, my issues detector "
    b"can't be used in these conditions. Please, leave for your mission on Earth and fill "
    b"it with some data. The new Sam and I will be back to our programming as soon as I "
    b"finished rebooting.\n"
)
_NO_ISSUE: Final = (
    b"Hi Sam, I can't find any memory issue in your instance. I can only account for what "
    b"occurs on this base.\n"
)
_PEAK: Final = (
    b"Sam, I detected a few issues in this Redis instance memory implants:\n\n"
    b" * Peak memory: In the past this instance used more than 150% the memory that is "
    b"currently using. The allocator is normally not able to release memory after a peak, "
    b"so you can expect to see a big fragmentation ratio, however this is actually "
    b"harmless and is only due to the memory peak, and if the Redis instance Resident Set "
    b"Size (RSS) is currently bigger than expected, the memory will be used as soon as you "
    b"fill the Redis instance with more data. If the memory peak was only occasional and "
    b"you want to try to reclaim memory, please try the MEMORY PURGE command, otherwise "
    b"the only other option is to shutdown and restart the instance.\n\n"
    b"I'm here to keep you safe, Sam. I want to help you.\n"
)


@command("MEMORY")
def memory(_ctx: Context, _args: Sequence[bytes]) -> Reply:
    """Hold the subcommands."""
    raise CommandError(SYNTAX)


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
    ctx.keys.counting = False  # SPEC: Redis does not count this as a lookup
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


@command("MEMORY|STATS")
def memory_stats(ctx: Context, _args: Sequence[bytes]) -> Reply:
    """Answer what INFO has, as a map; nothing of an allocator nobody asks."""
    found = Memory.of(ctx.server)
    count = ctx.server.key_count()
    held = max(found.used - found.startup, 0)
    return {
        b"peak.allocated": found.peak,
        b"total.allocated": found.used,
        b"startup.allocated": found.startup,
        b"replication.backlog": 0,
        b"clients.slaves": 0,
        b"clients.normal": found.clients,
        b"cluster.links": 0,
        b"lua.caches": 0,
        b"functions.caches": 0,
        b"overhead.total": found.overhead,
        b"keys.count": count,
        b"keys.bytes-per-key": held // count if count else 0,
        b"dataset.bytes": found.dataset,
        b"dataset.percentage": found.dataset_percent,
        b"peak.percentage": found.peak_percent,
        b"fragmentation": 1.0,
        b"fragmentation.bytes": 0,
    }


@command("MEMORY|DOCTOR")
def memory_doctor(ctx: Context, _args: Sequence[bytes]) -> Reply:
    """Say what there is to say of a peak; other trouble of Redis's is not ours."""
    found = Memory.of(ctx.server)
    if found.dataset < _SMALL_BYTES:
        return Verbatim(_EMPTY)
    return Verbatim(_PEAK if found.peak > 1.5 * found.used else _NO_ISSUE)


@command("MEMORY|PURGE")
def memory_purge(_ctx: Context, _args: Sequence[bytes]) -> Reply:
    """Give the system back what is free."""
    trim()
    return OK


@command("MEMORY|MALLOC-STATS")
def memory_malloc_stats(_ctx: Context, _args: Sequence[bytes]) -> Reply:
    """Say, as Redis does over the C library, that there are none."""
    return Verbatim(b"Stats not supported for the current allocator")
