"""What posting lists hold, as sources."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

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
)
from .document import LAST
from .keys import after, unpack_number
from .lists import Chunks
from .posting import INBOX, Reader, chunks, count, inbox_numbers

ENOUGH: Final = 2048
"""Sources are compared by size up to here; above, they are all large."""
_STEPS: Final = 4
"""Chunks read in passing before it is cheaper to seek."""


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
