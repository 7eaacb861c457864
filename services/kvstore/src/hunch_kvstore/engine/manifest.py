"""The manifest: which files make up the store, at one instant.

One small JSON file, replaced by rename, with its own checksum in the last line. What it
does not name is not part of the store: files left by a crash are swept at the next open.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from hunch_kvstore.engine import _frame
from hunch_kvstore.engine.disk import replace_file
from hunch_kvstore.engine.error import StoreDamaged

FORMAT = 1
NAME = "MANIFEST"
REMEDY = "Run `hunch-kvstore repair` on the data folder, or restore a backup"


@dataclass(frozen=True, kw_only=True)
class SegmentEntry:
    """What the manifest says of a segment.

    Attributes:
        serial: Number of its files.
        first_sequence: Of the commits in it.
        last_sequence: Of the commits in it.
        records: Points in the tree, deleted ones included.
        deleted: Points that only say that a key is deleted.
        size_bytes: Length of the tree file.
        crc32c: Of the tree file.
        filter_crc32c: Of the filter file beside it.
    """

    serial: int
    first_sequence: int
    last_sequence: int
    records: int
    deleted: int
    size_bytes: int
    crc32c: int
    filter_crc32c: int


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """The state of a store on disk.

    Attributes:
        store_id: 32 hex digits, given when the store is created.
        next_serial: The next number for a file; none is ever used twice.
        first_log: Log files from this number on hold what is not sealed.
        sealed_sequence: The newest commit that is in a segment.
        segments: From newest to oldest.
    """

    store_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    next_serial: int = 1
    first_log: int = 1
    sealed_sequence: int = 0
    segments: tuple[SegmentEntry, ...] = ()

    @property
    def owner(self) -> bytes:
        """The store's id as the log files carry it."""
        return bytes.fromhex(self.store_id)

    def pack(self) -> bytes:
        """Return the manifest as the bytes of its file."""
        body = json.dumps({"format": FORMAT, **asdict(self)}, indent=1).encode() + b"\n"
        return body + b"crc32c %08x\n" % _frame.crc32c(body)

    def write(self, folder: Path) -> None:
        """Make this the manifest of the store in `folder`, durably.

        Raises:
            OSError: If the disk does not take it; the old one holds.
        """
        replace_file(folder / NAME, self.pack())


def read_manifest(folder: Path) -> Manifest | None:
    """Return the manifest of the store in `folder`, None if there is none.

    Raises:
        StoreDamaged: If it does not hold, or was written by a newer program.
    """
    path = folder / NAME
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    body, _, last = data.rstrip(b"\n").rpartition(b"\n")
    body += b"\n"
    if last != b"crc32c %08x" % _frame.crc32c(body):
        raise StoreDamaged(path, None, "its checksum does not hold", REMEDY)
    fields: dict[str, Any] = json.loads(body)
    found = fields.pop("format")
    if found != FORMAT:
        what = f"it has format {found}, this program reads {FORMAT}"
        raise StoreDamaged(path, None, what, "Use the program that wrote it")
    segments = tuple(SegmentEntry(**entry) for entry in fields.pop("segments"))
    return Manifest(segments=segments, **fields)
