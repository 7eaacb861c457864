"""ZRANGE in all its forms, and what removes or stores a range."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

from hunch_kvstore.commands.arguments import SYNTAX, integer
from hunch_kvstore.commands.context import Context
from hunch_kvstore.commands.table import command
from hunch_kvstore.commands.zranges import (
    LexRange,
    ScoreRange,
    lex_range,
    rank_range,
    score_range,
)
from hunch_kvstore.keyspace.zset import SortedSet
from hunch_kvstore.resp.reply import CommandError, Pairs, Reply

_LIMIT_NEEDS_RANGE = (
    "ERR syntax error, LIMIT is only supported in combination with "
    "either BYSCORE or BYLEX"
)
_NO_SCORES_BY_LEX = (
    "ERR syntax error, WITHSCORES not supported in combination with BYLEX"
)
Range = tuple[int, int] | ScoreRange | LexRange


class Request:
    """One range as asked for: kind, direction, ends, limit.

    The old commands fix kind and direction by their name; ZRANGE takes them as words.
    """

    __slots__ = ("bounds", "count", "offset", "reverse", "with_scores")

    def __init__(
        self,
        args: Sequence[bytes],
        *,
        kind: bytes = b"",
        reverse: bool | None = None,
        store: bool = False,
    ) -> None:
        """Read `args`: two ends, then options.

        Raises:
            CommandError: On options that do not exist or fit together, and bad ends.
        """
        self.offset = 0
        self.count = -1
        self.with_scores = False
        wanted = kind
        at = 2
        while at < len(args):
            word = args[at].upper()
            if word == b"WITHSCORES" and not store:
                self.with_scores = True
            elif word == b"LIMIT" and at + 2 < len(args):
                self.offset = integer(args[at + 1])
                self.count = integer(args[at + 2])
                at += 2
            elif word == b"REV" and reverse is None:
                reverse = True
            elif word in (b"BYLEX", b"BYSCORE") and not wanted:
                wanted = word
            else:
                raise CommandError(SYNTAX)
            at += 1
        self.reverse = bool(reverse)
        if self.count != -1 and wanted in (b"", b"RANK"):
            raise CommandError(_LIMIT_NEEDS_RANGE)
        if self.with_scores and wanted == b"BYLEX":
            raise CommandError(_NO_SCORES_BY_LEX)
        low, high = args[0], args[1]
        self.bounds: Range
        if wanted in (b"BYSCORE", b"BYLEX"):
            if self.reverse:
                low, high = high, low
            read = score_range if wanted == b"BYSCORE" else lex_range
            self.bounds = read(low, high)
        else:
            self.bounds = integer(low), integer(high)

    def members(self, zset: SortedSet) -> Iterator[tuple[bytes, float]]:
        """Yield what the request asks of this set."""
        if not zset.size:
            return iter(())
        bounds = self.bounds
        if isinstance(bounds, tuple):
            start, stop = rank_range(bounds[0], bounds[1], zset.size)
            return zset.by_rank(start, stop, reverse=self.reverse)
        if bounds.is_empty or self.offset < 0:
            return iter(())
        found: Iterator[tuple[bytes, float]]
        if isinstance(bounds, ScoreRange):
            found = zset.by_score(
                bounds.low,
                bounds.high,
                low_open=bounds.low_open,
                high_open=bounds.high_open,
                reverse=self.reverse,
            )
        else:
            found = zset.by_lex(
                bounds.low,
                bounds.high,
                low_open=bounds.low_open,
                high_open=bounds.high_open,
                reverse=self.reverse,
            )
        stop_at = None if self.count < 0 else self.offset + self.count
        return islice(found, self.offset, stop_at)


def _answer(ctx: Context, key: bytes, request: Request) -> Reply:
    zset = ctx.keys.zset(key)
    if not request.with_scores and isinstance(request.bounds, tuple):
        start, stop = rank_range(*request.bounds, zset.size)
        return zset.names_by_rank(start, stop, reverse=request.reverse)
    members = request.members(zset)
    if request.with_scores:
        return Pairs(members)
    return [member for member, _ in members]


def _register(name: str, *, kind: bytes = b"", reverse: bool | None = None) -> None:
    """Register one command that answers a range."""

    def handler(ctx: Context, args: Sequence[bytes]) -> Reply:
        return _answer(ctx, args[0], Request(args[1:], kind=kind, reverse=reverse))

    command(
        name,
        complexity="O(log(N)+M) with M members answered, "
        "plus the distance to the nearer end for ranges by rank",
    )(handler)


_register("ZRANGE")
_register("ZREVRANGE", kind=b"RANK", reverse=True)
_register("ZRANGEBYSCORE", kind=b"BYSCORE", reverse=False)
_register("ZREVRANGEBYSCORE", kind=b"BYSCORE", reverse=True)
_register("ZRANGEBYLEX", kind=b"BYLEX", reverse=False)
_register("ZREVRANGEBYLEX", kind=b"BYLEX", reverse=True)


def store(
    ctx: Context,
    key: bytes,
    members: Iterable[tuple[bytes, float]],
    *,
    at_once: bool = False,
) -> int:
    """Make `key` a sorted set of these members, or nothing if there are none.

    Args:
        ctx: Of the command.
        key: Where to.
        members: With their scores, in the order they are added.
        at_once: The encoding is chosen for all of them, not as they are added.
    """
    listed = list(members)
    ctx.keys.delete(key)
    if listed:
        zset = ctx.keys.zset(key)
        if at_once:
            zset.expect([member for member, _ in listed])
        for member, score in listed:
            zset.put(member, score, None)
        zset.save()
    return len(listed)


@command("ZRANGESTORE")
def zrangestore(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Store a range under another key; answer its size."""
    request = Request(args[2:], store=True)
    source = ctx.keys.counted(ctx.keys.zset, args[1])
    return store(ctx, args[0], list(request.members(source)))


def _register_removal(name: str, read: Callable[..., Range]) -> None:
    """Register one of the ZREMRANGEBY commands."""

    def handler(ctx: Context, args: Sequence[bytes]) -> Reply:
        request = Request.__new__(Request)
        request.bounds = read(args[1], args[2])
        request.offset, request.count, request.reverse = 0, -1, False
        zset = ctx.keys.zset(args[0])
        doomed = list(request.members(zset))
        for member, score in doomed:
            zset.remove(member, score)
        if doomed:
            zset.save()
        return len(doomed)

    command(name)(handler)


def _ranks(low: bytes, high: bytes) -> Range:
    return integer(low), integer(high)


_register_removal("ZREMRANGEBYRANK", _ranks)
_register_removal("ZREMRANGEBYSCORE", score_range)
_register_removal("ZREMRANGEBYLEX", lex_range)
