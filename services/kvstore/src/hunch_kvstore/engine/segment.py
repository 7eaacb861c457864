"""A sealed segment: a layer on disk, built once and then only read.

Two files: `segment-N.tcb`, a Tokyo Cabinet B+ tree of the points, and
`segment-N.filter` with what is kept in memory: the Bloom filter, the deleted ranges,
the first and last key. Tokyo Cabinet's files carry no checksum, so the manifest keeps
one of each whole file, and it is compared when the store is opened.

A value in the tree has one byte before it, so that an empty one can mean "deleted".
"""

from __future__ import annotations

import json
import struct
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hunch_kvstore.engine import _frame
from hunch_kvstore.engine._bloom import Bloom
from hunch_kvstore.engine._front import Sealed
from hunch_kvstore.engine._layer import RangeSet
from hunch_kvstore.engine.disk import read_in_blocks
from hunch_kvstore.engine.error import StoreDamaged, StoreError
from hunch_kvstore.engine.manifest import REMEDY, SegmentEntry
from hunch_kvstore.engine.option import Options

VALUE = b"\0"
MAGIC = b"HUNCHFLT"
FORMAT = 1
FILTER_HEAD = struct.Struct("<8sII")
FENCE_RECORDS = 256
LEAF_BYTES = 8192  # what a leaf of the tree should hold
LEAST_LEAF, MOST_LEAF = 8, 128  # records of a leaf
INNER_ENTRIES = 100  # an inner page of a tree filled in order has more
FENCES_BELOW = 2  # so many lie below one inner page at least, mostly more


def tree_path(folder: Path, serial: int) -> Path:
    """Return where the tree of segment `serial` lies."""
    return folder / f"segment-{serial:012d}.tcb"


def filter_path(folder: Path, serial: int) -> Path:
    """Return where the filter of segment `serial` lies."""
    return folder / f"segment-{serial:012d}.filter"


