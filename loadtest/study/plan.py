"""What is measured: cells, how often, how long, in which order."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

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


START_S, STORE_S, WRK_S, LOCUST_S, FCGI_S = 0.22, 1.0, 0.06, 0.18, 0.2
# CPU time of a Python that lighttpd starts.
SPAWNED_S = 0.15


@dataclass(frozen=True, order=True)
class Cell:
    """One model with a number of processes under one kind of request."""

    model: str
    processes: int
    handler: str

    def __str__(self) -> str:
        return f"{self.model} ×{self.processes} {self.handler}"

    @property
    def path(self) -> str:
        """Its name for those who choose cells."""
        return f"{self.handler}/{self.model}/{self.processes}"


@dataclass(frozen=True)
class Plan:
    """A study.

    Attributes:
        name: `quick`, `default` or `full`.
        cells: In no order.
        repeats: How often each is visited, its servers started anew.
        budget_s: No visit is begun that would end later; 0 for no limit.
        steady_s: If there is time until then, the cells whose repeats differ most in CPU
            time for a request are visited more often.
        warm_s: Load before anything counts.
        wrk_s: Whole seconds.
        locust_s: Seconds that count.
        cold_s: Whole seconds from the start of servers that are expensive to start.
        focus: At these numbers of processes locust measures in each repeat, elsewhere in
            the first, and wrk alone in the others; none for all.
        open_repeats: In how many of the repeats locust also keeps to a rate, in focus.
        noise: Share of the machine that others may use.
        tries: How often a cell is visited at most for one repeat.
        patience_s: How long to wait for a quiet machine before a visit.
        cores: Of the machine.
        seed: Of the random order.
    """

    name: str
    cells: tuple[Cell, ...]
    repeats: int = 3
    budget_s: float = 0.0
    steady_s: float = 0.0
    warm_s: float = 1.0
    wrk_s: int = 2
    locust_s: float = 2.0
    cold_s: int = 15
    focus: tuple[int, ...] = ()
    open_repeats: int = 1
    noise: float = 0.1
    tries: int = 3
    patience_s: float = 10.0
    cores: int = 2
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

    def modes(self, cell: Cell, repeat: int) -> tuple[str, ...]:
        """Return how locust asks in a visit: `closed`, and `open` for a set rate."""
        if HANDLERS[cell.handler].cold or cell.model in MUXED:
            return ()
        focused = not self.focus or cell.processes in self.focus
        if focused and repeat < self.open_repeats:
            return "closed", "open"
        return ("closed",) if focused or repeat == 0 else ()

    def visit_s(self, cell: Cell, repeat: int) -> float:
        """Return about how long a visit takes on a quiet machine."""
        # PERF: what no plan says was measured, 2026-11: the start and end of servers,
        # the store that is filled, processes that Python starts one after another.
        takes = START_S
        if HANDLERS[cell.handler].cold:
            return takes + self.cold_s
        if cell.handler == "stream":
            takes += STORE_S
        if MODELS[cell.model].via == "spawned":
            takes += SPAWNED_S * cell.processes / self.cores
        if cell.model in MUXED:
            return takes + 2 * FCGI_S + self.warm_s + self.wrk_s
        takes += self.warm_s + self.wrk_s + WRK_S
        return takes + len(self.modes(cell, repeat)) * (self.locust_s + LOCUST_S)

    def guess_s(self) -> float:
        """Return about how long it takes on a quiet machine."""
        least = sum(self.visit_s(*visit) for visit in self.order())
        return max(least, self.steady_s)

    def __str__(self) -> str:
        minutes = self.guess_s() / 60
        limit = f", {self.budget_s / 60:.0f} at most" if self.budget_s else ""
        return (
            f"{self.name}: {len(self.cells)} cells, {self.repeats} times; about "
            f"{minutes:.0f} minutes on a quiet machine{limit}"
        )

    def chosen(self, patterns: str = "", minutes: float = 0.0) -> Plan:
        """Return a part of the plan.

        Args:
            patterns: Of names as in `page/prefork/16`, with `*` and `?`, a comma between
                two of them; empty for all cells.
            minutes: How long it may take, whatever is not measured then; 0 for as it is.

        Raises:
            ValueError: If no cell has such a name.
        """
        cells = self.cells
        if patterns:
            wanted = [p if p.count("/") == 2 else p.rstrip("/*") + "/*"
                      for p in map(str.strip, patterns.split(","))]  # fmt: skip
            cells = tuple(
                c for c in cells if any(fnmatchcase(c.path, one) for one in wanted)
            )
            if not cells:
                raise ValueError(
                    f"no cell is named {patterns!r}; a name is handler/model/processes, "
                    "as in 'page/*' or 'hello/prefork*/16'"
                )
        limit_s = minutes * 60 or self.budget_s
        steady_s = min(self.steady_s, limit_s) if limit_s else self.steady_s
        if patterns:
            steady_s = 0.0
        return dataclasses.replace(
            self, cells=cells, budget_s=limit_s, steady_s=steady_s
        )

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
    return dataclasses.replace(plans[name](cores), cores=cores)


def _quick(cores: int) -> Plan:
    """The question itself: its two curves, and ours."""
    cells = _cells(ASKED, sorted({1, cores, 2 * cores, 8, 13}), ("hello",))
    cells += _cells(("prefork, no edge", "multiplex, muxed"), (1,), ("hello",))
    return Plan("quick", _once(cells), budget_s=200, steady_s=165, warm_s=0.2, wrk_s=1,
                locust_s=0.8, open_repeats=0, tries=2, patience_s=2)  # fmt: skip


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
    # Fifteen minutes; up to twenty where a machine is slow, so that it is three times.
    return Plan("default", _once(cells), budget_s=1200, steady_s=900, warm_s=0.2, wrk_s=1,
                locust_s=0.6, cold_s=6, focus=(cores,), patience_s=5)  # fmt: skip


def _full(cores: int) -> Plan:
    """Everything with everything, longer and more often."""
    handlers = [h for h in HANDLERS if h not in ("stream", "start")]
    edged = [m.name for m in MODELS.values() if m.via != "direct"]
    cells = _cells(edged, counts_for(cores), handlers)
    cells += _cells(MUXED, counts_for(cores), handlers)
    cells += _cells(OURS, counts_for(cores), ("stream",))
    starting = [name for name in edged if not MODELS[name].factory]
    cells += _cells(starting, (1, 2, 4, 8, 13), ("start",))
    return Plan("full", _once(cells), repeats=5, warm_s=2, wrk_s=5, locust_s=6, cold_s=20,
                tries=4, patience_s=300)  # fmt: skip
