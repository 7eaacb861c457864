"""Posting lists: the numbers of the documents that hold a term.

Theory of operation

A list is an inbox and a row of chunks. Chunks hold at most 1024 ascending numbers, each
under a key that ends in its last number, so that "the chunk that may hold n" is the first
key >= term + n: a seek is a scan from there, and a scan over a term is the list in order.

New documents are the newest, so they go to the front, and rewriting a front chunk of
1024 numbers for each of a document's words would write 30 times the document. So a
number goes into the inbox first: a chunk of up to 32 numbers under the term with the
number 0 (no document has it). Putting one there is a get and a put. A full inbox is
merged into the chunks: one or two of them if the documents are new, one per number at
worst. So an addition writes about 110 bytes on average.

An inbox stays when it is empty, so a term without one is a term without a list.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Protocol

from .chunk import (
    MAX_COUNT,
    NONE,
    count_of,
    decode,
    encode,
    numbers_of,
    union,
    with_number,
)
from .keys import after, pack_number, unpack_number

INBOX: Final = pack_number(0)
INBOX_COUNT: Final = 32


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


def inbox_numbers(raw: bytes) -> array[int]:
    """Return the numbers of an inbox, ascending."""
    return decode(raw) if raw else NONE


def chunks(reader: Reader, prefix: bytes, low: int = 0) -> Iterator[tuple[int, bytes]]:
    """Yield (last number, chunk) of a list, from the chunk that may hold `low` on."""
    for key, raw in reader.scan(prefix + pack_number(low or 1), after(prefix)):
        yield unpack_number(key[-8:]), raw


def count(reader: Reader, prefix: bytes) -> int:
    """Return how many documents hold the term, from the chunks' heads alone."""
    found = (raw for _, raw in reader.scan(prefix, after(prefix)))
    return sum(count_of(raw) for raw in found if raw)


def add(tx: Writer, prefix: bytes, number: int) -> bool:
    """Put a number that is not in it into a list; return whether the list is new."""
    return bool(add_to_all(tx, (prefix,), number))


def add_to_all(tx: Writer, prefixes: Iterable[bytes], number: int) -> int:
    """Put a number into lists that do not have it; return how many of them are new.

    PERF: this is the loop of indexing, a get and a put per word: 2.5 µs (2026-11).
    """
    get, put = tx.get, tx.put
    alone = encode(numbers_of((number,)))
    fresh = 0
    for prefix in prefixes:
        name = prefix + INBOX
        raw = get(name)
        if not raw:
            put(name, alone)
            fresh += raw is None
            continue
        raw = with_number(raw, number)
        if count_of(raw) < INBOX_COUNT:
            put(name, raw)
        else:
            _sort_in(tx, prefix, decode(raw))
            put(name, b"")
    return fresh


def _sort_in(tx: Writer, prefix: bytes, numbers: array[int]) -> None:
    """Put ascending numbers into the chunks they belong to."""
    at = 0
    while at < len(numbers):
        low = prefix + pack_number(numbers[at])
        found = next(iter(tx.scan(low, after(prefix))), None)
        if found is None:
            # Behind the last chunk: the oldest documents so far.
            found = next(
                iter(tx.scan(prefix + pack_number(1), low, reverse=True)), None
            )
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
    parts = -(-len(numbers) // MAX_COUNT)
    size = -(-len(numbers) // parts)
    for at in range(0, len(numbers), size):
        part = numbers[at : at + size]
        tx.put(prefix + pack_number(part[-1]), encode(part))


def remove(tx: Writer, prefix: bytes, number: int) -> bool:
    """Take a number out of a list; return whether the list is gone with it."""
    name = prefix + INBOX
    inbox = tx.get(name)
    if inbox is None:
        return False
    waiting = inbox_numbers(inbox)
    if number in waiting:
        waiting = waiting[:]
        waiting.remove(number)
        tx.put(name, encode(waiting) if waiting else b"")
    elif not _take(tx, prefix, number):
        return False
    if waiting or next(chunks(tx, prefix), None) is not None:
        return False
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
    if 0 < len(numbers) < INBOX_COUNT:
        tx.put(prefix + INBOX, encode(numbers_of(numbers)))
        return
    tx.put(prefix + INBOX, b"")
    for at in range(0, len(numbers), MAX_COUNT):
        part = numbers_of(numbers[at : at + MAX_COUNT])
        tx.put(prefix + pack_number(part[-1]), encode(part))
