"""What is measured: cells, how often, how long, in which order."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Sequence
from dataclasses import dataclass

from study.handler import HANDLERS
from study.model import MODELS

PEERS = ("Twisted", "gunicorn", "gunicorn threads", "uWSGI", "granian")
MUXED = (
    "prefork, no edge", "prefork, kept, no edge", "thread per request, muxed",
    "multiplex, muxed", "pool, muxed", "flup multiplexed, muxed",
)  # fmt: skip
COUNTS = (1, 2, 3, 4, 6, 8, 13, 16)


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
        open_repeats: In how many of the repeats locust also keeps to a rate.
        noise: Share of the machine that others may use.
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
    open_repeats: int = 1
    noise: float = 0.1
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
    """Return the numbers of processes of a full study on a machine of so many cores."""
    more = {cores // 2, cores, cores * 2} - {0} if cores > 8 else set()
    return tuple(sorted({*COUNTS, *more}))


def make(name: str, cores: int) -> Plan:
    """Return the plan of that name for a machine of so many cores.

    Raises:
        ValueError: If there is no such plan.
    """
    if name == "quick":
        cells = _cells(("2007 plain", "2007 multiplexed", "prefork"),
                       sorted({1, cores, 2 * cores}), ("hello",))  # fmt: skip
        cells += _cells(("prefork, no edge", "multiplex, muxed"), (1,), ("hello",))
        return Plan(name, _once(cells), budget_s=165, warm_s=0.3, wrk_s=1, locust_s=1,
                    open_repeats=0, tries=2, patience_s=2)  # fmt: skip
    some = sorted({1, 2, cores, 2 * cores, 13})
    if name == "default":
        cells = _cells(("2007 plain", "2007 multiplexed", "prefork"), some, ("hello",))
        cells += _cells(("thread per connection", "thread per request", "flup fork"),
                        sorted({1, cores, 13}), ("hello",))  # fmt: skip
        cells += _cells(("multiplex", "pool", "smisk", *PEERS), (cores,), ("hello",))
        cells += _cells(MUXED, (1,), ("hello",))
        cells += _cells(("prefork", "2007 plain"), (cores,), ("page",))
        cells += _cells(("prefork",), (1, cores), ("stream",))
        cells += _cells(("prefork", "pool", "2007 plain"), (cores,), ("slow",))
        cells += _cells(("prefork", "prefork spawned", "2007 plain"), (4,), ("start",))
        cells += _cells(("2007 plain", "2007 multiplexed"), (1,), ("start",))
        return Plan(
            name,
            _once(cells),
            budget_s=870,
            warm_s=0.3,
            wrk_s=1,
            locust_s=1,
            patience_s=5,
        )
    if name == "full":
        handlers = [h for h in HANDLERS if h not in ("stream", "start")]
        cells = _cells(list(MODELS), counts_for(cores), handlers)
        ours = [m.name for m in MODELS.values() if m.family == "ours" and m.via == "fastcgi"
                and m.name != "smisk"]  # fmt: skip
        cells += _cells(ours, counts_for(cores), ("stream",))
        served = [m.name for m in MODELS.values()
                  if m.via != "direct" and not m.factory]  # fmt: skip
        cells += _cells(served, (1, 2, 4, 8, 13), ("start",))
        return Plan(name, _once(cells), repeats=5, warm_s=2, wrk_s=5, locust_s=6,
                    tries=4, patience_s=300)  # fmt: skip
    raise ValueError(f"{name!r} is no study; write quick, default or full")
