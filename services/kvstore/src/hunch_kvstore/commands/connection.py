"""Commands about the connection itself."""

from __future__ import annotations

import hmac
import time
from collections.abc import Sequence

from hunch_kvstore.commands.arguments import SYNTAX, integer, shown
from hunch_kvstore.commands.context import Context
from hunch_kvstore.commands.table import command
from hunch_kvstore.commands.transactions import reset_queue
from hunch_kvstore.resp.reply import (
    OK,
    CommandError,
    Push,
    Reply,
    Simple,
)
from hunch_kvstore.server.acl_log import Refusal
from hunch_kvstore.server.client_line import describe


@command("PING")
def ping(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Answer PONG, or the message."""
    if len(args) > 1:
        raise CommandError("ERR wrong number of arguments for 'ping' command")
    if ctx.client.is_subscribed and ctx.client.resp == 2:
        return Push((b"pong", args[0] if args else b""))
    return args[0] if args else Simple("PONG")


@command("ECHO")
def echo(_ctx: Context, args: Sequence[bytes]) -> Reply:
    """Answer the message."""
    return args[0]


@command("QUIT")
def quit_(ctx: Context, _args: Sequence[bytes]) -> Reply:
    """Say OK and close."""
    ctx.client.closing = True
    return OK


@command("SELECT")
def select(_ctx: Context, args: Sequence[bytes]) -> Reply:
    """Accept database 0, the only one."""
    if integer(args[0]) != 0:
        raise CommandError("ERR DB index is out of range")
    return OK


def _log_in(ctx: Context, user: bytes, password: bytes) -> None:
    """Check a name and password.

    Raises:
        CommandError: If they are not right.
    """
    wanted = ctx.server.settings.text("requirepass").encode()
    # WHY: with no password set the default user has any password, as in Redis.
    right = not wanted or hmac.compare_digest(password, wanted)
    if user != b"default" or not right:
        is_multi = ctx.server.in_transaction
        ctx.client.last_command = "exec" if is_multi else ctx.said.decode("ascii")
        ctx.server.acl_log.note(
            Refusal(
                command=ctx.said,
                context=b"multi" if is_multi else b"toplevel",
                user=user,
                when_s=time.monotonic(),
                client=describe(ctx.client),
            )
        )
        raise CommandError(
            "WRONGPASS invalid username-password pair or user is disabled."
        )
    ctx.client.authenticated = True
    ctx.client.parser.trusted = True


@command("AUTH")
def auth(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Log in."""
    if len(args) > 2:
        raise CommandError(SYNTAX)
    if len(args) == 1 and not ctx.server.settings.text("requirepass"):
        raise CommandError(
            "ERR AUTH <password> called without any password configured for the "
            "default user. Are you sure your configuration is correct?"
        )
    _log_in(ctx, args[0] if len(args) == 2 else b"default", args[-1])
    return OK


def check_name(name: bytes) -> None:
    """Refuse a connection name with blanks or control characters.

    Raises:
        CommandError: As Redis words it.
    """
    if any(not 33 <= char <= 126 for char in name):
        raise CommandError(
            "ERR Client names cannot contain spaces, newlines or special characters."
        )


@command("HELLO")
def hello(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Agree on RESP2 or RESP3 and say who we are."""
    client = ctx.client
    version = 0
    if args:
        version = integer(
            args[0], "ERR Protocol version is not an integer or out of range"
        )
        if version not in (2, 3):
            raise CommandError("NOPROTO unsupported protocol version")
    login: Sequence[bytes] = ()
    name: bytes | None = None
    at = 1
    while at < len(args):
        word = args[at].upper()
        if word == b"AUTH" and at + 2 < len(args):
            login = args[at + 1 : at + 3]
            at += 2
        elif word == b"SETNAME" and at + 1 < len(args):
            name = args[at + 1]
            check_name(name)
            at += 1
        else:
            raise CommandError(
                b"ERR Syntax error in HELLO option '%b'" % shown(args[at])
            )
        at += 1
    if login:
        _log_in(ctx, login[0], login[1])
    if not client.authenticated:
        raise CommandError(
            "NOAUTH HELLO must be called with the client already authenticated, "
            "otherwise the HELLO AUTH <user> <pass> option can be used to "
            "authenticate the client and select the RESP protocol version at the "
            "same time"
        )
    if name is not None:
        client.name = name
    if version:
        client.resp = version
    return {
        b"server": b"redis",
        b"version": ctx.server.compatible_version,
        b"proto": client.resp,
        b"id": client.number,
        b"mode": b"standalone",
        b"role": b"master",
        b"modules": [],
    }


@command("RESET")
def reset(ctx: Context, _args: Sequence[bytes]) -> Reply:
    """Make the connection as good as new."""
    client = ctx.client
    reset_queue(ctx)
    ctx.server.pubsub.forget(client)
    client.name = b""
    client.resp = 2
    client.no_evict = False
    client.quiet = None
    ctx.server.monitors.leave(client)
    ctx.server.tracking.leave(client)
    client.authenticated = not ctx.server.settings.text("requirepass")
    client.parser.trusted = client.authenticated
    return Simple("RESET")
