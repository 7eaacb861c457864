"""The goals, and the rows that say whether they are met."""

import statistics
from dataclasses import dataclass

from bench_edge import RATE, Sample
from contender import FREE, SIDE

US = "CPU us/request"
P99 = "p99 ms"
Key = tuple[str, str, str]
"""Which server, which body, which placement."""


@dataclass(frozen=True)
class Goal:
    """One comparison.

    Attributes:
        ours: Our server.
        peer: The other.
        unit: What is compared.
        least: The ratio to reach, better is larger; None for information.
        place: Where both run.
        body: What both answer.
    """

    ours: str
    peer: str
    unit: str
    least: float | None
    place: str = SIDE
    body: str = "12 B"


# A peer of several threads or processes, which a second core can help or hinder, is
# compared as it comes: nothing is placed, neither side. All others share a core with
# the generator. WHY flup's twice: its threads get in each other's way on two cores.
GOALS = [
    Goal("prefork", "raw C", US, 1 / 1.15),
    Goal("prefork", "raw C", US, 1 / 1.15, body="20 KB"),
    Goal("prefork", "raw C", RATE, 0.9),
    Goal("prefork", "raw C", RATE, 0.9, body="20 KB"),
    Goal("prefork, pure Python", "raw C", US, 1 / 1.9),
    Goal("prefork, pure Python", "raw C", US, 1 / 1.9, body="20 KB"),
    Goal("prefork", "libfcgi C", RATE, 1.25),
    Goal("prefork", "libfcgi C", RATE, 1.25, body="20 KB"),
    Goal("prefork", "uWSGI fastcgi", RATE, 1.1),
    Goal("prefork", "uWSGI fastcgi", US, 1 / 0.65),
    Goal("prefork", "simple-fastcgi", RATE, 1.5),
    Goal("prefork", "gevent-fastcgi", RATE, None),
    Goal("prefork", "fcgisgi ASGI", RATE, None),
    Goal("prefork", "fcgisgi WSGI", RATE, None, FREE),
    Goal("prefork", "flup fork", RATE, 3.5, FREE),
    Goal("prefork", "flup fork", RATE, 3.5),
    Goal("prefork", "flup threaded", RATE, 10, FREE),
    Goal("prefork", "flup threaded-multiplexed", RATE, 20, FREE),
    Goal("prefork", "flup threaded", RATE, None),
    Goal("prefork", "flup threaded-multiplexed", RATE, None),
    Goal("prefork", "flup single", RATE, None),
    Goal("prefork", "uvicorn", RATE, 1.5),
    Goal("prefork", "uvicorn WSGI", RATE, None),
    Goal("prefork", "gunicorn", RATE, 7),
    Goal("prefork", "granian", RATE, None, FREE),
    Goal("prefork", "Twisted WSGI", US, 10, FREE),
    Goal("prefork", "Twisted WSGI", RATE, 6, FREE),
    Goal("prefork", "Twisted resource", RATE, None),
    Goal("prefork", "Twisted resource", US, None),
    Goal("prefork x16", "prefork", RATE, 0.7, FREE),
    Goal("thread-per-connection", "flup threaded", RATE, None, FREE),
    Goal("thread-per-request", "flup threaded-multiplexed", RATE, None, FREE),
    Goal("multiplex", "raw C", RATE, None),
    # What edge, generator and machine make of the tail, whoever answers.
    Goal("prefork", "raw C", P99, None),
    Goal("pool", "prefork", RATE, None, FREE),
]


def row(
    what: str, unit: str, ours: list[float], peer_name: str, peer: list[float],
    goal: float | None, *, less_is_better: bool,
) -> dict[str, object]:  # fmt: skip
    """Return one row of the result."""
    pairs = [
        (p / o) if less_is_better else (o / p)
        for o, p in zip(ours, peer, strict=True)
        if o and p
    ]
    ratio = statistics.median(pairs) if pairs else 0.0
    spread = max(ours) / min(ours) - 1 if min(ours) else 0.0
    return {
        "measure": what,
        "unit": unit,
        "ours": round(statistics.median(ours), 2),
        "peer_name": peer_name,
        "peer": round(statistics.median(peer), 2),
        "ratio": round(ratio, 3),
        "goal": None if goal is None else round(goal, 3),
        "met": None if goal is None else ratio >= goal,
        "repeats": len(ours),
        "spread": round(spread, 3),
    }


def compare(results: dict[Key, list[Sample]]) -> list[dict[str, object]]:
    """Return a row for each goal of which both sides were measured."""
    out = []
    for goal in GOALS:
        ours = results.get((goal.ours, goal.body, goal.place))
        theirs = results.get((goal.peer, goal.body, goal.place))
        if not ours or not theirs:
            continue
        a, b = [s[goal.unit] for s in ours], [s[goal.unit] for s in theirs]
        found = row(
            f"{goal.ours}, {goal.body}", goal.unit, a, goal.peer, b, goal.least,
            less_is_better=goal.unit in (US, P99),
        )  # fmt: skip
        out.append({**found, "cores": goal.place})
    return out


def table(result: list[dict[str, object]]) -> str:
    """Return rows as text."""
    lines = [
        f"{'measure':34} {'unit':16} {'ours':>10} {'peer':>10} {'ratio':>7} {'goal':>6}"
    ]
    for one in result:
        mark = {True: "met", False: "NOT MET", None: ""}[one["met"]]  # type: ignore[index]
        goal = "" if one["goal"] is None else one["goal"]
        lines.append(
            f"{one['measure']:34} {one['unit']:16} {one['ours']:>10} {one['peer']:>10} "
            f"{one['ratio']:>7} {goal!s:>6} {mark:8} vs {one['peer_name']}, {one['cores']}"
        )
    return "\n".join(lines)
