"""The claims of 2007, each beside what was measured, with the answer in words."""

from __future__ import annotations

from dataclasses import dataclass

from study.plan import MUXED, Cell
from study.summary import Figure, Key, curve, most

PLAIN, MULTIPLEXED = "2007 plain", "2007 multiplexed"
TRUE = ("multiplex, muxed", "pool, muxed", "thread per request, muxed")


@dataclass(frozen=True)
class Verdict:
    """A claim and what became of it."""

    claim: str
    answer: str
    evidence: str


def headline(figures: dict[Key, Figure]) -> str:
    """Return the answer in one or two sentences."""
    plain = curve(figures, PLAIN, "hello")
    muxed = curve(figures, MULTIPLEXED, "hello")
    both = [n for n in plain if n in muxed and plain[n].rate]
    if not both:
        return "The two servers of 2007 were not both measured."
    ratios = sorted(muxed[n].rate / plain[n].rate for n in both)
    span = " to ".join(
        dict.fromkeys(f"{ratio:.2f}" for ratio in (ratios[0], ratios[-1]))
    )
    span += " times"
    if ratios[-1] < 1:
        said = f"No, as in 2007: what was called multiplexed then serves {span}"
    elif ratios[0] > 1:
        said = f"Yes, against 2007: what was called multiplexed then serves {span}"
    else:
        said = f"It depends on the number of processes: multiplexed serves {span}"
    said += (
        " the requests of plain. It never was multiplexing, but one more thread hop."
    )
    cost = _multiplexing_costs(figures)
    once = cost.get("prefork, no edge")
    muxed_us = {n: us for n, us in cost.items() if n in TRUE}
    if once is None or not muxed_us:
        return said
    best = min(muxed_us, key=lambda n: muxed_us[n])
    return said + (
        " Multiplexing for real, which no common web server asks for, costs the server "
        f"{muxed_us[best]:.0f} µs of CPU for a request at best (“{best}”); a connection for "
        f"each request costs {once:.0f} µs."
    )


def _multiplexing_costs(figures: dict[Key, Figure]) -> dict[str, float]:
    """Return the workers' CPU time for a request from our own client, by model."""
    found = {n: most(figures, Cell(n, 1, "hello")) for n in MUXED}
    return {n: f.us["workers"] for n, f in found.items() if f is not None}


def verdicts(figures: dict[Key, Figure], cores: int) -> list[Verdict]:
    """Return an answer for each claim that was measured."""
    plain = curve(figures, PLAIN, "hello")
    muxed = curve(figures, MULTIPLEXED, "hello")
    found = [_multiplexing(plain, muxed), _flatter(plain, muxed)]
    for name, points in ((PLAIN, plain), (MULTIPLEXED, muxed)):
        found.append(_peak(name, points, cores))
    found.append(_thirteen(plain))
    found += [_true_multiplexing(figures), _start(figures), _today(figures, cores)]
    return [verdict for verdict in found if verdict is not None]


def _apart(one: Figure, other: Figure) -> bool:
    """Return whether two spreads do not touch."""
    return one.low > other.high or one.high < other.low


def _multiplexing(plain: dict[int, Figure], muxed: dict[int, Figure]) -> Verdict | None:
    both = sorted(set(plain) & set(muxed))
    if not both:
        return None
    slower = [n for n in both if muxed[n].rate < plain[n].rate]
    clear = [n for n in slower if _apart(plain[n], muxed[n])]
    answer = (
        "holds"
        if len(slower) == len(both)
        else "holds in part"
        if slower
        else "does not hold"
    )
    return Verdict(
        "Multiplexing slows things down at every number of processes (iMac, Mac Pro).",
        f"{answer}: slower at {len(slower)} of {len(both)} numbers of processes, beyond "
        f"the spread at {len(clear)}. What was compared is one more thread for each "
        "request: lighttpd sends every request on a connection of its own.",
        "; ".join(
            f"×{n}: {plain[n].rate:,.0f} → {muxed[n].rate:,.0f}/s "
            f"({muxed[n].rate / plain[n].rate:.2f})"
            for n in both if plain[n].rate
        ),
    )  # fmt: skip


def _flatter(plain: dict[int, Figure], muxed: dict[int, Figure]) -> Verdict | None:
    both = sorted(set(plain) & set(muxed))
    if len(both) < 3:
        return None

    def swing(points: dict[int, Figure]) -> float:
        rates = [points[n].rate for n in both]
        return max(rates) / max(1e-9, min(rates))

    a, b = swing(plain), swing(muxed)
    return Verdict(
        "The multiplexed curve is flatter; the plain one fluctuates more (iMac).",
        "holds" if b < a else "does not hold",
        f"highest through lowest: plain {a:.2f}, multiplexed {b:.2f}",
    )


