"""The terms of an index in order: what prefixes, fuzzy words and TAGVALS go through."""

from __future__ import annotations

import re
from collections.abc import Iterator
from heapq import merge
from typing import Final

from .index import Index
from .keys import END_OF_TERM, after, field_prefix, plain_term
from .posting import Reader

# LIMIT: how many terms one word of a query may stand for.
MAX_TERMS: Final = 4096


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
