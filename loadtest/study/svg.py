"""SVG written by hand: small, sharp, and without a library."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape

WIDTH = 860
INK, GREY, GRID = "#222222", "#666666", "#e2e2e2"
FONT = f"font-family='system-ui, sans-serif' font-size='13' fill='{INK}'"
# Okabe and Ito's colours, which people with every kind of sight tell apart. A model keeps
# its colour and its mark in all plots; in one plot, no two are alike.
STYLES: dict[str, tuple[str, str]] = {
    "2007 plain": ("#d55e00", "circle"),
    "2007 multiplexed": ("#cc79a7", "square"),
    "prefork": ("#0072b2", "circle"),
    "thread per connection": ("#009e73", "triangle"),
    "thread per request": ("#222222", "square"),
    "multiplex": ("#e69f00", "diamond"),
    "pool": ("#56b4e9", "down"),
    "smisk": ("#56b4e9", "triangle"),
    "flup fork": ("#d55e00", "triangle"),
    "Twisted": ("#e69f00", "square"),
    "gunicorn": ("#009e73", "diamond"),
    "uWSGI": ("#222222", "down"),
    "granian": ("#cc79a7", "triangle"),
}
OTHERS = ("#7a5c00", "#8a2be2", "#4682b4", "#2e8b57", "#b22222", "#555555")
PARTS = {
    "edge": "#56b4e9", "workers": "#d55e00", "store": "#009e73", "generator": "#bbbbbb"
}  # fmt: skip
FAMILIES = {"2007": "#d55e00", "ours": "#0072b2", "today": "#009e73"}


@dataclass(frozen=True)
class Point:
    """A figure with its spread."""

    x: float
    y: float
    low: float
    high: float


def style(name: str, number: int) -> tuple[str, str]:
    """Return colour and mark of a series, the `number`th of its plot."""
    return STYLES.get(name) or (OTHERS[number % len(OTHERS)], "circle")


def head(width: float, height: float, title: str, below: str = "") -> list[str]:
    """Return the beginning of a picture with a title and a line below it."""
    return [
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width:.0f} {height:.0f}' "
        f"width='{width:.0f}' height='{height:.0f}' role='img' {FONT}>",
        f"<title>{escape(title)}</title>",
        f"<rect width='{width:.0f}' height='{height:.0f}' fill='#fff'/>",
        f"<text x='16' y='26' font-size='17' font-weight='600'>{escape(title)}</text>",
        text(16, 46, below, f"fill='{GREY}'") if below else "",
    ]


def text(x: float, y: float, words: str, more: str = "") -> str:
    """Return words at a place."""
    return f"<text x='{x:.1f}' y='{y:.1f}' {more}>{escape(words)}</text>"


def line(x1: float, y1: float, x2: float, y2: float, more: str) -> str:
    """Return a line."""
    return f"<line x1='{x1:.1f}' y1='{y1:.1f}' x2='{x2:.1f}' y2='{y2:.1f}' {more}/>"


def box(x: float, y: float, width: float, height: float, more: str) -> str:
    """Return a rectangle."""
    return (
        f"<rect x='{x:.1f}' y='{y:.1f}' width='{max(0.0, width):.1f}' "
        f"height='{height:.1f}' {more}/>"
    )


_OUTLINES = {
    "square": "-4,-4 4,-4 4,4 -4,4",
    "triangle": "0,-5.5 5,4 -5,4",
    "down": "0,5.5 5,-4 -5,-4",
    "diamond": "0,-5.5 5.5,0 0,5.5 -5.5,0",
}


def mark(x: float, y: float, shape: str, colour: str) -> str:
    """Return the mark of a point, with a white rim where it covers a line."""
    rim = f"fill='{colour}' stroke='#fff' stroke-width='1'"
    if shape == "circle":
        return f"<circle cx='{x:.1f}' cy='{y:.1f}' r='4.5' {rim}/>"
    return f"<polygon points='{_OUTLINES[shape]}' transform='translate({x:.1f} {y:.1f})' {rim}/>"


def ticks(most: float, wanted: int = 7) -> list[float]:
    """Return round numbers from nothing to at least `most`."""
    if most <= 0:
        return [0.0, 1.0]
    step = 10 ** math.floor(math.log10(most / wanted))
    step *= next(f for f in (1, 2, 2.5, 5, 10) if most / (step * f) <= wanted)
    return [step * n for n in range(math.ceil(most / step) + 1)]


def apart(wanted: list[float], gap: float, top: float, bottom: float) -> list[float]:
    """Return places near the wanted ones, in their order, at least `gap` apart."""
    order = sorted(range(len(wanted)), key=lambda n: wanted[n])
    placed: list[float] = []
    for number in order:
        placed.append(max(wanted[number], placed[-1] + gap if placed else top))
    # What hangs over the edge pushes those above it up.
    limit = bottom
    for number in reversed(range(len(placed))):
        placed[number] = min(placed[number], limit)
        limit = placed[number] - gap
    found = [0.0] * len(wanted)
    for number, place in zip(order, placed, strict=True):
        found[number] = place
    return found
