"""Reading a whole store to see whether it holds what it should.

Works on the folder of a running server too, since no file it reads is ever changed in
place. A file that was merged away meanwhile makes the check begin anew.
"""

from __future__ import annotations

from pathlib import Path

from hunch_kvstore.engine import _frame
from hunch_kvstore.engine.error import StoreDamaged
from hunch_kvstore.engine.log import log_path
from hunch_kvstore.engine.manifest import (
    NAME,
    REMEDY,
    Manifest,
    SegmentEntry,
    read_manifest,
)
from hunch_kvstore.engine.recovery import log_serials
from hunch_kvstore.engine.replay import replay
from hunch_kvstore.engine.report import Report
from hunch_kvstore.engine.segment import (
    Segment,
    file_crc32c,
    filter_path,
    read_summary,
    tree_path,
)

ATTEMPTS = 8
CACHE_BYTES = 4 << 20


def check(folder: Path) -> Report:
    """Read everything in `folder` and compare it with its checksums.

    Call it from a process that has not opened the store: the library opens a file only
    once in each.
    """
    report = Report(folder)
    before: Manifest | None = None
    for _ in range(ATTEMPTS):
        report = Report(folder)
        try:
            manifest = read_manifest(folder)
        except StoreDamaged as error:
            report.add(error)
            return report
        if manifest is None:
            report.add(StoreDamaged(folder / NAME, None, "there is none", REMEDY))
            return report
        check_segments(folder, manifest, report)
        check_logs(folder, manifest, report)
        # Damage that goes away with a newer manifest, or with a second look at a log
        # that is being written, was none.
        if report.ok or manifest == before:
            break
        before = manifest
    return report


def check_segments(folder: Path, manifest: Manifest, report: Report) -> None:
    """Check every segment the manifest names."""
    for entry in manifest.segments:
        try:
            check_segment(folder, entry)
        except StoreDamaged as error:
            report.add(error)
        report.segments += 1
        report.records += entry.records
        report.size_bytes += entry.size_bytes


def check_segment(folder: Path, entry: SegmentEntry) -> None:
    """Check one segment: checksums, then each record, its order and the filter.

    Raises:
        StoreDamaged: At the first thing that is not as it should be.
    """
    path = tree_path(folder, entry.serial)
    summary_path = filter_path(folder, entry.serial)
    summary = read_summary(summary_path)
    if _frame.crc32c(summary_path.read_bytes()) != entry.filter_crc32c:
        what = "it is not the one the manifest names"
        raise StoreDamaged(summary_path, None, what, REMEDY)
    try:
        crc = file_crc32c(path)
    except FileNotFoundError as error:
        raise StoreDamaged(path, None, "the file is missing", REMEDY) from error
    if crc != entry.crc32c:
        raise StoreDamaged(path, None, "its checksum does not hold", REMEDY)
    segment = Segment(folder, entry, CACHE_BYTES)
    try:
        records = 0
        last = None
        for key, _ in segment.scan(b"", None):
            if (last is not None and key <= last) or key not in summary.bloom:
                what = f"key {key!r} is out of order or not in the filter"
                raise StoreDamaged(path, None, what, REMEDY)
            last = key
            records += 1
        if records != entry.records:
            what = f"{records} records can be read of {entry.records}"
            raise StoreDamaged(path, None, what, REMEDY)
    finally:
        segment.close()


def check_logs(folder: Path, manifest: Manifest, report: Report) -> None:
    """Check the log files that are not sealed."""
    paths = [log_path(folder, serial) for serial in log_serials(folder, manifest)]
    report.sequence = manifest.sealed_sequence
    try:
        for sequence, _, _ in replay(paths, manifest.owner, report.sequence):
            report.sequence = sequence
            report.records += 1
        for path in paths:
            report.size_bytes += path.stat().st_size
    except StoreDamaged as error:
        report.add(error)
    except FileNotFoundError as error:
        gone = Path(error.filename)
        report.add(StoreDamaged(gone, None, "the file is missing", REMEDY))
