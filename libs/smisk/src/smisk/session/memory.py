"""Sessions in the memory of one process: for tests, and for a single worker."""

import threading
import time


class MemoryStore:
    """Keeps sessions in a dict.

    Args:
        max_sessions: LIMIT: beyond it the session nearest its end goes.
    """

    def __init__(self, max_sessions: int = 100_000) -> None:
        self._sessions: dict[str, tuple[float, bytes]] = {}
        self._lock = threading.Lock()
        self._max = max_sessions

    def read(self, session_id: str) -> bytes | None:
        with self._lock:
            ends, raw = self._sessions.get(session_id, (0.0, b""))
            if ends <= time.monotonic():
                self._sessions.pop(session_id, None)
                return None
            return raw

    def write(self, session_id: str, raw: bytes, ttl_s: int) -> None:
        with self._lock:
            if len(self._sessions) >= self._max and session_id not in self._sessions:
                self._make_room()
            self._sessions[session_id] = (time.monotonic() + ttl_s, raw)

    def _make_room(self) -> None:
        now = time.monotonic()
        by_end = sorted(self._sessions.items(), key=lambda item: item[1][0])
        tenth = max(1, self._max // 10)
        for index, (session_id, (ends, _)) in enumerate(by_end):
            if index >= tenth and ends > now:
                break
            del self._sessions[session_id]

    def refresh(self, session_id: str, ttl_s: int) -> None:
        with self._lock:
            if session_id in self._sessions:
                raw = self._sessions[session_id][1]
                self._sessions[session_id] = (time.monotonic() + ttl_s, raw)

    def destroy(self, session_id: str) -> None:
        with self._lock:
            self._sessions.pop(session_id, None)
