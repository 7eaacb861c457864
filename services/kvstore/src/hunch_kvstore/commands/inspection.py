"""Commands that look into the store: OBJECT, SLOWLOG, LATENCY."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from hunch_kvstore.commands.arguments import SYNTAX, integer, wrong_subcommand
from hunch_kvstore.commands.context import Context
from hunch_kvstore.commands.generic import encoding_name
from hunch_kvstore.commands.introspection import find
from hunch_kvstore.commands.table import command
from hunch_kvstore.resp.reply import OK, CommandError, Reply, Verbatim


def _container(name: str) -> None:
    def handler(_ctx: Context, _args: Sequence[bytes]) -> Reply:
        raise CommandError(SYNTAX)

    command(name)(handler)


_container("OBJECT")
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


@command("SLOWLOG|GET")
def slowlog_get(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Answer the newest slow commands."""
    if len(args) > 1:
        raise wrong_subcommand(b"SLOWLOG", ctx.said)
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
def latency_latest(ctx: Context, _args: Sequence[bytes]) -> Reply:
    """Answer the newest and the worst spike of every event."""
    spikes = ctx.server.spikes
    return [
        [event.encode(), *rows[-1], spikes.worst_ms[event]]
        for event, rows in spikes.samples.items()
    ]


@command("LATENCY|HISTORY")
def latency_history(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Answer the spikes of an event."""
    event = args[0].decode(errors="replace")
    return [list(row) for row in ctx.server.spikes.samples.get(event, ())]


@command("LATENCY|RESET")
def latency_reset(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Forget the spikes of these events, or all; answer how many events there were."""
    spikes = ctx.server.spikes
    events = [raw.decode(errors="replace") for raw in args] or list(spikes.samples)
    return sum(spikes.reset(event) for event in events)


@command("LATENCY|DOCTOR")
def latency_doctor(ctx: Context, _args: Sequence[bytes]) -> Reply:
    """Say in words what LATENCY LATEST says in numbers."""
    spikes = ctx.server.spikes.samples
    if not ctx.server.settings.integer("latency-monitor-threshold"):
        return Verbatim(
            b"I'm sorry, Dave, I can't do that. Latency monitoring is disabled in this "
            b'Redis instance. You may use "CONFIG SET latency-monitor-threshold '
            b'<milliseconds>." in order to enable it.\n'
        )
    if not spikes:
        return Verbatim(
            b"Dave, no latency spike was observed during the lifetime of this Redis "
            b"instance, not in the slightest bit. I honestly think you ought to sit "
            b"down calmly, take a stress pill, and think things over.\n"
        )
    lines = [
        f"{event}: {len(rows)} spikes, {sum(ms for _, ms in rows) / len(rows):.0f} ms "
        f"on average, the worst {ctx.server.spikes.worst_ms[event]} ms"
        for event, rows in spikes.items()
    ]
    lines.append("SLOWLOG GET tells which commands took long, and whose they were.")
    return Verbatim("\n".join(lines).encode() + b"\n")


@command("LATENCY|HISTOGRAM")
def latency_histogram(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Answer by command how many calls took at most how many microseconds."""
    rows = ctx.server.table.values()
    chosen = list(rows) if not args else [find(name) for name in args]
    return {
        command.name.lower().encode(): {
            b"calls": command.durations.total,
            b"histogram_usec": cast(Reply, command.durations.doublings()),
        }
        for row in chosen
        if row is not None
        for command in (row, *row.subcommands.values())
        if command.calls
    }
