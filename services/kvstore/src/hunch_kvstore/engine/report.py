"""What check, backup, restore and repair have found and done."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from hunch_kvstore.engine.error import StoreDamaged


@dataclass(frozen=True)
class Problem:
    """Damage: where, what, and what to do about it."""

    path: Path
    offset: int | None
    what: str

    def __str__(self) -> str:
        return self.what


@dataclass
class Report:
    """The outcome of work on a folder.

    Attributes:
        folder: Worked on.
        sequence: Of the newest commit in it.
        segments: How many.
        records: Points in the segments and commits in the log.
        size_bytes: Of the files that count.
        problems: Damage found; empty means that all is well.
        notes: What was met or done, for people to read.
    """

    folder: Path
    sequence: int = 0
    segments: int = 0
    records: int = 0
    size_bytes: int = 0
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether no damage was found."""
        return not self.problems

    def add(self, error: StoreDamaged) -> None:
        """Take note of damage."""
        self.problems.append(Problem(error.path, error.offset, str(error)))

    def lines(self) -> list[str]:
        """Return the report as lines of text."""
        state = "sound" if self.ok else f"{len(self.problems)} problems"
        head = (
            f"{self.folder}: {state}, sequence {self.sequence}, "
            f"{self.segments} segments, {self.records} records and commits, "
            f"{self.size_bytes} bytes"
        )
        return [head, *map(str, self.problems), *self.notes]
