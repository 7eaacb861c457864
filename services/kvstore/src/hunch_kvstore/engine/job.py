"""A child process that seals or merges, seen from the engine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hunch_kvstore.engine.disk import remove_files
from hunch_kvstore.engine.manifest import Manifest, SegmentEntry
from hunch_kvstore.engine.option import Options
from hunch_kvstore.engine.segment import filter_path, to_hex, tree_path
from hunch_kvstore.engine.segment_build import temporary


class JobFailed(Exception):  # noqa: N818 - says what happened
    """The child made nothing; its last words are the text."""


class Job:
    """One child at work.

    Attributes:
        kind: "seal" or "merge".
        serial: Number of the segment it makes.
        merged: Numbers of the segments it replaces; empty for a seal.
        until: For a seal, the newest sequence in it.
    """

    def __init__(self, folder: Path, order: dict[str, Any], options: Options) -> None:
        """Start the child on `order`."""
        self.kind: str = order["kind"]
        self.serial: int = order["serial"]
        self.merged = [entry["serial"] for entry in order.get("segments", [])]
        self.until: int = order.get("until", 0)
        self._folder = folder
        # SAFETY: a new interpreter, never a fork of this one: threads and event loop
        # of a server do not survive a fork.
        self._child = subprocess.Popen(
            [sys.executable, "-P", "-m", "hunch_kvstore.engine.sealer"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            close_fds=True,
        )
        order |= {
            "folder": str(folder),
            "parent": os.getpid(),
            # A seal gives memory back, so it does not stand behind anybody.
            "nice": options.child_nice if self.kind == "merge" else 0,
            "garbage": options.garbage,
        }
        assert self._child.stdin is not None
        self._child.stdin.write(json.dumps(order).encode() + b"\n")
        self._child.stdin.close()

    @property
    def process_id(self) -> int:
        """Of the child."""
        return self._child.pid

    def done(self) -> bool:
        """Whether the child has ended."""
        return self._child.poll() is not None

    def result(self) -> SegmentEntry | None:
        """Return what the ended child made, None if nothing was left to keep.

        Raises:
            JobFailed: If it did not do its work.
        """
        assert self._child.stdout is not None
        assert self._child.stderr is not None
        with self._child.stdout as out, self._child.stderr as err:
            said, last_words = out.read(), err.read()
        if self._child.wait() != 0:
            self.remove_files()
            text = last_words.decode(errors="replace").strip().rpartition("\n")[2]
            what = text or f"ended with {self._child.returncode}"
            raise JobFailed(f"{self.kind} of segment {self.serial}: {what}")
        entry = json.loads(said)
        return None if entry is None else SegmentEntry(**entry)

    def cancel(self) -> None:
        """End the child at once and remove what it has begun."""
        self._child.kill()
        self._child.wait()
        for pipe in (self._child.stdout, self._child.stderr):
            if pipe is not None:
                pipe.close()
        self.remove_files()

    def remove_files(self) -> None:
        """Remove the unfinished files."""
        begun = [temporary(path) for path in self.files()]
        remove_files([*begun, *map(temporary, begun)])

    def files(self) -> list[Path]:
        """Return the files of the segment under their final names."""
        return [
            tree_path(self._folder, self.serial),
            filter_path(self._folder, self.serial),
        ]


def seal_order(
    manifest: Manifest,
    serial: int,
    logs: list[int],
    until: int,
    ranges: list[tuple[bytes, bytes | None]],
) -> dict[str, Any]:
    """Return the job of sealing `logs`, which end at sequence `until`.

    Args:
        manifest: As it is on disk.
        serial: Number for the new segment.
        logs: Numbers of the log files.
        until: The newest sequence in them.
        ranges: What of the deleted ranges hides anything older.
    """
    return {
        "kind": "seal",
        "store_id": manifest.store_id,
        "serial": serial,
        "logs": logs,
        "after": manifest.sealed_sequence,
        "until": until,
        "bottom": not manifest.segments,
        "ranges": [[start.hex(), to_hex(stop)] for start, stop in ranges],
    }


def merge_order(
    manifest: Manifest, serial: int, run: tuple[SegmentEntry, ...]
) -> dict[str, Any]:
    """Return the job of merging `run`, neighbours in the manifest."""
    return {
        "kind": "merge",
        "store_id": manifest.store_id,
        "serial": serial,
        "segments": [asdict(entry) for entry in run],
        "all": [asdict(entry) for entry in manifest.segments],
        "bottom": run[-1] == manifest.segments[-1],
    }
