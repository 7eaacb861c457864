"""Spikes: what took longer than ``latency-monitor-threshold``, kept for LATENCY."""

from __future__ import annotations

import time
from collections import deque
from typing import Final

_SAMPLES: Final = 160  # LIMIT: of an event, as in Redis


class Spikes:
    """The newest spikes of every event, and the worst of each.

    Attributes:
        samples: By event: seconds since 1970 and milliseconds, the oldest first, one a
            second at most.
        worst_ms: By event, since it was reset.
    """

    def __init__(self) -> None:
        self.samples: dict[str, deque[tuple[int, int]]] = {}
        self.worst_ms: dict[str, int] = {}

    def note(self, event: str, spent_ms: int) -> None:
        """Add a spike; of several within a second the worst is kept."""
        now_s = int(time.time())
        rows = self.samples.setdefault(event, deque(maxlen=_SAMPLES))
        self.worst_ms[event] = max(self.worst_ms.get(event, 0), spent_ms)
        if rows and rows[-1][0] == now_s:
            spent_ms = max(spent_ms, rows.pop()[1])
        rows.append((now_s, spent_ms))

    def reset(self, event: str) -> bool:
        """Forget an event; tell whether there was one."""
        self.worst_ms.pop(event, None)
        return self.samples.pop(event, None) is not None
