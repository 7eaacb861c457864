"""The report of a study: one HTML file with its plots in it, and the plots as files."""

from __future__ import annotations

import json
import shutil
import statistics
from collections.abc import Callable, Iterable, Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Any

from study import row
from study.answer import headline, verdicts
from study.handler import HANDLERS
from study.model import MODELS
from study.picture import Picture, as_png, pictures
from study.plan import Cell
from study.summary import Figure, Key, most, summarise

STYLE = """
:root { --ink: #1d232b; --soft: #5b6570; --rule: #dfe3e8; --card: #f6f8fa;
        --accent: #0072b2 }
body { font: 16px/1.55 system-ui, sans-serif; max-width: 58rem; margin: 0 auto;
       padding: 2.5rem 1.25rem 4rem; color: var(--ink); background: #fff }
h1 { font-size: 2.1rem; line-height: 1.15; letter-spacing: -.02em; margin: 0 0 .75rem;
     text-wrap: balance }
h2 { font-size: 1.35rem; margin: 3rem 0 1rem; padding-top: 1rem;
     border-top: 1px solid var(--rule) }
.lead, .from { color: var(--soft); margin: .4rem 0 } .from { font-size: .875rem }
.answer { background: var(--card); border-left: 5px solid var(--accent);
          border-radius: 0 8px 8px 0; padding: 1rem 1.5rem; margin: 1.75rem 0 }
.answer p { margin: .5rem 0 } .answer p:first-child { font-size: 1.3rem;
          font-weight: 650; line-height: 1.4; text-wrap: pretty }
nav { font-size: .9rem; margin: 1.5rem 0 } nav a { margin-right: 1.1rem;
      white-space: nowrap } a { color: var(--accent) }
figure { margin: 1.5rem 0 } svg { width: 100%; height: auto; display: block }
table { border-collapse: collapse; font-size: .875rem; margin: 1rem 0; display: block;
        overflow-x: auto }
th { text-align: left; color: var(--soft); font-weight: 600; white-space: nowrap;
     border-bottom: 2px solid var(--rule) }
th, td { padding: .4rem .75rem .4rem 0; vertical-align: top }
td { border-bottom: 1px solid var(--rule) } tr:hover td { background: var(--card) }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
.claims td { min-width: 11rem } .claims td:last-child { font-size: .8rem;
             color: var(--soft) }
b.is { display: inline-block; border-radius: 4px; padding: 0 .45rem; margin-right: .25rem;
       color: #fff; background: #555 }
b.yes { background: #00724f } b.no { background: #b04a00 } b.part { background: #8a6d00 }
summary { cursor: pointer; color: var(--accent) } code { font-size: .9em }
.warn { background: #fff5d9; padding: .6rem 1rem; border-left: 5px solid #e69f00;
        border-radius: 0 8px 8px 0; font-size: .925rem }
@media print { body { max-width: none } details { display: none }
               figure { break-inside: avoid } nav { display: none } }
"""
# What stands beside the answer.
FIRST = ("question", "cost-question")
# How an answer to a claim begins, and its colour.
_TAGS = {"holds in part": "part", "within the spread": "part", "does not hold": "no",
         "holds": "yes"}  # fmt: skip
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
    head: Sequence[str], lines: Iterable[Sequence[str]], numbers: int = 99,
    kind: str = "",
) -> str:  # fmt: skip
    """Return a table; its columns from the `numbers`th on hold numbers."""

    def cell(tag: str, number: int, words: str) -> str:
        return f"<{tag}{' class=n' if number >= numbers else ''}>{words}</{tag}>"

    out = [f"<table class='{kind}'><tr>"]
    out += [cell("th", number, escape(words)) for number, words in enumerate(head)]
    out.append("</tr>")
    for cells in lines:
        inside = (cell("td", number, _tagged(c)) for number, c in enumerate(cells))
        out.append(f"<tr>{''.join(inside)}</tr>")
    return "\n".join([*out, "</table>"])


def _tagged(words: str) -> str:
    """Return words as HTML, with a coloured mark if they begin with an answer."""
    for begins, colour in _TAGS.items():
        if words == begins or words.startswith(f"{begins}:"):
            return (
                f"<b class='is {colour}'>{begins}</b>{escape(words[len(begins) + 1 :])}"
            )
        if words.startswith(f"{begins} for"):
            return f"<b class='is part'>{begins}</b>{escape(words[len(begins) :])}"
    return escape(words)


