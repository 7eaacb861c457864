"""Sealing and merging, seen from the engine: what is on disk and what is under way.

The engine freezes its memory table and its log. A child builds a segment of the log; a
thread renames the files, syncs the folder and writes the manifest that names them; then
the engine's own thread swaps the segment in for the frozen table. Until the manifest is
durable the old log and the old segments stay, so at any instant the last manifest and
the logs after it are the whole store. A failure at any step leaves everything as it was
and is tried again later.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from hunch_kvstore.engine._layer import Layer, give_back
from hunch_kvstore.engine.disk import free_bytes, remove_files, sync_folder
from hunch_kvstore.engine.error import StoreError
from hunch_kvstore.engine.job import Job, JobFailed, merge_order, seal_order
from hunch_kvstore.engine.log import log_path
from hunch_kvstore.engine.manifest import Manifest, SegmentEntry
from hunch_kvstore.engine.merge_choice import choose_merge, room_for
from hunch_kvstore.engine.option import Options
from hunch_kvstore.engine.recovery import Recovered
from hunch_kvstore.engine.segment import Segment, close_segments, filter_path, tree_path
from hunch_kvstore.engine.segment_build import temporary

Result = TypeVar("Result")

FIRST_RETRY_S, LAST_RETRY_S = 0.5, 60.0


@dataclass
class Installing:
    """A finished job on its way into the manifest."""

    job: Job
    manifest: Manifest
    work: Future[Segment | None]


class Sealing:
    """The sealed part of a store, and the frozen table on its way there.

    Attributes:
        manifest: As it is on disk.
        segments: Open, from newest to oldest.
        frozen: The memory table that is being sealed, or None.
        logs: Numbers of the log files that are not sealed, without the current one.
        failures: Jobs in a row that came to nothing.
        last_error: Why the last one did not work.
        sealed, merged: How many jobs have ended well.
    """

    def __init__(self, folder: Path, found: Recovered, options: Options) -> None:
        self.manifest = found.manifest
        self.segments = found.segments
        self.frozen: Layer | None = None
        self.logs = list(found.logs)
        self.failures = 0
        self.last_error = ""
        self.sealed = 0
        self.merged = 0
        self._folder = folder
        self._options = options
        self._serial = found.manifest.next_serial
        self._frozen_until = 0
        self._next_log = 0  # the first log after the frozen ones
        self._jobs: dict[str, Job] = {}
        self._installing: Installing | None = None
        self._thread = ThreadPoolExecutor(1, "hunch-sealing")
        self._retry_at = 0.0
        self._hidden = hidden_records(self.segments)

    def take_serial(self) -> int:
        """Return a number for a new file."""
        serial = self._serial
        self._serial += 1
        return serial

    @property
    def busy(self) -> bool:
        """Whether a job is under way or a frozen table waits for one."""
        return bool(self._jobs or self._installing or self.frozen is not None)

    @property
    def child_ids(self) -> list[int]:
        """Process ids of the children at work."""
        return [job.process_id for job in self._jobs.values()]

    def freeze(self, table: Layer, until: int, next_log: int) -> None:
        """Take the memory table to be sealed.

        Args:
            table: With every commit up to `until`.
            until: The newest sequence in it.
            next_log: The first log file with later commits.
        """
        assert self.frozen is None
        self.frozen = table
        self._frozen_until = until
        self._next_log = next_log

    def run(self, work: Callable[[int], Result], serial: int) -> Future[Result]:
        """Do work on files in the thread of this class."""
        return self._thread.submit(work, serial)

    def tick(self, now: float) -> bool:
        """Go on with what is under way; True if what readers see has moved."""
        moved = self._finish(now)
        if self._installing is None:
            for job in list(self._jobs.values()):
                if job.done():
                    del self._jobs[job.kind]
                    self._install(job, now)
                    break
        if now >= self._retry_at:
            self._begin(now)
        return moved

    def tidy(self) -> None:
        """Let the system have the memory of a table that was sealed."""
        self._thread.submit(give_back)

    def merge_all(self) -> None:
        """Begin to merge every segment into one, unless a merge is under way."""
        if "merge" not in self._jobs and len(self.segments) > 1:
            self._start_merge(self.manifest.segments)

    def close(self) -> None:
        """End children and threads; what was not finished is done again later."""
        for job in self._jobs.values():
            job.cancel()
        self._jobs.clear()
        self._thread.shutdown()
        step = self._installing
        if step is not None and step.work.exception():
            step.job.remove_files()
        elif step is not None and (segment := step.work.result()) is not None:
            segment.close()
        close_segments(self.segments)

    def _begin(self, now: float) -> None:
        """Start the jobs that are due."""
        installing = self._installing.job.kind if self._installing else ""
        if self.frozen is not None and not ({"seal"} & {*self._jobs, installing}):
            logs = [serial for serial in self.logs if serial < self._next_log]
            order = seal_order(
                self.manifest,
                self.take_serial(),
                logs,
                self._frozen_until,
                self.frozen.range_list(),
            )
            self._start(order, now)
        if "merge" not in self._jobs and installing != "merge":
            run = choose_merge(
                self.manifest.segments, self._options.merge_width, self._hidden
            )
            if run:
                free, total = free_bytes(self._folder)
                keep = min(self._options.reserve_bytes, total // 20)
                if free < room_for(run) + keep:
                    self._failed("there is no room for a merge", now)
                else:
                    self._start_merge(run)

    def _start_merge(self, run: tuple[SegmentEntry, ...]) -> None:
        order = merge_order(self.manifest, self.take_serial(), run)
        self._start(order, 0.0)

    def _start(self, order: dict[str, object], now: float) -> None:
        try:
            job = Job(self._folder, order, self._options)
        except OSError as error:  # no memory or no process to be had
            self._failed(f"no child: {error}", now)
        else:
            self._jobs[job.kind] = job

    def _install(self, job: Job, now: float) -> None:
        """Begin to make what a child has built part of the store."""
        try:
            entry = job.result()
        except JobFailed as error:
            self._failed(str(error), now)
            return
        fresh = () if entry is None else (entry,)
        before = self.manifest.segments
        if job.kind == "seal":
            manifest = replace(
                self.manifest,
                first_log=self._next_log,
                sealed_sequence=self._frozen_until,
                segments=(*fresh, *before),
            )
        else:
            place = [kept.serial for kept in before].index(job.merged[0])
            rest = before[place + len(job.merged) :]
            manifest = replace(self.manifest, segments=before[:place] + fresh + rest)
        manifest = replace(manifest, next_serial=self._serial)
        work = self._thread.submit(
            install, self._folder, job.files(), entry, manifest, self._options
        )
        self._installing = Installing(job, manifest, work)

    def _finish(self, now: float) -> bool:
        """End an installation that is done; True if what readers see has moved."""
        step = self._installing
        if step is None or not step.work.done():
            return False
        self._installing = None
        try:
            segment = step.work.result()
        except (OSError, StoreError) as error:
            step.job.remove_files()
            self._failed(f"{step.job.kind}: {error}", now)
            return False
        self.manifest = step.manifest
        self.failures, self._retry_at = 0, 0.0
        held = {kept.entry.serial: kept for kept in self.segments}
        if segment is not None:
            held[segment.entry.serial] = segment
        self.segments = [held[entry.serial] for entry in self.manifest.segments]
        self._hidden = hidden_records(self.segments)
        if step.job.kind == "seal":
            gone = [serial for serial in self.logs if serial < self._next_log]
            self.logs = [serial for serial in self.logs if serial >= self._next_log]
            paths = [log_path(self._folder, serial) for serial in gone]
            self.frozen = None
            self.sealed += 1
        else:
            paths = [
                name(self._folder, serial)
                for serial in step.job.merged
                for name in (tree_path, filter_path)
            ]
            self.merged += 1
        self._thread.submit(remove_files, paths)
        return True

    def _failed(self, why: str, now: float) -> None:
        self.last_error = why
        wait = min(LAST_RETRY_S, FIRST_RETRY_S * 2**self.failures)
        self.failures += 1
        self._retry_at = now + wait


def install(
    folder: Path,
    files: list[Path],
    entry: SegmentEntry | None,
    manifest: Manifest,
    options: Options,
) -> Segment | None:
    """Make the files of a new segment, and the manifest that names them, durable.

    Raises:
        OSError: If the disk does not take it; the old manifest holds.
        StoreError: If the segment does not open.
    """
    segment = None
    if entry is not None:
        for path in files:
            temporary(path).replace(path)
        sync_folder(folder)
        total = sum(kept.size_bytes for kept in manifest.segments) or 1
        share = options.cache_bytes * entry.size_bytes // total
        segment = Segment(folder, entry, share, is_known=True)
    manifest.write(folder)
    return segment


def hidden_records(segments: list[Segment]) -> int:
    """Return about how many records are hidden by ranges of newer segments."""
    hidden = 0
    for place, segment in enumerate(segments):
        for newer in segments[:place]:
            for start, stop in newer.ranges:
                hidden += segment.records_in(start, stop)
    return hidden
