"""Members and scores of sorted sets."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import islice
from math import isnan

from hunch_kvstore.commands.arguments import (
    INT64_MAX,
    SYNTAX,
    double,
    integer,
)
from hunch_kvstore.commands.context import Context
from hunch_kvstore.commands.generic import cursor, scan_options
from hunch_kvstore.commands.table import command
from hunch_kvstore.commands.zranges import lex_range, score_range
from hunch_kvstore.keyspace.glob import compile_glob
from hunch_kvstore.resp.encoder import double_text
from hunch_kvstore.resp.reply import CommandError, Pairs, Reply

_NOT_A_NUMBER = "ERR resulting score is not a number (NaN)"
_ZADD_WORDS = {b"NX": 1, b"XX": 2, b"GT": 4, b"LT": 8, b"CH": 16, b"INCR": 32}
_NX, _XX, _GT, _LT, _CH, _INCR = _ZADD_WORDS.values()


@command("ZADD")
def zadd(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Add members and change scores, under conditions."""
    flags = 0
    at = 1
    while at < len(args):
        flag = _ZADD_WORDS.get(args[at].upper())
        if flag is None:
            break
        flags |= flag
        at += 1
    rest = len(args) - at
    if rest % 2 or not rest:
        raise CommandError(SYNTAX)
    if flags & _NX and flags & _XX:
        raise CommandError("ERR XX and NX options at the same time are not compatible")
    if (flags & _GT and flags & _LT) or (flags & _NX and flags & (_GT | _LT)):
        raise CommandError(
            "ERR GT, LT, and/or NX options at the same time are not compatible"
        )
    if flags & _INCR and rest > 2:
        raise CommandError("ERR INCR option supports a single increment-element pair")
    scores = [double(raw) for raw in args[at::2]]
    zset = ctx.keys.zset(args[0])
    if not zset.size and flags & _XX:
        return None if flags & _INCR else 0
    added = updated = 0
    score = 0.0
    done = True
    for score, member in zip(scores, args[at + 1 :: 2], strict=True):
        old = zset.score(member)
        if old is None:
            if flags & _XX:
                done = False
                continue
            zset.put(member, score, None)
            added += 1
            continue
        if flags & _NX:
            done = False
            continue
        if flags & _INCR:
            score += old
            if isnan(score):
                raise CommandError(_NOT_A_NUMBER)
        if (flags & _LT and score >= old) or (flags & _GT and score <= old):
            done = False
            continue
        if score != old:
            zset.put(member, score, old)
            updated += 1
    if added or updated:
        zset.save()
    if flags & _INCR:
        return score if done else None
    return added + updated if flags & _CH else added


@command("ZINCRBY")
def zincrby(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Add to a score."""
    amount = double(args[1])
    zset = ctx.keys.zset(args[0])
    old = zset.score(args[2])
    score = amount if old is None else old + amount
    if isnan(score):
        raise CommandError(_NOT_A_NUMBER)
    if score != old:
        zset.put(args[2], score, old)
        zset.save()
    return score


@command("ZREM")
def zrem(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Remove members; answer how many were there."""
    zset = ctx.keys.zset(args[0])
    gone = 0
    for member in args[1:]:
        score = zset.score(member)
        if score is not None:
            zset.remove(member, score)
            gone += 1
    if gone:
        zset.save()
    return gone


@command("ZCARD")
def zcard(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Count the members."""
    return ctx.keys.zset(args[0]).size


@command("ZSCORE")
def zscore(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Answer a member's score or null."""
    return ctx.keys.zset(args[0]).score(args[1])


@command("ZMSCORE")
def zmscore(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Answer scores in the order asked."""
    zset = ctx.keys.zset(args[0])
    return [zset.score(member) for member in args[1:]]


@command(
    "ZRANK",
    complexity="O(N) with the rank",
)
def zrank(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Count the members before this one."""
    return ctx.keys.zset(args[0]).rank(args[1])


@command(
    "ZREVRANK",
    complexity="O(N) with the rank",
)
def zrevrank(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Count the members after this one."""
    return ctx.keys.zset(args[0]).rank(args[1], reverse=True)


@command(
    "ZCOUNT",
    complexity="O(M) with M members in the range",
)
def zcount(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Count the members with scores in a range."""
    bounds = score_range(args[1], args[2])
    zset = ctx.keys.zset(args[0])
    if bounds.is_empty:
        return 0
    return sum(
        1
        for _ in zset.by_score(
            bounds.low,
            bounds.high,
            low_open=bounds.low_open,
            high_open=bounds.high_open,
        )
    )


@command(
    "ZLEXCOUNT",
    complexity="O(M) with M members in the range",
)
def zlexcount(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Count the members between two strings."""
    bounds = lex_range(args[1], args[2])
    zset = ctx.keys.zset(args[0])
    if bounds.is_empty:
        return 0
    return sum(
        1
        for _ in zset.by_lex(
            bounds.low,
            bounds.high,
            low_open=bounds.low_open,
            high_open=bounds.high_open,
        )
    )


@command(
    "ZRANDMEMBER",
    complexity="O(N)",
)
def zrandmember(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Answer random members: distinct, or with repetitions for a negative count."""
    if len(args) == 1:
        zset = ctx.keys.zset(args[0])
        if not zset.size:
            return None
        return next(islice(zset.members(), random.randrange(zset.size), None))[0]
    count = integer(args[1])
    if count < -INT64_MAX:
        raise CommandError(
            f"ERR value is out of range, value must between -{INT64_MAX} and {INT64_MAX}"
        )
    with_scores = len(args) == 3
    if len(args) > 3 or (with_scores and args[2].upper() != b"WITHSCORES"):
        raise CommandError(SYNTAX)
    if with_scores and not -INT64_MAX // 2 <= count <= INT64_MAX // 2:
        raise CommandError("ERR value is out of range")
    items = list(ctx.keys.zset(args[0]).ascending())
    if not items or not count:
        return []
    if count < 0:
        items = random.choices(items, k=-count)
    elif count < len(items):
        items = random.sample(items, count)
    return Pairs(items) if with_scores else [member for member, _ in items]


@command("ZSCAN")
def zscan(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Answer a page of members and scores; a small set is one page."""
    number = cursor(args[1])
    zset = ctx.keys.zset(args[0])
    if not zset.size:
        return [b"0", []]
    pattern, count, _ = scan_options(args[2:])
    match = compile_glob(pattern).fullmatch if pattern is not None else None
    found: list[Reply] = []
    if not zset.is_large:
        for member, score in zset.ascending():
            if match is None or match(member):
                found += (member, double_text(score))
        return [b"0", found]
    page = zset.members(ctx.server.cursors.position(number))
    for seen, (member, score) in enumerate(page):
        if seen >= count:
            return [b"%d" % ctx.server.cursors.remember(member), found]
        if match is None or match(member):
            found += (member, double_text(score))
    return [b"0", found]
