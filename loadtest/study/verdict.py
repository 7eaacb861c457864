"""The claims of 2007, each beside what was measured, with the answer in words."""

from __future__ import annotations

from dataclasses import dataclass

from study.summary import Figure, Key, curve

PLAIN, MULTIPLEXED = "2007 plain", "2007 multiplexed"


@dataclass(frozen=True)
class Verdict:
    """A claim and what became of it."""

    claim: str
    answer: str
    evidence: str


def of_2007(figures: dict[Key, Figure], cores: int) -> list[Verdict]:
    """Return an answer for each claim of 2007 that was measured."""
    plain = curve(figures, PLAIN, "hello")
    muxed = curve(figures, MULTIPLEXED, "hello")
    found = [_multiplexing(plain, muxed), _flatter(plain, muxed)]
    for name, points in ((PLAIN, plain), (MULTIPLEXED, muxed)):
        found.append(_peak(name, points, cores))
    found.append(_thirteen(plain))
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
            f"({muxed[n].rate / plain[n].rate:.2f}), {plain[n].servers_us:,.0f} → "
            f"{muxed[n].servers_us:,.0f} µs"
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
