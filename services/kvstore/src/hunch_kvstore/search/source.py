"""Streams of document numbers: what a query is made of when it runs.

Every source gives its numbers ascending, that is newest first, in blocks, and can say
which of some given numbers are in it. An intersection takes the blocks of its rarest
source and asks the others to `keep` what they have: each seeks the chunk in question and
skips all chunks between. Nobody reads further than the taker wants blocks.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Final, Protocol

from .chunk import (
    NONE,
    between,
    common,
    count_of,
    decode,
    joined,
    kept,
    merged,
    numbers_of,
    without,
)
from .document import LAST
from .keys import after, unpack_number
from .lists import Chunks
from .posting import INBOX, Reader, chunks, count, inbox_numbers

ENOUGH: Final = 2048
"""Sources are compared by size up to here; above, they are all large."""
_FIRST_SLICE: Final = 64
_MERGED: Final = 16
"""More sources than this are read at once instead of merged."""
_STEPS: Final = 4
"""Chunks read in passing before it is cheaper to seek."""


class Source(Protocol):
    """Something documents can be in.

    Attributes:
        size: About how many documents are in it, to choose who leads.
        is_quick: Whether all of `keep` and `whole` happen in memory.
    """

    size: int
    is_quick: bool

    def blocks(self, low: int = 0, high: int = LAST) -> Iterator[array[int]]:
        """Yield the numbers from `low` to `high`, ascending, in runs of any length."""
        ...

    def keep(self, numbers: array[int]) -> array[int]:
        """Return those of ascending numbers that are in it."""
        ...

    def whole(self) -> array[int] | None:
        """Return all numbers, ascending; None if only `blocks` should give them."""
        ...


class Nothing:
    """No document."""

    size = 0
    is_quick = True

    def blocks(self, low: int = 0, high: int = LAST) -> Iterator[array[int]]:  # noqa: ARG002
        """Yield nothing."""
        return iter(())

    def keep(self, numbers: array[int]) -> array[int]:  # noqa: ARG002
        """Return nothing."""
        return NONE

    def whole(self) -> array[int] | None:
        """Return nothing."""
        return NONE


class Held:
    """The documents of one posting list that is in memory.

    Args:
        chunks: What of it is on disk.
        pending: What the list has beyond that.
    """

    is_quick = True

    def __init__(self, chunks: Chunks, pending: array[int] = NONE) -> None:
        self._chunks = chunks
        self._waiting = merged((pending, chunks.inbox))
        self._whole: array[int] | None = None
        self.size = chunks.count + len(self._waiting)

    def blocks(self, low: int = 0, high: int = LAST) -> Iterator[array[int]]:
        """Yield chunk by chunk, what is not in one yet sorted in."""
        chunks = self._chunks
        start = bisect_left(chunks.lasts, low)
        pairs = zip(chunks.lasts[start:], chunks.raws[start:], strict=True)
        return _sorted_in(pairs, self._waiting, low, high)

    def keep(self, numbers: array[int]) -> array[int]:
        """Take apart the chunks the numbers fall into; intersect with each."""
        if self._whole is not None:
            return common(numbers, self._whole)
        found = kept(self._chunks.raws, self._chunks.lasts, numbers)
        if self._waiting:
            waiting = common(numbers, self._waiting)
            return merged((found, waiting)) if waiting else found
        return found

    def whole(self) -> array[int]:
        """Take all chunks apart."""
        if self._whole is None:
            self._whole = merged((joined(self._chunks.raws), self._waiting))
        return self._whole

    def count(self) -> int:
        """Return how many documents are in it."""
        return self.size


class Listed:
    """The documents of one posting list that is too long to have in memory.

    Args:
        reader: Where its chunks are.
        prefix: What their keys begin with.
        pending: What the list has beyond them.
    """

    is_quick = False

    def __init__(
        self, reader: Reader, prefix: bytes, pending: array[int] = NONE
    ) -> None:
        self._reader = reader
        self.prefix = prefix
        self._pending = self._inbox = pending
        self.size = len(pending)
        # PERF: judging the size reads the first chunks, which are the newest documents
        # and mostly all that is wanted: they are kept, and looked at first.
        self._head: list[tuple[int, bytes]] = []
        self._is_whole = True
        for key, raw in reader.scan(prefix, after(prefix)):
            if key.endswith(INBOX):
                self._inbox = merged((pending, inbox_numbers(raw)))
                self.size = len(self._inbox)
                continue
            self._head.append((unpack_number(key[-8:]), raw))
            self.size += count_of(raw)
            if self.size >= ENOUGH:
                self._is_whole = False
                break
        # PERF: an intersection asks for ascending blocks, mostly in one and the same
        # chunk: the last one looked at is kept with its range.
        self._from = 1
        self._to = 0
        self._numbers: array[int] = NONE
        self._stream: Iterator[tuple[int, bytes]] = iter(())

    def _chunks(self, low: int) -> Iterator[tuple[int, bytes]]:
        """Yield (last number, chunk) from the one that may hold `low` on."""
        last = 0
        for last, raw in self._head:
            if last >= low:
                yield last, raw
        if not self._is_whole:
            yield from chunks(self._reader, self.prefix, max(low, last + 1))

    def blocks(self, low: int = 0, high: int = LAST) -> Iterator[array[int]]:
        """Yield chunk by chunk, what is not in one yet sorted in."""
        return _sorted_in(self._chunks(low), self._inbox, low, high)

    def whole(self) -> array[int] | None:
        """Leave it to `blocks`."""
        return None

    def keep(self, numbers: array[int]) -> array[int]:
        """Seek the chunks the numbers fall into; intersect with each."""
        found = numbers_of(())
        at, stop = 0, len(numbers)
        while at < stop:
            if not self._from <= numbers[at] <= self._to:
                self._seek(numbers[at])
            upto = bisect_right(numbers, self._to, at)
            found += common(numbers[at:upto], self._numbers)
            at = upto
        if self._inbox:
            waiting = common(numbers, self._inbox)
            return merged((found, waiting)) if waiting else found
        return found

    def _seek(self, number: int) -> None:
        if number > self._to:
            # PERF: the next chunk or one soon after is likelier than a far one.
            for last, raw in islice(self._stream, _STEPS):
                if last >= number:
                    self._from, self._to, self._numbers = number, last, decode(raw)
                    return
        self._stream = self._chunks(number)
        found = next(self._stream, None)
        if found is None:
            self._from, self._to, self._numbers = number, LAST, NONE
        else:
            self._from, self._to, self._numbers = number, found[0], decode(found[1])

    def count(self) -> int:
        """Return how many documents are in it, from the chunks' heads alone."""
        if self._is_whole:
            return self.size
        return len(self._pending) + count(self._reader, self.prefix)


