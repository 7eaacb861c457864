"""How far a study is, and how long it still takes, on one line of the screen."""

from __future__ import annotations

import sys
import time

WIDTH = 24


class Progress:
    """A bar, what is measured now, and the time that is left.

    Args:
        total: How many visits there are.
        budget_s: How long all of them may take.
    """

    def __init__(self, total: int, budget_s: float) -> None:
        self._total = total
        self._done = 0
        self._budget_s = budget_s
        self._guess_s = min(6.0, budget_s / 4)
        self._began = time.monotonic()
        self._taken: list[float] = []
        self._is_screen = sys.stderr.isatty()

    @property
    def mean_s(self) -> float:
        """How long a visit takes."""
        return sum(self._taken) / len(self._taken) if self._taken else self._guess_s

    def left_s(self) -> float:
        """Return how long the rest takes, or the budget's rest if that is less."""
        rest = self._budget_s - (time.monotonic() - self._began)
        return max(0.0, min(rest, (self._total - self._done) * self.mean_s))

    def has_time(self) -> bool:
        """Return whether another visit ends within the budget."""
        spent = time.monotonic() - self._began
        return spent + max([self.mean_s, *self._taken[-3:]]) <= self._budget_s

    def show(self, what: str) -> None:
        """Say what is measured now."""
        share = self._done / self._total if self._total else 1.0
        bar = "#" * int(share * WIDTH)
        minutes, seconds = divmod(int(self.left_s()), 60)
        line = f"[{bar:-<{WIDTH}}] {self._done}/{self._total} left {minutes}:{seconds:02d} "
        if self._is_screen:
            sys.stderr.write(f"\r\033[K{line} {what}")
        else:
            sys.stderr.write(f"{line} {what}\n")
        sys.stderr.flush()

    def step(self, said: str, taken_s: float) -> None:
        """One more is done."""
        self._done += 1
        if taken_s:
            self._taken.append(taken_s)
        if said and self._is_screen:
            sys.stderr.write(f"\r\033[K{said}\n")

    def close(self) -> None:
        """Leave the line."""
        minutes, seconds = divmod(int(time.monotonic() - self._began), 60)
        sys.stderr.write(
            f"\n{self._done} of {self._total} in {minutes}:{seconds:02d}\n"
        )
