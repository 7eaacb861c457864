"""Stars out of five, from the item's own field or from the end of its title."""

from __future__ import annotations

import dataclasses
import re

_TAIL = re.compile(r"\s*[-–—:,(]?\s*(★{1,5})(½)?\)?\s*\Z")


@dataclasses.dataclass(frozen=True, slots=True)
class Rating:
    """A rating as five signs, each `full`, `half` or `none`."""

    value: float

    @property
    def words(self) -> str:
        """The rating as a screen reader should say it."""
        return f"{self.value:g} out of 5 stars"

    @property
    def stars(self) -> tuple[str, ...]:
        """Five names of signs."""
        return tuple(
            "full" if self.value >= n else "half" if self.value >= n - 0.5 else "none"
            for n in range(1, 6)
        )


def split_rating(title: str, value: float = 0.0) -> tuple[str, Rating | None]:
    """Return a title without the stars at its end, and the rating.

    Args:
        title: Such as `Past Lives, 2023 - ★★★★½`.
        value: The rating if the source gave it as a number; it wins over the title.
    """
    match = _TAIL.search(title)
    if match:
        found = len(match[1]) + (0.5 if match[2] else 0)
        title = title[: match.start()]
        value = value or min(5.0, found)
    return title, Rating(min(5.0, value)) if value > 0 else None
