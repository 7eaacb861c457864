"""Smisk against Twisted: the claim of November 2008 was ten times.

"boosted performance for some services in 10 multiples, when compared to Twisted": no
workload, no machine, no numbers. So: the same trivial answer, the same lighttpd, one
process each, in turns.
"""

from __future__ import annotations

import sys
from pathlib import Path

from study.plan import Cell, Plan
from study.program import StartError
from study.row import Row
from study.visit import Bench

from claims.table import Line, Table


def run(
    repeats: int = 3,
    seconds: int = 3,
    peers: str = sys.executable,
    out: Path | None = None,
) -> Path:
    """Measure both in turns."""
    plan = Plan("twisted", (), repeats=repeats, warm_s=0.5, wrk_s=seconds,
                locust_s=1.0, open_repeats=0,
                tries=2, patience_s=5)  # fmt: skip
    bench = Bench(plan, peers)
    cells = [Cell("smisk", 1, "hello"), Cell("Twisted", 1, "hello")]
    for cell in cells:
        if why := bench.missing(cell):
            raise StartError(f"{cell.model}: {why}; name an environment with --peers")
    table = Table("twisted", "Smisk against Twisted, 12 bytes behind lighttpd, one process",
                  "nothing is stored.")  # fmt: skip
    found: dict[str, list[Row]] = {}
    for repeat in range(repeats):
        for cell in cells:
            rows = [r for r in bench.visit(cell, repeat) if r.kept]
            found.setdefault(cell.model, []).append(rows[0])
    smisk, twisted = found["smisk"], found["Twisted"]
    for name, rows in found.items():
        table.add(Line(f"{name}: wrk", "requests/s", [r.rate for r in rows],
                       note=f"{name}: {rows[0].limit} was the limit."))  # fmt: skip
        table.add(
            Line(f"{name}: CPU of the worker", "us", [r.us_workers for r in rows])
        )
    claim = "blog, 2008, “10 multiples”"
    pairs = list(zip(smisk, twisted, strict=True))
    table.add(Line("Smisk ÷ Twisted, requests/s", "times",
                   [a.rate / max(b.rate, 1e-9) for a, b in pairs], 10, claim))  # fmt: skip
    table.add(Line("Twisted ÷ Smisk, CPU of a request", "times",
                   [b.us_workers / max(a.us_workers, 1e-9) for a, b in pairs], 10,
                   claim))  # fmt: skip
    return table.write(out)
