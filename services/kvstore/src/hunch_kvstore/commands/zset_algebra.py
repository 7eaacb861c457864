"""Union, intersection and difference of sorted sets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isnan
from typing import Final

from hunch_kvstore.commands.arguments import SYNTAX, double, integer
from hunch_kvstore.commands.context import Context
from hunch_kvstore.commands.table import command
from hunch_kvstore.commands.zset_ranges import store
from hunch_kvstore.keyspace.sortable import sortable
from hunch_kvstore.resp.reply import CommandError, Pairs, Reply

Members = dict[bytes, float]


def _sum(left: float, right: float) -> float:
    total = left + right
    return 0.0 if isnan(total) else total  # inf + -inf counts as 0


_AGGREGATES: Final[dict[bytes, Callable[[float, float], float]]] = {
    b"SUM": _sum,
    b"MIN": min,
    b"MAX": max,
}


@dataclass(slots=True)
class Request:
    """The inputs of one operation and how to combine them."""

    inputs: list[tuple[Members, float]]
    aggregate: Callable[[float, float], float]
    with_scores: bool
    limit: int


def _read(
    ctx: Context, args: Sequence[bytes], name: str, operation: str, *, storing: bool
) -> Request:
    """Read ``numkeys key … [WEIGHTS …] [AGGREGATE …] [WITHSCORES] [LIMIT n]``."""
    count = integer(args[0])
    if count < 1:
        raise CommandError(
            f"ERR at least 1 input key is needed for '{name.lower()}' command"
        )
    if count > len(args) - 1:
        raise CommandError(SYNTAX)
    sets = [
        dict(ctx.keys.counted(ctx.keys.zset, key).ascending())
        for key in args[1 : count + 1]
    ]
    weights = [1.0] * count
    aggregate: Callable[[float, float], float] = _sum
    with_scores = False
    limit = 0
    weighted = operation not in ("diff", "card")
    at = count + 1
    while at < len(args):
        word = args[at].upper()
        left = len(args) - at
        if weighted and word == b"WEIGHTS" and left >= count + 1:
            weights = [
                double(raw, "ERR weight value is not a float")
                for raw in args[at + 1 : at + 1 + count]
            ]
            at += count
        elif weighted and word == b"AGGREGATE" and left >= 2:
            at += 1
            found = _AGGREGATES.get(args[at].upper())
            if found is None:
                raise CommandError(SYNTAX)
            aggregate = found
        elif word == b"WITHSCORES" and not storing and operation != "card":
            with_scores = True
        elif word == b"LIMIT" and operation == "card" and left >= 2:
            at += 1
            limit = integer(args[at], "ERR LIMIT can't be negative")
            if limit < 0:
                raise CommandError("ERR LIMIT can't be negative")
        else:
            raise CommandError(SYNTAX)
        at += 1
    return Request(list(zip(sets, weights, strict=True)), aggregate, with_scores, limit)


def _weigh(weight: float, score: float) -> float:
    product = weight * score
    return 0.0 if isnan(product) else product


def _union(request: Request) -> Members:
    result: Members = {}
    for members, weight in sorted(request.inputs, key=lambda pair: len(pair[0])):
        for member, score in members.items():
            value = _weigh(weight, score)
            if member in result:
                value = request.aggregate(result[member], value)
            result[member] = value
    return result


def _inter(request: Request) -> Members:
    # SPEC: Redis starts from the smallest set; with doubles the order can show.
    inputs = sorted(request.inputs, key=lambda pair: len(pair[0]))
    (smallest, first_weight), *others = inputs
    result: Members = {}
    for member, score in smallest.items():
        value = _weigh(first_weight, score)
        for members, weight in others:
            if member not in members:
                break
            value = request.aggregate(value, weight * members[member])
        else:
            result[member] = value
    return result


def _diff(request: Request) -> Members:
    first, *others = (members for members, _ in request.inputs)
    return {
        member: score
        for member, score in first.items()
        if not any(member in members for members in others)
    }


_OPERATIONS: Final = {"union": _union, "inter": _inter, "diff": _diff, "card": _inter}


def _sorted(members: Members) -> list[tuple[bytes, float]]:
    return sorted(members.items(), key=lambda pair: (sortable(pair[1]), pair[0]))


def _register(name: str, operation: str) -> None:
    """Register a command that answers the result, and the one that stores it."""
    combine = _OPERATIONS[operation]

    def handler(ctx: Context, args: Sequence[bytes]) -> Reply:
        request = _read(ctx, args, name, operation, storing=False)
        result = combine(request)
        if operation == "card":
            return min(len(result), request.limit or len(result))
        members = _sorted(result)
        if request.with_scores:
            return Pairs(members)
        return [member for member, _ in members]

    def storing(ctx: Context, args: Sequence[bytes]) -> Reply:
        request = _read(ctx, args[1:], name + "STORE", operation, storing=True)
        return store(ctx, args[0], _sorted(combine(request)), at_once=True)

    complexity = "O(N) with the members of all sets, plus sorting the result"
    command(name, complexity=complexity)(handler)
    if operation != "card":
        command(name + "STORE", complexity=complexity)(storing)


_register("ZUNION", "union")
_register("ZINTER", "inter")
_register("ZDIFF", "diff")
_register("ZINTERCARD", "card")
