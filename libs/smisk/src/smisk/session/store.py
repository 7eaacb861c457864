"""Where sessions are kept: what a store is, and the three there are.

Files need nothing and are shared by the workers of one machine, memory is for tests
and a single worker, and a store that speaks RESP is shared by every worker of every
machine.
"""

import contextlib
import hashlib
import os
import random
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from smisk.resp import Connection


class Store(Protocol):
    """Keeps the bytes of sessions by id, for so long."""

    def read(self, session_id: str) -> bytes | None:
        """Return the session; None if there is none, or no longer."""

    def write(self, session_id: str, raw: bytes, ttl_s: int) -> None:
        """Keep the session for `ttl_s` seconds from now."""

    def refresh(self, session_id: str, ttl_s: int) -> None:
        """Keep it for `ttl_s` seconds from now, unchanged."""

    def destroy(self, session_id: str) -> None:
        """Forget the session, if there is one."""


class Claims(Protocol):
    """What a store can offer besides: something only one of all workers gets."""

    def claim(self, name: str, ttl_s: int) -> bool:
        """Return whether nobody has claimed `name` within `ttl_s` seconds."""


class FileStore:
    """Keeps sessions in a folder only its owner can read.

    A session is one file, written beside itself and renamed, so a reader never sees
    half of one and a busy session's write is never dropped. Its modification time is
    its end.

    Args:
        folder: Where; None: ``smisk-sess.<uid>`` in the system's temporary folder.
        gc_probability: Chance that a read also removes what has ended.
    """

    def __init__(
        self, folder: Path | str | None = None, gc_probability: float = 0.01
    ) -> None:
        usual = Path(tempfile.gettempdir()) / f"smisk-sess.{os.getuid()}"
        self.folder = usual if folder is None else Path(folder)
        self.gc_probability = gc_probability
        self._is_ready = False

    def _path(self, session_id: str) -> Path:
        if not self._is_ready:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            found = self.folder.stat()
            # LIMIT: a folder another user of the machine has put in our way.
            if found.st_uid != os.getuid() or found.st_mode & 0o022:
                raise PermissionError(f"{self.folder} is not ours alone")
            self._is_ready = True
        if not session_id.replace("-", "").replace("_", "").isalnum():
            raise ValueError("not a session id")
        return self.folder / session_id

    def read(self, session_id: str) -> bytes | None:
        path = self._path(session_id)
        if random.random() < self.gc_probability:
            self.collect()
        try:
            if path.stat().st_mtime > time.time():
                return path.read_bytes()
        except FileNotFoundError:
            return None
        path.unlink(missing_ok=True)
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
        with contextlib.suppress(FileNotFoundError):
            os.utime(self._path(session_id), (ends, ends))

    def destroy(self, session_id: str) -> None:
        self._path(session_id).unlink(missing_ok=True)

    def collect(self) -> int:
        """Remove every session that has ended; return how many there were."""
        now = time.time()
        removed = 0
        for entry in os.scandir(self.folder):
            with contextlib.suppress(FileNotFoundError):
                # What a writer left behind when it died carries the time of its birth.
                age_limit = now - 3600 if entry.name.startswith(".") else now
                if entry.stat().st_mtime <= age_limit:
                    Path(entry.path).unlink(missing_ok=True)
                    removed += 1
        return removed


class MemoryStore:
    """Keeps sessions in a dict.

    Args:
        max_sessions: LIMIT: beyond it the sessions nearest their end go.
    """

    def __init__(self, max_sessions: int = 100_000) -> None:
        self._sessions: dict[str, tuple[float, bytes]] = {}
        self._lock = threading.Lock()
        self._max = max_sessions

    def read(self, session_id: str) -> bytes | None:
        with self._lock:
            ends, raw = self._sessions.get(session_id, (0.0, b""))
            if ends > time.monotonic():
                return raw
            self._sessions.pop(session_id, None)
            return None

    def write(self, session_id: str, raw: bytes, ttl_s: int) -> None:
        with self._lock:
            if len(self._sessions) >= self._max and session_id not in self._sessions:
                by_end = sorted(self._sessions, key=lambda key: self._sessions[key][0])
                for key in by_end[: max(1, self._max // 10)]:
                    del self._sessions[key]
            self._sessions[session_id] = (time.monotonic() + ttl_s, raw)

    def refresh(self, session_id: str, ttl_s: int) -> None:
        with self._lock:
            if session_id in self._sessions:
                raw = self._sessions[session_id][1]
                self._sessions[session_id] = (time.monotonic() + ttl_s, raw)

    def destroy(self, session_id: str) -> None:
        with self._lock:
            self._sessions.pop(session_id, None)


class RESPStore:
    """Keeps sessions in a store that speaks RESP; it ends them by itself.

    Args:
        store: A connection, or the URL of one.
        prefix: What the keys begin with.
    """

    def __init__(self, store: Connection | str, prefix: str = "session:") -> None:
        self._store = Connection(store) if isinstance(store, str) else store
        self._prefix = prefix

    def read(self, session_id: str) -> bytes | None:
        raw = self._store("GET", self._prefix + session_id)
        return raw if isinstance(raw, bytes) else None

    def write(self, session_id: str, raw: bytes, ttl_s: int) -> None:
        self._store("SET", self._prefix + session_id, raw, "EX", ttl_s)

    def refresh(self, session_id: str, ttl_s: int) -> None:
        self._store("EXPIRE", self._prefix + session_id, ttl_s)

    def claim(self, name: str, ttl_s: int) -> bool:
        key = f"{self._prefix}claim:{name}"
        return self._store("SET", key, "1", "NX", "EX", ttl_s) is not None

    def destroy(self, session_id: str) -> None:
        self._store("DEL", self._prefix + session_id)
