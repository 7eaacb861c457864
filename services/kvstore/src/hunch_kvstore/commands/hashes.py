"""The commands of hashes."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import islice

from hunch_kvstore.commands import longdouble
from hunch_kvstore.commands.arguments import (
    INT64_MAX,
    INT64_MIN,
    SYNTAX,
    integer,
)
from hunch_kvstore.commands.context import Context
from hunch_kvstore.commands.generic import cursor, scan_options
from hunch_kvstore.commands.table import command
from hunch_kvstore.keyspace.glob import compile_glob
from hunch_kvstore.resp.reply import OK, CommandError, Pairs, Reply


@command("HSET")
def hset(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Set fields; answer how many are new."""
    if not len(args) % 2:
        raise CommandError("ERR wrong number of arguments for 'hset' command")
    return ctx.keys.hash(args[0]).set_many(
        list(zip(args[1::2], args[2::2], strict=True))
    )


@command("HMSET")
def hmset(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Set fields; answer OK."""
    if not len(args) % 2:
        raise CommandError("ERR wrong number of arguments for 'hmset' command")
    ctx.keys.hash(args[0]).set_many(list(zip(args[1::2], args[2::2], strict=True)))
    return OK


@command("HSETNX")
def hsetnx(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Set a field unless it is there."""
    fields = ctx.keys.hash(args[0])
    if fields.size and fields.get(args[1]) is not None:
        return 0
    fields.set_many([(args[1], args[2])])
    return 1


@command("HGET")
def hget(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Answer one value or null."""
    return ctx.keys.hash(args[0]).get(args[1])


@command("HMGET")
def hmget(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Answer values in the order asked, null for what is not there."""
    return ctx.keys.hash(args[0]).get_many(args[1:])


@command("HGETALL")
def hgetall(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Answer all fields and values."""
    return dict(ctx.keys.hash(args[0]).items())


@command("HKEYS")
def hkeys(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Answer all fields."""
    return [field for field, _ in ctx.keys.hash(args[0]).items()]


@command("HVALS")
def hvals(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Answer all values."""
    return [value for _, value in ctx.keys.hash(args[0]).items()]


@command("HLEN")
def hlen(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Count the fields."""
    return ctx.keys.hash(args[0]).size


@command("HSTRLEN")
def hstrlen(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Answer the length of one value."""
    return len(ctx.keys.hash(args[0]).get(args[1]) or b"")


@command("HEXISTS")
def hexists(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Tell whether a field is there."""
    return int(ctx.keys.hash(args[0]).get(args[1]) is not None)


@command("HDEL")
def hdel(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Remove fields; answer how many were there."""
    return ctx.keys.hash(args[0]).delete(args[1:])


@command("HINCRBY")
def hincrby(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Add to a counter in a hash."""
    key, field, raw = args
    amount = integer(raw)
    fields = ctx.keys.hash(key)
    old = fields.get(field) if fields.size else None
    value = 0 if old is None else integer(old, "ERR hash value is not an integer")
    value += amount
    if not INT64_MIN <= value <= INT64_MAX:
        raise CommandError("ERR increment or decrement would overflow")
    fields.set_many([(field, b"%d" % value)])
    return value


@command("HINCRBYFLOAT")
def hincrbyfloat(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Add a decimal number to a field, in long doubles."""
    key, field, raw = args
    amount = longdouble.read(raw)
    if isinstance(amount, float):
        raise CommandError("ERR value is NaN or Infinity")
    fields = ctx.keys.hash(key)
    old = fields.get(field) if fields.size else None
    left = longdouble.read(
        b"0" if old is None else old, "ERR hash value is not a float"
    )
    value = longdouble.text(longdouble.add(left, amount))
    fields.set_many([(field, value)])
    return value


@command(
    "HRANDFIELD",
    complexity="O(N) with the number of fields of the hash",
)
def hrandfield(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Answer random fields: distinct ones, or with repetitions for a negative count."""
    if len(args) == 1:
        fields = ctx.keys.hash(args[0])
        if not fields.size:
            return None
        return next(islice(fields.items(), random.randrange(fields.size), None))[0]
    count = integer(args[1])
    if count < -INT64_MAX:
        raise CommandError(
            f"ERR value is out of range, value must between -{INT64_MAX} and {INT64_MAX}"
        )
    with_values = len(args) == 3
    if len(args) > 3 or (with_values and args[2].upper() != b"WITHVALUES"):
        raise CommandError(SYNTAX)
    if with_values and not -INT64_MAX // 2 <= count <= INT64_MAX // 2:
        raise CommandError("ERR value is out of range")
    items = list(ctx.keys.hash(args[0]).items())
    return pick(items, count, with_values=with_values)


def pick(items: list[tuple[bytes, bytes]], count: int, *, with_values: bool) -> Reply:
    """Choose from the items as HRANDFIELD does."""
    if not items or not count:
        return []
    chosen = (
        random.choices(items, k=-count)
        if count < 0
        else items
        if count >= len(items)
        else random.sample(items, count)
    )
    return Pairs(chosen) if with_values else [field for field, _ in chosen]


@command("HSCAN")
def hscan(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Answer a page of fields and values; a small hash is one page."""
    number = cursor(args[1])
    fields = ctx.keys.hash(args[0])
    if not fields.size:
        return [b"0", []]
    pattern, count, _ = scan_options(args[2:])
    match = compile_glob(pattern).fullmatch if pattern is not None else None
    whole = fields.is_packed or not fields.is_large
    start = b"" if whole else ctx.server.cursors.position(number)
    found: list[Reply] = []
    for seen, (field, value) in enumerate(fields.items(start)):
        if seen >= count and not whole:
            return [b"%d" % ctx.server.cursors.remember(field), found]
        if match is None or match(field):
            found += (field, value)
    return [b"0", found]
