"""Building a segment, in a process of its own.

WHY a process of its own: Tokyo Cabinet writes through a memory map, and a full disk is
then a SIGBUS, which kills whoever writes.

The files get names that end in .tmp; whoever ordered them renames them. Before that the
tree has been closed, read back record by record, and synced, since the library does not
report every write that failed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from hunch_kvstore.engine import _frame
from hunch_kvstore.engine._bloom import Bloom
from hunch_kvstore.engine.disk import replace_file, sync_file
from hunch_kvstore.engine.manifest import SegmentEntry
from hunch_kvstore.engine.segment import (
    FENCE_RECORDS,
    VALUE,
    Summary,
    file_crc32c,
    filter_path,
    leaf_records,
    tree_path,
)
from tokyocabinet import BDB, BDBOCREAT, BDBOREADER, BDBOTRUNC, BDBOWRITER, BDBTLARGE

WRITE_LEAVES = 256  # leaves kept in memory while the tree is written in order


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is known of a segment before it is built.

    Attributes:
        folder: Of the store.
        store_id: Of the store.
        serial: Number of the segment's files.
        first_sequence: Of the commits in it.
        last_sequence: Of the commits in it.
        records: How many points there will be at most.
        payload_bytes: How long their keys and values are together at most.
        ranges: Deleted from everything older.
    """

    folder: Path
    store_id: str
    serial: int
    first_sequence: int
    last_sequence: int
    records: int
    payload_bytes: int
    ranges: list[tuple[bytes, bytes | None]]


class BuildError(Exception):
    """The tree does not read back as it was written."""


def build_segment(
    plan: Plan, points: Iterable[tuple[bytes, bytes | None]]
) -> SegmentEntry:
    """Write the files of a segment under their temporary names, durably.

    Args:
        plan: What to build.
        points: In the order of their keys.

    Raises:
        BuildError: If the tree does not read back as it was written.
        tokyocabinet.Error: If the library met an error it reports.
        OSError: If the disk did.
    """
    path = temporary(tree_path(plan.folder, plan.serial))
    counter = Counter(plan.records)
    tree = BDB(mutex=False)  # PERF: with it, a fifth of a seal is yielding
    mean = plan.payload_bytes // max(plan.records, 1) + 1
    leaf = leaf_records(mean)
    # WHY twice: filled in order, the library leaves half a leaf behind at each split.
    leaves = plan.records // leaf + 1
    tree.tune(2 * leaf, 256, 2 * leaves, 4, 0, BDBTLARGE)
    tree.setcache(WRITE_LEAVES, WRITE_LEAVES)
    tree.open(path, BDBOWRITER | BDBOCREAT | BDBOTRUNC)
    tree.put_many(counter.watch(points))
    tree.close()
    check_tree(path, counter)
    sync_file(path)
    entry = SegmentEntry(
        serial=plan.serial,
        first_sequence=plan.first_sequence,
        last_sequence=plan.last_sequence,
        records=counter.records,
        deleted=counter.deleted,
        size_bytes=path.stat().st_size,
        crc32c=file_crc32c(path),
        filter_crc32c=0,
    )
    summary = Summary(
        entry=entry,
        store_id=plan.store_id,
        ranges=plan.ranges,
        first_key=counter.first,
        last_key=counter.last,
        bloom=counter.bloom,
        fences=counter.fences,
    )
    packed = summary.pack()
    replace_file(temporary(filter_path(plan.folder, plan.serial)), packed)
    return replace(entry, filter_crc32c=_frame.crc32c(packed))


def temporary(path: Path) -> Path:
    """Return the name a file has until it is complete."""
    return path.with_name(path.name + ".tmp")


class Counter:
    """Counts points on their way into the tree, and gives them their stored form."""

    def __init__(self, most: int) -> None:
        self.bloom = Bloom(max(most, 1))
        self.records = 0
        self.deleted = 0
        self.crc = 0
        self.first: bytes | None = None
        self.last: bytes | None = None
        self.fences: list[bytes] = []

    def watch(
        self, points: Iterable[tuple[bytes, bytes | None]]
    ) -> Iterator[tuple[bytes, bytes]]:
        """Yield the records of the tree."""
        crc32c, add = _frame.crc32c, self.bloom.add
        crc = records = deleted = 0
        key = None
        for key, value in points:
            if value is None:
                stored = b""
                deleted += 1
            else:
                stored = VALUE + value
            if not records:
                self.first = key
            if not records % FENCE_RECORDS:
                self.fences.append(key)
            records += 1
            crc = crc32c(stored, crc32c(key, crc))
            add(key)
            yield key, stored
        self.last = key
        self.crc, self.records, self.deleted = crc, records, deleted


def check_tree(path: Path, counter: Counter) -> None:
    """Read a tree back and compare it with what went in.

    Raises:
        BuildError: If anything differs.
    """
    crc32c = _frame.crc32c
    crc = records = 0
    tree = BDB(mutex=False)  # PERF: with it, a fifth of a seal is yielding
    tree.setcache(WRITE_LEAVES, WRITE_LEAVES)
    tree.open(path, BDBOREADER)
    try:
        for key, stored in tree.items():
            crc = crc32c(stored, crc32c(key, crc))
            records += 1
    finally:
        tree.close()
    if (records, crc) != (counter.records, counter.crc):
        what = f"{path}: {counter.records} records went in, {records} came back"
        raise BuildError(what)
