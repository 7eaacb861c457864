"""The commands that read strings and set them; SET and GET are the hot ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hunch_kvstore.commands.arguments import INT64_MAX, SYNTAX, integer
from hunch_kvstore.commands.context import Context
from hunch_kvstore.commands.table import command
from hunch_kvstore.keyspace.encoding import LARGE
from hunch_kvstore.resp.reply import OK, CommandError, Reply

_LONGEST: Final = 512 * 1024 * 1024  # LIMIT: a string, as Redis has it
_NX, _XX, _KEEPTTL, _GET = 1, 2, 4, 8


@command("GET")
def get(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Answer the value or null."""
    return ctx.keys.string(args[0])


@command("SET")
def set_(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Set a value, under conditions and with an expiry if so asked."""
    if len(args) == 2:
        ctx.keys.set_string(args[0], args[1])
        return OK
    flags = 0
    unit = b""
    amount = b""
    at = 2
    while at < len(args):
        option = args[at].upper()
        if option == b"NX" and not flags & _XX:
            flags |= _NX
        elif option == b"XX" and not flags & _NX:
            flags |= _XX
        elif option == b"GET":
            flags |= _GET
        elif option == b"KEEPTTL" and not unit:
            flags |= _KEEPTTL
        elif (
            option in (b"EX", b"PX", b"EXAT", b"PXAT")
            and not unit
            and not flags & _KEEPTTL
            and at + 1 < len(args)
        ):
            unit = option
            at += 1
            amount = args[at]
        else:
            raise CommandError(SYNTAX)
        at += 1
    key = args[0]
    expire_ms = expiry(ctx, unit, amount, "set") if unit else 0
    old: bytes | None = None
    if flags & _GET:
        old = ctx.keys.counted(ctx.keys.string, key)
    if flags & (_NX | _XX) and ctx.keys.exists(key) is bool(flags & _NX):
        return old
    if flags & _KEEPTTL:
        expire_ms = ctx.keys.expires_at(key) or 0
    if unit and expire_ms <= ctx.now_ms:
        # WHY: Redis turns a SET that is already over into a DEL.
        ctx.keys.delete(key)
    else:
        ctx.keys.set_string(key, args[1], expire_ms)
    return old if flags & _GET else OK


def expiry(ctx: Context, unit: bytes, raw: bytes, name: str) -> int:
    """Return the instant an expiry option means, in milliseconds since 1970.

    Raises:
        CommandError: If the number is not positive or leads out of the calendar.
    """
    amount = integer(raw)
    if amount <= 0:
        raise CommandError(f"ERR invalid expire time in '{name}' command")
    if unit in (b"EX", b"EXAT"):
        if amount > INT64_MAX // 1000:
            raise CommandError(f"ERR invalid expire time in '{name}' command")
        amount *= 1000
    if unit in (b"EX", b"PX"):
        if amount > INT64_MAX - ctx.now_ms:
            raise CommandError(f"ERR invalid expire time in '{name}' command")
        amount += ctx.now_ms
    return amount


@command("SETNX")
def setnx(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Set unless the key is there."""
    if ctx.keys.exists(args[0]):
        return 0
    ctx.keys.set_string(args[0], args[1])
    return 1


@command("SETEX")
def setex(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Set with an expiry in seconds."""
    ctx.keys.set_string(args[0], args[2], expiry(ctx, b"EX", args[1], "setex"))
    return OK


@command("PSETEX")
def psetex(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Set with an expiry in milliseconds."""
    ctx.keys.set_string(args[0], args[2], expiry(ctx, b"PX", args[1], "psetex"))
    return OK


@command("GETEX")
def getex(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Answer the value and change its expiry."""
    unit = b""
    amount = b""
    at = 1
    while at < len(args):
        option = args[at].upper()
        if option == b"PERSIST" and not unit:
            unit = option
        elif (
            option in (b"EX", b"PX", b"EXAT", b"PXAT")
            and not unit
            and at + 1 < len(args)
        ):
            unit = option
            at += 1
            amount = args[at]
        else:
            raise CommandError(SYNTAX)
        at += 1
    key = args[0]
    value = ctx.keys.counted(ctx.keys.string, key)
    if value is None:
        return None
    if unit == b"PERSIST":
        if ctx.keys.expires_at(key):
            ctx.keys.set_expiry(key, 0)
    elif unit:
        expire_ms = expiry(ctx, unit, amount, "getex")
        if expire_ms <= ctx.now_ms:
            ctx.keys.delete(key)
        else:
            ctx.keys.set_expiry(key, expire_ms)
    return value


@command("GETSET")
def getset(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Set and answer what was there."""
    old = ctx.keys.counted(ctx.keys.string, args[0])
    ctx.keys.set_string(args[0], args[1])
    return old


@command("GETDEL")
def getdel(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Delete and answer what was there."""
    old = ctx.keys.counted(ctx.keys.string, args[0])
    if old is not None:
        ctx.keys.delete(args[0])
    return old


@command("MGET")
def mget(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Answer many values; null where the key is absent or of another type."""
    values: list[Reply] = []
    for key in args:
        try:
            values.append(ctx.keys.string(key))
        except CommandError:
            values.append(None)
    return values


@command("MSET")
def mset(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Set many at once."""
    if len(args) % 2:
        raise CommandError("ERR wrong number of arguments for 'mset' command")
    for at in range(0, len(args), 2):
        ctx.keys.set_string(args[at], args[at + 1])
    return OK


@command("MSETNX")
def msetnx(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Set many, or none if any is there."""
    if len(args) % 2:
        raise CommandError("ERR wrong number of arguments for 'msetnx' command")
    if any(ctx.keys.exists(key) for key in args[::2]):
        return 0
    for at in range(0, len(args), 2):
        ctx.keys.set_string(args[at], args[at + 1])
    return 1


@command("STRLEN")
def strlen(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Answer the length, 0 for no key."""
    return len(ctx.keys.string(args[0]) or b"")


@command(
    "APPEND",
    complexity="O(N) with the length of the value",
)
def append(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Lengthen a value; the expiry stays."""
    key, tail = args
    old = ctx.keys.string(key)
    if old is None:
        ctx.keys.set_string(key, tail)
        return len(tail)
    if len(old) + len(tail) > _LONGEST:
        raise CommandError(_TOO_LONG)
    ctx.keys.set_string(key, old + tail, ctx.keys.expires_at(key) or 0, LARGE)
    return len(old) + len(tail)


_TOO_LONG: Final = "ERR string exceeds maximum allowed size (proto-max-bulk-len)"


@command("GETRANGE")
def getrange(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Answer a part of the value."""
    start, end = integer(args[1]), integer(args[2])
    value = ctx.keys.string(args[0])
    if value is None:
        return b""
    size = len(value)
    if start < 0 and end < 0 and start > end:
        return b""
    start = max(start + size, 0) if start < 0 else start
    end = max(end + size, 0) if end < 0 else min(end, size - 1)
    return value[start : end + 1] if start <= end and size else b""


@command("SUBSTR")
def substr(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Do what GETRANGE does, under its old name."""
    return getrange(ctx, args)


@command(
    "SETRANGE",
    complexity="O(N) with the length of the value",
)
def setrange(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Overwrite from an offset on, filling a gap with zero bytes."""
    key, raw_offset, part = args
    offset = integer(raw_offset)
    if offset < 0:
        raise CommandError("ERR offset is out of range")
    old = ctx.keys.string(key)
    if not part:
        return len(old or b"")
    if offset + len(part) > _LONGEST:
        raise CommandError(_TOO_LONG)
    value = (old or b"").ljust(offset, b"\0")
    value = value[:offset] + part + value[offset + len(part) :]
    ctx.keys.set_string(key, value, ctx.keys.expires_at(key) or 0, LARGE)
    return len(value)
