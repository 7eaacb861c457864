"""Posting lists from disk that were read lately, whole and as they are stored.

Theory of operation: a reply says how many documents match, so a search reads all chunks
of its words, not only the newest. What is kept is what is committed: whoever writes a
chunk of a list drops the list first, and nothing is kept of what a transaction with
writes of its own reads. So what is kept is never stale, whatever becomes of the writer.

PERF: a posting takes 2 to 3 bytes, so that all tags of a million documents fit. To take
chunks apart again for each search costs a microsecond for a thousand documents; to fetch
them from a sealed segment twenty times as much (2026-11).
"""

from __future__ import annotations

from array import array
from collections import OrderedDict
from dataclasses import dataclass
from struct import unpack
from typing import Final

from .chunk import NONE, count_of, numbers_of
from .keys import after
from .posting import INBOX, Reader, inbox_numbers

LIMIT_BYTES: Final = 32 << 20
LONGEST_BYTES: Final = 4 << 20
"""A longer list (of some two million documents) is read chunk by chunk, as needed."""
_ENTRY_BYTES: Final = 500
_CHUNK_BYTES: Final = 56


@dataclass(slots=True)
class Chunks:
    """A posting list as it is on disk.

    Attributes:
        raws: Its chunks in order.
        lasts: The last number of each.
        inbox: What is in no chunk yet, ascending.
        count: How many documents are in all chunks.
        size_bytes: About how much memory it takes.
    """

    raws: list[bytes]
    lasts: array[int]
    inbox: array[int]
    count: int
    size_bytes: int


class Lists:
    """A bounded map from prefixes of keys to lists, for all indexes of a store.

    The list that was not asked for longest goes first.

    Attributes:
        size_bytes: What it takes now.
    """

    def __init__(self, limit_bytes: int = LIMIT_BYTES) -> None:
        self.size_bytes = 0
        self._limit_bytes = limit_bytes
        self._longest_bytes = min(LONGEST_BYTES, limit_bytes // 4)
        self._known: OrderedDict[bytes, Chunks | None] = OrderedDict()

    def find(self, reader: Reader, prefix: bytes) -> Chunks | None:
        """Return a list; None if it is too long to be had whole."""
        if prefix in self._known:
            self._known.move_to_end(prefix)
            return self._known[prefix]
        found = self._read(reader, prefix)
        if not getattr(reader, "written", False):
            self._known[prefix] = found
            self.size_bytes += _size(found)
            while self.size_bytes > self._limit_bytes:
                self.size_bytes -= _size(self._known.popitem(last=False)[1])
        return found

    def known(self, prefix: bytes) -> Chunks | None:
        """Return a list if it is in memory."""
        return self._known.get(prefix)

    def drop(self, prefix: bytes) -> None:
        """Forget a list that is about to be written."""
        if prefix in self._known:
            self.size_bytes -= _size(self._known.pop(prefix))

    def clear(self) -> None:
        """Forget all lists."""
        self._known.clear()
        self.size_bytes = 0

    def _read(self, reader: Reader, prefix: bytes) -> Chunks | None:
        raws: list[bytes] = []
        ends: list[bytes] = []
        size_bytes = 0
        for key, raw in reader.scan(prefix, after(prefix), once=True):
            raws.append(raw)
            ends.append(key[-8:])
            size_bytes += len(raw) + _CHUNK_BYTES
            if size_bytes > self._longest_bytes:
                return None
        inbox = NONE
        if ends and ends[0] == INBOX:
            inbox = inbox_numbers(raws.pop(0))
            del ends[0]
        lasts = numbers_of(unpack(f">{len(ends)}Q", b"".join(ends)))
        count = sum(map(count_of, raws))
        return Chunks(raws, lasts, inbox, count, size_bytes + _ENTRY_BYTES)


def _size(found: Chunks | None) -> int:
    return _ENTRY_BYTES if found is None else found.size_bytes