def _peak(name: str, points: dict[int, Figure], cores: int) -> Verdict | None:
    if len(points) < 3:
        return None
    best = max(points, key=lambda n: points[n].rate)
    near = [n for n in points if points[n].high >= points[best].low]
    at_cores = cores in near
    words = "holds" if best == cores else (
        "within the spread" if at_cores else "does not hold")  # fmt: skip
    return Verdict(
        f"“{name}” is fastest with as many processes as cores (here {cores}).",
        f"{words}: the most was at ×{best}"
        + (f"; within its spread: {', '.join(f'×{n}' for n in near)}" if len(near) > 1
           else ""),
        "; ".join(f"×{n}: {f.rate:,.0f}/s" for n, f in points.items()),
    )  # fmt: skip


def _thirteen(plain: dict[int, Figure]) -> Verdict | None:
    if not {4, 13} <= set(plain):
        return None
    four, more = plain[4], plain[13]
    if not _apart(four, more):
        words = "the spreads of the two overlap"
    elif more.rate > four.rate:
        words = "holds"
    else:
        words = "does not hold"
    return Verdict(
        "Oddly, 13 processes are a little better than 4 (Mac Pro, 4 cores).",
        f"{words}: ×13 serves {more.rate / max(1e-9, four.rate):.2f} times the requests of ×4",
        f"×4: {four.low:,.0f}–{four.high:,.0f}/s; ×13: {more.low:,.0f}–{more.high:,.0f}/s",
    )


def _true_multiplexing(figures: dict[Key, Figure]) -> Verdict | None:
    found = {n: most(figures, Cell(n, 1, "hello")) for n in MUXED}
    rows = {n: f for n, f in found.items() if f is not None}
    alone = rows.get("prefork, no edge")
    muxed = {n: f for n, f in rows.items() if n in TRUE}
    if alone is None or not muxed:
        return None
    best = min(muxed, key=lambda n: muxed[n].us["workers"])
    ratio = muxed[best].us["workers"] / max(1e-9, alone.us["workers"])
    kept = rows.get("prefork, kept, no edge")
    answer = (
        f"“{best}” needs {ratio:.1f} times the CPU time of “prefork” with a connection for "
        "each request"
    )
    if kept is not None:
        times = muxed[best].us["workers"] / max(1e-9, kept.us["workers"])
        answer += f", {times:.1f} times that of “prefork” with kept connections"
    return Verdict(
        "(Not measured in 2007.) Many requests at once on one connection, for real, "
        "from our own client, one process.",
        answer + ". No common web server can ask for it.",
        "; ".join(
            f"{n} {f.rate:,.0f}/s, {f.us['workers']:.0f} µs of CPU"
            + (" (the client was the limit)" if f.limit == "generator" else "")
            for n, f in rows.items()
        ),
    )  # fmt: skip


def _start(figures: dict[Key, Figure]) -> Verdict | None:
    cells = sorted({c for c, _, _ in figures if c.handler == "start"})
    found = {str(c): most(figures, c) for c in cells}
    rows = {n: f for n, f in found.items() if f is not None}
    if len(rows) < 2:
        return None
    first = min(rows, key=lambda n: rows[n].ready_s or 1e9)
    most_served = max(rows, key=lambda n: rows[n].rate)
    return Verdict(
        "Threads (multiplexing) might win where a process is expensive to start.",
        f"soonest to answer: {first}; most served from the start of the servers on: "
        f"{most_served}. Importing once and then forking takes the expense away.",
        "; ".join(
            f"{n}: first answer after {f.ready_s:.1f} s, {f.rate:,.0f}/s"
            if f.ready_s
            else f"{n}: no answer in the time that was measured"
            for n, f in rows.items()
        ),
    )


def _today(figures: dict[Key, Figure], cores: int) -> Verdict | None:
    cells = sorted({c for c, _, _ in figures
                    if c.handler == "hello" and c.processes == cores
                    and not c.model.endswith(("muxed", "no edge"))})  # fmt: skip
    found = {c.model: most(figures, c) for c in cells}
    rows = {n: f for n, f in found.items() if f is not None}
    plain = rows.get(PLAIN)
    if len(rows) < 3 or plain is None:
        return None
    best = max(rows, key=lambda n: rows[n].rate)
    return Verdict(
        f"(Today.) What to choose on this machine, ×{cores}, 12 bytes.",
        f"{best}: {rows[best].rate / plain.rate:.1f} times the setup of 2007",
        "; ".join(
            f"{n} {f.rate:,.0f}/s"
            for n, f in sorted(rows.items(), key=lambda pair: -pair[1].rate)
        ),
    )