def _page(
    rows: list[row.Row],
    figures: dict[Key, Figure],
    facts: dict[str, Any],
    state: dict[str, Any],
    plots: list[Picture],
) -> str:
    plan = state["plan"]
    short, _, long = headline(figures).partition(" It never")
    first = [p for p in plots if p.name in FIRST]
    found = verdicts(figures, facts["cores"])
    sections = list(dict.fromkeys(p.section for p in plots if p not in first))
    last = ["What was the limit", "Every figure", "How it was measured"]
    out = [
        "<!doctype html><html lang=en><meta charset=utf-8>",
        "<meta name=viewport content='width=device-width'>",
        "<title>Do you gain from FastCGI connection multiplexing?</title>",
        f"<style>{STYLE}</style>",
        "<h1>Do you gain from FastCGI connection multiplexing?</h1>",
        "<p class=lead>In 2007 a post answered: no, it slows things down; unless, perhaps, "
        "a process is expensive to start. This is that study again, and what it leads to "
        "today.</p>",
        f"<div class=answer><p>{escape(short)}</p>"
        + (f"<p>It never{escape(long)}</p>" if long else "") + "</div>",
        f"<p class=from><code>make study STUDY={escape(plan['name'])}</code>, "
        f"{escape(facts['when'][:16].replace('T', ' '))} UTC, {facts['cores']} cores of "
        f"{escape(facts['cpu'])}; {escape(facts['note'])}.</p>",
        *(f"<figure>{p.svg}</figure>" for p in first),
        "<nav>" + " ".join(
            f"<a href='#{_anchor(name)}'>{escape(name)}</a>"
            for name in ("Claim by claim", *sections, *last)
        ) + "</nav>",
        _h2("Claim by claim"),
        _table(
            ("what 2007 said", "today", "figures"),
            [(v.claim, v.answer, v.evidence) for v in found], kind="claims",
        ),
        *_warnings(rows, figures, state),
        *_sections([p for p in plots if p not in first]),
        _h2(last[0]),
        "<p>The generator that got most out of a cell. A part is the limit when the cores "
        "that it can use are used up; where all cores of the machine are, the parts share "
        "them, and the largest is named. “Waiting”: no part was at its end; they wait for each "
        "other, for locks, or for the clock. CPU time is that of a request.</p>",
        _folded("the limit of each cell", _limits(figures)),
        _h2(last[1]),
        "<p>Medians of repeats, with least and most. “Closed”: the next request follows "
        "the answer. “Open”: requests keep to a rate of at most half the closed one. "
        "“Full”: repeats in which the generator had no core left.</p>",
        _folded("all figures", _everything(figures)),
        _h2(last[2]),
        _table(
            ("model", "what it is"),
            [(m.name, m.about) for m in MODELS.values()
             if any(c.model == m.name for c, _, _ in figures)],
        ),
        _table(
            ("left out", "why"),
            [*state["skipped"].items(), *((k, v[:200]) for k, v in state["failed"].items())],
        ) if state["skipped"] or state["failed"] else "",
        _folded("the plan", _table(
            ("plan", ""), [(k, str(v)) for k, v in plan.items() if k != "cells"]
        )),
        _folded("the environment", _table(
            ("environment", ""), [(k, str(v)) for k, v in facts.items()]
        )),
        "</html>",
    ]  # fmt: skip
    return "\n".join(out) + "\n"


def _anchor(name: str) -> str:
    return name.lower().replace(" ", "-")


def _h2(name: str) -> str:
    return f"<h2 id='{_anchor(name)}'>{escape(name)}</h2>"


def _folded(name: str, inside: str) -> str:
    return f"<details><summary>{escape(name)}</summary>{inside}</details>"


def not_made(rows: list[row.Row], state: dict[str, Any]) -> int:
    """Return how many visits a study lacks, but for cells that cannot be measured."""
    plan = state["plan"]
    wanted = [
        cell for cell in plan["cells"]
        if cell["model"] not in state["skipped"]
        and str(Cell(**cell)) not in state["failed"]
    ]  # fmt: skip
    repeats = int(plan["repeats"])
    made = {(r.cell, r.repeat) for r in rows if r.kept and r.repeat < repeats}
    return max(0, len(wanted) * repeats - len(made))


def _sections(plots: list[Picture]) -> Iterator[str]:
    for section in dict.fromkeys(picture.section for picture in plots):
        yield _h2(section)
        yield from (f"<figure>{p.svg}</figure>" for p in plots if p.section == section)


def _warnings(
    rows: list[row.Row], figures: dict[Key, Figure], state: dict[str, Any]
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
            "of the machine than the plan allows, at every try. Ratios may hold; read the "
            "spreads.</p>"
        )
    again = len({(r.cell, r.repeat, r.attempt) for r in rows if not r.kept})
    if again:
        out.append(f"<p>{again} visits were thrown away for noise and made again.</p>")
    if spread := spreads(figures):
        rate, cost = spread
        out.append(
            f"<p>Repeats of a cell differ, most to least, by {rate:.0%} in requests per "
            f"second and by {cost:.0%} in the servers’ CPU time for a request (medians of "
            "all cells). On a machine whose cores change their speed, as where others "
            "share them, both move together, and no measurement is better than that.</p>"
        )
    failed = sum(figure.failed for figure in figures.values())
    out.append(f"<p>Failed requests in all: {failed:,}.</p>")
    return out


def spreads(figures: dict[Key, Figure]) -> tuple[float, float] | None:
    """Return by how much repeats differ: in rate, in CPU time; medians of the cells."""
    found = [
        f for (cell, generator, _), f in figures.items()
        if generator != "locust" and f.repeats > 1 and f.low and f.us_low
        and not HANDLERS[cell.handler].cold
    ]  # fmt: skip
    if not found:
        return None
    return (
        statistics.median(f.high / f.low - 1 for f in found),
        statistics.median(f.us_high / f.us_low - 1 for f in found),
    )


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
