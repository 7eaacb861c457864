"""Ranges of sorted sets as arguments: by score, by lexical order, by rank."""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan

from hunch_kvstore.commands.arguments import loose_double
from hunch_kvstore.resp.reply import CommandError


@dataclass(frozen=True, slots=True)
class ScoreRange:
    """Scores between two ends, each of which may be excluded."""

    low: float
    high: float
    low_open: bool
    high_open: bool

    @property
    def is_empty(self) -> bool:
        """Whether no score can be inside."""
        return self.low > self.high or (
            self.low == self.high and (self.low_open or self.high_open)
        )


@dataclass(frozen=True, slots=True)
class LexRange:
    """Members between two strings; None is no bound at that end."""

    low: bytes | None
    high: bytes | None
    low_open: bool
    high_open: bool
    is_empty: bool = False


def score_range(low: bytes, high: bytes) -> ScoreRange:
    """Read two ends such as ``(1.5`` and ``+inf``.

    Raises:
        CommandError: If one is no number.
    """
    first, first_open = _score(low)
    last, last_open = _score(high)
    return ScoreRange(first, last, first_open, last_open)


def _score(raw: bytes) -> tuple[float, bool]:
    is_open = raw.startswith(b"(")
    text = raw[1:] if is_open else raw
    # WHY: strtod reads an empty string as 0 and stops at its end, so "(" and "" pass.
    value = loose_double(text) if text else 0.0
    if value is None or isnan(value):
        raise CommandError("ERR min or max is not a float")
    return value, is_open


def lex_range(low: bytes, high: bytes) -> LexRange:
    """Read two ends such as ``[a`` and ``+``.

    Raises:
        CommandError: If one has no such form.
    """
    first = _lex(low)
    last = _lex(high)
    if first == b"+" or last == b"-":
        return LexRange(None, None, False, False, is_empty=True)
    bottom = first if isinstance(first, tuple) else (None, False)
    top = last if isinstance(last, tuple) else (None, False)
    return LexRange(bottom[0], top[0], bottom[1], top[1])


def _lex(raw: bytes) -> tuple[bytes, bool] | bytes:
    if raw in (b"+", b"-"):
        return raw
    if raw[:1] in (b"(", b"["):
        return raw[1:], raw[:1] == b"("
    raise CommandError("ERR min or max not valid string range item")


def rank_range(start: int, stop: int, size: int) -> tuple[int, int]:
    """Return ranks counted from 0; negative ones counted from the end before."""
    start = max(start + size, 0) if start < 0 else start
    stop = stop + size if stop < 0 else stop
    return start, min(stop, size - 1)
