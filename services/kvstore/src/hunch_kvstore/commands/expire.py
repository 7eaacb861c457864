"""When keys end: EXPIRE and its kin, TTL and its kin."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hunch_kvstore.commands.arguments import INT64_MAX, integer, shown
from hunch_kvstore.commands.context import Context
from hunch_kvstore.commands.table import command
from hunch_kvstore.resp.reply import CommandError, Reply


def _conditions(args: Sequence[bytes]) -> set[bytes]:
    """Read NX, XX, GT, LT.

    Raises:
        CommandError: On other words and on pairs that contradict each other.
    """
    words: set[bytes] = set()
    for raw in args:
        word = raw.upper()
        if word not in (b"NX", b"XX", b"GT", b"LT"):
            raise CommandError(b"ERR Unsupported option " + shown(raw))
        words.add(word)
    if b"NX" in words and len(words) > 1:
        raise CommandError(
            "ERR NX and XX, GT or LT options at the same time are not compatible"
        )
    if b"GT" in words and b"LT" in words:
        raise CommandError("ERR GT and LT options at the same time are not compatible")
    return words


def _expire(
    ctx: Context, args: Sequence[bytes], name: str, unit_ms: int, base_ms: int
) -> int:
    conditions = _conditions(args[2:])
    when = integer(args[1])
    if unit_ms == 1000 and not -INT64_MAX // 1000 < when <= INT64_MAX // 1000:
        raise CommandError(f"ERR invalid expire time in '{name}' command")
    when *= unit_ms
    if when > INT64_MAX - base_ms:
        raise CommandError(f"ERR invalid expire time in '{name}' command")
    when += base_ms
    key = args[0]
    current = ctx.keys.expires_at(key)
    if current is None:
        return 0
    if conditions and (
        (b"NX" in conditions and current)
        or (b"XX" in conditions and not current)
        or (b"GT" in conditions and (not current or when <= current))
        or (b"LT" in conditions and current and when >= current)
    ):
        return 0
    if when <= ctx.now_ms:
        ctx.keys.delete(key)
    else:
        ctx.keys.set_expiry(key, when)
    return 1


def _register(name: str, *, unit_ms: int, absolute: bool) -> None:
    """Register one of the four commands that set an expiry."""
    lower = name.lower()

    def handler(ctx: Context, args: Sequence[bytes]) -> Reply:
        return _expire(ctx, args, lower, unit_ms, 0 if absolute else ctx.now_ms)

    command(name)(handler)


_register("EXPIRE", unit_ms=1000, absolute=False)
_register("PEXPIRE", unit_ms=1, absolute=False)
_register("EXPIREAT", unit_ms=1000, absolute=True)
_register("PEXPIREAT", unit_ms=1, absolute=True)


@command("PERSIST")
def persist(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Keep a key for good; 1 if it had an end."""
    if not ctx.keys.expires_at(args[0]):
        return 0
    ctx.keys.set_expiry(args[0], 0)
    return 1


def _answer(name: str, read: Callable[[int, int], int]) -> None:
    """Register one of the four commands that tell an expiry."""

    def handler(ctx: Context, args: Sequence[bytes]) -> Reply:
        expire_ms = ctx.keys.expires_at(args[0])
        if expire_ms is None:
            return -2
        return read(expire_ms, ctx.now_ms) if expire_ms else -1

    command(name)(handler)


_answer("TTL", lambda expire_ms, now_ms: (max(expire_ms - now_ms, 0) + 500) // 1000)
_answer("PTTL", lambda expire_ms, now_ms: max(expire_ms - now_ms, 0))
_answer("EXPIRETIME", lambda expire_ms, _: (expire_ms + 500) // 1000)
_answer("PEXPIRETIME", lambda expire_ms, _: expire_ms)
