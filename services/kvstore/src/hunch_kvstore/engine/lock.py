"""One process owns a store."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from hunch_kvstore.engine.error import StoreLocked

NAME = "LOCK"


class FolderLock:
    """Holds the lock of a folder until `release` or the end of the process.

    WHY: flock, not fcntl's record locks: those vanish when anything in the process
    opens and closes the same file. The kernel drops it however the process dies.
    """

    def __init__(self, folder: Path) -> None:
        """Take the lock.

        Raises:
            StoreLocked: If another process has it.
        """
        path = folder / NAME
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            owner = os.pread(self._file, 32, 0).decode("ascii", "replace").strip()
            os.close(self._file)
            what = f"{folder} is in use by process {owner or 'unknown'}"
            raise StoreLocked(what) from error
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, b"%d\n" % os.getpid(), 0)

    def release(self) -> None:
        """Let the lock go."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
