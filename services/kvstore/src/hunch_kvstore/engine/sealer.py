"""The child process that seals and merges: `python -m hunch_kvstore.engine.sealer`.

It reads a job as one JSON line from its standard input, writes the files of one segment
under temporary names, and says on its standard output what it made: the manifest's
entry, or null where nothing was left. Anything else is a failure, and nothing counts.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hunch_kvstore.engine import _merge as merge
from hunch_kvstore.engine._layer import ENTRY_BYTES, Layer, RangeSet
from hunch_kvstore.engine.log import log_path
from hunch_kvstore.engine.manifest import SegmentEntry
from hunch_kvstore.engine.replay import replay
from hunch_kvstore.engine.segment import Segment, from_hex
from hunch_kvstore.engine.segment_build import Plan, build_segment

PR_SET_PDEATHSIG = 1
CACHE_BYTES = 1 << 20  # of each segment that is read in order

Points = Iterator[tuple[bytes, bytes | None]]
Drop = Callable[[bytes, bytes], bool]


def main() -> int:
    """Do one job."""
    job: dict[str, Any] = json.loads(sys.stdin.readline())
    follow_parent(job["parent"])
    os.nice(job["nice"])
    entry = seal(job) if job["kind"] == "seal" else merge_segments(job)
    print(json.dumps(None if entry is None else asdict(entry)))
    return 0


def follow_parent(parent: int) -> None:
    """End with the parent: its successor may already own the folder."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit("the parent is gone")


def seal(job: dict[str, Any]) -> SegmentEntry | None:
    """Make a segment of frozen log files."""
    folder = Path(job["folder"])
    bottom: bool = job["bottom"]
    layer = Layer()
    paths = [log_path(folder, serial) for serial in job["logs"]]
    sequence = job["after"]
    owner = bytes.fromhex(job["store_id"])
    for found, points, ranges in replay(paths, owner, job["after"]):
        layer.apply(points, ranges, remember=False)
        sequence = found
    if sequence != job["until"]:
        sys.exit(f"the log ends at {sequence}, not at {job['until']}")
    alive = layer.scan(b"", None)
    kept = [(bytes.fromhex(start), from_hex(stop)) for start, stop in job["ranges"]]
    if bottom:
        kept = []
        alive = (point for point in alive if point[1] is not None)
    first = next(alive, None)
    if first is None and not kept:
        return None
    count = len(layer.points)
    plan = Plan(
        folder=folder,
        store_id=job["store_id"],
        serial=job["serial"],
        first_sequence=job["after"] + 1,
        last_sequence=sequence,
        records=count,
        payload_bytes=layer.size_bytes - ENTRY_BYTES * count,
        ranges=kept,
    )
    return build_segment(plan, chain(first, alive))


def merge_segments(job: dict[str, Any]) -> SegmentEntry | None:
    """Make one segment of several neighbours."""
    folder = Path(job["folder"])
    bottom: bool = job["bottom"]
    inputs = [open_segment(folder, entry) for entry in job["segments"]]
    for segment in inputs:
        segment.verify()  # never give rotten data a new checksum
    points = merge.scan_all(inputs, b"", None)
    if job["garbage"] is not None:
        # WHY: the library opens a path only once in a process.
        opened = {segment.entry.serial: segment for segment in inputs}
        everything = [
            opened.get(entry["serial"]) or open_segment(folder, entry)
            for entry in job["all"]
        ]
        drop = load(job["garbage"])(lambda key: merge.find(everything, key))
        points = without_garbage(points, drop)
    if bottom:
        points = (point for point in points if point[1] is not None)
    ranges = RangeSet()
    if not bottom:
        for segment in inputs:
            for start, stop in segment.ranges:
                ranges.add(start, stop)
    first = next(points, None)
    if first is None and not ranges:
        return None
    plan = Plan(
        folder=folder,
        store_id=job["store_id"],
        serial=job["serial"],
        first_sequence=min(segment.entry.first_sequence for segment in inputs),
        last_sequence=max(segment.entry.last_sequence for segment in inputs),
        records=sum(segment.entry.records for segment in inputs),
        payload_bytes=sum(segment.entry.size_bytes for segment in inputs),
        ranges=list(ranges),
    )
    return build_segment(plan, chain(first, points))


def open_segment(folder: Path, entry: dict[str, int]) -> Segment:
    """Open a segment of the job."""
    return Segment(folder, SegmentEntry(**entry), CACHE_BYTES)


def chain(first: tuple[bytes, bytes | None] | None, rest: Points) -> Points:
    """Yield `first`, if any, and the rest."""
    if first is not None:
        yield first
        yield from rest


def without_garbage(points: Points, drop: Drop) -> Points:
    """Turn what the keyspace no longer needs into deleted points."""
    for key, value in points:
        if value is not None and drop(key, value):
            yield key, None
        else:
            yield key, value


def load(name: str) -> Callable[[Callable[[bytes], bytes | None]], Drop]:
    """Return the function that "module:function" names."""
    module, _, function = name.partition(":")
    found: Callable[[Callable[[bytes], bytes | None]], Drop] = getattr(
        importlib.import_module(module), function
    )
    return found


if __name__ == "__main__":
    sys.exit(main())
