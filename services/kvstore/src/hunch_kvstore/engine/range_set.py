"""Ranges of deleted keys: many at once for the price of one."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator


class RangeSet:
    """Half-open ranges [start, stop) of keys, merged where they touch.

    A stop of None is the end of the keyspace.
    """

    __slots__ = ("_starts", "_stops", "_tail")

    def __init__(self) -> None:
        self._starts: list[bytes] = []
        self._stops: list[bytes] = []
        self._tail: bytes | None = None  # from here on everything is deleted

    def __bool__(self) -> bool:
        return self._tail is not None or bool(self._starts)

    def __len__(self) -> int:
        return len(self._starts) + (self._tail is not None)

    def __iter__(self) -> Iterator[tuple[bytes, bytes | None]]:
        yield from zip(self._starts, self._stops, strict=True)
        if self._tail is not None:
            yield self._tail, None

    def add(self, start: bytes, stop: bytes | None) -> None:
        """Add [start, stop); a range that holds no key is ignored."""
        if stop is not None and stop <= start:
            return
        tail = self._tail
        if tail is not None:
            if start >= tail:
                return
            if stop is None or stop >= tail:
                stop = None
        starts, stops = self._starts, self._stops
        first = bisect_left(stops, start)  # ranges before it end before `start`
        last = len(starts) if stop is None else bisect_right(starts, stop)
        if first < last:
            start = min(start, starts[first])
            if stop is not None:
                stop = max(stop, stops[last - 1])
        if stop is None:
            del starts[first:], stops[first:]
            self._tail = start
        else:
            starts[first:last] = [start]
            stops[first:last] = [stop]

    def covers(self, key: bytes) -> bool:
        """Whether `key` lies in one of the ranges."""
        if self._tail is not None and key >= self._tail:
            return True
        place = bisect_right(self._starts, key) - 1
        return place >= 0 and key < self._stops[place]

    def around(self, key: bytes) -> tuple[bytes, bytes | None] | None:
        """Return the range that holds `key`, or None."""
        if self._tail is not None and key >= self._tail:
            return self._tail, None
        place = bisect_right(self._starts, key) - 1
        if place >= 0 and key < self._stops[place]:
            return self._starts[place], self._stops[place]
        return None
