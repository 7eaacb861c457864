"""Several layers seen as one: what a reader sees, in order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from hunch_kvstore.engine.layer import MISSING, Missing
from hunch_kvstore.engine.range_set import RangeSet


class Readable(Protocol):
    """A layer, in memory or on disk."""

    @property
    def ranges(self) -> RangeSet:
        """What the layer deletes from everything older."""

    def find(self, key: bytes) -> bytes | Missing | None:
        """Return the value, None if deleted here, MISSING if not known here."""

    def scan(
        self, start: bytes, stop: bytes | None, *, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes | None]]:
        """Yield the points in [start, stop) in order, deleted ones included."""


def find(layers: Sequence[Readable], key: bytes) -> bytes | None:
    """Return the value of `key` in layers ordered from newest to oldest."""
    for layer in layers:
        value = layer.find(key)
        if value is not MISSING:
            return value
    return None


def scan(
    layers: Sequence[Readable],
    start: bytes,
    stop: bytes | None,
    *,
    reverse: bool = False,
) -> Iterator[tuple[bytes, bytes]]:
    """Yield what is alive in [start, stop), in order."""
    for key, value in scan_all(layers, start, stop, reverse=reverse):
        if value is not None:
            yield key, value


def scan_all(
    layers: Sequence[Readable],
    start: bytes,
    stop: bytes | None,
    *,
    reverse: bool = False,
) -> Iterator[tuple[bytes, bytes | None]]:
    """Yield the newest point of each key, deleted ones included.

    Args:
        layers: From newest to oldest.
        start: The first key.
        stop: The key after the last; None is the end of the keyspace.
        reverse: From the last key to the first.
    """
    if stop is not None and stop <= start:
        return
    heads: list[Head] = []
    for depth, layer in enumerate(layers):
        head = Head(layer, depth, start, stop, reverse)
        if head.step():
            heads.append(head)
    if len(heads) == 1 and not any(layer.ranges for layer in layers[: heads[0].depth]):
        head = heads[0]
        yield head.key, head.value
        yield from head.rest
        return
    while heads:
        # PERF: there are two to ten layers; looking at each beats a heap of tuples.
        best = heads[0]
        key = best.key
        if reverse:
            for head in heads:
                if head.key > key:
                    best, key = head, head.key
        else:
            for head in heads:
                if head.key < key:
                    best, key = head, head.key
        hidden = None
        for layer in layers[: best.depth]:
            if layer.ranges:
                hidden = layer.ranges.around(key)
                if hidden is not None:
                    break
        if hidden is not None:
            # WHY: everything of this layer in the range is hidden, so go behind it.
            if not best.skip(hidden):
                heads.remove(best)
            continue
        yield key, best.value
        ended = False
        for head in heads:
            if head.key == key and not head.step():
                ended = True
        if ended:
            heads = [head for head in heads if not head.ended]


class Head:
    """The place of a scan in one layer."""

    __slots__ = (
        "_reverse",
        "_start",
        "_stop",
        "depth",
        "ended",
        "key",
        "layer",
        "rest",
        "value",
    )

    def __init__(
        self,
        layer: Readable,
        depth: int,
        start: bytes,
        stop: bytes | None,
        reverse: bool,
    ) -> None:
        self.layer = layer
        self.depth = depth
        self.ended = False
        self.key = b""
        self.value: bytes | None = None
        self._start = start
        self._stop = stop
        self._reverse = reverse
        self.rest = layer.scan(start, stop, reverse=reverse)

    def step(self) -> bool:
        """Go to the next point; False at the end."""
        point = next(self.rest, None)
        if point is None:
            self.ended = True
            return False
        self.key, self.value = point
        return True

    def skip(self, hidden: tuple[bytes, bytes | None]) -> bool:
        """Go behind the range `hidden`; False at the end."""
        start, stop = hidden
        if self._reverse:
            self._stop = start
            if start <= self._start:
                self.ended = True
                return False
        else:
            if stop is None or (self._stop is not None and stop >= self._stop):
                self.ended = True
                return False
            self._start = stop
        self.rest = self.layer.scan(self._start, self._stop, reverse=self._reverse)
        return self.step()
