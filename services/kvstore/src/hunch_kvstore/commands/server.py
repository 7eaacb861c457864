"""Commands about the server: INFO, CONFIG, SAVE, SHUTDOWN and what goes with them."""

from __future__ import annotations

import time
from collections.abc import Sequence

from hunch_kvstore.commands.arguments import (
    SYNTAX,
    double,
    integer,
    shown,
    wrong_subcommand,
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


@command(
    "INFO",
    arity=-1,
    flags="loading stale",
    group="server",
    since="1.0.0",
    summary="Returns information and statistics about the server.",
    acl="dangerous",
    arguments="[section [section ...]]",
)
def info(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Answer sections of facts."""
    wanted = {raw.decode("utf-8", "replace").lower() for raw in args}
    return Verbatim(ctx.server.info(wanted))


@command(
    "TIME",
    arity=1,
    flags="loading stale fast",
    group="server",
    since="2.6.0",
    summary="Returns the server time.",
)
def time_(_ctx: Context, _args: Sequence[bytes]) -> Reply:
    """Answer seconds and microseconds."""
    now_us = time.time_ns() // 1000
    return [b"%d" % (now_us // 1_000_000), b"%d" % (now_us % 1_000_000)]


@command(
    "CONFIG",
    arity=-2,
    group="server",
    since="2.0.0",
    summary="A container for server configuration commands.",
)
def config(_ctx: Context, _args: Sequence[bytes]) -> Reply:
    """Hold the subcommands."""
    raise CommandError(SYNTAX)


@command(
    "CONFIG|GET",
    arity=-3,
    flags="admin noscript loading stale",
    group="server",
    since="2.0.0",
    summary="Returns the effective values of configuration parameters.",
    complexity="O(N)",
    arguments="parameter [parameter ...]",
)
def config_get(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Answer the settings whose names match."""
    found: dict[bytes, Reply] = {}
    known = ctx.server.shown_settings()
    for pattern in (raw.lower() for raw in args):
        for name, value in known.items():
            if matches(pattern, name.encode()):
                found.setdefault(name.encode(), value.encode())
    return found


@command(
    "CONFIG|SET",
    arity=-4,
    flags="admin noscript loading stale",
    group="server",
    since="2.0.0",
    summary="Sets configuration parameters in-flight.",
    complexity="O(N)",
    arguments="parameter value [parameter value ...]",
)
def config_set(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Change settings, all of them or none."""
    if len(args) % 2:
        raise CommandError(SYNTAX)
    ctx.server.change_settings(list(zip(args[::2], args[1::2], strict=True)))
    return OK


@command(
    "CONFIG|RESETSTAT",
    arity=2,
    flags="admin noscript loading stale",
    group="server",
    since="2.0.0",
    summary="Resets the server's statistics.",
)
def config_resetstat(ctx: Context, _args: Sequence[bytes]) -> Reply:
    """Begin to count anew."""
    ctx.server.reset_statistics()
    return OK


@command(
    "CONFIG|REWRITE",
    arity=2,
    flags="admin noscript loading stale",
    group="server",
    since="2.8.0",
    summary="Persists the effective configuration to file.",
)
def config_rewrite(_ctx: Context, _args: Sequence[bytes]) -> Reply:
    """Refuse: the file belongs to whoever wrote its comments."""
    raise CommandError("ERR The server is running without a config file")


@command(
    "SAVE",
    arity=1,
    flags="admin noscript no_async_loading no_multi",
    group="server",
    since="1.0.0",
    summary="Synchronously saves the database to disk.",
    complexity="O(N) with the writes since the last sync",
)
def save(ctx: Context, _args: Sequence[bytes]) -> Reply:
    """Make everything acknowledged so far survive a power cut."""
    ctx.server.save()
    return OK


@command(
    "BGSAVE",
    arity=-1,
    flags="admin noscript no_async_loading",
    group="server",
    since="1.0.0",
    summary="Asynchronously saves the database(s) to disk.",
    arguments="[SCHEDULE]",
)
def bgsave(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Do what SAVE does; it does not take long enough to need a process of its own."""
    if len(args) > 1 or (args and args[0].upper() != b"SCHEDULE"):
        raise CommandError(SYNTAX)
    ctx.server.save()
    return Simple("Background saving started")


@command(
    "BGREWRITEAOF",
    arity=1,
    flags="admin noscript no_async_loading",
    group="server",
    since="1.0.0",
    summary="Asynchronously rewrites the append-only file to disk.",
)
def bgrewriteaof(ctx: Context, _args: Sequence[bytes]) -> Reply:
    """Seal what is in memory into a segment, so that the log begins anew."""
    engine = ctx.server.engine
    if engine.is_sealing:
        what = "ERR Background append only file rewriting already in progress"
        raise CommandError(what)
    engine.freeze()
    return Simple("Background append only file rewriting started")


@command(
    "LASTSAVE",
    arity=1,
    flags="loading stale fast",
    group="server",
    since="1.0.0",
    summary="Returns the Unix timestamp of the last successful save to disk.",
    acl="admin dangerous",
)
def lastsave(ctx: Context, _args: Sequence[bytes]) -> Reply:
    """Answer when everything was last known to be on disk."""
    return ctx.server.last_save_s


@command(
    "SHUTDOWN",
    arity=-1,
    flags="admin noscript loading stale no_multi allow_busy",
    group="server",
    since="1.0.0",
    summary="Synchronously saves the database(s) to disk and shuts down the server.",
    complexity="O(N) with the writes since the last sync",
    arguments="[NOSAVE | SAVE] [NOW] [FORCE] [ABORT]",
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


@command(
    "WAIT",
    arity=3,
    acl="connection -keyspace",
    flags="noscript",
    group="generic",
    since="3.0.0",
    summary="Blocks until the asynchronous replication of all preceding write commands "
    "sent by the connection is completed.",
    arguments="numreplicas timeout",
)
def wait(_ctx: Context, args: Sequence[bytes]) -> Reply:
    """Answer 0: there are no replicas."""
    integer(args[0])
    if integer(args[1], "ERR timeout is not an integer or out of range") < 0:
        raise CommandError("ERR timeout is negative")
    return 0


@command(
    "DEBUG",
    arity=-2,
    flags="admin noscript loading stale",
    group="server",
    since="1.0.0",
    summary="Stops the server for a time; only if enable-debug-command says so.",
    arguments="SLEEP seconds",
)
def debug(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Stand still, to try what clients do then."""
    if not ctx.server.settings["enable-debug-command"]:
        raise CommandError(
            "ERR DEBUG command not allowed. If the enable-debug-command option is set "
            'to "local", you can run it from a local connection, otherwise you need to '
            "set this option in the configuration file, and then restart the server."
        )
    if args[0].upper() != b"SLEEP" or len(args) != 2:
        name = shown(args[0]).decode("utf-8", "surrogateescape")
        raise CommandError(wrong_subcommand("DEBUG", name).encode(errors="replace"))
    time.sleep(min(double(args[1]), 3600.0))
    return OK


@command(
    "MODULE",
    arity=-2,
    group="server",
    since="4.0.0",
    summary="A container for module commands.",
)
def module(_ctx: Context, _args: Sequence[bytes]) -> Reply:
    """Hold the subcommands."""
    raise CommandError(SYNTAX)


@command(
    "MODULE|LIST",
    arity=2,
    flags="admin noscript",
    group="server",
    since="4.0.0",
    summary="Returns all loaded modules.",
)
def module_list(_ctx: Context, _args: Sequence[bytes]) -> Reply:
    """Answer none: search is built in."""
    return []


@command(
    "ROLE",
    arity=1,
    flags="noscript loading stale fast",
    group="server",
    since="2.8.12",
    summary="Returns the replication role.",
    acl="admin dangerous",
)
def role(_ctx: Context, _args: Sequence[bytes]) -> Reply:
    """Answer master, without replicas."""
    return [b"master", 0, []]


def _no_cluster(name: str, arity: int, flags: str, said: str) -> None:
    """Register a command that a client of a cluster may try."""

    def handler(_ctx: Context, _args: Sequence[bytes]) -> Reply:
        raise CommandError("ERR This instance has cluster support disabled")

    command(
        name,
        arity=arity,
        flags=flags,
        group="cluster",
        since="3.0.0",
        summary=said,
        acl="" if name == "CLUSTER" else "connection",
    )(handler)


_no_cluster("CLUSTER", -2, "", "A container for Redis Cluster commands.")
_no_cluster(
    "READONLY",
    1,
    "loading stale fast",
    "Enables read-only queries for a connection to a Redis Cluster replica node.",
)
_no_cluster(
    "READWRITE",
    1,
    "loading stale fast",
    "Enables read-write queries for a connection to a Redis Cluster replica node.",
)
_no_cluster(
    "ASKING",
    1,
    "fast",
    "Signals that a cluster client is following an -ASK redirect.",
)
