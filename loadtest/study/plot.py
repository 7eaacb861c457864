"""Plots as SVG, written by hand: small, sharp, and without a library."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

# Okabe and Ito's colours, which people with every kind of sight tell apart.
COLOURS = (
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7a5c00",
    "#444444", "#8a2be2", "#b22222", "#2e8b57", "#4682b4",
)  # fmt: skip
PARTS = {
    "edge": "#56b4e9", "workers": "#d55e00", "store": "#009e73", "generator": "#bbbbbb"
}  # fmt: skip
WIDTH = 860
FONT = "font-family='system-ui, sans-serif' font-size='13' fill='#222'"


@dataclass(frozen=True)
class Point:
    """A figure with its spread."""

    x: float
    y: float
    low: float
    high: float


def _open(width: float, height: float, title: str) -> list[str]:
    return [
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width:.0f} {height:.0f}' "
        f"width='{width:.0f}' height='{height:.0f}' role='img' {FONT}>",
        f"<title>{escape(title)}</title>",
        f"<rect width='{width:.0f}' height='{height:.0f}' fill='#fff'/>",
        f"<text x='16' y='24' font-size='16' font-weight='600'>{escape(title)}</text>",
    ]


def _text(x: float, y: float, text: str, more: str = "") -> str:
    return f"<text x='{x:.1f}' y='{y:.1f}' {more}>{escape(text)}</text>"


def _line(x1: float, y1: float, x2: float, y2: float, more: str) -> str:
    return f"<line x1='{x1:.1f}' y1='{y1:.1f}' x2='{x2:.1f}' y2='{y2:.1f}' {more}/>"


def _ticks(most: float, wanted: int = 5) -> list[float]:
    step = 10 ** math.floor(math.log10(most / wanted)) if most > 0 else 1.0
    for factor in (1, 2, 5, 10):
        if most / (step * factor) <= wanted + 1:
            step *= factor
            break
    return [step * n for n in range(int(most / step) + 2)]


def lines(
    title: str, x_title: str, y_title: str, series: Mapping[str, Sequence[Point]]
) -> str:
    """Plot lines with the spread of each point; x positions are evenly spaced."""
    xs = sorted({p.x for points in series.values() for p in points})
    most = max((p.high for points in series.values() for p in points), default=1.0)
    ticks = _ticks(most)
    left, top, wide, high = 84.0, 48.0, WIDTH - 84.0 - 230.0, 320.0
    out = _open(WIDTH, top + high + 60, title)

    def at(x: float, y: float) -> tuple[float, float]:
        place = xs.index(x) / max(1, len(xs) - 1) if len(xs) > 1 else 0.5
        return left + 20 + place * (wide - 40), top + high * (1 - y / ticks[-1])

    for tick in ticks:
        y = at(xs[0], tick)[1]
        out.append(_line(left, y, left + wide, y, "stroke='#ddd'"))
        out.append(_text(left - 8, y + 4, f"{tick:,.0f}", "text-anchor='end'"))
    for x in xs:
        out.append(
            _text(at(x, 0)[0], top + high + 20, f"{x:g}", "text-anchor='middle'")
        )
    out.append(_text(left + wide / 2, top + high + 44, x_title, "text-anchor='middle'"))
    turned = f"transform='rotate(-90 18 {top + high / 2})' text-anchor='middle'"
    out.append(_text(18, top + high / 2, y_title, turned))
    for number, (name, points) in enumerate(series.items()):
        colour = COLOURS[number % len(COLOURS)]
        dash = "stroke-dasharray='6 3'" if number >= len(COLOURS) // 2 else ""
        path = " ".join("{:.1f},{:.1f}".format(*at(p.x, p.y)) for p in points)
        out.append(
            f"<polyline points='{path}' fill='none' stroke='{colour}' "
            f"stroke-width='2.5' {dash}/>"
        )
        for point in points:
            x, y = at(point.x, point.y)
            (_, low), (_, up) = at(point.x, point.low), at(point.x, point.high)
            out.append(_line(x, low, x, up, f"stroke='{colour}' stroke-width='1.5'"))
            out.append(f"<circle cx='{x:.1f}' cy='{y:.1f}' r='4' fill='{colour}'/>")
        y = top + 12 + number * 22
        out.append(
            _line(left + wide + 18, y - 4, left + wide + 42, y - 4,
                  f"stroke='{colour}' stroke-width='3' {dash}")
        )  # fmt: skip
        out.append(_text(left + wide + 50, y, name))
    return "\n".join([*out, "</svg>"])


def stacked(title: str, x_title: str, bars: Mapping[str, Mapping[str, float]]) -> str:
    """Plot bars that consist of parts."""
    most = max((sum(parts.values()) for parts in bars.values()), default=1.0) or 1.0
    ticks = _ticks(most)
    left, top, wide = 250.0, 64.0, WIDTH - 250.0 - 80.0
    bottom = top + len(bars) * 26
    out = _open(WIDTH, bottom + 52, title)
    for tick in ticks:
        x = left + wide * tick / ticks[-1]
        out.append(_line(x, top - 6, x, bottom, "stroke='#ddd'"))
        out.append(_text(x, bottom + 18, f"{tick:,.0f}", "text-anchor='middle'"))
    out.append(_text(left + wide / 2, bottom + 40, x_title, "text-anchor='middle'"))
    x = left
    for part, colour in PARTS.items():
        out.append(f"<rect x='{x}' y='36' width='12' height='12' fill='{colour}'/>")
        out.append(_text(x + 18, 47, part))
        x += 110
    for number, (name, parts) in enumerate(bars.items()):
        y, x = top + number * 26, left
        out.append(_text(left - 10, y + 15, name, "text-anchor='end'"))
        for part, colour in PARTS.items():
            width = wide * parts.get(part, 0.0) / ticks[-1]
            out.append(
                f"<rect x='{x:.1f}' y='{y}' width='{width:.1f}' height='20' "
                f"fill='{colour}'/>"
            )
            x += width
        out.append(_text(x + 6, y + 15, f"{sum(parts.values()):,.0f}"))
    return "\n".join([*out, "</svg>"])


def ranges(
    title: str, x_title: str, rows: Mapping[str, tuple[float, float, float]]
) -> str:
    """Plot median, 90 % and 99 % of each on a logarithmic scale."""
    values = [v for three in rows.values() for v in three if v > 0] or [1.0]
    first = math.floor(math.log10(min(values)))
    last = math.ceil(math.log10(max(values)))
    last += last == first
    left, top, wide = 250.0, 64.0, WIDTH - 250.0 - 120.0
    bottom = top + len(rows) * 26
    out = _open(WIDTH, bottom + 52, title)

    def at(value: float) -> float:
        place = math.log10(max(value, 10**first)) - first
        return left + wide * place / (last - first)

    for power in range(first, last + 1):
        x = at(10**power)
        out.append(_line(x, top - 6, x, bottom, "stroke='#ddd'"))
        out.append(_text(x, bottom + 18, f"{10.0**power:g}", "text-anchor='middle'"))
    out.append(_text(left + wide / 2, bottom + 40, x_title, "text-anchor='middle'"))
    out.append(_text(left, 47, "● median   ○ 90 %   | 99 %"))
    for number, (name, (p50, p90, p99)) in enumerate(rows.items()):
        y = top + number * 26 + 11
        out.append(_text(left - 10, y + 4, name, "text-anchor='end'"))
        out.append(_line(at(p50), y, at(p99), y, "stroke='#0072b2' stroke-width='2'"))
        out.append(f"<circle cx='{at(p50):.1f}' cy='{y}' r='5' fill='#0072b2'/>")
        out.append(
            f"<circle cx='{at(p90):.1f}' cy='{y}' r='4' fill='#fff' stroke='#0072b2'/>"
        )
        out.append(
            _line(at(p99), y - 7, at(p99), y + 7, "stroke='#d55e00' stroke-width='3'")
        )
        out.append(_text(at(p99) + 8, y + 4, f"{p50:.3g} / {p99:.3g}"))
    return "\n".join([*out, "</svg>"])
