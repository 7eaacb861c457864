"""The report of a study: one HTML file with its plots in it, and the plots as files."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Any

from study import row
from study.model import MODELS
from study.picture import Picture, as_png, pictures
from study.plan import Cell
from study.summary import Figure, Key, most, summarise
from study.verdict import headline, verdicts

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto;
       padding: 0 1rem; color: #222; background: #fff }
table { border-collapse: collapse; font-size: .85rem; margin: 1rem 0; display: block;
        overflow-x: auto }
th, td { padding: .25rem .6rem; border-bottom: 1px solid #ddd; text-align: left;
         vertical-align: top }
td.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
svg { max-width: 100%; height: auto } code { font-size: .9em }
.warn { background: #fff3cd; padding: .5rem 1rem; border-left: 4px solid #e69f00 }
"""
_NUMBERS: tuple[tuple[str, Callable[[Figure], str]], ...] = (
    ("requests/s", lambda f: f"{f.rate:,.0f}"),
    ("spread", lambda f: f"{f.low:,.0f}–{f.high:,.0f}"),
    ("n", lambda f: str(f.repeats)),
    ("failed", lambda f: f"{f.failed:,}"),
    ("p50 ms", lambda f: f"{f.ms[0]:.2f}"),
    ("p90 ms", lambda f: f"{f.ms[1]:.2f}"),
    ("p99 ms", lambda f: f"{f.ms[2]:.2f}"),
    ("edge µs", lambda f: f"{f.us['edge']:.0f}"),
    ("workers µs", lambda f: f"{f.us['workers']:.0f}"),
    ("store µs", lambda f: f"{f.us['store']:.0f}"),
    ("generator µs", lambda f: f"{f.us['generator']:.0f}"),
)


def write(folder: Path) -> None:
    """Write `report.html` and `plots/` from what a study left in a folder."""
    rows = row.load(folder / "raw.csv")
    facts = json.loads((folder / "environment.json").read_text())
    state = json.loads((folder / "state.json").read_text())
    figures = summarise(rows)
    plots = pictures(figures, int(facts["cores"]))
    shutil.rmtree(folder / "plots", ignore_errors=True)
    (folder / "plots").mkdir()
    for picture in plots:
        (folder / "plots" / f"{picture.name}.svg").write_text(picture.svg + "\n")
    text = _page(rows, figures, facts, state, plots)
    (folder / "report.html").write_text(text)
    as_png(folder / "plots")


def _table(
    head: Sequence[str], lines: Iterable[Sequence[str]], numbers: int = 99
) -> str:
    out = ["<table><tr>" + "".join(f"<th>{escape(h)}</th>" for h in head) + "</tr>"]
    for cells in lines:
        row_html = "".join(
            f"<td{' class=n' if number >= numbers else ''}>{escape(cell)}</td>"
            for number, cell in enumerate(cells)
        )
        out.append(f"<tr>{row_html}</tr>")
    return "\n".join([*out, "</table>"])


def _page(
    rows: list[row.Row],
    figures: dict[Key, Figure],
    facts: dict[str, Any],
    state: dict[str, Any],
    plots: list[Picture],
) -> str:
    plan = state["plan"]
    out = [
        "<!doctype html><html lang=en><meta charset=utf-8>",
        "<meta name=viewport content='width=device-width'>",
        "<title>Do you gain from FastCGI connection multiplexing?</title>",
        f"<style>{STYLE}</style>",
        "<h1>Do you gain from FastCGI connection multiplexing?</h1>",
        "<p>In 2007 a post answered: no, it slows things down; unless, perhaps, a process "
        "is expensive to start. This is that study again, and what it leads to today.</p>",
        f"<p><code>make study STUDY={escape(plan['name'])}</code>, "
        f"{escape(facts['when'][:16].replace('T', ' '))} UTC, {facts['cores']} cores of "
        f"{escape(facts['cpu'])}; {escape(facts['note'])}.</p>",
        "<h2>The answer</h2>",
        f"<p><strong>{escape(headline(figures))}</strong></p>",
        _table(
            ("what 2007 said", "today", "figures"),
            [(v.claim, v.answer, v.evidence) for v in verdicts(figures, facts["cores"])],
        ),
        *_warnings(rows, figures, facts, state),
        *_sections(plots),
        "<h2>What was the limit</h2>",
        "<p>The generator that got most out of a cell. A part is the limit when the cores "
        "that it can use are used up; where all cores of the machine are, the parts share "
        "them, and the largest is named. “Waiting”: no part was at its end; they wait for each "
        "other, for locks, or for the clock. CPU time is that of a request.</p>",
        _limits(figures),
        "<h2>Every figure</h2>",
        "<p>Medians of repeats, with least and most. “Closed”: the next request follows "
        "the answer. “Open”: requests keep to a rate of at most half the closed one. "
        "“Full”: repeats in which the generator had no core left.</p>",
        _everything(figures),
        "<h2>How it was measured</h2>",
        _table(
            ("model", "what it is"),
            [(m.name, m.about) for m in MODELS.values()
             if any(c.model == m.name for c, _, _ in figures)],
        ),
        _table(
            ("left out", "why"),
            [*state["skipped"].items(), *((k, v[:200]) for k, v in state["failed"].items())],
        ) if state["skipped"] or state["failed"] else "",
        _table(("plan", ""), [(k, str(v)) for k, v in plan.items() if k != "cells"]),
        _table(("environment", ""), [(k, str(v)) for k, v in facts.items()]),
        "</html>",
    ]  # fmt: skip
    return "\n".join(out) + "\n"


