"""What 2007 did not measure, or only guessed at, and what was found."""

from __future__ import annotations

from study.app import SLOW_S
from study.model import MODELS
from study.plan import MUXED, Cell
from study.summary import Figure, Key, most
from study.verdict import MULTIPLEXED, PLAIN, Verdict

TRUE = ("multiplex, muxed", "pool, muxed", "thread per request, muxed")


def of_today(figures: dict[Key, Figure], cores: int) -> list[Verdict]:
    """Return an answer for each question that was measured."""
    found = [
        _true_multiplexing(figures),
        _start(figures),
        _slow(figures, cores),
        _today(figures, cores),
    ]
    return [verdict for verdict in found if verdict is not None]


def multiplexing_costs(figures: dict[Key, Figure]) -> dict[str, float]:
    """Return the workers' CPU time for a request from our own client, by model."""
    found = {n: most(figures, Cell(n, 1, "hello")) for n in MUXED}
    return {n: f.us["workers"] for n, f in found.items() if f is not None}


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
    return Verdict(
        "Threads (multiplexing) might win where a process is expensive to start.",
        _start_in_words(rows),
        "; ".join(
            f"{n}: first answer after {f.ready_s:.1f} s, {f.rate:,.0f}/s"
            if f.ready_s
            else f"{n}: no answer in the time that was measured"
            for n, f in rows.items()
        ),
    )


def _start_in_words(rows: dict[str, Figure]) -> str:
    """Return where threads win, and what takes the win away."""
    one, each, muxed, forked = (
        rows.get(f"{cell} start")
        for cell in (f"{PLAIN} ×1", f"{PLAIN} ×4", f"{MULTIPLEXED} ×1", "prefork ×4")
    )
    if one is None or each is None or not one.ready_s:
        first = min(rows, key=lambda n: rows[n].ready_s or 1e9)
        return f"soonest to answer: {first}"
    if not each.ready_s or each.ready_s > 1.2 * one.ready_s:
        late = f"after {each.ready_s:.1f} s" if each.ready_s else "not in that time"
        said = (
            f"holds for the first answer: one process with threads answers after "
            f"{one.ready_s:.1f} s, four that import each for itself {late}"
        )
    else:
        said = (
            f"does not hold: four processes answer first after {each.ready_s:.1f} s, one "
            f"with threads after {one.ready_s:.1f} s"
        )
    said += (
        f". From the start on, the four serve {each.rate / max(1e-9, one.rate):.1f} times "
        "what the one does"
    )
    if muxed is not None:
        said += (
            f", and “multiplexed” {muxed.rate / max(1e-9, one.rate):.1f} times: what "
            "wins is threads, not multiplexing"
        )
    if forked is not None and forked.ready_s:
        said += (
            ". Importing once and then forking takes the expense away: “prefork” ×4 answers "
            f"after {forked.ready_s:.1f} s and serves "
            f"{forked.rate / max(1e-9, one.rate):.1f} times as many as the threads"
        )
    return said + "."


def _slow(figures: dict[Key, Figure], cores: int) -> Verdict | None:
    cells = sorted({c for c, _, _ in figures if c.handler == "slow"})
    found = {c: most(figures, c) for c in cells if MODELS[c.model].via != "direct"}
    rows = {c: f for c, f in found.items() if f is not None and f.rate}
    few = Cell("prefork", cores, "slow")
    others = [c for c in rows if c.processes == cores and c != few]
    if few not in rows or not others:
        return None
    best = max(others, key=lambda c: rows[c].rate)
    times = rows[best].rate / rows[few].rate
    answer = (
        f"threads, if their number is not bounded: “{best.model}” ×{cores} serves "
        f"{times:.0f} times the requests of “prefork” ×{cores}, whose processes wait as "
        "long as the request does"
        if times > 1.5
        else f"neither: at best (“{best.model}”) {times:.1f} times “prefork” ×{cores}"
    )
    many = max((c for c in rows if c.model == "prefork"), key=lambda c: c.processes)
    if many != few:
        answer += (
            f". More processes do it, too: “prefork” ×{many.processes} serves "
            f"{rows[many].rate / rows[few].rate:.0f} times as many as ×{cores}, each for "
            "the memory of a process"
        )
    return Verdict(
        f"(Not measured in 2007.) Requests that wait {SLOW_S * 1e3:.0f} ms for somebody "
        "else: threads or processes?",
        answer + ".",
        "; ".join(
            f"{c.model} ×{c.processes} {f.rate:,.0f}/s"
            for c, f in sorted(rows.items(), key=lambda pair: -pair[1].rate)
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
    near = [n for n in rows if n != best and rows[n].high >= rows[best].low]
    return Verdict(
        f"(Today.) What to choose on this machine, ×{cores}, 12 bytes.",
        f"{best}: {rows[best].rate / plain.rate:.1f} times the setup of 2007"
        + (f"; within its spread: {', '.join(near)}" if near else ""),
        "; ".join(
            f"{n} {f.rate:,.0f}/s"
            for n, f in sorted(rows.items(), key=lambda pair: -pair[1].rate)
        ),
    )
