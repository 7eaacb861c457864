"""Sources made of others: all of them, any, not one, or checked one by one."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from .chunk import NONE, between, merged, numbers_of, without
from .document import LAST
from .source import Given, Source, Window

_FIRST_SLICE: Final = 64
_MERGED: Final = 16
"""More sources than this are read at once instead of merged."""


class Both:
    """The documents that are in each of some sources."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self._sources = sorted(sources, key=lambda source: source.size)
        self.size = self._sources[0].size
        windows = [source for source in sources if isinstance(source, Window)]
        self._low = max((window.low for window in windows), default=0)
        self._high = min((window.high for window in windows), default=LAST)
        self.is_quick = all(source.is_quick for source in sources)

    def blocks(self, low: int = 0, high: int = LAST) -> Iterator[array[int]]:
        """Let the rarest source lead, a short block first: thirty may be enough."""
        leader, *others = self._sources
        low, high = max(low, self._low), min(high, self._high)
        for block in sliced(leader.blocks(low, high)) if low <= high else ():
            for other in others:
                block = other.keep(block)
                if not block:
                    break
            if block:
                yield block

    def whole(self) -> array[int] | None:
        """Pass all of the rarest source through the others."""
        if not self.is_quick:
            return None
        leader, *others = self._sources
        found = leader.whole()
        if found is not None:
            found = between(found, self._low, self._high)
            for other in others:
                found = other.keep(found)
        return found

    def keep(self, numbers: array[int]) -> array[int]:
        """Pass them through all sources."""
        for source in self._sources:
            if not numbers:
                break
            numbers = source.keep(numbers)
        return numbers


class Either:
    """The documents that are in any of some sources."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self._sources = sources
        self.size = sum(source.size for source in sources)
        self.is_quick = len(sources) <= _MERGED and all(
            source.is_quick for source in sources
        )
        self._gathered: Given | None = None

    def _all(self) -> Given | None:
        """Read everything at once if the sources are many, as those of a prefix are.

        PERF: merging looks at every source for each block, so hundreds of short lists
        would be looked at hundreds of times.
        """
        if self._gathered is None and len(self._sources) > _MERGED:
            found: set[int] = set()
            for source in self._sources:
                for block in source.blocks():
                    found.update(block)
            self._gathered = Given(numbers_of(sorted(found)))
        return self._gathered

    def blocks(self, low: int = 0, high: int = LAST) -> Iterator[array[int]]:
        """Merge: give out what lies below the nearest end of all current blocks."""
        gathered = self._all()
        if gathered is not None:
            yield from gathered.blocks(low, high)
            return
        heads: list[tuple[array[int], Iterator[array[int]]]] = []
        for stream in [source.blocks(low, high) for source in self._sources]:
            block = next(stream, NONE)
            if block:
                heads.append((block, stream))
        while heads:
            if len(heads) == 1:
                yield heads[0][0]
                yield from heads[0][1]
                return
            end = min(block[-1] for block, _ in heads)
            parts, left = [], []
            for block, stream in heads:
                upto = bisect_right(block, end)
                if upto:
                    parts.append(block[:upto])
                rest = block[upto:] or next(stream, NONE)
                if rest:
                    left.append((rest, stream))
            heads = left
            yield merged(parts)

    def whole(self) -> array[int] | None:
        """Merge all, if all are there."""
        if not self.is_quick:
            return None
        found = [source.whole() for source in self._sources]
        some = [numbers for numbers in found if numbers is not None]
        return merged(some) if len(some) == len(found) else None

    def keep(self, numbers: array[int]) -> array[int]:
        """Return what any source keeps."""
        gathered = self._all()
        if gathered is not None:
            return gathered.keep(numbers)
        return merged([source.keep(numbers) for source in self._sources])


class Except:
    """The documents that are not in a source."""

    def __init__(self, everything: Source, source: Source) -> None:
        self._everything = everything
        self._source = source
        self.size = everything.size
        self.is_quick = source.is_quick

    def whole(self) -> array[int] | None:
        """Leave it to `blocks`."""
        return None

    def blocks(self, low: int = 0, high: int = LAST) -> Iterator[array[int]]:
        """Go through all documents."""
        for block in sliced(self._everything.blocks(low, high)):
            left = self.keep(block)
            if left:
                yield left

    def keep(self, numbers: array[int]) -> array[int]:
        """Return what the source does not keep."""
        return without(numbers, self._source.keep(numbers))


class Checked:
    """The documents of a source that pass a look at each."""

    is_quick = False

    def __init__(self, source: Source, passes: Callable[[int], bool]) -> None:
        self._source = source
        self._passes = passes
        # WHY: a look costs more than a posting, so it comes after plain lists.
        self.size = source.size + 1

    def whole(self) -> array[int] | None:
        """Leave it to `blocks`."""
        return None

    def blocks(self, low: int = 0, high: int = LAST) -> Iterator[array[int]]:
        """Look at the documents of the source, a few at a time."""
        for block in sliced(self._source.blocks(low, high)):
            found = numbers_of(n for n in block if self._passes(n))
            if found:
                yield found

    def keep(self, numbers: array[int]) -> array[int]:
        """Look only at those the source has."""
        return numbers_of(n for n in self._source.keep(numbers) if self._passes(n))


def sliced(blocks: Iterator[array[int]]) -> Iterator[array[int]]:
    """Cut blocks: the first pieces short, later ones longer."""
    size = _FIRST_SLICE
    for block in blocks:
        at = 0
        while at < len(block):
            if at == 0 and len(block) <= size:
                yield block
            else:
                yield block[at : at + size]
            at += size
            size *= 2
