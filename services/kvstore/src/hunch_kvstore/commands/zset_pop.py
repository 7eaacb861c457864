"""Takes the lowest or highest members away, at once or as soon as there are any."""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import islice

from hunch_kvstore.commands import longdouble
from hunch_kvstore.commands.arguments import SYNTAX, integer, positive
from hunch_kvstore.commands.blocking import Blocked
from hunch_kvstore.commands.context import Context
from hunch_kvstore.commands.table import command
from hunch_kvstore.keyspace.zset import SortedSet
from hunch_kvstore.resp.reply import (
    NO_REPLY,
    CommandError,
    NullArray,
    Pairs,
    Reply,
)

_NOT_POSITIVE = "ERR value is out of range, must be positive"


def _take(zset: SortedSet, count: int, *, highest: bool) -> list[tuple[bytes, float]]:
    """Remove up to `count` members and return them, the outermost first."""
    taken = list(islice(zset.by_rank(0, zset.size - 1, reverse=highest), count))
    for member, score in taken:
        zset.remove(member, score)
    if taken:
        zset.save()
    return taken


def _pop(ctx: Context, args: Sequence[bytes], *, highest: bool) -> Reply:
    if len(args) > 2:
        raise CommandError(SYNTAX)
    count = positive(args[1], _NOT_POSITIVE) if len(args) == 2 else 1
    taken = _take(ctx.keys.zset(args[0]), count, highest=highest)
    if len(args) == 2:
        return Pairs(taken) if taken else []
    return [taken[0][0], taken[0][1]] if taken else []


@command("ZPOPMIN")
def zpopmin(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Take the lowest away."""
    return _pop(ctx, args, highest=False)


@command("ZPOPMAX")
def zpopmax(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Take the highest away."""
    return _pop(ctx, args, highest=True)


def _first_filled(ctx: Context, keys: Sequence[bytes]) -> SortedSet | None:
    """Return the first of these sorted sets that is there."""
    for key in keys:
        zset = ctx.keys.zset(key)
        if zset.size:
            return zset
    return None


def _timeout(raw: bytes) -> float:
    """Read a timeout in seconds; return when it ends, 0 for never.

    Raises:
        CommandError: If it is no number, negative or beyond all calendars.
    """
    seconds = longdouble.read(raw, "ERR timeout is not a float or out of range")
    # SPEC: Redis 7.0 lets what does not fit its milliseconds come out as negative.
    if seconds < 0 or seconds * 1000 >= 2**63:
        raise CommandError("ERR timeout is negative")
    return time.monotonic() + float(seconds) if seconds else 0.0


def _wait(ctx: Context, reply: Reply, blocked: Blocked) -> Reply:
    """Answer at once if there is something, else let the client wait."""
    if reply is not None:
        return reply
    if ctx.server.in_transaction:
        return blocked.on_timeout
    ctx.server.waiting.block(ctx.client, blocked)
    return NO_REPLY


def _register_blocking(name: str, *, highest: bool) -> None:
    """Register BZPOPMIN or BZPOPMAX."""

    def handler(ctx: Context, args: Sequence[bytes]) -> Reply:
        until_s = _timeout(args[-1])
        names = list(args[:-1])

        def attempt() -> Reply:
            zset = _first_filled(ctx, names)
            if zset is None:
                return None
            member, score = _take(zset, 1, highest=highest)[0]
            return [zset.key, member, score]

        return _wait(ctx, attempt(), Blocked(attempt, until_s, NullArray))

    command(name)(handler)


_register_blocking("BZPOPMIN", highest=False)
_register_blocking("BZPOPMAX", highest=True)


def _read_mpop(args: Sequence[bytes]) -> tuple[Sequence[bytes], bool, int]:
    """Read ``numkeys key … MIN|MAX [COUNT n]``."""
    number = integer(args[0], "ERR numkeys should be greater than 0")
    if number < 1:
        raise CommandError("ERR numkeys should be greater than 0")
    rest = args[number + 1 :]
    if not rest or rest[0].upper() not in (b"MIN", b"MAX"):
        raise CommandError(SYNTAX)
    count = -1
    at = 1
    while at < len(rest):
        if rest[at].upper() == b"COUNT" and count < 0 and at + 1 < len(rest):
            count = integer(rest[at + 1], "ERR count should be greater than 0")
            if count < 1:
                raise CommandError("ERR count should be greater than 0")
            at += 2
        else:
            raise CommandError(SYNTAX)
    return args[1 : number + 1], rest[0].upper() == b"MAX", max(count, 1)


def _take_first(
    ctx: Context, names: Sequence[bytes], count: int, *, highest: bool
) -> Reply:
    zset = _first_filled(ctx, names)
    if zset is None:
        return None
    taken = _take(zset, count, highest=highest)
    return [zset.key, [[member, score] for member, score in taken]]


@command("ZMPOP")
def zmpop(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Take members from the first set that has any."""
    names, highest, count = _read_mpop(args)
    return _take_first(ctx, names, count, highest=highest) or NullArray


@command("BZMPOP")
def bzmpop(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Take members from the first set that has any, now or later."""
    until_s = _timeout(args[0])
    names, highest, count = _read_mpop(args[1:])
    names = list(names)

    def attempt() -> Reply:
        return _take_first(ctx, names, count, highest=highest)

    return _wait(ctx, attempt(), Blocked(attempt, until_s, NullArray))
