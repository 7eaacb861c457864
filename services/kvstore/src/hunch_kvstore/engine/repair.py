"""Getting a damaged store going again, with what still holds.

Nothing is thrown away: what does not hold is moved to the folder `damaged` inside the
store. A repair may lose data, and says what; a backup loses less if it is recent.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hunch_kvstore.engine import _frame
from hunch_kvstore.engine.check import check_segment
from hunch_kvstore.engine.disk import replace_file, sync_folder
from hunch_kvstore.engine.error import StoreDamaged
from hunch_kvstore.engine.lock import FolderLock
from hunch_kvstore.engine.log import log_path
from hunch_kvstore.engine.manifest import (
    NAME,
    Manifest,
    SegmentEntry,
    read_manifest,
)
from hunch_kvstore.engine.recovery import list_files, log_serials
from hunch_kvstore.engine.replay import LogFile, read_log
from hunch_kvstore.engine.report import Report
from hunch_kvstore.engine.segment import filter_path, read_summary, tree_path

ASIDE = "damaged"


def repair(folder: Path) -> Report:
    """Make the store in `folder` open again.

    Returns:
        What was found (problems) and what was done about it (notes).

    Raises:
        StoreLocked: If a server runs there.
    """
    report = Report(folder)
    lock = FolderLock(folder)
    try:
        manifest = mend_manifest(folder, report)
        manifest = mend_segments(folder, manifest, report)
        mend_logs(folder, manifest, report)
    finally:
        lock.release()
    return report


def set_aside(path: Path, report: Report) -> None:
    """Move a file out of the store's sight."""
    if not path.exists():
        return
    aside = path.parent / ASIDE
    aside.mkdir(exist_ok=True)
    place = aside / path.name
    number = 1
    while place.exists():
        place = aside / f"{path.name}.{number}"
        number += 1
    path.replace(place)
    sync_folder(aside)
    sync_folder(path.parent)
    report.notes.append(f"moved {path} to {place}")


def mend_manifest(folder: Path, report: Report) -> Manifest:
    """Return the manifest, put together anew from the segments if it does not hold."""
    try:
        manifest = read_manifest(folder)
    except StoreDamaged as error:
        report.add(error)
        set_aside(folder / NAME, report)
        manifest = None
    if manifest is not None:
        return manifest
    manifest = rebuild_manifest(folder, report)
    manifest.write(folder)
    count = len(manifest.segments)
    report.notes.append(f"put the manifest together anew: {count} segments")
    return manifest


def rebuild_manifest(folder: Path, report: Report) -> Manifest:
    """Find out from the files which segments made up the store."""
    found: list[SegmentEntry] = []
    store_id = Manifest().store_id
    last = 0
    for path, serial, suffix in list_files(folder):
        last = max(last, serial)
        if suffix != "filter":
            continue
        try:
            summary = read_summary(path)
        except StoreDamaged as error:
            report.add(error)
            continue
        store_id = summary.store_id
        crc = _frame.crc32c(path.read_bytes())
        found.append(replace(summary.entry, filter_crc32c=crc))
    # A merged segment spans the sequences of those it replaced; the widest one counts.
    found.sort(key=lambda entry: (-entry.last_sequence, entry.first_sequence))
    kept: list[SegmentEntry] = []
    oldest = 0
    for entry in found:
        if kept and entry.first_sequence >= oldest:
            continue  # inside one that was taken already
        kept.append(entry)
        oldest = entry.first_sequence
    sealed = max((entry.last_sequence for entry in kept), default=0)
    first_log, owner = first_open_log(folder, sealed)
    return Manifest(
        store_id=owner or store_id,
        next_serial=last + 1,
        first_log=first_log or last + 1,
        sealed_sequence=sealed,
        segments=tuple(kept),
    )


def first_open_log(folder: Path, sealed: int) -> tuple[int, str]:
    """Return the first log file with commits after `sealed`, and whose it is."""
    for path, serial, suffix in sorted(list_files(folder)):
        if suffix != "log":
            continue
        data = path.read_bytes()
        try:
            if read_log(path, None, sealed).frames:
                return serial, data[16:32].hex()
        except StoreDamaged:
            continue
    return 0, ""


def mend_segments(folder: Path, manifest: Manifest, report: Report) -> Manifest:
    """Drop the segments that do not hold."""
    kept = []
    for entry in manifest.segments:
        try:
            check_segment(folder, entry)
        except StoreDamaged as error:
            report.add(error)
            report.notes.append(
                f"dropped segment {entry.serial} with {entry.records} records of the "
                f"commits {entry.first_sequence} to {entry.last_sequence}; "
                "older values of the same keys show again"
            )
        else:
            kept.append(entry)
            report.records += entry.records
            report.size_bytes += entry.size_bytes
    if len(kept) != len(manifest.segments):
        gone = set(manifest.segments) - set(kept)
        manifest = replace(manifest, segments=tuple(kept))
        manifest.write(folder)
        for entry in gone:
            set_aside(tree_path(folder, entry.serial), report)
            set_aside(filter_path(folder, entry.serial), report)
    report.segments = len(kept)
    report.sequence = manifest.sealed_sequence
    return manifest


def mend_logs(folder: Path, manifest: Manifest, report: Report) -> None:
    """Keep the longest prefix of the logs and set aside what follows damage."""
    broken = False
    for serial in log_serials(folder, manifest):
        path = log_path(folder, serial)
        if broken:
            set_aside(path, report)
            continue
        try:
            log = read_log(path, manifest.owner, report.sequence)
        except StoreDamaged as error:
            report.add(error)
            set_aside(path, report)
            broken = True
            continue
        report.sequence += len(log.frames)
        report.records += len(log.frames)
        if log.marked > report.sequence:
            broken = True
            keep_prefix(path, log, report)


def keep_prefix(path: Path, log: LogFile, report: Report) -> None:
    """Cut a log before its damage; the whole file is set aside."""
    what = f"commit {report.sequence + 1} was durable and does not hold any more"
    error = StoreDamaged(path, log.end, what, "It is dropped with all that follow")
    report.add(error)
    prefix = log.data[: log.end]
    set_aside(path, report)
    if log.frames:
        replace_file(path, prefix)
    report.notes.append(f"kept the commits up to {report.sequence}")
