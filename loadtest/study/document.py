"""Puts figures into documents, so that nobody types one: `python -m study publish`.

A document marks where they go, and from which results they are:

    <!-- study-figures: 2026-11-22-8core-some-cpu -->
    written by us
    <!-- /study-figures -->
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from study import row
from study.answer import headline, verdicts
from study.model import FOLDER, MODELS
from study.picture import pictures
from study.report import not_made
from study.summary import Figure, Key, curve, summarise

ROOT = FOLDER.parent
RESULTS = FOLDER / "results"
CLAIMS = ("million", "random-reads", "store", "twisted")
README_PLOTS = ("question", "today")
PLOTS = (
    "question", "cost-question", "structures", "today", "cpu-hello", "latency-open-hello", "multiplexing",
    "rate-page", "rate-stream", "cpu-stream", "rate-slow", "ready-start",
)  # fmt: skip


class Published:
    """The results of one study, as documents show them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rows = row.load(folder / "raw.csv")
        self.facts: dict[str, Any] = json.loads(
            (folder / "environment.json").read_text()
        )
        self.state: dict[str, Any] = json.loads((folder / "state.json").read_text())
        self.figures: dict[Key, Figure] = summarise(self.rows)
        self.cores = int(self.facts["cores"])
        self.titles = {
            p.name: re.findall("<title>(.*?)</title>", p.svg)[0]
            for p in pictures(self.figures, self.cores)
        }

    def answer(self, to_results: str) -> Iterator[str]:
        """Yield the answer in short."""
        yield f"**{headline(self.figures)}**"
        yield from self._plots(README_PLOTS, to_results)
        yield f"{self._origin()} [The report]({to_results}/{self.folder.name}/report.html)."

    def figures_in_full(self, to_results: str) -> Iterator[str]:
        """Yield the answer with its figures, tables and plots."""
        here = f"{to_results}/{self.folder.name}"
        yield (
            f"{self._origin()} {self._state()} Everything: [report]({here}/report.html), "
            f"[raw figures]({here}/raw.csv), [environment]({here}/environment.json)."
        )
        yield f"**{headline(self.figures)}**"
        yield from self._plots(PLOTS[:1], to_results)
        found = verdicts(self.figures, self.cores)
        yield _table(
            ("what 2007 said", "today", "figures"),
            [(v.claim, v.answer, v.evidence) for v in found],
        )
        yield from self._plots(PLOTS[1:], to_results)
        yield (
            f"With as many processes as cores ({self.cores}), 12 bytes, the generator that "
            "got most; CPU time is that of one request:"
        )
        yield _table(
            ("model", "requests/s", "least to most", "p50 ms", "p99 ms", "edge µs",
             "workers µs", "the limit"),
            self._at_cores(),
        )  # fmt: skip

    def _at_cores(self) -> list[Sequence[str]]:
        found = [
            (name, points[self.cores])
            for name in MODELS
            if self.cores in (points := curve(self.figures, name, "hello"))
        ]
        found.sort(key=lambda pair: -pair[1].rate)
        return [
            (name, f"{f.rate:,.0f}", f"{f.low:,.0f}–{f.high:,.0f}", f"{f.ms[0]:.2f}",
             f"{f.ms[2]:.2f}", f"{f.us['edge']:.0f}", f"{f.us['workers']:.0f}", f.limit)
            for name, f in found
        ]  # fmt: skip

    def _plots(self, names: Iterable[str], to_results: str) -> Iterator[str]:
        for name in names:
            if name in self.titles:
                yield (
                    f"![{self.titles[name]}]"
                    f"({to_results}/{self.folder.name}/plots/{name}.svg)"
                )

    def _origin(self) -> str:
        plan = self.state["plan"]["name"]
        command = "make study" + ("" if plan == "default" else f" STUDY={plan}")
        return (
            f"`{command}` of {self.facts['when'][:10]}, {self.cores} cores of "
            f"{self.facts['cpu']}; {self.facts['note']}."
        )

    def _state(self) -> str:
        kept = [r for r in self.rows if r.kept]
        failed = sum(r.failed for r in kept)
        noisy = sum(r.noisy for r in kept)
        again = len({(r.cell, r.repeat, r.attempt) for r in self.rows if not r.kept})
        cells = len({r.cell for r in kept})
        return (
            f"{cells} cells, {len(kept):,} measurements, {failed:,} failed requests; "
            f"{again} visits made again for noise, {noisy} measurements kept though noisy, "
            f"{not_made(self.rows, self.state)} visits not made for want of time."
        )


def claims(_to_results: str) -> Iterator[str]:
    """Yield what the posts claimed beside what was measured."""
    for name in CLAIMS:
        path = RESULTS / f"claim-{name}.json"
        if not path.exists():
            continue
        found = json.loads(path.read_text())
        machine = found["machine"]
        yield f"### `make claim-{name}`"
        noise = machine["load_before"]
        yield (
            f"{found['title']}. {machine['when']}, {machine['cores']} cores of "
            f"{machine['cpu']}, Python {machine['python']}; {noise:.0%} of the machine was "
            "in use by others before."
        )
        yield _table(
            ("measured", "here", "unit", "the post", "times as good", "spread", "n"),
            [
                (r["measure"], f"{r['ours']:,}", r["unit"],
                 "" if r["peer"] is None else f"{r['peer']:,} ({r['peer_name']})",
                 "" if r["ratio"] is None else f"{r['ratio']:,}",
                 f"{r['spread']:.0%}" if r["repeats"] > 1 else "", str(r["repeats"]))
                for r in found["rows"]
            ],
        )  # fmt: skip
        yield f"Durability: {found['durability']}"


def _table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    out = [head, ["---"] * len(head), *lines]
    cells = [[cell.replace("|", "\\|") for cell in one] for one in out]
    return "\n".join(f"| {' | '.join(one)} |" for one in cells)


Write = Callable[[str], Iterable[str]]
# Documents, and how each reaches the results.
DOCUMENTS = {
    "README.md": "loadtest/results",
    "docs/load-study.md": "../loadtest/results",
}


def fill(text: str, to_results: str, folder: str) -> str:
    """Return a document's text with its marked blocks written anew."""
    if "<!-- study-" in text:
        published = Published(RESULTS / folder)
        blocks: dict[str, Write] = {
            "study-answer": published.answer,
            "study-figures": published.figures_in_full,
        }
        for name, write in blocks.items():
            text = _block(text, name, f"{name}: {folder}", write(to_results))
    return _block(text, "claims", "claims", claims(to_results))


def _block(text: str, name: str, head: str, parts: Iterable[str]) -> str:
    body = "\n\n".join(parts)
    return re.sub(
        rf"<!-- {name}\b[^>]*-->.*?<!-- /{name} -->",
        lambda _: f"<!-- {head} -->\n\n{body}\n\n<!-- /{name} -->",
        text,
        flags=re.DOTALL,
    )


def named(text: str) -> str:
    """Return the folder of the results that a document's figures are from."""
    found = re.search(r"<!-- study-[a-z]+: (\S+) -->", text)
    return found[1] if found else ""


def publish(folder: str = "") -> list[Path]:
    """Write the figures of a folder of results, or of the one there, into documents."""
    changed = []
    for document, to_results in DOCUMENTS.items():
        path = ROOT / document
        text = path.read_text()
        filled = fill(text, to_results, folder or named(text))
        if filled != text:
            path.write_text(filled)
            changed.append(path)
    return changed
