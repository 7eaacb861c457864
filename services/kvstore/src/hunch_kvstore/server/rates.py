"""What happened in the last seconds, by the second, for INFO."""

from __future__ import annotations

from collections import deque
from typing import Final

_SAMPLES: Final = 16  # as many as Redis keeps, one a tick


class Rates:
    """Totals at the newest ticks; a rate is their difference over the time between."""

    __slots__ = ("_seen",)

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int, int, int]] = deque(maxlen=_SAMPLES)

    def take(self, now_s: float, calls: int, in_bytes: int, out_bytes: int) -> None:
        """Note the totals at one tick.

        Args:
            now_s: By the monotonic clock.
            calls: Commands run.
            in_bytes: Read from clients.
            out_bytes: Written to clients.
        """
        self._seen.append((now_s, calls, in_bytes, out_bytes))

    def by_second(self) -> tuple[float, float, float]:
        """Return commands, bytes read and bytes written a second."""
        if len(self._seen) < 2 or self._seen[-1][0] <= self._seen[0][0]:
            return 0.0, 0.0, 0.0
        since, until = self._seen[0], self._seen[-1]
        spent_s = until[0] - since[0]
        # CONFIG RESETSTAT makes totals smaller.
        calls, read, written = (
            max(until[at] - since[at], 0) / spent_s for at in (1, 2, 3)
        )
        return calls, read, written
