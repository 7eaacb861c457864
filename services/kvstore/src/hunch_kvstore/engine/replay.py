"""Reading the log back: the longest valid prefix, or a refusal.

Rules

* Log files are read in the order of their numbers; sequences go up by one.
* Where the next frame does not hold, the log ends there if it may be a torn tail: bytes
  that were never known to be on the disk. It is damage, and the store refuses to start,
  if any later frame says that the missing commit had been synced.
* A later file that begins with exactly the missing sequence continues the log: it was
  begun after a recovery that had dropped the torn tail before it.
* Frames behind a hole are dropped, so what survives are the first commits, whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from hunch_kvstore.engine import _frame
from hunch_kvstore.engine.error import StoreDamaged
from hunch_kvstore.engine.log import FORMAT, HEADER, HEADER_BYTES, MAGIC

REMEDY = (
    "Run `hunch-kvstore repair` on the data folder to keep what lies before it, "
    "or restore a backup"
)

Points = dict[bytes, bytes | None]
Ranges = list[tuple[bytes, bytes | None]]


@dataclass
class LogFile:
    """What one log file holds.

    Attributes:
        path: Of the file.
        data: Its bytes.
        salt: From the header, or None where the file was never begun.
        frames: (sequence, begin, end) of the frames of the valid prefix that follow
            `after` without a hole.
        marked: The newest sequence that any frame of the file knew to be synced.
        end: Where the valid prefix ends.
        torn: Whether anything but zeros follows the valid prefix.
        problem: Offset of damage that no torn tail explains, or None.
    """

    path: Path
    data: bytes
    salt: int | None = None
    frames: list[tuple[int, int, int]] = field(default_factory=list)
    marked: int = 0
    end: int = 0
    torn: bool = False
    problem: int | None = None


def read_log(path: Path, store_id: bytes | None, after: int) -> LogFile:
    """Read a log file whose first commit should be `after` + 1.

    Args:
        path: Of the file.
        store_id: The store it must belong to; None for any.
        after: The sequence before the file's first.

    Raises:
        StoreDamaged: If the header does not hold although frames may follow.
    """
    log = LogFile(path, path.read_bytes())
    data = log.data
    if len(data) < HEADER_BYTES or _frame.is_blank(data, 0):
        log.torn = bool(data) and not _frame.is_blank(data, 0)
        return log
    magic, version, salt, owner, _serial, crc = HEADER.unpack_from(data)
    if magic != MAGIC or crc != _frame.crc32c(data[: HEADER_BYTES - 4]):
        if _frame.is_blank(data, HEADER_BYTES):
            log.torn = True  # cut while it was made; nothing was ever in it
            return log
        raise StoreDamaged(path, 0, "the header of the log does not hold", REMEDY)
    if version != FORMAT:
        what = f"the log has format {version}, this program reads {FORMAT}"
        raise StoreDamaged(path, 8, what, "Use the program that wrote it")
    if store_id is not None and owner != store_id:
        raise StoreDamaged(path, 16, "the log belongs to another store", REMEDY)
    log.salt = salt
    offset = log.end = HEADER_BYTES
    expected = after + 1
    while (frame := _frame.read_frame(data, offset, salt)) is not None:
        sequence, synced, end = frame
        if sequence == expected:
            log.frames.append((sequence, offset, end))
            expected += 1
        elif not (sequence == expected - 1 and end - offset == _frame.HEADER_BYTES):
            break  # a hole: what follows is judged below
        log.marked = max(log.marked, synced)
        offset = log.end = end
    log.torn = not _frame.is_blank(data, offset)
    if not log.torn:
        return log
    while (offset := _frame.find_frame(data, offset, salt, max(expected - 1, 1))) >= 0:
        frame = _frame.read_frame(data, offset, salt)
        assert frame is not None
        log.marked = max(log.marked, frame[1])
        offset = frame[2]
    if log.marked >= expected:
        log.problem = log.end
    return log


def replay(
    paths: list[Path],
    store_id: bytes | None,
    after: int,
    seen: list[LogFile] | None = None,
) -> Iterator[tuple[int, Points, Ranges]]:
    """Yield (sequence, points, ranges) of every commit after `after`.

    Args:
        paths: Log files in the order of their numbers.
        store_id: The store they must belong to.
        after: The newest sequence that is sealed already.
        seen: Takes what is known of each file when its commits have been yielded.

    Raises:
        StoreDamaged: Before the first commit that cannot be vouched for is yielded.
    """
    expected = after + 1
    broken: LogFile | None = None
    for path in paths:
        log = read_log(path, store_id, expected - 1)
        if not log.frames:
            # Nothing continues here; but may it know of what is missing?
            if log.marked >= expected:
                raise damage(broken or log, expected)
            if log.torn and broken is None:
                broken = log
            if seen is not None:
                seen.append(log)
            continue
        if log.problem is not None:
            raise damage(log, log.frames[-1][0] + 1)
        broken = log if log.torn else None
        for sequence, begin, end in log.frames:
            points, ranges = _frame.decode(log.data, begin, end)
            yield sequence, points, ranges
        expected = log.frames[-1][0] + 1
        if seen is not None:
            log.data = b""  # it may be long, and is not needed any more
            seen.append(log)


def damage(log: LogFile, sequence: int) -> StoreDamaged:
    """Return the refusal to start without commit `sequence`."""
    what = f"commit {sequence} was durable and does not hold any more"
    return StoreDamaged(log.path, log.end, what, REMEDY)
