"""CLIENT: about this connection and the others."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from hunch_kvstore.commands.arguments import (
    INT64_MAX,
    SYNTAX,
    integer,
    milliseconds,
    shown,
    wrong_subcommand,
)
from hunch_kvstore.commands.connection import check_name
from hunch_kvstore.commands.context import Context
from hunch_kvstore.commands.table import command
from hunch_kvstore.resp.reply import NO_REPLY, OK, CommandError, Reply, Verbatim
from hunch_kvstore.server.client_line import describe
from hunch_kvstore.server.waiting import POSTPONED

if TYPE_CHECKING:
    from hunch_kvstore.server.client import Client


@command("CLIENT")
def client(_ctx: Context, _args: Sequence[bytes]) -> Reply:
    """Hold the subcommands."""
    raise CommandError(SYNTAX)


@command("CLIENT|ID")
def client_id(ctx: Context, _args: Sequence[bytes]) -> Reply:
    """Answer this connection's number."""
    return ctx.client.number


@command("CLIENT|SETNAME")
def client_setname(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Name this connection."""
    check_name(args[0])
    ctx.client.name = args[0]
    return OK


@command("CLIENT|GETNAME")
def client_getname(ctx: Context, _args: Sequence[bytes]) -> Reply:
    """Answer this connection's name."""
    return ctx.client.name or None


@command(
    "CLIENT|SETINFO",
    arity=4,
    flags="noscript loading stale",
    group="connection",
    since="7.2.0",
    summary="Sets information specific to the client or connection.",
    arguments="LIB-NAME libname | LIB-VER libver",
)
def client_setinfo(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Note the client's library."""
    option = args[0].upper()
    if option not in (b"LIB-NAME", b"LIB-VER"):
        raise CommandError(b"ERR Unrecognized option '%b'" % shown(args[0]))
    if any(not 33 <= char <= 126 for char in args[1]):
        raise CommandError(
            f"ERR {option.decode().lower()} cannot contain spaces, newlines "
            "or special characters."
        )
    if option == b"LIB-NAME":
        ctx.client.library = args[1]
    else:
        ctx.client.library_version = args[1]
    return OK


@command("CLIENT|INFO")
def client_info(ctx: Context, _args: Sequence[bytes]) -> Reply:
    """Describe this connection."""
    ctx.client.last_command = "CLIENT|INFO"
    return Verbatim(describe(ctx.client, (b"client", b"info")) + b"\n")


def _kind(who: Client) -> bytes:
    return b"pubsub" if who.is_subscribed else b"normal"


@command("CLIENT|LIST")
def client_list(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Describe the connections, or some of them."""
    ctx.client.last_command = "CLIENT|LIST"
    chosen: Iterable[Client] = ctx.server.clients.values()
    option = args[0].upper() if args else b""
    if option == b"TYPE" and len(args) == 2:
        kind = args[1].lower()
        if kind not in (b"normal", b"master", b"replica", b"slave", b"pubsub"):
            raise CommandError(b"ERR Unknown client type '%b'" % shown(args[1]))
        chosen = [who for who in chosen if _kind(who) == kind]
    elif option == b"ID" and len(args) > 1:
        wanted = [integer(raw, "ERR Invalid client ID") for raw in args[1:]]
        if any(number <= 0 for number in wanted):
            raise CommandError("ERR Invalid client ID")
        clients = ctx.server.clients
        chosen = [clients[number] for number in wanted if number in clients]
    elif args:
        raise CommandError(SYNTAX)
    words = (b"client", b"list", *args)
    return Verbatim(
        b"".join(
            describe(who, words if who is ctx.client else ()) + b"\n" for who in chosen
        )
    )


@command("CLIENT|KILL")
def client_kill(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Close connections by address, or by a filter; the latter counts them."""
    clients = list(ctx.server.clients.values())
    if len(args) == 1:
        for who in clients:
            if who.address.encode() == args[0]:
                _kill(ctx, who)
                return OK
        raise CommandError("ERR No such client")
    if len(args) % 2:
        raise CommandError(SYNTAX)
    skip_me = True
    for option, value in zip(args[::2], args[1::2], strict=True):
        word = option.upper()
        if word == b"ID":
            number = integer(value, "ERR client-id should be greater than 0")
            if number < 1:
                raise CommandError("ERR client-id should be greater than 0")
            clients = [who for who in clients if who.number == number]
        elif word == b"TYPE":
            kind = value.lower()
            if kind not in (b"normal", b"master", b"replica", b"slave", b"pubsub"):
                raise CommandError(b"ERR Unknown client type '%b'" % shown(value))
            clients = [who for who in clients if _kind(who) == kind]
        elif word == b"ADDR":
            clients = [who for who in clients if who.address.encode() == value]
        elif word == b"LADDR":
            clients = [who for who in clients if who.local_address.encode() == value]
        elif word == b"USER":
            if value != b"default":
                raise CommandError(b"ERR No such user '%b'" % shown(value))
        elif word == b"SKIPME":
            if value.lower() not in (b"yes", b"no"):
                raise CommandError(SYNTAX)
            skip_me = value.lower() == b"yes"
        else:
            raise CommandError(SYNTAX)
    doomed = [who for who in clients if not (skip_me and who is ctx.client)]
    for who in doomed:
        _kill(ctx, who)
    return len(doomed)


def _kill(ctx: Context, who: Client) -> None:
    if who is ctx.client:
        who.closing = True
    else:
        who.killed = True
        ctx.server.ready.add(who)


@command("CLIENT|NO-EVICT")
def client_no_evict(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Note a wish that is always granted: no client is evicted for memory."""
    mode = args[0].upper()
    if mode not in (b"ON", b"OFF"):
        raise CommandError(SYNTAX)
    ctx.client.no_evict = mode == b"ON"
    return OK


@command("CLIENT|UNBLOCK")
def client_unblock(ctx: Context, args: Sequence[bytes]) -> Reply:
    """End the waiting of a client, as if its time were over or with an error."""
    how = args[1].upper() if len(args) > 1 else b"TIMEOUT"
    if how not in (b"TIMEOUT", b"ERROR") or len(args) > 2:
        raise CommandError("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR")
    waiting = ctx.server.waiting
    who = ctx.server.clients.get(integer(args[0]))
    blocked = waiting.blocked.get(who) if who is not None else None
    if who is None or blocked is None or blocked is POSTPONED:
        return 0
    ctx.server.ready.add(who)
    waiting.unblock(
        who,
        blocked.on_timeout
        if how == b"TIMEOUT"
        else CommandError("UNBLOCKED client unblocked via CLIENT UNBLOCK"),
    )
    return 1


@command("CLIENT|REPLY")
def client_reply(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Answer nothing from now on, or not the next command, or again."""
    mode = args[0].upper()
    if mode == b"ON":
        ctx.client.quiet = None
        return OK
    if mode == b"OFF":
        ctx.client.quiet = "off"
    elif mode != b"SKIP":
        raise CommandError(SYNTAX)
    elif ctx.client.quiet != "off":
        ctx.client.quiet = "next"
    return NO_REPLY


@command("CLIENT|PAUSE")
def client_pause(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Hold back everybody's commands, or only those that write."""
    mode = args[1].upper() if len(args) > 1 else b"ALL"
    if len(args) > 2:
        raise wrong_subcommand(b"CLIENT", ctx.said)
    if mode not in (b"ALL", b"WRITE"):
        raise CommandError("ERR CLIENT PAUSE mode must be WRITE or ALL")
    pause_ms = milliseconds(args[0])
    if pause_ms > INT64_MAX - ctx.now_ms:
        return OK  # SPEC: to Redis 7.0 this is a time long past
    until_s = time.monotonic() + pause_ms / 1000
    ctx.server.waiting.pause(until_s, everything=mode == b"ALL")
    return OK


@command("CLIENT|UNPAUSE")
def client_unpause(ctx: Context, _args: Sequence[bytes]) -> Reply:
    """Let everybody go on."""
    ctx.server.waiting.resume()
    return OK


@command(
    "CLIENT|NO-TOUCH",
    arity=3,
    flags="noscript loading stale",
    group="connection",
    since="7.2.0",
    summary="Controls whether commands sent by the client affect the LRU/LFU of "
    "accessed keys.",
    acl="connection",
    arguments="ON | OFF",
)
def client_no_touch(_ctx: Context, args: Sequence[bytes]) -> Reply:
    """Grant it: times of access are not kept."""
    if args[0].upper() not in (b"ON", b"OFF"):
        raise CommandError(SYNTAX)
    return OK