class Every(Listed):
    """All documents: everything asked about is in it."""

    is_quick = True

    def __init__(
        self, reader: Reader, prefix: bytes, pending: array[int] = NONE
    ) -> None:
        super().__init__(reader, prefix, pending)
        # WHY: it never leads an intersection, however few documents there are.
        self.size += 4 * ENOUGH

    def keep(self, numbers: array[int]) -> array[int]:
        """Return all of them."""
        return numbers

    def count(self) -> int:
        """Return how many documents there are."""
        return len(self._pending) + count(self._reader, self.prefix)


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


class Given:
    """Documents that are already known, ascending."""

    is_quick = True

    def __init__(self, numbers: array[int]) -> None:
        self._numbers = numbers
        self.size = len(numbers)

    def blocks(self, low: int = 0, high: int = LAST) -> Iterator[array[int]]:
        """Yield them in one run."""
        numbers = between(self._numbers, low, high)
        if numbers:
            yield numbers

    def whole(self) -> array[int]:
        """Return them."""
        return self._numbers

    def keep(self, numbers: array[int]) -> array[int]:
        """Return those that are among them."""
        return common(numbers, self._numbers)


class Window:
    """The documents whose numbers lie between two, and pass a look at the two ends.

    A range over the field that numbers the documents is this: one seek.
    """

    is_quick = True  # but for a moment at either end

    def __init__(
        self, everything: Source, low: int, high: int, passes: Callable[[int], bool]
    ) -> None:
        self._everything = everything
        self.low = low
        self.high = high
        self._passes = passes
        self.size = everything.size

    def blocks(self, low: int = 0, high: int = LAST) -> Iterator[array[int]]:
        """Go through all documents between."""
        low, high = max(low, self.low), min(high, self.high)
        for block in self._everything.blocks(low, high) if low <= high else ():
            found = self.keep(block)
            if found:
                yield found

    def whole(self) -> array[int] | None:
        """Leave it to `blocks`."""
        return None

    def keep(self, numbers: array[int]) -> array[int]:
        """Cut, and look at those in the first and the last moment."""
        inside = between(numbers, self.low, self.high)
        if not inside:
            return inside
        low_moment, high_moment = self.low >> 24, self.high >> 24
        if inside[0] >> 24 != low_moment and inside[-1] >> 24 != high_moment:
            return inside
        return numbers_of(
            number
            for number in inside
            if (number >> 24 != low_moment and number >> 24 != high_moment)
            or self._passes(number)
        )


def _sorted_in(
    rows: Iterable[tuple[int, bytes]], waiting: array[int], low: int, high: int
) -> Iterator[array[int]]:
    """Yield the numbers of (last number, chunk), and what waits between them."""
    waiting = between(waiting, low, high)
    for last, raw in rows:
        numbers = between(decode(raw), low, high)
        if waiting and waiting[0] < last:
            upto = bisect_right(waiting, last)
            numbers = merged((numbers, waiting[:upto]))
            waiting = waiting[upto:]
        if numbers:
            yield numbers
        if last >= high:
            return
    if waiting:
        yield waiting


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
