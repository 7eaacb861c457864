"""What is measured: cells, how often, how long, in which order."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Sequence
from dataclasses import dataclass

from study.handler import HANDLERS
from study.model import MODELS

COUNTS = (1, 2, 3, 4, 6, 8, 13, 16)
# The question of 2007, and what answers it.
ASKED = ("2007 plain", "2007 multiplexed", "prefork")
SWEPT = (
    *ASKED, "flup fork", "thread per connection", "thread per request", "multiplex",
    "pool", "smisk", "Twisted", "gunicorn", "uWSGI", "granian",
)  # fmt: skip
OURS = ("prefork", "thread per connection", "thread per request", "multiplex", "pool")
MUXED = (
    "prefork, no edge", "prefork, kept, no edge", "thread per request, muxed",
    "multiplex, muxed", "pool, muxed", "flup multiplexed, muxed",
)  # fmt: skip


@dataclass(frozen=True, order=True)
class Cell:
    """One model with a number of processes under one kind of request."""

    model: str
    processes: int
    handler: str

    def __str__(self) -> str:
        return f"{self.model} ×{self.processes} {self.handler}"


@dataclass(frozen=True)
class Plan:
    """A study.

    Attributes:
        name: `quick`, `default` or `full`.
        cells: In no order.
        repeats: How often each is visited, its servers started anew.
        budget_s: No visit is begun that would end later; 0 for no limit.
        warm_s: Load before anything counts.
        wrk_s: Whole seconds.
        locust_s: Seconds that count.
        cold_s: Whole seconds from the start of servers that are expensive to start.
        open_repeats: In how many of the repeats locust also keeps to a rate.
        open_counts: At which numbers of processes; none for all.
        noise: Share of the machine that others may use.
        slower: How much slower than at its best the machine may compute, before and after.
        tries: How often a cell is visited at most for one repeat.
        patience_s: How long to wait for a quiet machine before a visit.
        seed: Of the random order.
    """

    name: str
    cells: tuple[Cell, ...]
    repeats: int = 3
    budget_s: float = 0.0
    warm_s: float = 1.0
    wrk_s: int = 2
    locust_s: float = 2.0
    cold_s: int = 15
    open_repeats: int = 1
    open_counts: tuple[int, ...] = ()
    noise: float = 0.1
    slower: float = 0.4
    tries: int = 3
    patience_s: float = 10.0
    seed: int = 1

    def order(self) -> list[tuple[Cell, int]]:
        """Return all visits: round by round, each round in a random order of its own.

        Rounds, so that a study cut short has visited all cells about equally often, and
        a slow change of the machine meets all cells alike.
        """
        chance = random.Random(self.seed)
        visits = []
        for repeat in range(self.repeats):
            cells = sorted(self.cells)
            chance.shuffle(cells)
            visits += [(cell, repeat) for cell in cells]
        return visits

    def guess_s(self) -> float:
        """Return about how long it takes on a quiet machine."""
        # PERF: starting, settling and stopping servers took 0.8 s, 2026-11.
        total = 0.0
        for cell in self.cells:
            both = self.wrk_s + self.locust_s + 0.2
            takes = self.cold_s if HANDLERS[cell.handler].cold else self.warm_s + both
            if cell.model in MUXED:
                takes = 2 * self.warm_s + self.wrk_s
            total += 0.8 + takes
        return total * self.repeats

    def as_dict(self) -> dict[str, object]:
        """Return it as JSON keeps it."""
        return dataclasses.asdict(self)


def _cells(
    models: Sequence[str], counts: Sequence[int], handlers: Sequence[str]
) -> list[Cell]:
    return [Cell(m, n, h) for m in models for n in counts for h in handlers]


def _once(cells: Sequence[Cell]) -> tuple[Cell, ...]:
    return tuple(dict.fromkeys(cells))


def counts_for(cores: int) -> tuple[int, ...]:
    """Return the numbers of processes of a sweep on a machine of so many cores."""
    more = {cores // 2, cores, cores * 2} - {0} if cores > 8 else set()
    return tuple(sorted({*COUNTS, *more}))


def make(name: str, cores: int) -> Plan:
    """Return the plan of that name for a machine of so many cores.

    Raises:
        ValueError: If there is no such plan.
    """
    plans = {"quick": _quick, "default": _default, "full": _full}
    if name not in plans:
        raise ValueError(f"{name!r} is no study; write quick, default or full")
    return plans[name](cores)


def _quick(cores: int) -> Plan:
    """The question itself: its two curves, and ours."""
    cells = _cells(ASKED, sorted({1, cores, 2 * cores, 8, 13}), ("hello",))
    cells += _cells(("prefork, no edge", "multiplex, muxed"), (1,), ("hello",))
    return Plan("quick", _once(cells), budget_s=200, warm_s=0.2, wrk_s=1, locust_s=0.8,
                open_repeats=0, tries=2, patience_s=2)  # fmt: skip


def _default(cores: int) -> Plan:
    """Every model with every number of processes for the smallest request.

    Each other kind of request meets the models that it can tell apart, with as many
    processes as cores, and those for which the number matters, with more.
    """
    # WHY not all: on a big machine a sweep has more numbers, and each takes longer.
    cells = _cells(SWEPT, COUNTS, ("hello",))
    cells += _cells(ASKED, counts_for(cores), ("hello",))
    cells += _cells(MUXED, (1,), ("hello",))
    cells += _cells(("2007 plain", "prefork", "pool", "smisk", "gunicorn", "uWSGI",
                     "granian"), (cores,), ("page",))  # fmt: skip
    cells += _cells(OURS, (cores,), ("stream",))
    cells += _cells(("prefork",), (1, 2 * cores), ("stream",))
    cells += _cells(("2007 plain", "2007 multiplexed", "prefork",
                     "thread per connection", "multiplex", "pool", "gunicorn threads"),
                    (cores,), ("slow",))  # fmt: skip
    cells += _cells(("prefork", "pool"), (max(16, 2 * cores),), ("slow",))
    cells += _cells(("prefork", "prefork spawned", "2007 plain"), (4,), ("start",))
    cells += _cells(("2007 plain", "2007 multiplexed"), (1,), ("start",))
    return Plan("default", _once(cells), budget_s=1620, warm_s=0.2, wrk_s=1,
                locust_s=0.8, cold_s=7, open_counts=(1, cores), patience_s=5)  # fmt: skip


def _full(cores: int) -> Plan:
    """Everything with everything, longer and more often."""
    handlers = [h for h in HANDLERS if h not in ("stream", "start")]
    edged = [m.name for m in MODELS.values() if m.via != "direct"]
    cells = _cells(edged, counts_for(cores), handlers)
    cells += _cells(MUXED, counts_for(cores), handlers)
    cells += _cells(OURS, counts_for(cores), ("stream",))
    starting = [name for name in edged if not MODELS[name].factory]
    cells += _cells(starting, (1, 2, 4, 8, 13), ("start",))
    return Plan("full", _once(cells), repeats=5, warm_s=2, wrk_s=5, locust_s=6,
                tries=4, patience_s=300)  # fmt: skip
