"""How long the disk took to take the log in, for the metrics."""

from __future__ import annotations

from bisect import bisect_left
from itertools import accumulate
from typing import Final

# Seconds: a preallocated block takes a good disk 0.1 ms, a stalled one some seconds.
BOUNDS_S: Final = (
    *(0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05),
    *(0.1, 0.2, 0.5, 1.0, 2.0, 5.0),
)


class SyncTimes:
    """A histogram of the syncs of the log.

    Attributes:
        last_s: What the newest one took.
        total_s: What all took together.
    """

    __slots__ = ("_counts", "last_s", "total_s")

    def __init__(self) -> None:
        self._counts = [0] * (len(BOUNDS_S) + 1)
        self.last_s = 0.0
        self.total_s = 0.0

    def note(self, seconds: float) -> None:
        """Count one sync."""
        self._counts[bisect_left(BOUNDS_S, seconds)] += 1
        self.last_s = seconds
        self.total_s += seconds

    def cumulative(self) -> list[int]:
        """Return how many took at most each of `BOUNDS_S`, and then how many there were."""
        return list(accumulate(self._counts))
