"""The answer of a study: in short, and claim by claim."""

from __future__ import annotations

from collections.abc import Iterable

from study.beyond import TRUE, multiplexing_costs, of_today
from study.summary import Figure, Key, curve
from study.verdict import MULTIPLEXED, PLAIN, Verdict, of_2007


def headline(figures: dict[Key, Figure]) -> str:
    """Return the answer in one or two sentences."""
    plain = curve(figures, PLAIN, "hello")
    muxed = curve(figures, MULTIPLEXED, "hello")
    both = [n for n in plain if n in muxed and plain[n].rate]
    if not both:
        return "The two servers of 2007 were not both measured."
    ratios = sorted(muxed[n].rate / plain[n].rate for n in both)
    span = f"{_span(ratios, 2)} times"
    costs = [muxed[n].servers_us / max(1e-9, plain[n].servers_us) for n in both]
    if ratios[-1] < 1:
        said = f"No, as in 2007: what was called multiplexed then serves {span}"
    elif ratios[0] > 1:
        said = f"Yes, against 2007: what was called multiplexed then serves {span}"
    else:
        said = f"It depends on the number of processes: multiplexed serves {span}"
    said += (
        f" the requests of plain, and costs {_span(costs, 1)} times the CPU time for a "
        "request. It never was multiplexing, but one more thread hop."
    )
    cost = multiplexing_costs(figures)
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


def _span(ratios: Iterable[float], digits: int) -> str:
    """Return the least and the most, once if they are the same."""
    ends = (min(ratios := list(ratios)), max(ratios))
    return " to ".join(dict.fromkeys(f"{ratio:.{digits}f}" for ratio in ends))


def verdicts(figures: dict[Key, Figure], cores: int) -> list[Verdict]:
    """Return an answer for each claim that was measured."""
    return of_2007(figures, cores) + of_today(figures, cores)
