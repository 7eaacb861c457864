"""Sessions as files: the store that needs nothing, shared by workers of one machine.

A session is one file, written beside itself and renamed, so a reader never sees half
of one and a busy session's write is never dropped. Its modification time is its end.
"""

import contextlib
import hashlib
import os
import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path


class FileStore:
    """Keeps sessions in a folder only its owner can read.

    Args:
        folder: Where; None: ``smisk-sess.<uid>`` in the system's temporary folder.
        gc_probability: Chance that a read also removes what has ended.
    """

    def __init__(
        self, folder: Path | str | None = None, gc_probability: float = 0.01
    ) -> None:
        if folder is None:
            folder = Path(tempfile.gettempdir()) / f"smisk-sess.{os.getuid()}"
        self.folder = Path(folder)
        self.gc_probability = gc_probability
        self._is_ready = False

    def _path(self, session_id: str) -> Path:
        if not self._is_ready:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            found = self.folder.stat()
            # LIMIT: a folder another user of the machine has put in our way.
            if found.st_uid != os.getuid() or found.st_mode & 0o022:
                msg = f"{self.folder} is not ours alone"
                raise PermissionError(msg)
            self._is_ready = True
        if not session_id.replace("-", "").replace("_", "").isalnum():
            msg = "not a session id"
            raise ValueError(msg)
        return self.folder / session_id

    def read(self, session_id: str) -> bytes | None:
        path = self._path(session_id)
        if random.random() < self.gc_probability:
            self.collect()
        try:
            if path.stat().st_mtime <= time.time():
                path.unlink(missing_ok=True)
                return None
            return path.read_bytes()
        except FileNotFoundError:
            return None

    def write(self, session_id: str, raw: bytes, ttl_s: int) -> None:
        path = self._path(session_id)
        with self._new(raw, ttl_s) as new:
            new.replace(path)

    def claim(self, name: str, ttl_s: int) -> bool:
        path = self._path("claim-" + hashlib.sha256(name.encode()).hexdigest())
        with self._new(b"", ttl_s) as new:
            try:
                path.hardlink_to(new)
            except FileExistsError:
                return False
        return True

    @contextlib.contextmanager
    def _new(self, raw: bytes, ttl_s: int) -> Iterator[Path]:
        handle, name = tempfile.mkstemp(prefix=".new-", dir=self.folder)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(raw)
            ends = time.time() + ttl_s
            os.utime(name, (ends, ends))
            yield Path(name)
        finally:
            Path(name).unlink(missing_ok=True)

    def refresh(self, session_id: str, ttl_s: int) -> None:
        ends = time.time() + ttl_s
        try:
            os.utime(self._path(session_id), (ends, ends))
        except FileNotFoundError:
            return

    def destroy(self, session_id: str) -> None:
        self._path(session_id).unlink(missing_ok=True)

    def collect(self) -> int:
        """Remove every session that has ended; return how many there were."""
        now = time.time()
        removed = 0
        for entry in os.scandir(self.folder):
            try:
                # What a writer left behind when it died carries the time of its birth.
                age_limit = now - 3600 if entry.name.startswith(".") else now
                if entry.stat().st_mtime <= age_limit:
                    Path(entry.path).unlink(missing_ok=True)
                    removed += 1
            except FileNotFoundError:
                continue
        return removed
