"""A whole study: all visits of a plan, resumed where it was cut off."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from study import row as rows_on_disk
from study.again import widest
from study.environment import describe
from study.kept_locust import GeneratorError
from study.model import FOLDER
from study.plan import Cell, Plan
from study.program import StartError
from study.progress import Progress
from study.row import Row
from study.visit import Bench

Visit = Callable[[Cell, int], list[Row]]


class Study:
    """Visits everything that a plan asks for, and keeps what comes of it.

    Args:
        folder: Of the results; what is in it already is not measured again.
        plan: What to measure.
        peers: The interpreter in whose environment other people's servers are.
    """

    def __init__(self, folder: Path, plan: Plan, peers: str) -> None:
        self.folder = folder
        self.plan = plan
        self._bench = Bench(plan, peers)
        self._peers = peers
        self._raw = folder / "raw.csv"

    @classmethod
    def unfinished(cls, folder: Path, plan: Plan) -> bool:
        """Return whether a folder holds a part of that very plan."""
        state = folder / "state.json"
        if not state.exists():
            return False
        found = json.loads(state.read_text())
        same = found["plan"] == json.loads(json.dumps(plan.as_dict()))
        return bool(same and not found["finished"])

    def run(self, visit: Visit | None = None) -> None:
        """Visit what is not visited yet. May be killed at any time and run again."""
        visit = visit or self._bench.visit
        self.folder.mkdir(parents=True, exist_ok=True)
        state = self._state()
        measured = rows_on_disk.load(self._raw)
        done = {(row.cell, row.repeat) for row in measured if row.kept}
        if not (self.folder / "environment.json").exists():
            found = describe(self._peers)
            text = json.dumps(found, indent=1, ensure_ascii=False)
            (self.folder / "environment.json").write_text(text + "\n")
        skipped: dict[str, str] = state["skipped"]
        failed: dict[str, str] = state["failed"]
        todo = [(c, n) for c, n in self.plan.order() if (c, n) not in done]
        for cell in self.plan.cells:
            if why := self._bench.missing(cell):
                skipped[cell.model] = why
        todo = [(c, n) for c, n in todo if c.model not in skipped]
        progress = Progress(
            [self.plan.visit_s(*each) for each in todo],
            self._left_s(state, self.plan.budget_s or float("inf")),
            self._left_s(state, self.plan.steady_s),
        )
        progress.announce()
        for cell, repeat in todo:
            if not progress.has_time():
                break
            if str(cell) in failed:
                progress.step("")
                continue
            measured += self._measure(visit, cell, repeat, state, progress)
        while progress.is_early():
            again = widest(
                [row for row in measured if str(row.cell) not in failed], self.plan
            )
            if again is None:
                break
            measured += self._measure(visit, *again, state, progress)
        progress.close()
        state["finished"] = True
        self._write(state)

    def _measure(
        self, visit: Visit, cell: Cell, repeat: int, state: dict[str, Any],
        progress: Progress,
    ) -> list[Row]:  # fmt: skip
        """Visit a cell and write down what came of it."""
        progress.show(str(cell))
        began = time.monotonic()
        rows, why = _twice(visit, cell, repeat)
        if why:
            state["failed"][str(cell)] = why
        taken = time.monotonic() - began
        rows_on_disk.append(self._raw, rows)
        state["spent_s"] += taken
        self._write(state)
        best = max((row.rate for row in rows if row.kept), default=0.0)
        progress.step(f"{cell}: {best:,.0f}/s", taken)
        return rows

    def _left_s(self, state: dict[str, Any], until_s: float) -> float:
        return max(0.0, until_s - float(state["spent_s"]))

    def _state(self) -> dict[str, Any]:
        path = self.folder / "state.json"
        if path.exists():
            found = json.loads(path.read_text())
            if found["plan"] == json.loads(json.dumps(self.plan.as_dict())):
                return dict(found)
        fresh = {
            "plan": self.plan.as_dict(), "finished": False, "spent_s": 0.0,
            "skipped": {}, "failed": {},
        }  # fmt: skip
        self._write(fresh)
        return fresh

    def _write(self, state: object) -> None:
        beside = self.folder / "state.json.new"
        beside.write_text(json.dumps(state, indent=1) + "\n")
        beside.replace(self.folder / "state.json")


def _twice(visit: Visit, cell: Cell, repeat: int) -> tuple[list[Row], str]:
    """Visit a cell, once more if that fails; return its rows, or why there are none.

    WHY once more: between the choice of a port and its use, somebody else may take it.
    """
    why = ""
    for _ in range(2):
        try:
            return visit(cell, repeat), ""
        except (StartError, GeneratorError) as error:
            why = str(error).replace(f"{FOLDER.parent}/", "")
            sys.stderr.write(f"\n{cell}: {why}\n")
    return [], why
