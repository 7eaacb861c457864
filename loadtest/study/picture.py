"""Which plots a study's figures come to, and how they become PNG."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from study import plot
from study.handler import HANDLERS, Handler
from study.model import MODELS
from study.plan import MUXED
from study.summary import Figure, Key, curve
from study.svg import Point

# No more than seven lines in a plot: more of them nobody can follow.
GROUPS = {
    "question": (
        "The question of 2007: does multiplexing gain?",
        ("2007 plain", "2007 multiplexed"),
    ),
    "structures": (
        "The structures behind it, without flup",
        ("prefork", "thread per connection", "thread per request", "multiplex", "pool",
         "2007 plain"),
    ),
    "today": (
        "What one would choose among today",
        ("prefork", "smisk", "uWSGI", "granian", "gunicorn", "Twisted", "flup fork"),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Picture:
    """A plot.

    Attributes:
        name: Of its files.
        section: Of the report.
        svg: What is seen.
    """

    name: str
    section: str
    svg: str


def pictures(figures: dict[Key, Figure], cores: int) -> list[Picture]:
    """Return all plots, in the order of the report."""
    found: list[Picture] = []
    for handler in HANDLERS.values():
        found += _sweeps(figures, handler, cores)
    found += _muxed(figures)
    for handler in HANDLERS.values():
        found += _rates(figures, handler, cores)
    for handler in HANDLERS.values():
        found += _costs(figures, handler, cores)
    return found


def _point(n: float, figure: Figure) -> Point:
    return Point(n, figure.rate, figure.low, figure.high)


def _families(names: Iterable[str]) -> dict[str, str]:
    """Return whose each model is; names end in their number of processes."""
    return {name: MODELS[name.rpartition(" ×")[0]].family for name in names}


def _repeats(figures: Iterable[Figure]) -> str:
    counts = [figure.repeats for figure in figures]
    least, most_ = min(counts), max(counts)
    return f"{least}" if least == most_ else f"{least} to {most_}"


def _sweeps(
    figures: dict[Key, Figure], handler: Handler, cores: int
) -> Iterator[Picture]:
    for name, (title, models) in GROUPS.items():
        swept = {m: curve(figures, m, handler.name) for m in models}
        swept = {m: points for m, points in swept.items() if len(points) > 2}
        if len(swept) < 2:
            continue
        every = [f for points in swept.values() for f in points.values()]
        yield Picture(
            name if handler.name == "hello" else f"{name}-{handler.name}",
            "Requests per second against processes",
            plot.lines(
                title,
                f"requests/s, {handler.about}; median of {_repeats(every)}, band: least to most",
                "processes",
                {m: [_point(n, f) for n, f in points.items()]
                 for m, points in swept.items()},
                cores,
            ),
        )  # fmt: skip
        yield Picture(
            f"cost-{name}" if handler.name == "hello" else f"cost-{name}-{handler.name}",
            "Requests per second against processes",
            plot.lines(
                f"What a request costs: {_short(title)}",
                f"µs of CPU of all servers, {handler.about}; median of {_repeats(every)}, "
                "band: least to most",
                "processes",
                {m: [Point(n, f.servers_us, f.us_low, f.us_high)
                     for n, f in points.items()] for m, points in swept.items()},
                cores,
            ),
        )  # fmt: skip


def _short(title: str) -> str:
    return title[0].lower() + title[1:].partition(":")[0]


def _muxed(figures: dict[Key, Figure]) -> Iterator[Picture]:
    rows: dict[str, Point] = {}
    for name in MUXED:
        for n, figure in list(curve(figures, name, "hello").items())[:1]:
            rows[f"{name} ×{n}"] = _point(n, figure)
    if rows:
        yield Picture(
            "multiplexing",
            "Multiplexing for real",
            plot.bars(
                "Asked by a client that can multiplex, without a web server",
                "requests/s, 12 bytes; “muxed”: 16 requests at once on each connection",
                "requests/s (median; least to most)", rows, _families(rows),
            ),
        )  # fmt: skip


def _at_cores(
    figures: dict[Key, Figure], handler: Handler, cores: int
) -> dict[str, tuple[int, Figure]]:
    """Return each model behind an edge with as many processes as cores, or nearly."""
    found = {}
    for model in MODELS.values():
        points = curve(figures, model.name, handler.name)
        if points and model.via != "direct":
            n = min(points, key=lambda count: (abs(count - cores), count))
            found[f"{model.name} ×{n}"] = (n, points[n])
    return found


def _rates(
    figures: dict[Key, Figure], handler: Handler, cores: int
) -> Iterator[Picture]:
    rows = _at_cores(figures, handler, cores)
    if handler.name != "hello":
        # Few cells: all of them.
        for model in MODELS.values():
            for n, figure in curve(figures, model.name, handler.name).items():
                if model.via != "direct":
                    rows[f"{model.name} ×{n}"] = (n, figure)
    if not rows:
        return
    section = (
        "Other requests" if handler.name != "hello" else "As many processes as cores"
    )
    if handler.name == "start":
        ready = {name: f for name, (_, f) in rows.items() if f.ready_s}
        yield Picture(
            "ready-start", section,
            plot.bars(
                "Expensive to start: time to the first answer",
                handler.about, "seconds (median)",
                {name: Point(0, f.ready_s, f.ready_s, f.ready_s)
                 for name, f in ready.items()},
                _families(ready), digits=1,
            ),
        )  # fmt: skip
    yield Picture(
        f"rate-{handler.name}", section,
        plot.bars(
            f"Requests per second: {handler.name}",
            handler.about, "requests/s (median; least to most)",
            {name: _point(n, figure) for name, (n, figure) in rows.items()},
            _families(rows),
        ),
    )  # fmt: skip


def _costs(
    figures: dict[Key, Figure], handler: Handler, cores: int
) -> Iterator[Picture]:
    rows = _at_cores(figures, handler, cores)
    if not rows or handler.name == "start":
        return
    yield Picture(
        f"cpu-{handler.name}", "CPU time of a request",
        plot.stacked(
            f"CPU time of a request by part: {handler.name}",
            f"{handler.about}; at full load, by the generator that got most",
            "µs of CPU", {name: figure.us for name, (_, figure) in rows.items()},
        ),
    )  # fmt: skip
    yield Picture(
        f"latency-{handler.name}", "Latency",
        plot.ranges(
            f"Latency at full load: {handler.name}",
            f"{handler.callers(cores)} callers, each asks again at once: how long the queue is",
            "ms", {name: figure.ms for name, (_, figure) in rows.items()},
        ),
    )  # fmt: skip
    opened = {
        f"{cell.model} ×{cell.processes}": figure.ms
        for (cell, _, mode), figure in figures.items()
        if mode == "open" and cell.handler == handler.name and cell.processes == cores
    }
    if opened:
        yield Picture(
            f"latency-open-{handler.name}", "Latency",
            plot.ranges(
                f"Latency at a set rate: {handler.name}",
                "open model, half of what the servers can do or less: what a visitor feels",
                "ms", opened,
            ),
        )  # fmt: skip


def as_png(folder: Path) -> None:
    """Make PNG of a folder's SVG files, if there is a browser for it."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        return
    # A browser mostly waits, for its own processes.
    with ThreadPoolExecutor(2 * min(4, os.cpu_count() or 1)) as threads:
        list(threads.map(lambda svg: _shot(browser, svg), sorted(folder.glob("*.svg"))))


def _shot(browser: str, svg: Path) -> None:
    first = svg.read_text()[:400]
    wide, high = (
        first.partition(f" {name}='")[2].partition("'")[0]
        for name in ("width", "height")
    )
    # A browser that hangs costs one picture, not the report.
    with (
        tempfile.TemporaryDirectory(prefix="study", ignore_cleanup_errors=True) as own,
        contextlib.suppress(subprocess.TimeoutExpired),
    ):
        subprocess.run(
            [browser, "--headless", "--no-sandbox", "--disable-gpu",
             "--hide-scrollbars", f"--user-data-dir={own}",
             "--force-device-scale-factor=2", f"--window-size={wide},{high}",
             f"--screenshot={svg.with_suffix('.png')}", svg.resolve().as_uri()],
            capture_output=True, check=False, timeout=120,
        )  # fmt: skip
