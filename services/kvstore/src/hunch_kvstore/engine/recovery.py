"""Opening a folder: the last manifest, the segments it names, the log after them."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path

from hunch_kvstore.engine._layer import Layer
from hunch_kvstore.engine.disk import sync_file, sync_folder
from hunch_kvstore.engine.error import StoreDamaged
from hunch_kvstore.engine.log import log_path
from hunch_kvstore.engine.manifest import (
    NAME,
    REMEDY,
    Manifest,
    read_manifest,
)
from hunch_kvstore.engine.option import Options
from hunch_kvstore.engine.replay import LogFile, replay
from hunch_kvstore.engine.segment import Segment, close_segments, open_segments

RESTORING = "RESTORING"  # there while a restore is under way
FILE_NAME = re.compile(r"(log|segment)-(\d{12})\.(log|tcb|filter)(\.tmp)*")


@dataclass
class Recovered:
    """What a folder holds.

    Attributes:
        manifest: With `next_serial` beyond every file there.
        segments: Open, from newest to oldest.
        layer: What the logs add to them.
        logs: Numbers of the log files it came from.
        sequence: Of the newest commit.
        commits: How many were replayed.
    """

    manifest: Manifest
    segments: list[Segment]
    layer: Layer
    logs: list[int]
    sequence: int
    commits: int


def recover(folder: Path, options: Options) -> Recovered:
    """Read a store, or make an empty one. The caller holds the lock.

    Raises:
        StoreDamaged: If something that was durable does not hold any more.
    """
    if (folder / RESTORING).exists():
        what = "a restore was cut off"
        raise StoreDamaged(folder, None, what, "Run `hunch-kvstore restore` again")
    manifest = read_manifest(folder)
    files = list_files(folder)
    if manifest is None:
        if files:
            raise StoreDamaged(folder / NAME, None, "there is none", REMEDY)
        manifest = Manifest()
        manifest.write(folder)
    sweep(files, manifest)
    last = max((serial for _, serial, _ in files), default=0)
    manifest = replace(manifest, next_serial=max(manifest.next_serial, last + 1))
    logs = log_serials(folder, manifest)
    segments = open_segments(folder, manifest.segments, options)
    try:
        layer, sequence, commits = read_logs(folder, manifest, logs, bool(segments))
    except BaseException:
        close_segments(segments)
        raise
    return Recovered(manifest, segments, layer, logs, sequence, commits)


def read_logs(
    folder: Path, manifest: Manifest, logs: list[int], remember: bool
) -> tuple[Layer, int, int]:
    """Return the layer the logs make, their last sequence and how many commits.

    Log files that turn out to be empty are removed, from `logs` too.

    Raises:
        StoreDamaged: If they do not hold.
    """
    layer = Layer()
    sequence = manifest.sealed_sequence
    commits = 0
    paths = [log_path(folder, serial) for serial in logs]
    seen: list[LogFile] = []
    for found, points, ranges in replay(paths, manifest.owner, sequence, seen):
        layer.apply(points, ranges, remember=remember)
        commits += 1
        sequence = found
    for serial, log in zip(logs.copy(), seen, strict=True):
        if tidy(log):
            logs.remove(serial)
    sync_folder(folder)
    return layer, sequence, commits


def tidy(log: LogFile) -> bool:
    """Make a replayed log durable; True if it was empty and is gone.

    WHY sync: what was read may be in the page cache only, after a crash of the process
    alone; from now on it counts as synced. The room allocated ahead is given back.
    """
    if not log.frames and not log.torn:
        log.path.unlink()
        return True
    if not log.torn and log.path.stat().st_size > log.end:
        os.truncate(log.path, log.end)
    sync_file(log.path)
    return False


def list_files(folder: Path) -> list[tuple[Path, int, str]]:
    """Return (path, serial, suffix) of the engine's numbered files."""
    found = []
    for path in folder.iterdir():
        match = FILE_NAME.fullmatch(path.name)
        if match:
            suffix = path.name.partition(".")[2]
            found.append((path, int(match[2]), suffix))
    return found


def log_serials(folder: Path, manifest: Manifest) -> list[int]:
    """Return the numbers of the log files that count, in order."""
    return sorted(
        serial
        for _, serial, suffix in list_files(folder)
        if suffix == "log" and serial >= manifest.first_log
    )


def sweep(files: list[tuple[Path, int, str]], manifest: Manifest) -> None:
    """Remove what a crash left behind and the manifest does not name."""
    named = {entry.serial for entry in manifest.segments}
    for path, serial, suffix in files:
        if suffix == "log":
            stale = serial < manifest.first_log
        else:
            stale = suffix.endswith(".tmp") or serial not in named
        if stale:
            path.unlink()
