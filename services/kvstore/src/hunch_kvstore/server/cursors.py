"""Scan cursors: numbers for clients, positions in the order of keys for us."""

from __future__ import annotations

from collections import OrderedDict
from hashlib import blake2b
from typing import Final

_KEPT: Final = 65_536


class Cursors:
    """Remembers where the scans that are under way go on.

    Redis's cursors are 64-bit numbers, ours are places between keys. A number is the
    hash of its place, so the same place always has the same number. A number that was
    forgotten (a restart, or 65,536 newer ones) begins again at the start: every element
    is still returned, some of them twice, which SCAN allows.
    """

    __slots__ = ("_places",)

    def __init__(self) -> None:
        self._places: OrderedDict[int, bytes] = OrderedDict()

    def remember(self, place: bytes) -> int:
        """Return the number of a place, never 0."""
        number = int.from_bytes(blake2b(place, digest_size=8).digest()) >> 1 or 1
        self._places[number] = place
        self._places.move_to_end(number)
        if len(self._places) > _KEPT:
            self._places.popitem(last=False)
        return number

    def position(self, number: int) -> bytes:
        """Return the place of a number; the start for 0 and for one forgotten."""
        return self._places.get(number, b"")
