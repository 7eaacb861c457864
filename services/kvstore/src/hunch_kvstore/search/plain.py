"""The loops of `chunk` in plain Python; see there for the form of a chunk."""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from functools import lru_cache, reduce
from itertools import accumulate, repeat
from operator import lshift, or_, rshift, sub
from struct import Struct
from typing import Final

_HEAD: Final = Struct("<HBBQ")
_CODES: Final = {1: "B", 2: "H", 4: "I", 8: "Q"}
_TIED: Final = 0x10
_TIE_BITS: Final = 24
_TIE: Final = (1 << _TIE_BITS) - 1
_SWAP: Final = sys.byteorder == "big"


def _width(bits: int) -> int:
    """Return how many bytes a gap takes."""
    length = (bits.bit_length() + 7) // 8
    return 1 if length <= 1 else 2 if length <= 2 else 4 if length <= 4 else 8


def _packed(gaps: Iterable[int], width: int) -> bytes:
    body = array(_CODES[width], gaps)
    if _SWAP:
        body.byteswap()
    return body.tobytes()


def encode(numbers: array[int]) -> bytes:
    """Return the chunk of some ascending numbers, at least one."""
    first = numbers[0]
    if len(numbers) == 1:
        return _HEAD.pack(1, 0, 1, first)
    gaps: Iterable[int] = list(map(sub, numbers[1:], numbers))
    bits = reduce(or_, gaps)
    shift = (bits & -bits).bit_length() - 1
    width = _width(bits >> shift)
    moments = [number >> _TIE_BITS for number in numbers]
    apart = list(map(sub, moments[1:], moments))
    ties = [number & _TIE for number in numbers[1:]]
    near = _width(max(apart))
    if max(ties) < 256 and near + 1 < width:
        head = _HEAD.pack(len(numbers), _TIE_BITS, _TIED | near, first)
        return head + _packed(apart, near) + bytes(ties)
    if shift:
        gaps = map(rshift, gaps, repeat(shift))
    return _HEAD.pack(len(numbers), shift, width, first) + _packed(gaps, width)


@lru_cache(maxsize=1024)
def decode(raw: bytes) -> array[int]:
    """Return the numbers of a chunk. The result is shared: never change it.

    WHY a cache keyed by the bytes: a chunk that changes is other bytes, so there is
    nothing to invalidate, and 1024 entries of at most 8 KiB are at most 8 MiB.

    Raises:
        ValueError: If the bytes are no chunk.
    """
    if len(raw) < _HEAD.size:
        raise ValueError("damaged posting chunk")
    count, shift, form, first = _HEAD.unpack_from(raw)
    is_tied = bool(form & _TIED)
    width = form & ~_TIED
    if (
        not count
        or width not in _CODES
        or shift > 63
        or (is_tied and (width == 8 or shift != _TIE_BITS))
        or len(raw) != _HEAD.size + (count - 1) * (width + is_tied)
    ):
        raise ValueError("damaged posting chunk")
    stop = _HEAD.size + (count - 1) * width
    body = array(_CODES[width])
    body.frombytes(raw[_HEAD.size : stop])
    if _SWAP:
        body.byteswap()
    if is_tied:
        moments = accumulate(body, initial=first >> _TIE_BITS)
        ties = bytes(raw[stop:])
        found = array("Q", map(lshift, moments, repeat(_TIE_BITS)))
        return array("Q", [first, *map(or_, found[1:], ties)])
    gaps = map(lshift, body, repeat(shift)) if shift else body
    return array("Q", accumulate(gaps, initial=first))


def common(left: array[int], right: array[int]) -> array[int]:
    """Return what two ascending runs share, ascending."""
    if len(left) > len(right):
        left, right = right, left
    return array("Q", sorted(set(left).intersection(right)))


def without(left: array[int], right: array[int]) -> array[int]:
    """Return the numbers of one ascending run that another does not hold."""
    if not right:
        return left
    gone = set(right)
    return array("Q", (number for number in left if number not in gone))


def union(left: array[int], right: array[int]) -> array[int]:
    """Return all numbers of two ascending runs, ascending, each once."""
    return array("Q", sorted({*left, *right}))


def joined(raws: list[bytes]) -> array[int]:
    """Return the numbers of some chunks, one after the other."""
    found = array("Q")
    for raw in raws:
        found += decode(raw)
    return found


def kept(raws: list[bytes], lasts: array[int], numbers: array[int]) -> array[int]:
    """Return those of ascending numbers that a row of chunks holds, ascending."""
    found = array("Q")
    at = 0
    while at < len(numbers):
        row = bisect_left(lasts, numbers[at])
        if row == len(raws):
            break
        upto = bisect_right(numbers, lasts[row], at)
        found += common(numbers[at:upto], decode(raws[row]))
        at = upto
    return found