def not_made(rows: list[row.Row], state: dict[str, Any]) -> int:
    """Return how many visits a study lacks, but for cells that cannot be measured."""
    plan = state["plan"]
    wanted = [
        cell for cell in plan["cells"]
        if cell["model"] not in state["skipped"]
        and str(Cell(**cell)) not in state["failed"]
    ]  # fmt: skip
    made = {(r.cell, r.repeat) for r in rows if r.kept}
    return max(0, len(wanted) * int(plan["repeats"]) - len(made))


def _sections(plots: list[Picture]) -> Iterator[str]:
    for section in dict.fromkeys(picture.section for picture in plots):
        yield f"<h2>{escape(section)}</h2>"
        yield from (p.svg for p in plots if p.section == section)


def _warnings(
    rows: list[row.Row],
    figures: dict[Key, Figure],
    facts: dict[str, Any],
    state: dict[str, Any],
) -> list[str]:
    out = []
    if left := not_made(rows, state):
        out.append(
            f"<p class=warn>{left} of the visits that the plan asks for were not made: the "
            "time was over. The column n says how often each cell was visited.</p>"
        )
    kept = [r for r in rows if r.kept]
    noisy = sum(r.noisy for r in kept)
    if noisy:
        out.append(
            f"<p class=warn>In {noisy} of {len(kept)} kept measurements others used more "
            "of the machine than the plan allows, or it was slower than at its best by "
            "more, at every try. Ratios may hold; read the spreads.</p>"
        )
    again = len({(r.cell, r.repeat, r.attempt) for r in rows if not r.kept})
    if again:
        out.append(f"<p>{again} visits were thrown away for noise and made again.</p>")
    if facts["calibration_spread"] > 0.1:
        out.append(
            "<p class=warn>The same computation took up to "
            f"{facts['calibration_spread']:.0%} longer from one moment to the next, before "
            "anything was measured and with nothing else running: the machine is not all "
            "ours. Expect as much in the spreads of all figures.</p>"
        )
    failed = sum(figure.failed for figure in figures.values())
    out.append(f"<p>Failed requests in all: {failed:,}.</p>")
    return out


def _limits(figures: dict[Key, Figure]) -> str:
    lines = []
    for cell in sorted({c for c, _, _ in figures}):
        figure = most(figures, cell)
        if figure is not None:
            us = figure.us
            lines.append(
                (cell.handler, cell.model, str(cell.processes), figure.limit,
                 f"{us['edge']:.0f} + {us['workers']:.0f} + {us['store']:.0f} "
                 f"+ {us['generator']:.0f}")
            )  # fmt: skip
    lines.sort(key=lambda line: (line[0], line[1], int(line[2])))
    return _table(
        (
            "request",
            "model",
            "×",
            "the limit",
            "µs: edge + workers + store + generator",
        ),
        lines,
    )


def _everything(figures: dict[Key, Figure]) -> str:
    head = ["request", "model", "×", "generator", "mode", *(n for n, _ in _NUMBERS),
            "ready s", "full", "noisy"]  # fmt: skip
    lines = []
    order = sorted(
        figures, key=lambda k: (k[0].handler, k[0].model, k[0].processes, *k[1:])
    )
    for key in order:
        (cell, generator, mode), figure = key, figures[key]
        lines.append(
            [cell.handler, cell.model, str(cell.processes), generator, mode,
             *(show(figure) for _, show in _NUMBERS), f"{figure.ready_s:.2f}",
             str(figure.saturated), str(figure.noisy)]
        )  # fmt: skip
    return _table(head, lines, numbers=5)