def leaf_records(mean_bytes: int) -> int:
    """Return how many records of that mean size a leaf takes."""
    return max(LEAST_LEAF, min(MOST_LEAF, LEAF_BYTES // max(mean_bytes, 1)))


def most_inner_pages(records: int, size_bytes: int) -> int:
    """Return how many inner pages a tree has at most.

    WHY by records and by size: a leaf is full by its count where records are small, by
    its bytes where they are large, and a tree has both.
    """
    mean_bytes = size_bytes // max(records, 1)
    leaves = records // leaf_records(mean_bytes) + size_bytes // LEAF_BYTES
    return leaves // INNER_ENTRIES + 16


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What the filter file says of the tree beside it.

    Attributes:
        entry: As in the manifest; without the checksum of the filter file itself.
        store_id: The store it belongs to.
        ranges: Deleted from everything older.
        first_key: Of the tree; None where it is empty.
        last_key: Of the tree; None where it is empty.
        bloom: Of the keys.
        fences: Every so many keys one (see `FENCE_RECORDS`), for estimates.
    """

    entry: SegmentEntry
    store_id: str
    ranges: list[tuple[bytes, bytes | None]]
    first_key: bytes | None
    last_key: bytes | None
    bloom: Bloom
    fences: list[bytes]

    def pack(self) -> bytes:
        """Return the bytes of the filter file."""
        said = {
            "entry": asdict(self.entry),
            "store_id": self.store_id,
            "ranges": [[start.hex(), to_hex(stop)] for start, stop in self.ranges],
            "first_key": to_hex(self.first_key),
            "last_key": to_hex(self.last_key),
            "fences": [key.hex() for key in self.fences],
        }
        text = json.dumps(said).encode()
        body = FILTER_HEAD.pack(MAGIC, FORMAT, len(text)) + text + bytes(self.bloom)
        return body + struct.pack("<I", _frame.crc32c(body))


def to_hex(key: bytes | None) -> str | None:
    """Return a key as JSON can carry it."""
    return None if key is None else key.hex()


def from_hex(text: str | None) -> bytes | None:
    """Return the key that `to_hex` made into text."""
    return None if text is None else bytes.fromhex(text)


def read_summary(path: Path) -> Summary:
    """Read a filter file.

    Raises:
        StoreDamaged: If it does not hold.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise StoreDamaged(path, None, "the file is missing", REMEDY) from error
    if len(data) < FILTER_HEAD.size + 4 or data[:8] != MAGIC:
        raise StoreDamaged(path, 0, "this is no filter file", REMEDY)
    body, crc = data[:-4], int.from_bytes(data[-4:], "little")
    if crc != _frame.crc32c(body):
        raise StoreDamaged(path, None, "its checksum does not hold", REMEDY)
    _, version, length = FILTER_HEAD.unpack_from(body)
    if version != FORMAT:
        what = f"it has format {version}, this program reads {FORMAT}"
        raise StoreDamaged(path, 8, what, "Use the program that wrote it")
    text = body[FILTER_HEAD.size : FILTER_HEAD.size + length]
    said: dict[str, Any] = json.loads(text)
    ranges = [(bytes.fromhex(start), from_hex(stop)) for start, stop in said["ranges"]]
    return Summary(
        entry=SegmentEntry(**said["entry"]),
        store_id=said["store_id"],
        ranges=ranges,
        first_key=from_hex(said["first_key"]),
        last_key=from_hex(said["last_key"]),
        bloom=Bloom(body[FILTER_HEAD.size + length :]),
        fences=[bytes.fromhex(text) for text in said.get("fences", [])],
    )


class Segment(Sealed):
    """An open segment; a layer like the memory table, but it never changes.

    Attributes:
        entry: What the manifest says of it.
        ranges: What it deletes from everything older.
    """

    def __init__(
        self,
        folder: Path,
        entry: SegmentEntry,
        cache_bytes: int,
        *,
        verify: bool = False,
        is_known: bool = False,
    ) -> None:
        """Open the files of a segment.

        The library must not see a damaged tree. One that is neither compared with its
        checksum nor known to be sound is walked from end to end first, through a map of
        the whole file, which counts as memory of this process meanwhile.

        Args:
            folder: Of the store.
            entry: What the manifest says of it.
            cache_bytes: Memory for leaves of the tree.
            verify: Compare the tree with its checksum.
            is_known: The tree was just built and read back, and its checksum made.

        Raises:
            StoreDamaged: If they are missing or not what the manifest says.
        """
        from tokyocabinet import (  # an empty store needs none
            BDB,
            BDBONOLCK,
            BDBOREADER,
            Error,
            ThreadError,
        )

        self.entry = entry
        self.path = tree_path(folder, entry.serial)
        summary = read_summary(filter_path(folder, entry.serial))
        if summary.entry.crc32c != entry.crc32c:
            raise StoreDamaged(self.path, None, "its filter is of another tree", REMEDY)
        self.ranges = RangeSet()
        for start, stop in summary.ranges:
            self.ranges.add(start, stop)
        self._first = summary.first_key
        self._last = summary.last_key
        self._bloom = summary.bloom
        self._fences = summary.fences
        self.memory_bytes = len(summary.bloom)
        try:
            size = self.path.stat().st_size
        except FileNotFoundError as error:
            what = "the file is missing"
            raise StoreDamaged(self.path, None, what, REMEDY) from error
        if size != entry.size_bytes:
            what = f"it has {size} bytes, not {entry.size_bytes}"
            raise StoreDamaged(self.path, None, what, REMEDY)
        if verify:
            self.verify()
        # SAFETY: one thread owns the handle, so the library's lock is not needed.
        self._tree = BDB(mutex=False, verify=not (verify or is_known))
        # A leaf takes half as much again in memory; long values make long leaves.
        mean = entry.size_bytes // max(entry.records, 1)
        leaves = cache_bytes // max(LEAF_BYTES * 3 // 2, 2 * mean)
        # All inner pages: without them a look-up cannot say which leaf to read. PERF: with
        # room for three quarters of them, a fifth of all look-ups took 40 us (2026-11).
        inner = most_inner_pages(entry.records, entry.size_bytes)
        self._tree.setcache(leaves, max(inner, leaves // 8))
        try:
            # WHY NOLCK: fcntl locks are dropped when anything else in the process, a
            # backup say, closes the file. Nobody writes to it any more.
            self._tree.open(self.path, BDBOREADER | BDBONOLCK)
        except ThreadError as error:
            what = f"{self.path} is open in this process already"
            raise StoreError(what) from error
        except Error as error:
            what = f"it does not open ({error})"
            raise StoreDamaged(self.path, None, what, REMEDY) from error
        self._warm()

    def _warm(self) -> None:
        """Bring all inner pages into memory.

        PERF: the first look-up below each of them read it and took it apart, and its
        leaf as well: 50 us and not 5, which the searches after each merge paid for.
        """
        for key in self._fences[::FENCES_BELOW]:
            try:
                self._tree.get_uncached(key, None)
            except Exception:  # noqa: BLE001 - who asks for what is damaged hears of it
                return

    def scan(
        self, start: bytes, stop: bytes | None, *, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes | None]]:
        """Yield the points in [start, stop) in order, deleted ones included."""
        for key, stored in self.records(start, stop, reverse):
            yield key, stored[1:] if stored else None

    def records(
        self, start: bytes, stop: bytes | None, reverse: bool, once: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        """Return the records of the tree in [start, stop), as they are stored.

        Args:
            start: The first key.
            stop: The key after the last; None is the end of the keyspace.
            reverse: From the last key to the first.
            once: Leave the leaves where they are: nobody will soon ask for them again.
        """
        if self._first is None or self._last is None:
            return iter(())
        if start > self._last or (stop is not None and stop <= self._first):
            return iter(())
        if once and not reverse:
            return self._tree.items_uncached(start, stop)
        return iter(self._tree.items(start, stop, reverse=reverse))

    def unreadable(self, error: Exception) -> StoreDamaged:
        """Return the engine's error for a read that failed."""
        return StoreDamaged(self.path, None, f"it cannot be read ({error})", REMEDY)

    def records_in(self, start: bytes, stop: bytes | None) -> int:
        """Return about how many records lie in [start, stop)."""
        first = bisect_left(self._fences, start)
        last = len(self._fences) if stop is None else bisect_left(self._fences, stop)
        return max(0, last - first) * FENCE_RECORDS

    def close(self) -> None:
        """Close the tree; scans that still run end with an error."""
        self._tree.close()

    def verify(self) -> None:
        """Compare the tree with its checksum.

        Raises:
            StoreDamaged: If it is not what was sealed.
        """
        crc = file_crc32c(self.path)
        if crc != self.entry.crc32c:
            raise StoreDamaged(self.path, None, "its checksum does not hold", REMEDY)


def file_crc32c(path: Path) -> int:
    """Return the CRC32C of a whole file."""
    crc = 0

    def add(block: memoryview) -> None:
        nonlocal crc
        crc = _frame.crc32c(block, crc)

    read_in_blocks(path, add)
    return crc


def open_segments(
    folder: Path, entries: Sequence[SegmentEntry], options: Options
) -> list[Segment]:
    """Open the segments of a store, newest first, and verify them if so wished.

    Raises:
        StoreDamaged: If one of them does not hold.
    """
    total = sum(entry.size_bytes for entry in entries) or 1
    segments: list[Segment] = []
    try:
        for entry in entries:
            share = options.cache_bytes * entry.size_bytes // total
            segment = Segment(folder, entry, share, verify=options.verify)
            segments.append(segment)
    except BaseException:
        close_segments(segments)
        raise
    return segments


def close_segments(segments: Sequence[Segment]) -> None:
    """Close segments; they may then be opened again."""
    for segment in segments:
        segment.close()
