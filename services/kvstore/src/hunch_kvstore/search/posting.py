"""Posting lists on disk: the numbers of the documents that hold a term.

Theory of operation

A list is a row of chunks, each at most 1024 ascending numbers under a key that ends in its
last number, so that "the chunk that may hold n" is the first key >= term + n: a seek is a
scan from there, and a scan over a term is the list in order. Chunks never overlap.

Documents arrive mostly in order of time: the newest have the lowest numbers, and what
`pending` brings of them becomes chunks at the front of the list without a look at it.
Numbers that belong further back go into an *inbox* first: a chunk of up to 32 numbers
under the term with the number 0 (no document has it). A full inbox is merged into the
chunks, one or a few of them if the documents are of one time, one per number at worst.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from typing import Final, Protocol

from .chunk import (
    MAX_COUNT,
    NONE,
    count_of,
    decode,
    encode,
    numbers_of,
    union,
)
from .keys import after, pack_number, unpack_number

INBOX: Final = pack_number(0)
INBOX_COUNT: Final = 32


class Reader(Protocol):
    """What reading needs of a transaction or an engine."""

    def get(self, key: bytes) -> bytes | None:
        """Return a value or None."""
        ...

    def get_many(self, keys: list[bytes]) -> list[bytes | None]:
        """Return the values of keys that lie far from each other."""
        ...

    def scan(
        self,
        start: bytes,
        stop: bytes | None = None,
        *,
        reverse: bool = False,
        once: bool = False,
    ) -> Iterator[tuple[bytes, bytes]]:
        """Yield the pairs with start <= key < stop in key order.

        With `once`, pages of the files are not kept for who comes next.
        """
        ...


class Writer(Reader, Protocol):
    """What writing needs of a transaction."""

    def put(self, key: bytes, value: bytes) -> None:
        """Set a value."""
        ...

    def delete(self, key: bytes) -> None:
        """Remove a key."""
        ...

    def delete_range(self, start: bytes, stop: bytes) -> None:
        """Remove the keys with start <= key < stop."""
        ...


def inbox_numbers(raw: bytes | None) -> array[int]:
    """Return the numbers of an inbox, ascending."""
    return decode(raw) if raw else NONE


def chunks(reader: Reader, prefix: bytes, low: int = 0) -> Iterator[tuple[int, bytes]]:
    """Yield (last number, chunk) of a list, from the chunk that may hold `low` on."""
    for key, raw in reader.scan(prefix + pack_number(low or 1), after(prefix)):
        yield unpack_number(key[-8:]), raw


def count(reader: Reader, prefix: bytes) -> int:
    """Return how many documents hold the term, from the chunks' heads alone."""
    found = (raw for _, raw in reader.scan(prefix, after(prefix), once=True))
    return sum(count_of(raw) for raw in found if raw)


def append(tx: Writer, prefix: bytes, numbers: array[int], floor: int) -> None:
    """Put ascending numbers that are not in it into a list.

    Args:
        tx: The transaction to write to.
        prefix: Of the list.
        numbers: At least one.
        floor: No number of the list on disk is below this one.
    """
    if numbers[-1] < floor:
        _put(tx, prefix, numbers)
        return
    upto = bisect_left(numbers, floor)
    if upto:
        _put(tx, prefix, numbers[:upto])
        numbers = numbers[upto:]
    name = prefix + INBOX
    raw = tx.get(name)
    if raw:
        numbers = union(decode(raw), numbers)
    if len(numbers) < INBOX_COUNT:
        tx.put(name, encode(numbers))
        return
    _sort_in(tx, prefix, numbers)
    if raw:
        tx.delete(name)


def _sort_in(tx: Writer, prefix: bytes, numbers: array[int]) -> None:
    """Put ascending numbers into the chunks they belong to."""
    at = 0
    while at < len(numbers):
        low = prefix + pack_number(numbers[at])
        found = next(iter(tx.scan(low, after(prefix))), None)
        if found is None:
            # Behind the last chunk: the oldest documents so far.
            first = prefix + pack_number(1)
            found = next(iter(tx.scan(first, low, reverse=True)), None)
            upto = len(numbers)
        else:
            upto = bisect_right(numbers, unpack_number(found[0][-8:]))
        new = numbers[at:upto]
        if found is None:
            _put(tx, prefix, new)
        else:
            key, raw = found
            old = decode(raw)
            is_apart = new[-1] < old[0] or new[0] > old[-1]
            if is_apart and len(old) + len(new) > MAX_COUNT:
                _put(tx, prefix, new)
            else:
                if new[-1] > old[-1]:
                    tx.delete(key)
                _put(tx, prefix, union(old, new))
        at = upto


def _put(tx: Writer, prefix: bytes, numbers: array[int]) -> None:
    if len(numbers) <= MAX_COUNT:
        tx.put(prefix + pack_number(numbers[-1]), encode(numbers))
        return
    parts = -(-len(numbers) // MAX_COUNT)
    size = -(-len(numbers) // parts)
    for at in range(0, len(numbers), size):
        part = numbers[at : at + size]
        tx.put(prefix + pack_number(part[-1]), encode(part))


def remove(tx: Writer, prefix: bytes, number: int) -> bool:
    """Take a number out of a list; return whether it was there."""
    name = prefix + INBOX
    raw = tx.get(name)
    if raw == b"":
        tx.delete(name)  # the first format kept empty ones
    waiting = inbox_numbers(raw)
    if number not in waiting:
        return _take(tx, prefix, number)
    waiting = waiting[:]
    waiting.remove(number)
    if waiting:
        tx.put(name, encode(waiting))
    else:
        tx.delete(name)
    return True


def _take(tx: Writer, prefix: bytes, number: int) -> bool:
    for key, raw in tx.scan(prefix + pack_number(number), after(prefix)):
        numbers = decode(raw)[:]
        at = bisect_left(numbers, number)
        if numbers[at] != number:
            return False
        del numbers[at]
        if not numbers or at == len(numbers):
            tx.delete(key)
        if numbers:
            tx.put(prefix + pack_number(numbers[-1]), encode(numbers))
        return True
    return False


def build(tx: Writer, prefix: bytes, numbers: Sequence[int]) -> None:
    """Write a whole list at once; there must be none under the prefix."""
    for at in range(0, len(numbers), MAX_COUNT):
        part = numbers_of(numbers[at : at + MAX_COUNT])
        tx.put(prefix + pack_number(part[-1]), encode(part))
