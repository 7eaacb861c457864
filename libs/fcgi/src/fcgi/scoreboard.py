"""Shared memory in which workers tell their parent how they are.

A slot is two numbers: when the current request began (monotonic nanoseconds, 0 when
idle) and how many requests were served. Each has one writer, so there is no lock.
"""

import mmap
import time
from typing import Final

_WORDS: Final = 2


class Slot:
    """One worker's place on the scoreboard."""

    __slots__ = ("at", "words")

    def __init__(self, words: "memoryview[int]", index: int) -> None:
        self.words = words
        self.at = index * _WORDS

    def begin(self) -> None:
        """Note that a request starts now."""
        self.words[self.at] = time.monotonic_ns()

    def end(self) -> None:
        """Note that it is over."""
        self.words[self.at] = 0

    def set_started(self, started_ns: int) -> None:
        """Note when the oldest of several running requests began; 0 for none."""
        self.words[self.at] = started_ns

    def count(self) -> int:
        """Note one more served request; return how many there were."""
        self.words[self.at + 1] += 1
        return self.words[self.at + 1]

    def busy_s(self) -> float:
        """Return for how long the current request has been running; 0 when idle."""
        started = self.words[self.at]
        return (time.monotonic_ns() - started) / 1e9 if started else 0.0

    @property
    def served(self) -> int:
        """How many requests this worker has served."""
        return self.words[self.at + 1]

    def clear(self) -> None:
        """Make the slot as new, for the next worker."""
        self.words[self.at] = self.words[self.at + 1] = 0


class Scoreboard:
    """Slots in memory that forked children share.

    Args:
        slots: How many workers there can be at most.
    """

    def __init__(self, slots: int) -> None:
        self._memory = mmap.mmap(-1, slots * _WORDS * 8)
        self._words: memoryview[int] = memoryview(self._memory).cast("Q")
        self.slots = slots

    def slot(self, index: int) -> Slot:
        """Return the slot of a number from 0."""
        return Slot(self._words, index)
