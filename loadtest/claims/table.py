"""What was measured, beside what the post said: on the screen and as JSON."""

from __future__ import annotations

import datetime as dt
import json
import os
import platform
import statistics
import sys
from dataclasses import dataclass, field
from pathlib import Path

from study.environment import cpu
from study.noise import foreign_share

RESULTS = Path(__file__).resolve().parents[1] / "results"


@dataclass(frozen=True)
class Line:
    """One measurement.

    Attributes:
        measure: What was done.
        unit: Of the figures; `…/s` and `times` are better when larger.
        ours: One figure for each repeat.
        post: The post's figure; None if it gave none.
        post_name: Whose figure, on what machine.
        note: What it means, above all for durability.
    """

    measure: str
    unit: str
    ours: list[float]
    post: float | None = None
    post_name: str = ""
    note: str = ""


@dataclass
class Table:
    """All lines of one claim.

    Attributes:
        name: Of the command.
        title: What is claimed, in one sentence.
        durability: What would be left after a crash, then and now.
        lines: What was measured.
    """

    name: str
    title: str
    durability: str
    lines: list[Line] = field(default_factory=list)
    _noise: float = field(default_factory=lambda: foreign_share(1.0))

    def add(self, line: Line) -> None:
        """Add a line, and show it."""
        self.lines.append(line)
        sys.stderr.write(self._text(line) + "\n")

    def write(self, out: Path | None = None) -> Path:
        """Write the results; show the table with its notes."""
        path = out or RESULTS / f"claim-{self.name}.json"
        rows = [self._row(line) for line in self.lines]
        machine = {
            "cpu": cpu(), "cores": os.cpu_count(), "kernel": platform.release(),
            "python": platform.python_version(), "load_before": self._noise,
            "when": dt.datetime.now(dt.UTC).date().isoformat(),
        }  # fmt: skip
        text = json.dumps(
            {"title": self.title, "durability": self.durability, "machine": machine,
             "rows": rows},
            indent=1, ensure_ascii=False,
        )  # fmt: skip
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
        notes = dict.fromkeys(line.note for line in self.lines if line.note)
        words = [self.title, "", *map(self._text, self.lines), "", *notes]
        words += [f"Durability: {self.durability}"]
        if self._noise > 0.1:
            words.append(
                f"Others used {self._noise:.0%} of the machine before it began."
            )
        sys.stdout.write("\n".join(words) + "\n")
        return path

    def _row(self, line: Line) -> dict[str, object]:
        ours = statistics.median(line.ours)
        ratio = None
        if line.post:
            more = line.unit.endswith("/s") or line.unit == "times"
            ratio = ours / line.post if more else line.post / ours
        return {
            "measure": line.measure, "unit": line.unit, "ours": _short(ours),
            "peer_name": line.post_name, "peer": line.post,
            "ratio": None if ratio is None else round(ratio, 2), "goal": None,
            "met": None, "repeats": len(line.ours),
            "spread": round(max(line.ours) / max(min(line.ours), 1e-9) - 1, 3),
            "note": line.note,
        }  # fmt: skip

    def _text(self, line: Line) -> str:
        row = self._row(line)
        post = "" if line.post is None else f"{line.post:,g}"
        ratio = "" if row["ratio"] is None else f"×{row['ratio']}"
        return (
            f"{line.measure:44} {row['ours']:>12,} {line.unit:11} {post:>10} {ratio:>8} "
            f"{line.post_name}"
        )


def _short(value: float) -> float:
    return round(value, 3) if value < 100 else round(value)
