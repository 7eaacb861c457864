"""One request at a time to each host, and none while it asks for rest."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator

# LIMIT: a feed can name any number of picture hosts; the table forgets idle ones.
_MOST_HOSTS = 4096


class _Host:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.rests_until = 0.0
        self.users = 0


class Hosts:
    """Serialises requests by host and remembers who asked for rest.

    Thread-safe: the only thing fetching threads share.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._hosts: dict[str, _Host] = {}

    @contextlib.contextmanager
    def turn(self, host: str, patience_s: float) -> Iterator[bool]:
        """Wait for the host's turn; yields False if it did not come in time."""
        with self._lock:
            if len(self._hosts) > _MOST_HOSTS:
                self._forget()
            entry = self._hosts.setdefault(host, _Host())
            entry.users += 1
        got = entry.lock.acquire(timeout=patience_s)
        try:
            yield got
        finally:
            if got:
                entry.lock.release()
            with self._lock:
                entry.users -= 1

    def resting_s(self, host: str) -> float:
        """Return how long `host` still wants to be left alone; 0.0 if it does not."""
        with self._lock:
            entry = self._hosts.get(host)
        return max(0.0, entry.rests_until - time.monotonic()) if entry else 0.0

    def rest(self, host: str, seconds: float) -> None:
        """Leave `host` alone for `seconds`."""
        with self._lock:
            entry = self._hosts.setdefault(host, _Host())
            entry.rests_until = max(entry.rests_until, time.monotonic() + seconds)

    def _forget(self) -> None:
        now = time.monotonic()
        for name, entry in list(self._hosts.items()):
            if not entry.users and entry.rests_until <= now:
                del self._hosts[name]
