"""Writing the append-only log.

Theory of operation

A log file takes the commits of one memory table. `append` makes sure that the file has
allocated room for the frame and keeps it in memory; the commit is applied after that, so
a full disk refuses a commit instead of breaking one. `write` hands all frames to the
kernel in one call; `sync` waits for the disk. The owner's thread appends and writes;
`sync` may run in another thread.

The file is allocated ahead in chunks and reads as zeros there, which no frame begins
with. Whoever waits for the disk after every write calls `blank_ahead` too. PERF: fdatasync
after 7 KB takes 180 µs where the file grows by it; 165 µs where the room was allocated,
since the file system then notes that it is in use; and 105 µs where there have been
zeros (medians on ext4, 2026-11). For large writes it does not pay.
"""

from __future__ import annotations

import errno
import os
import struct
from pathlib import Path

from hunch_kvstore.engine import _frame
from hunch_kvstore.engine.disk import free_bytes, sync_folder, write_all
from hunch_kvstore.engine.error import CommitTooLarge, DiskFull, StoreFailed

MAGIC = b"HUNCHLOG"
FORMAT = 1
HEADER = struct.Struct("<8sII16sQ20xI")
HEADER_BYTES = HEADER.size  # 64
NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
AHEAD_BYTES = 1 << 18  # of zeros written at a time
SMALL_BYTES = 1 << 14  # of frames at once, up to which zeros pay
CANNOT_ALLOCATE = (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS)  # the file system


def log_path(folder: Path, serial: int) -> Path:
    """Return where log file `serial` lies."""
    return folder / f"log-{serial:012d}.log"


def pack_header(salt: int, store_id: bytes, serial: int) -> bytes:
    """Return the first bytes of a log file."""
    head = HEADER.pack(MAGIC, FORMAT, salt, store_id, serial, 0)[:-4]
    return head + struct.pack("<I", _frame.crc32c(head))


