"""The terms of an index in order: what prefixes, fuzzy words and TAGVALS go through."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from heapq import merge
from itertools import islice
from typing import Final

from .index import Index
from .keys import END_OF_TERM, after, field_prefix, plain_term
from .node import Affix, Fuzzy, Wildcard
from .posting import Reader

# LIMIT: how many terms one word of a query may stand for.
MAX_TERMS: Final = 4096
_MIN_PREFIX: Final = 2


def terms(
    reader: Reader, index: Index, field: int, head: bytes = b""
) -> Iterator[bytes]:
    """Yield the terms of a field that begin with `head`, in byte order.

    Each costs one seek: the chunks of a term are skipped, not read.
    """
    start = field_prefix(index.base, b"p", field)
    last = None
    stored = _stored(reader, start, head)
    for term in merge(stored, index.pending_terms(field, head)):
        if term != last:
            last = term
            yield plain_term(term)


def _stored(reader: Reader, start: bytes, head: bytes) -> Iterator[bytes]:
    at, stop = start + head, after(start + head)
    while True:
        found = next(iter(reader.scan(at, stop)), None)
        if found is None:
            return
        yield found[0][len(start) : -len(END_OF_TERM) - 8]
        at = after(found[0][:-8])


def like(
    reader: Reader,
    index: Index,
    field: int,
    node: Affix | Fuzzy | Wildcard,
    normal: Callable[[str], str],
) -> list[bytes]:
    """Return the terms of a field that an affix, fuzzy word or pattern stands for.

    Args:
        reader: The transaction of the command.
        index: To look into.
        field: Its number.
        node: The part of the query.
        normal: What makes a word into the form that is indexed.
    """
    head = b""
    fits: Callable[[str], bool] = _anything
    match node:
        case Affix():
            text = normal(node.text)
            if len(text) < _MIN_PREFIX and text.isascii():
                return []
            if not node.has_more_before:
                head = text.encode("utf-8", "surrogateescape")
            elif node.has_more_after:
                fits = _contains(text)
            else:
                fits = _ends(text)
        case Fuzzy():
            fits = _near(normal(node.text), node.distance)
        case Wildcard():
            fits = _matches(wildcard(normal(node.pattern)))
    found = (
        term
        for term in terms(reader, index, field, head)
        if fits(term.decode("utf-8", "surrogateescape"))
    )
    return list(islice(found, MAX_TERMS))


def _anything(_: str) -> bool:
    return True


def _contains(text: str) -> Callable[[str], bool]:
    return lambda term: text in term


def _ends(text: str) -> Callable[[str], bool]:
    return lambda term: term.endswith(text)


def _near(text: str, distance: int) -> Callable[[str], bool]:
    return lambda term: is_near(term, text, distance)


def _matches(pattern: re.Pattern[str]) -> Callable[[str], bool]:
    return lambda term: pattern.match(term) is not None


def wildcard(pattern: str) -> re.Pattern[str]:
    """Return what a pattern of ``*``, ``?`` and backslashes matches."""
    parts = []
    escaped = False
    for sign in pattern:
        if escaped or sign not in "\\*?":
            parts.append(re.escape(sign))
            escaped = False
        elif sign == "\\":
            escaped = True
        else:
            parts.append(".*" if sign == "*" else ".")
    return re.compile("".join(parts) + r"\Z", re.DOTALL)


def is_near(left: str, right: str, distance: int) -> bool:
    """Tell whether two words are at most so many edits apart.

    An edit adds, drops or changes a letter, or swaps two neighbours.
    """
    if abs(len(left) - len(right)) > distance:
        return False
    above: list[int] = []
    row = list(range(len(right) + 1))
    for at, sign in enumerate(left, 1):
        above, last, row = row, above, [at]
        for column, other in enumerate(right, 1):
            cost = min(
                above[column] + 1, row[-1] + 1, above[column - 1] + (sign != other)
            )
            swapped = at > 1 and column > 1 and sign == right[column - 2]
            if swapped and left[at - 2] == other:
                cost = min(cost, last[column - 2] + 1)
            row.append(cost)
        if min(row) > distance and min(above) > distance:
            return False
    return row[-1] <= distance
