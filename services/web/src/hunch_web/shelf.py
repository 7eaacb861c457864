"""Copies of finished pages, at hand in this process and in a drawer that all share.

They serve twice: a page that nothing has changed is sent again without being made
again, and a page whose store is away is sent with its age.
"""

from __future__ import annotations

import collections
import threading

from hunch_web.copy import Copy, Key
from hunch_web.drawer import Drawer

# LIMIT: addresses are made up by anyone; what is kept of them is bounded both ways.
MAX_COPIES = 512
MAX_BYTES = 24 * 1024 * 1024


class Shelf:
    """The copies used last; the others are forgotten.

    A copy outlives its version: it is replaced when its page is made anew, and until
    then it is what there is to show while the store is away.

    Args:
        drawer: Where other workers' copies are found; None for a shelf alone.
    """

    def __init__(
        self,
        drawer: Drawer | None = None,
        *,
        copies: int = MAX_COPIES,
        size_bytes: int = MAX_BYTES,
    ) -> None:
        self._copies: collections.OrderedDict[Key, Copy] = collections.OrderedDict()
        self._drawer = drawer
        self._most = copies
        self._room_bytes = size_bytes
        self._lock = threading.Lock()
        self.size_bytes = 0

    def __len__(self) -> int:
        return len(self._copies)

    def fresh(self, key: Key, tag: str) -> Copy | None:
        """Return the copy of exactly this version, whoever made it."""
        with self._lock:
            copy = self._copies.get(key)
            if copy is not None and copy.tag == tag:
                self._copies.move_to_end(key)
                return copy
        copy = self._drawer.get(key) if self._drawer else None
        if copy is None or copy.tag != tag:
            return None
        self.keep(key, copy)
        return copy

    def latest(self, key: Key) -> Copy | None:
        """Return the newest copy of a page, of whatever age."""
        found = [self._copies.get(key), self._drawer.get(key) if self._drawer else None]
        return max((c for c in found if c), key=lambda c: c.made, default=None)

    def put(self, key: Key, copy: Copy) -> None:
        """Keep a copy in place of an older one, for this worker and the others."""
        self.keep(key, copy)
        if self._drawer is not None:
            self._drawer.put(key, copy)

    def keep(self, key: Key, copy: Copy) -> None:
        """Keep a copy for this worker alone."""
        with self._lock:
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
