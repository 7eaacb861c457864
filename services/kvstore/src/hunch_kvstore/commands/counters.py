"""INCR and its kin."""

from __future__ import annotations

from collections.abc import Sequence

from hunch_kvstore.commands import longdouble
from hunch_kvstore.commands.arguments import INT64_MAX, INT64_MIN, integer
from hunch_kvstore.commands.context import Context
from hunch_kvstore.commands.table import command
from hunch_kvstore.keyspace.encoding import TEXT
from hunch_kvstore.resp.reply import CommandError, Reply


def _add(ctx: Context, key: bytes, amount: int) -> int:
    """Add to a counter, keeping its expiry."""
    old = ctx.keys.string(key)
    value = 0 if old is None else integer(old)
    value += amount
    if not INT64_MIN <= value <= INT64_MAX:
        raise CommandError("ERR increment or decrement would overflow")
    expire_ms = (ctx.keys.expires_at(key) or 0) if old is not None else 0
    ctx.keys.set_string(key, b"%d" % value, expire_ms)
    return value


@command("INCR")
def incr(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Add one."""
    return _add(ctx, args[0], 1)


@command("DECR")
def decr(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Take one off."""
    return _add(ctx, args[0], -1)


@command("INCRBY")
def incrby(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Add a number."""
    return _add(ctx, args[0], integer(args[1]))


@command("DECRBY")
def decrby(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Take a number off."""
    amount = integer(args[1])
    if amount == INT64_MIN:
        raise CommandError("ERR decrement would overflow")
    return _add(ctx, args[0], -amount)


@command("INCRBYFLOAT")
def incrbyfloat(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Add a decimal number, in long doubles."""
    key, raw = args
    old = ctx.keys.string(key)
    left = longdouble.read(b"0" if old is None else old)
    value = longdouble.text(longdouble.add(left, longdouble.read(raw)))
    expire_ms = (ctx.keys.expires_at(key) or 0) if old is not None else 0
    ctx.keys.set_string(key, value, expire_ms, TEXT)
    return value
