"""Doubles as eight bytes that sort like the numbers."""

from __future__ import annotations

from struct import Struct
from typing import Final

_DOUBLE: Final = Struct(">d")
_BITS: Final = Struct(">Q")
_SIGN: Final = 1 << 63
_ALL: Final = (1 << 64) - 1


def pack_score(score: float) -> bytes:
    """Return a double's own bytes."""
    return _DOUBLE.pack(score)


def unpack_score(raw: bytes) -> float:
    """Return the double whose bytes these are."""
    score: float = _DOUBLE.unpack(raw)[0]
    return score


def sortable(score: float) -> bytes:
    """Return eight bytes ordered as scores are; -0.0 sorts with 0.0."""
    bits: int = _BITS.unpack(_DOUBLE.pack(score + 0.0))[0]
    return _BITS.pack(bits ^ _ALL if bits & _SIGN else bits | _SIGN)


def from_sortable(raw: bytes) -> float:
    """Return the score those eight bytes stand for."""
    bits: int = _BITS.unpack(raw)[0]
    score: float = _DOUBLE.unpack(
        _BITS.pack(bits ^ _SIGN if bits & _SIGN else bits ^ _ALL)
    )[0]
    return score
