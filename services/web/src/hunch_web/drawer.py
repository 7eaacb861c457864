"""Copies of finished pages that all workers of a site share, in files.

A worker that never made a page can show the copy of one that did; without it, a reader
would meet a 503 or a stale page by chance of which worker answers. Each page has
one of a fixed number of places, found by the hash of its key, so that what is kept is
bounded without anyone cleaning up: a page pushes out the one that was there.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import pathlib
import zlib

from hunch_web.copy import Copy, Key
from hunch_web.scratch import own_folder

log = logging.getLogger("hunch_web.drawer")

PLACES = 2048
# LIMIT: a page is 20 to 200 KB and packs to a fifth; what is larger is not kept.
MAX_BYTES = 256 * 1024


class Drawer:
    """The copies in one folder.

    Args:
        folder: Where they lie; None makes one that goes with the process.
    """

    def __init__(
        self, folder: pathlib.Path | None = None, places: int = PLACES
    ) -> None:
        self._folder = folder or own_folder("copies")
        self._folder.mkdir(parents=True, exist_ok=True)
        self._places = places
        self._is_full = False

    def get(self, key: Key) -> Copy | None:
        """Return the copy of a page, of whatever age."""
        try:
            head, _, packed = self._place(key).read_bytes().partition(b"\n")
            *found, tag, content_type, made = json.loads(head)
            if tuple(found) != key:
                return None
            return Copy(tag, content_type, zlib.decompress(packed), made)
        except (OSError, ValueError, zlib.error):
            return None

    def put(self, key: Key, copy: Copy) -> None:
        """Keep a copy; a full disk is no reason to fail a page."""
        head = json.dumps([*key, copy.tag, copy.content_type, copy.made]).encode()
        # PERF: level 1 packs 43 KB in 0.4 ms to a fifth; 6 takes four times as long.
        raw = head + b"\n" + zlib.compress(copy.body, 1)
        if len(raw) > MAX_BYTES:
            return
        place = self._place(key)
        fresh = place.with_suffix(f".{os.getpid()}")
        try:
            fresh.write_bytes(raw)
            # WHY rename: another worker reads at any moment, and must see one or the
            # other copy, never half of one.
            fresh.replace(place)
            self._is_full = False
        except OSError as error:
            if not self._is_full:
                log.warning("copies cannot be kept in %s: %s", self._folder, error)
            self._is_full = True

    def _place(self, key: Key) -> pathlib.Path:
        digest = hashlib.blake2b("\0".join(key).encode(), digest_size=8).digest()
        return self._folder / f"{int.from_bytes(digest) % self._places:04}"
