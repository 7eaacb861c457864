"""What documents say is what the committed results hold; plots can be read."""

import itertools
import json
import random
import re
import xml.etree.ElementTree as ET

import pytest
from study import plot, svg
from study.cost import Used
from study.document import DOCUMENTS, RESULTS, ROOT, Published, fill, named
from study.generator import Sample
from study.picture import GROUPS, pictures
from study.plan import SWEPT, Cell, Plan
from study.row import row_of
from study.run import Study


@pytest.mark.parametrize("document", DOCUMENTS)
def test_documents_hold_the_committed_figures(document):
    text = (ROOT / document).read_text()
    folder = named(text)
    assert folder, "no marked block"
    # To mend it: cd loadtest && python -m study publish
    assert fill(text, DOCUMENTS[document], folder) == text
    for path in re.findall(r"\]\(([^)]*loadtest/results/[^)]*)\)", text):
        assert ((ROOT / document).parent / path).exists(), path


def test_all_documents_show_one_study():
    folders = {named((ROOT / document).read_text()) for document in DOCUMENTS}
    assert len(folders) == 1


def test_committed_plots_are_those_of_the_committed_figures():
    folder = RESULTS / named((ROOT / "README.md").read_text())
    published = Published(folder)
    found = {p.name: p.svg + "\n" for p in pictures(published.figures, published.cores)}
    there = {path.stem: path.read_text() for path in (folder / "plots").glob("*.svg")}
    # To mend it: cd loadtest && python -m study report FOLDER
    assert there == found
    assert {path.stem for path in (folder / "plots").glob("*.png")} == set(found)


def test_committed_results_say_nothing_of_whose_machine_it_was():
    folder = RESULTS / named((ROOT / "README.md").read_text())
    for path in folder.rglob("*"):
        if path.suffix in {".json", ".csv", ".html", ".svg"}:
            assert str(ROOT) not in path.read_text(), path


@pytest.fixture
def results(tmp_path, monkeypatch):
    """A folder of results with a small study in it."""
    monkeypatch.setattr("study.run.describe", lambda _: {
        "cores": 2, "cpu": "some cpu", "when": "2026-11-22T10:00:00", "note": "note",
        "calibration_spread": 0.0,
    })  # fmt: skip
    monkeypatch.setattr("study.document.RESULTS", tmp_path)
    cells = tuple(
        Cell(m, n, "hello")
        for m in ("2007 plain", "2007 multiplexed")
        for n in (1, 2, 4)
    )
    plan = Plan("test", cells, repeats=3)
    Study(tmp_path / "one", plan, "python").run(
        lambda cell, repeat: [made_up(cell, repeat, 100 * cell.processes + repeat)]
    )
    return tmp_path


def test_marked_blocks_are_filled_and_the_rest_is_left_alone(results):
    text = """Before.
<!-- study-figures: none -->
<!-- /study-figures -->
Between.
<!-- claims -->
<!-- /claims -->
After."""
    (results / "claim-store.json").write_text(json.dumps({
        "title": "A store", "durability": "none.",
        "machine": {"when": "2026-11-22", "cores": 2, "cpu": "some cpu",
                    "python": "3.11.7", "load_before": 0.01},
        "rows": [{"measure": "a|b", "unit": "op/s", "ours": 44000, "peer": 22000,
                  "peer_name": "post", "ratio": 2.0, "spread": 0.1, "repeats": 3}],
    }))  # fmt: skip
    filled = fill(text, "../results", "one")
    assert named(filled) == "one"
    for words in ("](../results/one/plots/question.svg)", "| 2007 plain | 201 |",
                  "18 measurements, 0 failed requests", "`make claim-store`",
                  "| a\\|b | 44,000 | op/s | 22,000 (post) | 2.0 | 10% | 3 |"):  # fmt: skip
        assert words in filled, words
    kept = [line for line in filled.splitlines() if line.endswith((".", "-->"))]
    assert [line for line in kept if line in ("Before.", "Between.", "After.")] == [
        "Before.", "Between.", "After."
    ]  # fmt: skip
    assert fill(filled, "../results", "one") == filled
    assert fill(filled.replace("201", "999"), "../results", "one") == filled


def made_up(cell, repeat, rate):
    sample = Sample("wrk", "closed", 0, 1, int(rate), 0, (1, 2, 3, 4), 0.2, 1)
    used = Used(1.0, {"edge": 0.5, "workers": 0.9}, {}, 1.6)
    one = row_of(cell, repeat, 0, sample, used, 2)
    one.kept = 1
    return one


def test_colours_and_marks_tell_the_lines_of_a_plot_apart():
    assert set(SWEPT) == {name for _, models in GROUPS.values() for name in models}
    for _, models in GROUPS.values():
        styles = [svg.style(name, number) for number, name in enumerate(models)]
        assert len({colour for colour, _ in styles}) == len(models)


def test_labels_do_not_touch():
    chance = random.Random(1)
    for _ in range(200):
        wanted = [chance.uniform(0, 300) for _ in range(chance.randrange(1, 12))]
        found = svg.apart(wanted, 17, 0, 300)
        placed = sorted(found)
        assert all(b - a >= 17 - 1e-6 for a, b in itertools.pairwise(placed))
        assert sorted(range(len(wanted)), key=wanted.__getitem__) == sorted(
            range(len(found)), key=found.__getitem__
        )
    assert svg.apart([100.0, 200.0], 17, 0, 300) == [100.0, 200.0]


@pytest.mark.parametrize("most", [0, 0.3, 1, 7.1, 639, 32000, 1e6])
def test_scales_are_round_and_reach_the_largest(most):
    scale = svg.ticks(most)
    assert scale[0] == 0
    assert scale[-1] >= most
    assert 2 <= len(scale) <= 9
    assert scale[-1] < 1.5 * most or most < 1


def test_plots_stay_inside_their_picture_and_escape_names():
    points = [svg.Point(n, 1000 / n, 900 / n, 1100 / n) for n in (1, 2, 4, 13)]
    drawn = plot.lines("<a & b>", "below", "x", {"<one>": points, "two": points}, 2)
    root = ET.fromstring(drawn)
    wide, high = float(root.get("width")), float(root.get("height"))
    assert "&lt;a &amp; b&gt;" in drawn
    for one in root.iter():
        for name, limit in (("x", wide), ("cx", wide), ("x2", wide), ("y", high),
                            ("cy", high), ("y2", high)):  # fmt: skip
            assert 0 <= float(one.get(name, 0)) <= limit
