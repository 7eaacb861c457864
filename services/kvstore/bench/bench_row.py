"""Rows of a result, and the table on the screen."""

import statistics
from collections.abc import Sequence

Row = dict[str, object]


def row(
    measure: str,
    unit: str,
    peer_name: str,
    ours: Sequence[float],
    peer: Sequence[float],
    goal: float | None,
    *,
    less_is_better: bool = False,
) -> Row:
    """Return a row of figures that were taken by turns.

    The ratio is better when larger; it is taken within each round, so that a busy
    machine disturbs both alike, and the median over the rounds counts.
    """
    pairs = list(zip(ours, peer, strict=True))
    ratios = [b / a if less_is_better else a / b for a, b in pairs]
    ratio = statistics.median(ratios)
    found: Row = {
        "measure": measure,
        "unit": unit,
        "ours": round(statistics.median(ours), 3),
        "peer_name": peer_name,
        "peer": round(statistics.median(peer), 3),
        "ratio": round(ratio, 2),
        "goal": goal,
        "met": None if goal is None else round(ratio, 2) >= goal,
        "repeats": len(ratios),
        "spread": [round(min(ratios), 2), round(max(ratios), 2)],
    }
    show(found)
    return found


def show(found: Row) -> None:
    """Print one line of the table."""
    met = {None: "", True: "met", False: "MISSED"}[found["met"]]  # type: ignore[index]
    print(
        f"{found['measure']:52} {found['unit']:14} {found['ours']:>11,}"
        f" {found['peer']:>11,} {found['ratio']:>6} {found['spread']!s:>14}"
        f" {found['goal'] or '':>5} {met:6} {found['peer_name']}",
        flush=True,
    )
