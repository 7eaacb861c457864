"""Commands about the server: INFO, CONFIG, SAVE, SHUTDOWN and what goes with them."""

from __future__ import annotations

import time
from collections.abc import Sequence

from hunch_kvstore.commands.arguments import (
    SYNTAX,
    integer,
    milliseconds,
)
from hunch_kvstore.commands.context import Context
from hunch_kvstore.commands.table import command
from hunch_kvstore.keyspace.glob import matches
from hunch_kvstore.resp.reply import (
    NO_REPLY,
    OK,
    CommandError,
    Reply,
    Simple,
    Verbatim,
)


@command("INFO")
def info(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Answer sections of facts."""
    wanted = {raw.decode("utf-8", "replace").lower() for raw in args}
    return Verbatim(ctx.server.info(wanted))


@command("TIME")
def time_(_ctx: Context, _args: Sequence[bytes]) -> Reply:
    """Answer seconds and microseconds."""
    now_us = time.time_ns() // 1000
    return [b"%d" % (now_us // 1_000_000), b"%d" % (now_us % 1_000_000)]


@command("CONFIG")
def config(_ctx: Context, _args: Sequence[bytes]) -> Reply:
    """Hold the subcommands."""
    raise CommandError(SYNTAX)


@command("CONFIG|GET")
def config_get(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Answer the settings whose names match, each under the name first asked for."""
    said: dict[str, bytes] = {}
    known = ctx.server.shown_settings()
    for raw in args:
        pattern = raw.lower()
        if not set(pattern) & set(b"[*?"):
            name = pattern.decode("utf-8", "replace")
            if name in known:
                said.setdefault(name, raw)
            continue
        for name in known:
            if matches(pattern, name.encode()):
                said.setdefault(name, name.encode())
    return {shown: known[name].encode() for name, shown in said.items()}


@command("CONFIG|SET")
def config_set(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Change settings, all of them or none."""
    if len(args) % 2:
        raise CommandError(SYNTAX)
    ctx.server.change_settings(list(zip(args[::2], args[1::2], strict=True)))
    return OK


@command("CONFIG|RESETSTAT")
def config_resetstat(ctx: Context, _args: Sequence[bytes]) -> Reply:
    """Begin to count anew."""
    ctx.server.reset_statistics()
    return OK


@command("CONFIG|REWRITE")
def config_rewrite(_ctx: Context, _args: Sequence[bytes]) -> Reply:
    """Refuse: the file belongs to whoever wrote its comments."""
    raise CommandError("ERR The server is running without a config file")


@command(
    "SAVE",
    complexity="O(N) with the writes since the last sync",
)
def save(ctx: Context, _args: Sequence[bytes]) -> Reply:
    """Make everything acknowledged so far survive a power cut."""
    ctx.server.save()
    return OK


@command("BGSAVE")
def bgsave(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Do what SAVE does; it does not take long enough to need a process of its own."""
    if len(args) > 1 or (args and args[0].upper() != b"SCHEDULE"):
        raise CommandError(SYNTAX)
    ctx.server.save()
    return Simple("Background saving started")


@command("BGREWRITEAOF")
def bgrewriteaof(ctx: Context, _args: Sequence[bytes]) -> Reply:
    """Seal what is in memory into a segment, so that the log begins anew."""
    engine = ctx.server.engine
    if engine.is_sealing:
        what = "ERR Background append only file rewriting already in progress"
        raise CommandError(what)
    engine.freeze()
    return Simple("Background append only file rewriting started")


@command("LASTSAVE")
def lastsave(ctx: Context, _args: Sequence[bytes]) -> Reply:
    """Answer when everything was last known to be on disk."""
    return ctx.server.saves.last_s


@command(
    "SHUTDOWN",
    complexity="O(N) with the writes since the last sync",
)
def shutdown(ctx: Context, args: Sequence[bytes]) -> Reply:
    """End the process; nothing acknowledged is ever left unsaved."""
    words = {raw.upper() for raw in args}
    if words - {b"NOSAVE", b"SAVE", b"NOW", b"FORCE", b"ABORT"}:
        raise CommandError(SYNTAX)
    if b"ABORT" in words:
        if len(words) > 1:
            raise CommandError(SYNTAX)
        raise CommandError("ERR No shutdown in progress.")
    if {b"NOSAVE", b"SAVE"} <= words:
        raise CommandError(SYNTAX)
    ctx.server.log.notice("stopping", command="SHUTDOWN", peer=ctx.client.address)
    ctx.server.stopping = True
    return NO_REPLY


@command("WAIT")
def wait(_ctx: Context, args: Sequence[bytes]) -> Reply:
    """Answer 0: there are no replicas."""
    integer(args[0])
    milliseconds(args[1])
    return 0


@command("MODULE")
def module(_ctx: Context, _args: Sequence[bytes]) -> Reply:
    """Hold the subcommands."""
    raise CommandError(SYNTAX)


@command("MODULE|LIST")
def module_list(_ctx: Context, _args: Sequence[bytes]) -> Reply:
    """Answer none: search is built in."""
    return []


@command("MONITOR")
def monitor(ctx: Context, _args: Sequence[bytes]) -> Reply:
    """Show this client every command from now on."""
    if ctx.server.in_transaction:
        raise CommandError("ERR MONITOR isn't allowed for DENY BLOCKING client")
    if ctx.client.is_monitor:
        return NO_REPLY
    ctx.server.monitors.join(ctx.client)
    return OK


@command("SWAPDB")
def swapdb(_ctx: Context, args: Sequence[bytes]) -> Reply:
    """Exchange the one database with itself."""
    first = integer(args[0], "ERR invalid first DB index")
    second = integer(args[1], "ERR invalid second DB index")
    if first or second:
        raise CommandError("ERR DB index is out of range")
    return OK


@command("LOLWUT")
def lolwut(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Answer the version, as every Redis does that has no picture of its own."""
    if len(args) > 1 and args[0].upper() == b"VERSION":
        integer(args[1])
    return Verbatim(b"Redis ver. %b\n" % ctx.server.compatible_version)


@command("ROLE")
def role(_ctx: Context, _args: Sequence[bytes]) -> Reply:
    """Answer master, without replicas."""
    return [b"master", 0, []]


def _no_cluster(name: str) -> None:
    """Register a command that a client of a cluster may try."""

    def handler(_ctx: Context, _args: Sequence[bytes]) -> Reply:
        raise CommandError("ERR This instance has cluster support disabled")

    command(name)(handler)


_no_cluster("CLUSTER")
_no_cluster("READONLY")
_no_cluster("READWRITE")
_no_cluster("ASKING")
