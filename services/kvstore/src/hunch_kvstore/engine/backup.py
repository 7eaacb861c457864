"""Backup of a folder, with or without a running server, and restore.

Segments never change and logs only grow, so a backup needs nothing of the server: it
links or copies the segments of one manifest and copies the valid prefix of the logs
after it. The prefix ends at one sequence; that is the state of the backup.

A backup is a folder like a store's, with a file BACKUP that names each file, its length
and checksum. It appears under its name only when it is whole and on the disk.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

from hunch_kvstore.engine import _frame
from hunch_kvstore.engine.disk import replace_file, sync_file, sync_folder
from hunch_kvstore.engine.error import StoreDamaged, StoreError
from hunch_kvstore.engine.lock import FolderLock
from hunch_kvstore.engine.log import log_path
from hunch_kvstore.engine.manifest import NAME, Manifest, read_manifest
from hunch_kvstore.engine.recovery import RESTORING, list_files, log_serials
from hunch_kvstore.engine.replay import damage, read_log
from hunch_kvstore.engine.report import Report
from hunch_kvstore.engine.segment import file_crc32c, filter_path, tree_path

LABEL = "BACKUP"
FORMAT = 1
ATTEMPTS = 20
LOOKS = 3
AGAIN = "Make a new backup"


class Moved(Exception):  # noqa: N818 - says what happened
    """The store has sealed or merged while it was being copied."""


def backup(folder: Path, target: Path, *, link: bool = True) -> Report:
    """Copy the store in `folder` to `target`, consistent at one sequence.

    Args:
        folder: Of the store; a server may be writing to it.
        target: Must not exist.
        link: Share segment files with the store by hard links where the file system
            can. They are never changed, but one bad block then hits both.

    Raises:
        StoreDamaged: If the store does not hold; no backup is made.
        StoreError: If `target` exists, or the store never kept still.
        OSError: If the disk does not take it.
    """
    if target.exists():
        raise StoreError(f"{target} exists already. Choose a new name")
    unfinished = target.with_name(f"{target.name}.{os.getpid()}.tmp")
    try:
        for _ in range(ATTEMPTS):
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir(parents=True)
            try:
                report = copy_store(folder, unfinished, link=link)
            except Moved:
                continue
            unfinished.replace(target)
            sync_folder(target.parent)
            report.folder = target
            return report
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    raise StoreError(f"{folder} was merged {ATTEMPTS} times during the backup")


def copy_store(folder: Path, target: Path, *, link: bool) -> Report:
    """Copy one state of a store and label it.

    Raises:
        Moved: If the store moved on and files of that state are gone.
    """
    manifest = read_manifest(folder)
    if manifest is None:
        raise StoreError(f"{folder} holds no store")
    report = Report(target, sequence=manifest.sealed_sequence)
    try:
        for entry in manifest.segments:
            path = tree_path(target, entry.serial)
            copy(tree_path(folder, entry.serial), path, link=link)
            copy(
                filter_path(folder, entry.serial),
                filter_path(target, entry.serial),
                link=link,
            )
            if file_crc32c(path) != entry.crc32c:
                what = "its checksum does not hold"
                origin = tree_path(folder, entry.serial)
                raise StoreDamaged(origin, None, what, "Restore an older backup")
            report.segments += 1
            report.records += entry.records
        copy_logs(folder, target, manifest, report)
    except (FileNotFoundError, StoreDamaged) as error:
        now = read_manifest(folder)
        if isinstance(error, FileNotFoundError) or now != manifest:
            raise Moved from error
        raise
    highest = max((serial for _, serial, _ in list_files(target)), default=0)
    manifest = replace(manifest, next_serial=max(manifest.next_serial, highest + 1))
    manifest.write(target)
    write_label(target, manifest, report)
    return report


def copy_logs(folder: Path, target: Path, manifest: Manifest, report: Report) -> None:
    """Copy the valid prefix of the logs, which may be growing."""
    for serial in log_serials(folder, manifest):
        path = log_path(folder, serial)
        log = read_log(path, manifest.owner, report.sequence)
        for _ in range(LOOKS):
            if log.marked <= report.sequence + len(log.frames):
                break
            # A frame written while its neighbour was read can look like damage.
            log = read_log(path, manifest.owner, report.sequence)
        else:
            raise damage(log, report.sequence + len(log.frames) + 1)
        if not log.frames:
            continue
        report.sequence = log.frames[-1][0]
        report.records += len(log.frames)
        replace_file(log_path(target, serial), log.data[: log.end])


def copy(source: Path, target: Path, *, link: bool) -> None:
    """Link or copy a file that never changes, durably."""
    if link:
        try:
            target.hardlink_to(source)
        except OSError as error:
            if error.errno not in (errno.EXDEV, errno.EPERM, errno.EMLINK):
                raise
        else:
            return
    shutil.copyfile(source, target)
    sync_file(target)


def write_label(target: Path, manifest: Manifest, report: Report) -> None:
    """Name every file with its length and checksum."""
    files = {
        path.name: {"size_bytes": path.stat().st_size, "crc32c": file_crc32c(path)}
        for path in sorted(target.iterdir())
    }
    report.size_bytes = sum(said["size_bytes"] for said in files.values())
    said = {
        "format": FORMAT,
        "store_id": manifest.store_id,
        "sequence": report.sequence,
        "segments": report.segments,
        "records": report.records,
        "files": files,
    }
    body = json.dumps(said, indent=1).encode() + b"\n"
    replace_file(target / LABEL, body + b"crc32c %08x\n" % _frame.crc32c(body))


def read_label(source: Path) -> dict[str, Any]:
    """Return what a backup says of itself.

    Raises:
        StoreDamaged: If it does not hold.
    """
    path = source / LABEL
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise StoreDamaged(path, None, "this is no backup", AGAIN) from error
    body, _, last = data.rstrip(b"\n").rpartition(b"\n")
    body += b"\n"
    if last != b"crc32c %08x" % _frame.crc32c(body):
        raise StoreDamaged(path, None, "its checksum does not hold", AGAIN)
    said: dict[str, Any] = json.loads(body)
    if said["format"] != FORMAT:
        what = f"it has format {said['format']}, this program reads {FORMAT}"
        raise StoreDamaged(path, None, what, "Use the program that wrote it")
    return said


def verify_backup(source: Path) -> Report:
    """Compare every file of a backup with its label.

    Raises:
        StoreDamaged: If the label itself does not hold.
    """
    said = read_label(source)
    report = Report(
        source,
        sequence=said["sequence"],
        segments=said["segments"],
        records=said["records"],
    )
    for name, expected in said["files"].items():
        path = source / name
        try:
            size, crc = path.stat().st_size, file_crc32c(path)
        except FileNotFoundError:
            report.add(StoreDamaged(path, None, "the file is missing", AGAIN))
            continue
        report.size_bytes += size
        if (size, crc) != (expected["size_bytes"], expected["crc32c"]):
            what = "it is not what the backup put there"
            report.add(StoreDamaged(path, None, what, AGAIN))
    return report


def restore(source: Path, folder: Path) -> Report:
    """Make `folder` the store that was backed up in `source`.

    Args:
        source: A backup; every file is verified before anything is written.
        folder: Must hold no store. A restore that was cut off may be begun again.

    Raises:
        StoreDamaged: If the backup does not hold.
        StoreError: If `folder` holds a store.
        StoreLocked: If a server runs there.
    """
    report = verify_backup(source)
    if not report.ok:
        bad = report.problems[0]
        raise StoreDamaged(bad.path, bad.offset, "the backup is damaged", AGAIN)
    folder.mkdir(parents=True, exist_ok=True)
    lock = FolderLock(folder)
    try:
        marker = folder / RESTORING
        if not marker.exists() and ((folder / NAME).exists() or list_files(folder)):
            raise StoreError(f"{folder} holds a store already. Choose an empty folder")
        replace_file(marker, b"restore under way\n")
        (folder / NAME).unlink(missing_ok=True)
        for path, _, _ in list_files(folder):
            path.unlink()
        names = sorted(read_label(source)["files"])
        for name in names:
            if name != NAME:
                copy(source / name, folder / name, link=False)
        sync_folder(folder)
        replace_file(folder / NAME, (source / NAME).read_bytes())
        marker.unlink()
        sync_folder(folder)
    finally:
        lock.release()
    report.folder = folder
    return report
