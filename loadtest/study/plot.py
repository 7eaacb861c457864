"""The kinds of plots that a report has."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from study.svg import (
    FAMILIES,
    GREY,
    GRID,
    INK,
    PARTS,
    WIDTH,
    Point,
    apart,
    box,
    head,
    line,
    mark,
    style,
    text,
    ticks,
)

ROW = 26


def lines(
    title: str,
    below: str,
    x_title: str,
    series: Mapping[str, Sequence[Point]],
    cores: int,
) -> str:
    """Plot lines with the spread of each point, each named where it ends."""
    xs = sorted({p.x for points in series.values() for p in points})
    most = max((p.high for points in series.values() for p in points), default=1.0)
    scale = ticks(most)
    left, top, wide, high = 70.0, 66.0, WIDTH - 70.0 - 190.0, 330.0
    bottom = top + high
    out = head(WIDTH, bottom + 54, title, below)
    across = _across(xs, left + 16, wide - 32)

    def up(value: float) -> float:
        return bottom - high * value / scale[-1]

    for tick in scale:
        out.append(line(left, up(tick), left + wide, up(tick), f"stroke='{GRID}'"))
        out.append(text(left - 8, up(tick) + 4, f"{tick:,.0f}", "text-anchor='end'"))
    if cores in xs:
        x = across(cores)
        out.append(
            line(x, top, x, bottom, f"stroke='{GREY}' stroke-dasharray='2 4'")
        )  # fmt: skip
        out.append(
            text(x + 5, top + 10, f"{cores} cores", f"fill='{GREY}' font-size='12'")
        )
    for x in xs:
        out.append(text(across(x), bottom + 20, f"{x:g}", "text-anchor='middle'"))
    out.append(text(left + wide / 2, bottom + 42, x_title, "text-anchor='middle'"))
    names = [name for name, points in series.items() if points]
    for number, name in enumerate(names):
        colour, shape = style(name, number)
        points = sorted(series[name], key=lambda p: p.x)
        band = [(across(p.x), up(p.high)) for p in points]
        band += [(across(p.x), up(p.low)) for p in reversed(points)]
        out.append(
            f"<polygon points='{_path(band)}' fill='{colour}' fill-opacity='0.14'/>"
        )
        way = _path([(across(p.x), up(p.y)) for p in points])
        out.append(
            f"<polyline points='{way}' fill='none' stroke='{colour}' stroke-width='2.2'/>"
        )
        for p in points:
            x = across(p.x)
            out.append(line(x, up(p.low), x, up(p.high), f"stroke='{colour}'"))
            out.append(mark(x, up(p.y), shape, colour))
    ends = [max(series[name], key=lambda p: p.x) for name in names]
    places = apart([up(p.y) for p in ends], 17, top, bottom)
    for number, (name, end, y) in enumerate(zip(names, ends, places, strict=True)):
        colour, shape = style(name, number)
        x = left + wide + 22
        out.append(
            line(across(end.x) + 8, up(end.y), x - 7, y,
                 f"stroke='{colour}' stroke-opacity='0.5'")
        )  # fmt: skip
        out.append(mark(x, y, shape, colour))
        out.append(text(x + 10, y + 4, name, f"fill='{INK}'"))
    return "\n".join([*filter(None, out), "</svg>"])


def _across(xs: Sequence[float], left: float, wide: float) -> Callable[[float], float]:
    """Return where an x goes: evenly, or by its logarithm if they reach far."""
    first, last = xs[0], xs[-1]

    def place(x: float) -> float:
        if first == last:
            return left + wide / 2
        if last > 24:
            return left + wide * math.log(x / first) / math.log(last / first)
        return left + wide * (x - first) / (last - first)

    return place


def _path(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _frame(
    title: str, below: str, x_title: str, names: Sequence[str], scale: Sequence[float],
    left: float, wide: float, top: float,
) -> list[str]:  # fmt: skip
    """Return the frame of a plot that has a row for each name."""
    bottom = top + len(names) * ROW
    out = head(WIDTH, bottom + 50, title, below)
    for tick in scale:
        x = left + wide * tick / scale[-1]
        out.append(line(x, top - 4, x, bottom, f"stroke='{GRID}'"))
        out.append(text(x, bottom + 18, f"{tick:,g}", "text-anchor='middle'"))
    out.append(text(left + wide / 2, bottom + 38, x_title, "text-anchor='middle'"))
    for number, name in enumerate(names):
        out.append(text(left - 10, top + number * ROW + 15, name, "text-anchor='end'"))
    return out


def bars(
    title: str,
    below: str,
    x_title: str,
    rows: Mapping[str, Point],
    families: Mapping[str, str],
    digits: int = 0,
) -> str:
    """Plot bars with their spread, the longest first, coloured by family."""
    order = sorted(rows, key=lambda name: -rows[name].y)
    left, top, wide = 230.0, 84.0, WIDTH - 230.0 - 100.0
    scale = ticks(max((p.high for p in rows.values()), default=1.0))
    out = _frame(title, below, x_title, order, scale, left, wide, top)
    used = [f for f in FAMILIES if f in {families[name] for name in order}]
    out += _legend({family: FAMILIES[family] for family in used}, left)
    for number, name in enumerate(order):
        p, y = rows[name], top + number * ROW
        low, value, high = (wide * v / scale[-1] for v in (p.low, p.y, p.high))
        out.append(box(left, y + 1, value, 18, f"fill='{FAMILIES[families[name]]}'"))
        for x1, y1, x2, y2 in (
            (low, 10, high, 10), (low, 6, low, 14), (high, 6, high, 14)
        ):  # fmt: skip
            out.append(
                line(left + x1, y + y1, left + x2, y + y2,
                     f"stroke='{INK}' stroke-width='1.4'")
            )  # fmt: skip
        out.append(text(left + max(high, value) + 8, y + 15, f"{p.y:,.{digits}f}"))
    return "\n".join([*filter(None, out), "</svg>"])


def _legend(colours: Mapping[str, str], left: float) -> list[str]:
    out = []
    for number, (name, colour) in enumerate(colours.items()):
        x = left + number * 110
        out.append(box(x, 58, 12, 12, f"fill='{colour}'"))
        out.append(text(x + 18, 69, name))
    return out


def stacked(
    title: str, below: str, x_title: str, rows: Mapping[str, Mapping[str, float]]
) -> str:
    """Plot bars that consist of parts; the generator, which is no server, comes last."""

    def servers(name: str) -> float:
        return sum(v for part, v in rows[name].items() if part != "generator")

    order = sorted(rows, key=servers)
    left, top, wide = 230.0, 84.0, WIDTH - 230.0 - 70.0
    scale = ticks(max((sum(parts.values()) for parts in rows.values()), default=1.0))
    out = _frame(title, below, x_title, order, scale, left, wide, top)
    used = [p for p in PARTS if any(parts.get(p) for parts in rows.values())]
    out += _legend({part: PARTS[part] for part in used}, left)
    for number, name in enumerate(order):
        y, x = top + number * ROW, left
        for part in used:
            value = rows[name].get(part, 0.0)
            width = wide * value / scale[-1]
            out.append(box(x, y + 1, width, 18, f"fill='{PARTS[part]}'"))
            if width > 30:
                out.append(
                    text(x + width / 2, y + 15, f"{value:,.0f}",
                         "text-anchor='middle' font-size='11'")
                )  # fmt: skip
            x += width
        out.append(text(x + 6, y + 15, f"{sum(rows[name].values()):,.0f}"))
    return "\n".join([*filter(None, out), "</svg>"])


def ranges(
    title: str, below: str, x_title: str, rows: Mapping[str, tuple[float, float, float]]
) -> str:
    """Plot median, 90 % and 99 % of each on a logarithmic scale, the shortest first."""
    order = sorted(rows, key=lambda name: rows[name])
    values = [v for three in rows.values() for v in three if v > 0] or [1.0]
    first = math.floor(math.log10(min(values)))
    last = max(first + 1, math.ceil(math.log10(max(values))))
    left, top, wide = 230.0, 84.0, WIDTH - 230.0 - 130.0
    bottom = top + len(order) * ROW
    out = _frame(title, below, x_title, order, (), left, wide, top)

    def at(value: float) -> float:
        return left + wide * (math.log10(max(value, 10**first)) - first) / (
            last - first
        )

    for power in range(first, last + 1):
        for step in (1, 2, 5) if power < last else (1,):
            x = at(step * 10.0**power)
            out.append(line(x, top - 4, x, bottom, f"stroke='{GRID}'"))
            out.append(
                text(x, bottom + 18, f"{step * 10.0**power:g}", "text-anchor='middle'")
            )
    out += [
        mark(left + 6, 64, "circle", "#0072b2"), text(left + 18, 69, "median"),
        mark(left + 106, 64, "diamond", "#e69f00"), text(left + 118, 69, "90 %"),
        mark(left + 206, 64, "square", "#d55e00"), text(left + 218, 69, "99 %"),
    ]  # fmt: skip
    for number, name in enumerate(order):
        y, (p50, p90, p99) = top + number * ROW + 11, rows[name]
        out.append(line(at(p50), y, at(p99), y, f"stroke='{GREY}' stroke-width='2'"))
        out.append(mark(at(p99), y, "square", "#d55e00"))
        out.append(mark(at(p90), y, "diamond", "#e69f00"))
        out.append(mark(at(p50), y, "circle", "#0072b2"))
        out.append(text(at(p99) + 12, y + 4, f"{p50:.3g} / {p90:.3g} / {p99:.3g}"))
    return "\n".join([*filter(None, out), "</svg>"])
