"""Measure a piece of code by going over it in a loop."""

import time
from collections.abc import Iterator


class Benchmark:
    """Times a loop, and each of its turns.

    Example:
        for _ in (timing := Benchmark(1000)):
            client.get("/")
        log.info("%s", timing)
    """

    def __init__(self, turns: int) -> None:
        self.turns = turns
        self.times_s: list[float] = []

    def __iter__(self) -> Iterator[int]:
        self.times_s = []
        for turn in range(self.turns):
            begin = time.perf_counter()
            yield turn
            self.times_s.append(time.perf_counter() - begin)

    @property
    def total_s(self) -> float:
        """Seconds of all turns together."""
        return sum(self.times_s)

    @property
    def rate(self) -> float:
        """Turns a second."""
        return len(self.times_s) / self.total_s if self.total_s else 0.0

    def __str__(self) -> str:
        if not self.times_s:
            return "nothing was measured"
        ordered = sorted(self.times_s)
        middle = ordered[len(ordered) // 2] * 1e6
        return f"{len(ordered)} turns, {self.rate:.0f}/s, median {middle:.1f} us"