class Log(_frame.Tail):
    """The log file that is being written.

    Attributes:
        path: Of the file.
        serial: Its number; files are replayed in this order.
        position: Where the next frame goes; all before is in the kernel's hands.
        synced_sequence: The newest sequence known to be on the disk.
    """

    def __init__(
        self,
        folder: Path,
        serial: int,
        store_id: bytes,
        *,
        chunk_bytes: int,
        reserve_bytes: int,
    ) -> None:
        """Create log file `serial`, durably.

        Args:
            folder: Of the store.
            serial: Number of the file.
            store_id: 16 bytes that say which store it belongs to.
            chunk_bytes: How much to allocate at a time.
            reserve_bytes: Free space to leave on the file system.

        Raises:
            DiskFull: If there is no room.
        """
        super().__init__(int.from_bytes(os.urandom(4), "little"))
        self.path = log_path(folder, serial)
        self.serial = serial
        self.position = HEADER_BYTES
        self._folder = folder
        self._chunk_bytes = chunk_bytes
        self._reserve_bytes = reserve_bytes
        self._marked = 0
        self._blank_to = 0
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        try:
            self._file = os.open(self.path, flags, 0o640)
            try:
                write_all(self._file, pack_header(self.salt, store_id, serial), 0)
                self.room = HEADER_BYTES
                self._extend(HEADER_BYTES, reserve_bytes=0)
                os.fsync(self._file)
                sync_folder(folder)
            except (OSError, DiskFull):
                os.close(self._file)
                self.path.unlink()
                raise
        except OSError as error:
            raise refusal(error, self.path) from error

    def begin(self, sequence: int, synced: int) -> None:
        """Say where the file goes on, before anything is appended.

        Args:
            sequence: The newest sequence before this file.
            synced: The newest sequence known to be on the disk.
        """
        self.written_sequence = self.pending_sequence = sequence
        self.synced_sequence = self._marked = synced

    @property
    def size_bytes(self) -> int:
        """Length of the log with what is not written yet."""
        return self.position + self.pending_bytes

    @property
    def pending(self) -> bool:
        """Whether frames wait for `write`."""
        return self.pending_bytes > 0

    def append(
        self,
        sequence: int,
        points: dict[bytes, bytes | None],
        ranges: list[tuple[bytes, bytes | None]],
    ) -> None:
        """Take the frame of a commit, with room on the disk for it.

        Raises:
            DiskFull: If there is no room; the log is as before.
            CommitTooLarge: If no frame can hold it; the log is as before.
        """
        try:
            frame = _frame.encode(
                self.salt, sequence, self.synced_sequence, points, ranges
            )
        except OverflowError as error:
            raise CommitTooLarge(str(error)) from error
        # WHY: a mark must always find room, so that is kept free too.
        end = self.position + self.pending_bytes + len(frame) + _frame.HEADER_BYTES
        if end > self.room:
            self._extend(end, reserve_bytes=self._reserve_bytes)
        self.take_in(frame)
        self.pending_sequence = sequence

    def write(self) -> None:
        """Hand what was appended to the kernel.

        Raises:
            OSError: If the kernel refuses; what reached the file is unknown.
        """
        if not self.pending_bytes:
            return
        data = self.pending_frames()
        write_all(self._file, data, self.position)
        self.position += len(data)
        self.written_sequence = self.pending_sequence
        self.clear()

    def blank_ahead(self) -> None:
        """Overwrite room that has only been allocated, before the frames that wait.

        Raises:
            OSError: If the kernel refuses.
        """
        end = self.position + self.pending_bytes
        if end > self._blank_to and self.pending_bytes <= SMALL_BYTES:
            to = min(end + AHEAD_BYTES, self.room)
            write_all(self._file, bytes(to - end), end)
            self._blank_to = to

    def sync(self) -> None:
        """Wait until what was written is on the disk. Releases the GIL.

        Raises:
            OSError: If the disk failed; what is on it is unknown.
        """
        sequence = self.written_sequence
        try:
            os.fdatasync(self._file)
        except OSError as error:
            # WHY: whatever the reason, even a full disk, pages may have been dropped.
            raise OSError(errno.EIO, f"fdatasync: {error.strerror}") from error
        self.synced_sequence = max(self.synced_sequence, sequence)

    def mark(self) -> None:
        """Append a mark if the newest frame does not yet count as synced.

        After it, damage anywhere before is told from a torn tail.
        """
        sequence = self.synced_sequence
        if self._marked == sequence or sequence != self.pending_sequence:
            return
        self.take_in(_frame.encode(self.salt, sequence, sequence, {}, []))
        self._marked = sequence

    def trim(self) -> None:
        """Give back the room allocated ahead.

        Raises:
            OSError: If the disk failed; no commit is touched by that.
        """
        os.ftruncate(self._file, self.position)
        os.fsync(self._file)
        self.room = self.position

    def close(self) -> None:
        """Close the file; nothing is written or synced."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _extend(self, end: int, *, reserve_bytes: int) -> None:
        """Allocate the file to at least `end`, a chunk more if the disk has it."""
        try:
            free, total = free_bytes(self._folder)
        except OSError as error:  # the folder is gone, say
            raise refusal(error, self.path) from error
        keep = min(reserve_bytes, total // 20)
        need = end - self.room
        if free - need < keep:
            what = f"{self._folder}: {free} bytes are free, {keep} are kept in reserve"
            raise DiskFull(f"{what}. Make room; writes go on by themselves then")
        grow = max(need, min(self._chunk_bytes, (free - keep) // 4))
        try:
            allocate(self._file, self.room, grow)
        except OSError as error:
            raise refusal(error, self.path) from error
        self.room += grow


def allocate(number: int, offset: int, size: int) -> None:
    """Make room in a file; it reads as zeros.

    Raises:
        OSError: If there is none; the file may have grown a little.
    """
    try:
        os.posix_fallocate(number, offset, size)
    except OSError as error:
        if error.errno not in CANNOT_ALLOCATE:
            raise
        write_all(number, bytes(size), offset)


def refusal(error: OSError, path: Path) -> DiskFull | StoreFailed:
    """Return the engine's error for a failed system call."""
    if error.errno in NO_ROOM:
        return DiskFull(
            f"{path}: {error.strerror}. Make room; writes go on by themselves then"
        )
    return StoreFailed(
        f"{path}: {error.strerror}. The disk failed; writes are refused until a restart"
    )
