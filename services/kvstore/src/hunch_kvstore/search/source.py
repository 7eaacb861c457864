"""Streams of document numbers: what a query is made of when it runs.

Every source gives its numbers ascending, that is newest first, in blocks, and can say
which of some given numbers are in it. An intersection takes the blocks of its rarest
source and asks the others to `keep` what they have: each seeks the chunk in question and
skips all chunks between. Nobody reads further than the taker wants blocks.

What a posting list holds is a source (`listed`), what others hold together (`combined`),
and here are what is known already and what lies between two moments.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from typing import Protocol

from .chunk import NONE, between, common, numbers_of
from .document import LAST


class Source(Protocol):
    """Something documents can be in.

    Attributes:
        size: About how many documents are in it, to choose who leads.
        is_quick: Whether all of `keep` and `whole` happen in memory.
    """

    size: int
    is_quick: bool

    def blocks(self, low: int = 0, high: int = LAST) -> Iterator[array[int]]:
        """Yield the numbers from `low` to `high`, ascending, in runs of any length."""
        ...

    def keep(self, numbers: array[int]) -> array[int]:
        """Return those of ascending numbers that are in it."""
        ...

    def whole(self) -> array[int] | None:
        """Return all numbers, ascending; None if only `blocks` should give them."""
        ...


class Nothing:
    """No document."""

    size = 0
    is_quick = True

    def blocks(self, low: int = 0, high: int = LAST) -> Iterator[array[int]]:  # noqa: ARG002
        """Yield nothing."""
        return iter(())

    def keep(self, numbers: array[int]) -> array[int]:  # noqa: ARG002
        """Return nothing."""
        return NONE

    def whole(self) -> array[int] | None:
        """Return nothing."""
        return NONE


class Given:
    """Documents that are already known, ascending."""

    is_quick = True

    def __init__(self, numbers: array[int]) -> None:
        self._numbers = numbers
        self.size = len(numbers)

    def blocks(self, low: int = 0, high: int = LAST) -> Iterator[array[int]]:
        """Yield them in one run."""
        numbers = between(self._numbers, low, high)
        if numbers:
            yield numbers

    def whole(self) -> array[int]:
        """Return them."""
        return self._numbers

    def keep(self, numbers: array[int]) -> array[int]:
        """Return those that are among them."""
        return common(numbers, self._numbers)


class Window:
    """The documents whose numbers lie between two, and pass a look at the two ends.

    A range over the field that numbers the documents is this: one seek.
    """

    is_quick = True  # but for a moment at either end

    def __init__(
        self, everything: Source, low: int, high: int, passes: Callable[[int], bool]
    ) -> None:
        self._everything = everything
        self.low = low
        self.high = high
        self._passes = passes
        self.size = everything.size

    def blocks(self, low: int = 0, high: int = LAST) -> Iterator[array[int]]:
        """Go through all documents between."""
        low, high = max(low, self.low), min(high, self.high)
        for block in self._everything.blocks(low, high) if low <= high else ():
            found = self.keep(block)
            if found:
                yield found

    def whole(self) -> array[int] | None:
        """Leave it to `blocks`."""
        return None

    def keep(self, numbers: array[int]) -> array[int]:
        """Cut, and look at those in the first and the last moment."""
        inside = between(numbers, self.low, self.high)
        if not inside:
            return inside
        low_moment, high_moment = self.low >> 24, self.high >> 24
        if inside[0] >> 24 != low_moment and inside[-1] >> 24 != high_moment:
            return inside
        return numbers_of(
            number
            for number in inside
            if (number >> 24 != low_moment and number >> 24 != high_moment)
            or self._passes(number)
        )
