"""Which cell is visited again, when all are and there is time left."""

from __future__ import annotations

import collections

from study.handler import HANDLERS
from study.plan import Cell, Plan
from study.row import Row


def widest(rows: list[Row], plan: Plan) -> tuple[Cell, int] | None:
    """Return the cell that another visit helps most, and the visit's number.

    That is the one whose repeats differ most in the servers' CPU time for a request, for the
    number of its repeats; no cell is visited more than twice as often as planned.

    PERF: on a virtual machine that nobody else used, two repeats of a cell differed by 22 %
    in rate and 18 % in CPU time for a request, and rate × CPU time by 4 %: what changes is
    how fast its cores are. A fixed computation before and after a visit does not show it
    (correlation -0.06 over 396 visits); the repeats themselves do. 2026-11-27.
    """
    costs: dict[Cell, list[float]] = collections.defaultdict(list)
    visits: dict[Cell, set[int]] = collections.defaultdict(set)
    wanted = set(plan.cells)
    for row in rows:
        if row.kept and row.cell in wanted and not HANDLERS[row.handler].cold:
            visits[row.cell].add(row.repeat)
            if row.generator != "locust":
                costs[row.cell].append(row.us_edge + row.us_workers + row.us_store)

    def need(cell: Cell) -> float:
        low, high = min(costs[cell]), max(costs[cell])
        return (high - low) / max(1e-9, low) / len(costs[cell])

    found = [c for c in sorted(costs) if 1 < len(visits[c]) < 2 * plan.repeats]
    if not found:
        return None
    cell = max(found, key=need)
    return cell, max(visits[cell]) + 1
