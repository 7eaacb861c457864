"""Copies of finished pages, kept in this process.

They serve twice: a page that nothing has changed is sent again without being made
again, and a page whose store is away is sent with its age.
"""

from __future__ import annotations

import collections
import dataclasses
import gzip

# LIMIT: addresses are made up by anyone; what is kept of them is bounded both ways.
MAX_COPIES = 512
MAX_BYTES = 24 * 1024 * 1024

Key = tuple[str, str, str]


@dataclasses.dataclass(frozen=True, slots=True)
class Copy:
    """A finished page.

    Attributes:
        tag: The version of the page, without format and quotes; empty if it has none.
        made: Monotonic seconds.
        packed: The body compressed by gzip; empty until someone asked twice.
    """

    tag: str
    content_type: str
    body: bytes
    made: float
    packed: bytes = b""

    @property
    def size_bytes(self) -> int:
        """What it takes up."""
        return len(self.body) + len(self.packed)

    def with_packed(self) -> Copy:
        """Return the copy with its compressed form, made once for all who ask again."""
        return dataclasses.replace(self, packed=gzip.compress(self.body, 6, mtime=0))


class Shelf:
    """The copies used last; the others are forgotten.

    A copy outlives its version: it is replaced when its page is made anew, and until
    then it is what there is to show while the store is away.
    """

    def __init__(self, copies: int = MAX_COPIES, size_bytes: int = MAX_BYTES) -> None:
        self._copies: collections.OrderedDict[Key, Copy] = collections.OrderedDict()
        self._most = copies
        self._room_bytes = size_bytes
        self.size_bytes = 0

    def __len__(self) -> int:
        return len(self._copies)

    def get(self, key: Key) -> Copy | None:
        """Return the copy of a page, of whatever age."""
        copy = self._copies.get(key)
        if copy is not None:
            self._copies.move_to_end(key)
        return copy

    def put(self, key: Key, copy: Copy) -> None:
        """Keep a copy in place of an older one."""
        self._drop(key)
        if copy.size_bytes > self._room_bytes // 8:
            return
        self._copies[key] = copy
        self.size_bytes += copy.size_bytes
        while len(self._copies) > self._most or self.size_bytes > self._room_bytes:
            self._drop(next(iter(self._copies)))

    def _drop(self, key: Key) -> None:
        old = self._copies.pop(key, None)
        if old is not None:
            self.size_bytes -= old.size_bytes
