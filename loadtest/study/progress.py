"""How far a study is, and how long it still takes, on one line of the screen."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

WIDTH = 24


class Progress:
    """A bar, what is measured now, and the time that is left.

    Args:
        guesses_s: How long each visit should take, in their order.
        limit_s: How long all of them may take.
        least_s: How long the study goes on, with visits that nobody planned.
    """

    def __init__(
        self, guesses_s: Sequence[float], limit_s: float, least_s: float = 0.0
    ) -> None:
        self._total = len(guesses_s)
        # Of the visits that are not made yet, from the last to the first.
        self._guesses_s = list(reversed(guesses_s))
        self._rest_s = sum(guesses_s)
        self._done = 0
        self._limit_s = limit_s
        self._least_s = least_s
        self._began = time.monotonic()
        self._guessed_s = 0.0
        self._taken_s = 0.0
        self._is_screen = sys.stderr.isatty()

    @property
    def slower(self) -> float:
        """How many times longer visits took than was guessed."""
        # What is known of few visits is only half believed.
        return (self._taken_s + 10.0) / (self._guessed_s + 10.0)

    @property
    def spent_s(self) -> float:
        """Since the beginning."""
        return time.monotonic() - self._began

    def left_s(self) -> float:
        """Return how long the rest takes, or the limit's rest if that is less."""
        rest = max(self._rest_s * self.slower, self._least_s - self.spent_s)
        return max(0.0, min(rest, self._limit_s - self.spent_s))

    def has_time(self) -> bool:
        """Return whether another visit ends within the limit."""
        return self.spent_s + self._next_s() <= self._limit_s

    def is_early(self) -> bool:
        """Return whether there is time for a visit that nobody planned."""
        return self.spent_s + self._next_s() <= min(self._least_s, self._limit_s)

    def _next_s(self) -> float:
        guess_s = self._guesses_s[-1] if self._guesses_s else 3.0
        return guess_s * self.slower

    def announce(self) -> None:
        """Say how long it will take."""
        sys.stderr.write(
            f"{self._total} visits, about {_clock(self.left_s())} minutes\n"
        )

    def show(self, what: str) -> None:
        """Say what is measured now."""
        share = min(1.0, self._done / self._total) if self._total else 1.0
        bar = "#" * int(share * WIDTH)
        left = _clock(self.left_s())
        line = f"[{bar:-<{WIDTH}}] {self._done}/{self._total} left {left} "
        if self._is_screen:
            sys.stderr.write(f"\r\033[K{line} {what}")
        else:
            sys.stderr.write(f"{line} {what}\n")
        sys.stderr.flush()

    def step(self, said: str, taken_s: float = 0.0) -> None:
        """One more is done; in no time if it was left out."""
        self._done += 1
        if self._guesses_s:
            guess_s = self._guesses_s.pop()
            self._rest_s -= guess_s
            if taken_s:
                self._guessed_s += guess_s
                self._taken_s += taken_s
        if said and self._is_screen:
            sys.stderr.write(f"\r\033[K{said}\n")

    def close(self) -> None:
        """Leave the line."""
        sys.stderr.write(
            f"\n{self._done} visits of {self._total} that were planned, in "
            f"{_clock(self.spent_s)} minutes\n"
        )


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02d}"
