"""ACL: the one user there is, who may do everything, and who failed to be that user."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Sequence
from typing import Final

from hunch_kvstore.commands.arguments import SYNTAX, integer, shown, wrong_subcommand
from hunch_kvstore.commands.context import Context
from hunch_kvstore.commands.table import TABLE, command, lookup
from hunch_kvstore.resp.reply import OK, CommandError, Members, Reply

_CATEGORIES: Final = (
    *("keyspace", "read", "write", "set", "sortedset", "list", "hash", "string"),
    *("bitmap", "hyperloglog", "geo", "stream", "pubsub", "admin", "fast", "slow"),
    *("blocking", "dangerous", "connection", "transaction", "scripting"),
)
_MOST_BITS: Final = 4096
_USER: Final = b"default"


@command("ACL")
def acl(_ctx: Context, _args: Sequence[bytes]) -> Reply:
    """Hold the subcommands."""
    raise CommandError(SYNTAX)


@command("ACL|WHOAMI")
def acl_whoami(_ctx: Context, _args: Sequence[bytes]) -> Reply:
    """Answer the one user there is."""
    return _USER


@command("ACL|USERS")
def acl_users(_ctx: Context, _args: Sequence[bytes]) -> Reply:
    """Answer the one user there is, in a list."""
    return [_USER]


def _digests(ctx: Context) -> list[bytes]:
    """Return the password as Redis shows it; nothing if there is none."""
    password = ctx.server.settings.text("requirepass").encode()
    return [hashlib.sha256(password).hexdigest().encode()] if password else []


@command("ACL|LIST")
def acl_list(ctx: Context, _args: Sequence[bytes]) -> Reply:
    """Answer the user as a conf file would have him."""
    digests = _digests(ctx)
    secret = b"#" + digests[0] if digests else b"nopass"
    return [b"user %b on %b ~* &* +@all" % (_USER, secret)]


@command("ACL|GETUSER")
def acl_getuser(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Answer everything about the user, null for another one."""
    if args[0] != _USER:
        return None
    digests = _digests(ctx)
    flags = [b"on"] if digests else [b"on", b"nopass"]
    return {
        b"flags": Members(flags),
        b"passwords": list(digests),
        b"commands": b"+@all",
        b"keys": b"~*",
        b"channels": b"&*",
        b"selectors": [],
    }


@command("ACL|CAT")
def acl_cat(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Answer the categories, or the commands of one."""
    if len(args) > 1:
        raise wrong_subcommand(b"ACL", ctx.said)
    if not args:
        return [name.encode() for name in _CATEGORIES]
    name = args[0].decode("utf-8", "replace").lower()
    if name not in _CATEGORIES:
        raise CommandError(b"ERR Unknown category '%b'" % shown(args[0]))
    return [
        command.name.lower().encode()
        for row in TABLE.values()
        for command in (row, *row.subcommands.values())
        if f"@{name}" in command.acl
    ]


@command("ACL|GENPASS")
def acl_genpass(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Answer a random password of so many bits, four to a letter."""
    if len(args) > 1:
        raise wrong_subcommand(b"ACL", ctx.said)
    bits = integer(args[0]) if args else 256
    if not 1 <= bits <= _MOST_BITS:
        raise CommandError(
            "ERR ACL GENPASS argument must be the number of bits for the output "
            f"password, a positive number up to {_MOST_BITS}"
        )
    letters = (bits + 3) // 4
    return secrets.token_hex((letters + 1) // 2)[:letters].encode()


@command("ACL|DRYRUN")
def acl_dryrun(_ctx: Context, args: Sequence[bytes]) -> Reply:
    """Tell whether the user might call this, which he may if it is a call."""
    if args[0] != _USER:
        raise CommandError(b"ERR User '%b' not found" % shown(args[0]))
    words = args[1:]
    row = lookup(words[0])
    if row is not None and row.subcommands and len(words) > 1:
        row = row.subcommands.get(words[1].upper())
    if row is None:
        raise CommandError(b"ERR Command '%b' not found" % shown(words[0]))
    if not row.accepts(len(words)):
        raise CommandError(
            f"ERR wrong number of arguments for '{row.name.lower()}' command"
        )
    return OK


@command("ACL|LOG")
def acl_log(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Answer the newest refusals, or forget them."""
    if len(args) > 1:
        raise wrong_subcommand(b"ACL", ctx.said)
    entries = ctx.server.acl_log.entries
    if args and args[0].upper() == b"RESET":
        entries.clear()
        return OK
    count = max(integer(args[0]), 0) if args else 10
    now_s = time.monotonic()
    return [
        {
            b"count": entry.count,
            b"reason": b"auth",
            b"context": entry.context,
            b"object": entry.command,
            b"username": entry.user,
            b"age-seconds": round(now_s - entry.when_s, 3),
            b"client-info": entry.client,
        }
        for entry in entries[:count]
    ]
