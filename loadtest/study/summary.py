"""What repeats come to: medians and spreads of each cell."""

from __future__ import annotations

import collections
import statistics
from collections.abc import Iterable
from dataclasses import dataclass

from study.plan import Cell
from study.row import PARTS, Row


@dataclass(frozen=True)
class Figure:
    """Repeats of one measurement, put together.

    Attributes:
        rate: Median of requests served in a second.
        low: Least of them.
        high: Most of them.
        repeats: How many.
        failed: Requests that failed, in all repeats.
        ms: Medians of median, 90 % and 99 %.
        us: CPU microseconds for a request, by part.
        us_low: The least of all parts but the generator, in a repeat.
        us_high: The most of them.
        limit: What held the rate down, most often.
        saturated: In how many repeats the generator was at its end.
        noisy: In how many repeats the machine was noisy at every try.
        ready_s: From start to the first answer.
        per_repeat: Rates in the order of repeats.
    """

    rate: float
    low: float
    high: float
    repeats: int
    failed: int
    ms: tuple[float, float, float]
    us: dict[str, float]
    us_low: float
    us_high: float
    limit: str
    saturated: int
    noisy: int
    ready_s: float
    per_repeat: tuple[float, ...]

    @property
    def servers_us(self) -> float:
        """CPU microseconds for a request of all parts but the generator."""
        return sum(us for part, us in self.us.items() if part != "generator")


Key = tuple[Cell, str, str]


def summarise(rows: Iterable[Row]) -> dict[Key, Figure]:
    """Return the figure of each cell, generator and mode."""
    groups: dict[Key, list[Row]] = collections.defaultdict(list)
    for row in rows:
        if row.kept:
            groups[(row.cell, row.generator, row.mode)].append(row)
    return {key: _figure(group) for key, group in sorted(groups.items())}


def most(figures: dict[Key, Figure], cell: Cell) -> Figure | None:
    """Return the figure of the generator that got most out of a cell.

    One that measured in fewer repeats than another has no say: it has no such spread.
    """
    found = [
        figures[key]
        for key in ((cell, g, "closed") for g in ("wrk", "locust", "fcgi"))
        if key in figures
    ]
    often = max((figure.repeats for figure in found), default=0)
    found = [figure for figure in found if figure.repeats == often]
    return max(found, key=lambda figure: figure.rate, default=None)


def curve(figures: dict[Key, Figure], model: str, handler: str) -> dict[int, Figure]:
    """Return a model's best figures by number of processes."""
    cells = {c for c, _, _ in figures if c.model == model and c.handler == handler}
    found = {cell.processes: most(figures, cell) for cell in cells}
    return {n: figure for n, figure in sorted(found.items()) if figure is not None}


def _figure(rows: list[Row]) -> Figure:
    def middle(name: str) -> float:
        return float(statistics.median(getattr(row, name) for row in rows))

    rates = [row.rate for row in sorted(rows, key=lambda row: row.repeat)]
    servers = [row.us_edge + row.us_workers + row.us_store for row in rows]
    limits = collections.Counter(row.limit for row in rows)
    return Figure(
        rate=middle("rate"),
        low=min(rates),
        high=max(rates),
        repeats=len(rows),
        failed=sum(row.failed for row in rows),
        ms=(middle("p50_ms"), middle("p90_ms"), middle("p99_ms")),
        us={part: middle(f"us_{part}") for part in PARTS},
        us_low=min(servers),
        us_high=max(servers),
        limit=limits.most_common(1)[0][0],
        saturated=sum(row.saturated for row in rows),
        noisy=sum(row.noisy for row in rows),
        ready_s=middle("ready_s"),
        per_repeat=tuple(rates),
    )
