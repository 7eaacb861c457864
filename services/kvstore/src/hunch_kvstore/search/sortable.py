"""Doubles as eight bytes that sort like the numbers."""

from __future__ import annotations

from struct import Struct
from typing import Final

_DOUBLE: Final = Struct(">d")
_BITS: Final = Struct(">Q")
_SIGN: Final = 1 << 63
_ALL: Final = (1 << 64) - 1


def ordered(value: float) -> bytes:
    """Return eight bytes ordered as the numbers are; -0.0 sorts with 0.0."""
    bits: int = _BITS.unpack(_DOUBLE.pack(value + 0.0))[0]
    return _BITS.pack(~bits & _ALL if bits & _SIGN else bits | _SIGN)
