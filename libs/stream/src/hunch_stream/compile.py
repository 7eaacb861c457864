"""Turns a query into the store's search language (RediSearch, dialect 2)."""

from __future__ import annotations

import datetime as dt
import re

from hunch_stream.item import position_floor
from hunch_stream.query import Query, Term, period_start

# Items that readers see; `gone` and `merged` ones are kept but not shown.
VISIBLE = "@state:{live|edited}"

_FIELDS = {"source": "source", "service": "service", "type": "type", "tag": "tags"}
_SPECIAL = re.compile(r"([^\w])", re.ASCII)
_WORD = re.compile(r"\w+")


def compile_query(
    query: Query,
    zone: dt.tzinfo = dt.UTC,
    *,
    before: int | None = None,
    after: int | None = None,
) -> str:
    """Return the search string for a query.

    Args:
        query: What the reader asked for.
        zone: The site's time zone; days begin and end in it.
        before: Only items at positions below this one (the page cursor).
        after: Only items at positions above this one.
    """
    parts = [VISIBLE]
    for kind in ("source", "service", "type"):
        parts += _alternatives(kind, query)
    parts += [_tag("tag", [value]) for value in query.of("tag")]
    parts += ["-" + _tag("tag", [value]) for value in query.of("tag", negated=True)]
    parts += [_text(value) for value in query.of("text") if _text(value)]
    parts += ["-" + _text(v) for v in query.of("text", negated=True) if _text(v)]
    parts += _time(query, zone, before, after)
    return " ".join(parts)


def compile_term(term: Term, zone: dt.tzinfo = dt.UTC) -> str:
    """Return the search string for one term alone, without its negation."""
    return compile_query(Query((Term(term.kind, term.value),)), zone)


def escape_tag(value: str) -> str:
    """Return a tag value with every sign that has a meaning made literal."""
    return _SPECIAL.sub(_escape_char, value)


def _escape_char(match: re.Match[str]) -> str:
    char = match.group(1)
    return char if ord(char) > 127 else "\\" + char


def _tag(kind: str, values: list[str]) -> str:
    return f"@{_FIELDS[kind]}:{{{'|'.join(escape_tag(v) for v in values)}}}"


def _alternatives(kind: str, query: Query) -> list[str]:
    wanted, unwanted = query.of(kind), query.of(kind, negated=True)
    parts = [_tag(kind, list(wanted))] if wanted else []
    if unwanted:
        parts.append("-" + _tag(kind, list(unwanted)))
    return parts


def _text(value: str) -> str:
    words = _WORD.findall(value)
    if not words:
        return ""
    if len(words) == 1:
        return f"@text:({words[0]})"
    return f'@text:("{" ".join(words)}")'


def _time(
    query: Query, zone: dt.tzinfo, before: int | None, after: int | None
) -> list[str]:
    lows = [_floor(v, zone) for v in query.of("after")]
    lows += [_floor(v, zone) for v in query.of("before", negated=True)]
    highs = [_floor(v, zone) for v in query.of("before")]
    highs += [_floor(v, zone) for v in query.of("after", negated=True)]
    low, high = "-inf", "+inf"
    if lows:
        low = str(max(lows))
    if after is not None and (not lows or after >= max(lows)):
        low = f"({after}"
    if before is not None:
        highs.append(before)
    if highs:
        high = f"({min(highs)}"
    return [f"@published:[{low} {high}]"] if (low, high) != ("-inf", "+inf") else []


def _floor(value: str, zone: dt.tzinfo) -> int:
    midnight = dt.datetime.combine(period_start(value), dt.time(), zone)
    return position_floor(midnight)
