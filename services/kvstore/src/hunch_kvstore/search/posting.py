"""Posting lists: the numbers of the documents that hold a term, in chunks.

Theory of operation

A list is a row of chunks of at most 1024 ascending numbers, each under a key that ends
in its last number, so that "the chunk that may hold n" is the first key >= term + n: a
seek is a scan from there, and a scan over a term is the whole list in order.

New documents are the newest, so they go to the front, and rewriting a front chunk of
1024 numbers for each of a document's words would write 30 times the document. Hence:

* a chunk of fewer than 128 numbers is written again with the new number in it;
* in front of (or between) larger chunks a small one is started;
* a small one that has grown to 128 is merged into its larger neighbour if both fit 1024;
* a number that belongs inside a large chunk splits it there.

So a number is written about 40 times 3 bytes on average, not 1000 times.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Final, Protocol

from .chunk import MAX_COUNT, count_of, decode, encode, first_of
from .keys import after, pack_number, unpack_number

SMALL: Final = 128


class Reader(Protocol):
    """What reading needs of a transaction or an engine."""

    def get(self, key: bytes) -> bytes | None:
        """Return a value or None."""
        ...

    def scan(
        self, start: bytes, stop: bytes | None = None, *, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        """Yield the pairs with start <= key < stop in key order."""
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


def chunks(reader: Reader, prefix: bytes, low: int = 0) -> Iterator[tuple[int, bytes]]:
    """Yield (last number, chunk) of a list, from the chunk that may hold `low` on."""
    for key, raw in reader.scan(prefix + pack_number(low), after(prefix)):
        yield unpack_number(key[-8:]), raw


def chunks_back(
    reader: Reader, prefix: bytes, high: int
) -> Iterator[tuple[int, bytes]]:
    """Yield (last number, chunk) of a list backwards, from where `high` may be.

    The first may begin above `high`; all chunks that can hold numbers <= high come.
    """
    start = prefix + pack_number(high)
    for key, raw in reader.scan(start, after(prefix)):
        yield unpack_number(key[-8:]), raw
        break
    for key, raw in reader.scan(prefix, start, reverse=True):
        yield unpack_number(key[-8:]), raw


def count(reader: Reader, prefix: bytes) -> int:
    """Return how many documents hold the term, from the chunks' heads alone."""
    return sum(count_of(raw) for _, raw in reader.scan(prefix, after(prefix)))


def count_up_to(reader: Reader, prefix: bytes, enough: int) -> int:
    """Return how many documents hold the term, or something >= enough."""
    total = 0
    for _, raw in reader.scan(prefix, after(prefix)):
        total += count_of(raw)
        if total >= enough:
            break
    return total


def add(tx: Writer, prefix: bytes, number: int) -> bool:
    """Put a number into a list; return whether the list is new."""
    name = prefix + pack_number(number)
    stop = after(prefix)
    for key, raw in tx.scan(name, stop):
        if count_of(raw) < SMALL:
            numbers = list(decode(raw))
            at = bisect_left(numbers, number)
            if at == len(numbers) or numbers[at] != number:
                numbers.insert(at, number)
                tx.put(key, encode(numbers))
            return False
        if number < first_of(raw):
            return _add_before(tx, prefix, number, key, raw)
        _split(tx, prefix, number, key, raw)
        return False
    for key, raw in tx.scan(prefix, name, reverse=True):
        # At the very end: the oldest document so far.
        if count_of(raw) < SMALL:
            tx.delete(key)
            tx.put(name, encode([*decode(raw), number]))
            return False
        if count_of(raw) == SMALL:
            _merge_back(tx, prefix, key, raw)
        tx.put(name, encode((number,)))
        return False
    tx.put(name, encode((number,)))
    return True


def _add_before(tx: Writer, prefix: bytes, number: int, key: bytes, raw: bytes) -> bool:
    """Put a number in front of a large chunk, into the small one before it if any."""
    name = prefix + pack_number(number)
    for before, small in tx.scan(prefix, name, reverse=True):
        if count_of(small) >= SMALL:
            break
        tx.delete(before)
        tx.put(name, encode([*decode(small), number]))
        return False
    if count_of(raw) == SMALL:
        # A small chunk has just become full: fill its successor with it.
        _merge(tx, prefix, key, raw)
    tx.put(name, encode((number,)))
    return False


def _merge(tx: Writer, prefix: bytes, key: bytes, raw: bytes) -> None:
    for behind, large in tx.scan(key + b"\0", after(prefix)):
        if count_of(large) + count_of(raw) <= MAX_COUNT:
            tx.delete(key)
            tx.put(behind, encode([*decode(raw), *decode(large)]))
        return


def _merge_back(tx: Writer, prefix: bytes, key: bytes, raw: bytes) -> None:
    for before, large in tx.scan(prefix, key, reverse=True):
        if count_of(large) + count_of(raw) <= MAX_COUNT:
            tx.delete(before)
            tx.put(key, encode([*decode(large), *decode(raw)]))
        return


def _split(tx: Writer, prefix: bytes, number: int, key: bytes, raw: bytes) -> None:
    numbers = list(decode(raw))
    at = bisect_left(numbers, number)
    if numbers[at] == number:
        return
    left, right = numbers[:at], numbers[at:]
    if len(left) < len(right):
        left.append(number)
    else:
        right.insert(0, number)
    tx.put(prefix + pack_number(left[-1]), encode(left))
    tx.put(key, encode(right))


def remove(tx: Writer, prefix: bytes, number: int) -> bool:
    """Take a number out of a list; return whether the list is gone with it."""
    for key, raw in tx.scan(prefix + pack_number(number), after(prefix)):
        numbers = list(decode(raw))
        at = bisect_left(numbers, number)
        if numbers[at] != number:
            return False
        del numbers[at]
        if not numbers:
            tx.delete(key)
            return next(iter(tx.scan(prefix, after(prefix))), None) is None
        if at == len(numbers):
            tx.delete(key)
            tx.put(prefix + pack_number(numbers[-1]), encode(numbers))
        else:
            tx.put(key, encode(numbers))
        return False
    return False


def build(tx: Writer, prefix: bytes, numbers: Sequence[int]) -> None:
    """Write a whole list at once; there must be none under the prefix."""
    for at in range(0, len(numbers), MAX_COUNT):
        part = numbers[at : at + MAX_COUNT]
        tx.put(prefix + pack_number(part[-1]), encode(part))
