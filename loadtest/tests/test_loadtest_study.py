"""A whole study: order, resume, noise, verdicts, report; and nothing left running."""

import dataclasses
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from study import noise, row
from study.answer import headline, verdicts
from study.cost import Meter, Used, cpu_s, family
from study.generator import Sample, percentiles
from study.handler import HANDLERS
from study.model import MODELS
from study.plan import SWEPT, Cell, Plan, make
from study.program import StartError, until
from study.progress import Progress
from study.report import not_made, write
from study.row import limit, row_of
from study.run import Study
from study.summary import most, summarise
from study.visit import Bench

LOADTEST = Path(__file__).resolve().parents[1]


@pytest.fixture(autouse=True)
def brief(monkeypatch, request):
    if "report" not in request.node.name:  # where the real thing is wanted
        monkeypatch.setattr("study.run.describe", lambda _: {"cores": 2})


def made_up(cell, repeat, rate, *, foreign=0.0, kept=1, attempt=0, cores=2):
    sample = Sample("wrk", "closed", 0, 1, int(rate), 0, (1, 2, 3, 4), 0.2, 1)
    used = Used(1.0, {"edge": 0.5, "workers": 0.9}, {}, 1.6 + foreign * cores)
    one = row_of(cell, repeat, attempt, sample, used, cores)
    one.kept = kept
    one.noisy = int(one.foreign > 0.1)
    return one


def small_plan(**values):
    cells = [Cell(m, n, "hello") for m in ("2007 plain", "2007 multiplexed", "prefork")
             for n in (1, 2, 4)]  # fmt: skip
    return Plan("test", tuple(cells), repeats=3, **values)


@pytest.mark.parametrize("cores", [1, 2, 8, 64])
@pytest.mark.parametrize("name", ["quick", "default", "full"])
def test_plans_fit_any_machine(name, cores):
    plan = make(name, cores)
    assert len(set(plan.cells)) == len(plan.cells)
    assert cores in {cell.processes for cell in plan.cells}
    assert plan.repeats >= 3
    assert plan.budget_s <= {"quick": 200, "default": 1200, "full": 0}[name]
    assert not plan.budget_s or plan.guess_s() <= plan.budget_s
    if cores <= 8 and plan.budget_s:
        # What the documents say: 3 minutes, and 15.
        assert plan.guess_s() / 60 <= {"quick": 3, "default": 15.5}[name]
    most = max(cell.processes for cell in plan.cells)
    assert most >= 2 * cores
    for cell in plan.cells:
        assert MODELS[cell.model].via == "fastcgi" or cell.handler != "stream"


def test_default_has_every_model_with_every_number_of_processes():
    cells = set(make("default", 2).cells)
    for model in SWEPT:
        for processes in (1, 2, 3, 4, 6, 8, 13, 16):
            assert Cell(model, processes, "hello") in cells
    assert {cell.handler for cell in cells} == set(HANDLERS)
    families = {MODELS[cell.model].via for cell in cells}
    assert families == {"fastcgi", "spawned", "proxy", "proxy-tcp", "direct"}


def test_unknown_plan_is_refused_in_words():
    with pytest.raises(ValueError, match="quick, default or full"):
        make("long", 2)


def test_order_is_random_by_rounds_and_the_same_after_a_kill():
    plan = small_plan()
    order = plan.order()
    assert order == plan.order()
    assert [repeat for _, repeat in order] == [0] * 9 + [1] * 9 + [2] * 9
    rounds = [[c for c, r in order if r == n] for n in range(3)]
    assert all(sorted(one) == sorted(plan.cells) for one in rounds)
    assert rounds[0] != rounds[1] != rounds[2]


def test_killed_study_goes_on_where_it_was(tmp_path):
    plan = small_plan()
    visited = []

    class Killed(Exception):  # noqa: N818
        pass

    def visit(cell, repeat):
        if len(visited) == 10:
            visited.append(None)
            raise Killed
        visited.append((cell, repeat))
        return [made_up(cell, repeat, 100)]

    with pytest.raises(Killed):
        Study(tmp_path, plan, sys.executable).run(visit)
    assert Study.unfinished(tmp_path, plan)
    Study(tmp_path, plan, sys.executable).run(visit)
    assert not Study.unfinished(tmp_path, plan)
    assert [v for v in visited if v] == plan.order()


def test_other_plan_does_not_go_on_with_it(tmp_path):
    plan = small_plan()
    Study(tmp_path, plan, sys.executable)._write(
        {"plan": json.loads(json.dumps(plan.as_dict())), "finished": False}
    )
    assert Study.unfinished(tmp_path, plan)
    assert not Study.unfinished(tmp_path, dataclasses.replace(plan, repeats=5))


def test_budget_ends_a_study_between_visits(tmp_path):
    visits = []

    def visit(cell, repeat):
        visits.append(cell)
        time.sleep(0.3)
        return [made_up(cell, repeat, 100)]

    plan = small_plan(budget_s=4.0, warm_s=0.1, wrk_s=1, locust_s=0.2)
    began = time.monotonic()
    Study(tmp_path, plan, sys.executable).run(visit)
    assert 2 <= len(visits) <= 13
    assert time.monotonic() - began < 6


def test_time_that_is_left_goes_to_the_cells_whose_repeats_differ_most(tmp_path):
    visits = []

    def visit(cell, repeat):
        visits.append((cell, repeat))
        time.sleep(0.01)
        one = made_up(cell, repeat, 100)
        # One cell costs more each time, one twice as much once, all others the same.
        if cell.processes == 4:
            one.us_workers *= {
                "prefork": 1 + repeat,
                "2007 plain": 1 + (repeat == 1),
            }.get(cell.model, 1)
        return [one]

    plan = small_plan(steady_s=3.0)
    study = Study(tmp_path, plan, sys.executable)
    study.run(visit)
    planned, more = visits[:27], visits[27:]
    assert planned == plan.order()
    assert more[0] == (Cell("prefork", 4, "hello"), 3)
    # Nobody more than twice as often as planned.
    assert len(more) == len(set(more)) <= 27
    assert {repeat for _, repeat in more} <= {3, 4, 5}
    assert (Cell("2007 plain", 4, "hello"), 3) in more[:4]
    state = json.loads((tmp_path / "state.json").read_text())
    assert not_made(row.load(tmp_path / "raw.csv"), state) == 0


def test_visits_that_nobody_planned_make_up_for_none_that_is_missing(tmp_path):
    plan = small_plan()
    rows = [made_up(cell, repeat, 100) for cell in plan.cells for repeat in (0, 1, 3)]
    state = {
        "plan": json.loads(json.dumps(plan.as_dict())),
        "skipped": {},
        "failed": {},
    }
    assert not_made(rows, state) == len(plan.cells)


def test_cell_that_fails_is_not_chosen_again(tmp_path):
    def visit(cell, repeat):
        if repeat == 3:
            raise StartError("no")
        return [made_up(cell, repeat, 100)]

    Study(tmp_path, small_plan(steady_s=5.0), sys.executable).run(visit)
    state = json.loads((tmp_path / "state.json").read_text())
    assert len(state["failed"]) == 9


def test_cells_can_be_chosen_by_pattern_and_by_minutes():
    full = make("full", 2)
    pages = full.chosen("page/*", 30)
    assert {c.handler for c in pages.cells} == {"page"}
    assert pages.budget_s == 1800
    assert pages.repeats == full.repeats
    few = full.chosen("slow/prefork*/16, hello/multiplex/1")
    assert {c.path for c in few.cells} == {
        "slow/prefork/16", "slow/prefork spawned/16", "slow/prefork, no edge/16",
        "slow/prefork, kept, no edge/16", "hello/multiplex/1",
    }  # fmt: skip
    assert full.chosen() == full
    assert make("default", 2).chosen(minutes=5).steady_s == 300
    with pytest.raises(ValueError, match="handler/model/processes"):
        full.chosen("nothing/*")


def test_locust_measures_in_each_repeat_where_it_matters_and_once_elsewhere():
    plan = make("default", 2)
    assert plan.modes(Cell("prefork", 2, "hello"), 0) == ("closed", "open")
    assert plan.modes(Cell("prefork", 2, "hello"), 2) == ("closed",)
    assert plan.modes(Cell("prefork", 16, "hello"), 0) == ("closed",)
    assert plan.modes(Cell("prefork", 16, "hello"), 1) == ()
    assert plan.modes(Cell("multiplex, muxed", 1, "hello"), 0) == ()
    assert plan.modes(Cell("prefork", 4, "start"), 0) == ()
    assert make("full", 2).modes(Cell("prefork", 16, "page"), 4) == ("closed",)


def test_figure_of_fewer_repeats_has_no_say():
    cell = Cell("prefork", 1, "hello")
    rows = [made_up(cell, n, 100 + n) for n in range(3)]
    once = dataclasses.replace(made_up(cell, 0, 900), generator="locust", kept=1)
    assert most(summarise([*rows, once]), cell).rate == 101
    thrice = [dataclasses.replace(once, repeat=n) for n in range(3)]
    assert most(summarise([*rows, *thrice]), cell).rate == 900


def test_time_left_is_that_of_the_visits_that_are_left(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("study.progress.time.monotonic", lambda: now[0])
    progress = Progress([2.0, 2.0, 8.0, 2.0], 1000.0)
    assert progress.left_s() == 14
    for _ in range(2):
        now[0] += 4.0
        progress.step("", 4.0)
    # Twice as slow as was guessed, and that is half believed.
    assert 10 < progress.left_s() < 20
    progress.step("")  # left out
    assert 2 < progress.left_s() < 4
    assert Progress([2.0], 1000.0, 60.0).left_s() == 60
    assert Progress([2.0] * 100, 50.0).left_s() == 50
    assert not Progress([20.0], 10.0).has_time()


def test_noisy_cell_is_measured_again_and_the_quietest_kept(monkeypatch):
    shares = iter((0.5, 0.3, 0.02, 0.9))
    monkeypatch.setattr("study.visit.wait_for_quiet", lambda *_: 0.0)
    bench = Bench(small_plan(tries=4), sys.executable)
    monkeypatch.setattr(
        bench, "_once",
        lambda cell, repeat, attempt, _: [
            made_up(cell, repeat, 100 + attempt, foreign=next(shares), kept=0,
                    attempt=attempt)
        ],
    )  # fmt: skip
    rows = bench.visit(Cell("prefork", 1, "hello"), 0)
    assert [(r.attempt, r.noisy, r.kept) for r in rows] == [
        (0, 1, 0), (1, 1, 0), (2, 0, 1)
    ]  # fmt: skip


def test_machine_that_is_never_quiet_does_not_use_up_the_time(monkeypatch):
    monkeypatch.setattr("study.visit.wait_for_quiet", lambda *_: 0.5)

    def once(cell, repeat, attempt, _):
        time.sleep(0.1)
        return [made_up(cell, repeat, 100, foreign=0.5, kept=0, attempt=attempt)]

    bench = Bench(small_plan(tries=3, budget_s=3.0), sys.executable)
    monkeypatch.setattr(bench, "_once", once)
    waits = []
    monkeypatch.setattr(
        "study.visit.wait_for_quiet", lambda _, patience_s: waits.append(patience_s)
    )
    tries = [len(bench.visit(Cell("prefork", 1, "hello"), n)) for n in range(5)]
    # The plan's patience is longer than what all may take together.
    assert waits
    assert max(waits) <= 0.3
    assert tries[0] == 3
    assert tries[2:] == [1, 1, 1]


def test_foreign_load_is_seen():
    burner = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        alone = 0.6 / (os.cpu_count() or 1)
        assert until(lambda: noise.foreign_share(0.5) > alone, 10)
        began = time.time()
        with Meter() as meter:
            time.sleep(0.6)
            burnt = meter.between(began, time.time()).foreign(0)
            meter.watch("workers", burner.pid)
            began, before = time.time(), cpu_s([burner.pid])
            # Others may leave it little of the machine.
            assert until(lambda: cpu_s([burner.pid]) > before + 0.3, 60)
            meter.sample()
            used = meter.between(began, time.time())
        assert burnt > alone
        # Once it is one of ours, it is accounted for, and not called noise.
        cores = os.cpu_count() or 1
        burnt = used.cpu_s["workers"]
        assert burnt > 0.2
        everything = used.machine_s / (used.seconds * cores)
        assert used.foreign(0) <= everything - burnt / cores + 0.01
    finally:
        burner.kill()
        burner.wait()


def test_limit_names_the_part():
    def of(machine=0.6, share=0.1, demand=0.1, **parts):
        """Parts: (busy cores, share of its cores, share with waiting)."""
        three = [dict.fromkeys(row.PARTS, value) for value in (0.1, share, demand)]
        for part, values in parts.items():
            for figures, value in zip(three, values, strict=True):
                figures[part] = value
        return limit(*three, machine)

    assert of(generator=(0.97, 0.97, 0.97)) == "generator"
    # Waiting for a core counts for the generator even if the machine is full.
    assert of(generator=(0.4, 0.4, 0.95), machine=0.99) == "generator"
    assert of(edge=(0.95, 0.95, 1.0), workers=(0.9, 0.5, 0.5)) == "edge"
    assert of(workers=(1.9, 0.95, 0.95)) == "workers"
    assert of(workers=(1.2, 0.6, 0.95), machine=0.95) == "cores, mostly workers"
    assert of(edge=(0.8, 0.8, 0.97), workers=(0.5, 0.25, 0.3)) == "edge"
    assert of() == "waiting"


def test_percentiles_of_buckets():
    chance = random.Random(1)
    values = sorted(chance.expovariate(1) for _ in range(5000))
    buckets = {}
    for value in values:
        buckets[int(value / 0.05)] = buckets.get(int(value / 0.05), 0) + 1
    found = percentiles(buckets, 0.05)
    for share, one in zip((0.5, 0.9, 0.99), found, strict=False):
        assert one == pytest.approx(values[int(share * 5000)], abs=0.06)
    assert percentiles({}, 0.05) == (0, 0, 0, 0)


def shaped(rates):
    rows = []
    for (model, n), rate in rates.items():
        cell = Cell(model, n, "hello")
        rows += [made_up(cell, k, rate * (1 + 0.01 * k)) for k in range(3)]
    return rows


def test_verdicts_say_what_the_figures_say():
    names = ("2007 plain", "2007 multiplexed")
    rates = {(names[0], n): r for n, r in ((1, 900), (2, 1500), (4, 1200))}
    rates |= {(names[1], n): r for n, r in ((1, 500), (2, 700), (4, 650))}
    found = {v.claim[:14]: v for v in verdicts(summarise(shaped(rates)), 2)}
    assert found["Multiplexing s"].answer.startswith("holds: slower at 3 of 3")
    assert "×2: 1,515 → 707/s" in found["Multiplexing s"].evidence
    assert found["“2007 plain” i"].answer.startswith("holds")
    said = headline(summarise(shaped(rates)))
    assert "0.47 to 0.56 times" in said
    # Made up: each second has the same CPU time, so it is the inverse.
    assert "costs 1.8 to 2.1 times the CPU time" in said
    turned = {(names[1 - names.index(m)], n): r for (m, n), r in rates.items()}
    found = {v.claim[:14]: v for v in verdicts(summarise(shaped(turned)), 2)}
    assert found["Multiplexing s"].answer.startswith("does not")


def test_report_is_self_contained_and_has_every_cell(tmp_path, monkeypatch):
    monkeypatch.setattr("study.report.as_png", lambda _: None)
    plan = small_plan()
    Study(tmp_path, plan, sys.executable).run(
        lambda cell, repeat: [made_up(cell, repeat, 100 * cell.processes)]
    )
    write(tmp_path)
    page = (tmp_path / "report.html").read_text()
    plots = {path.stem for path in (tmp_path / "plots").glob("*.svg")}
    assert plots == {
        "question", "cost-question", "structures", "cost-structures", "rate-hello",
        "cpu-hello", "latency-hello",
    }  # fmt: skip
    assert page.count("<svg") == len(plots)
    for word in ("<script", "<link", "src=", "url("):
        assert word not in page
    for cell in plan.cells:
        assert cell.model in page
    assert "Multiplexing slows things down" in page
    facts = json.loads((tmp_path / "environment.json").read_text())
    assert {"cpu", "kernel", "governor", "noise_before", "lighttpd"} <= set(facts)
    assert len(row.load(tmp_path / "raw.csv")) == 27


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_running(tmp_path, how):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "environment.json").write_text("{}")
    study = subprocess.Popen(
        [sys.executable, "-m", "study", "quick", "--out", str(tmp_path / "out")],
        cwd=LOADTEST, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )  # fmt: skip
    seen: set[int] = set()

    def servers_run() -> bool:
        now = set(family(study.pid)) - {study.pid}
        seen.update(now)
        return any("lighttpd" in _command(pid) for pid in now) and len(now) > 3

    try:
        assert until(servers_run, 30)
    finally:
        study.send_signal(how)
        study.wait(20)
    words = ("lighttpd", "fcgi", "wrk", "locust")
    assert until(
        lambda: not [p for p in seen if any(word in _command(p) for word in words)], 15
    )
    if how == signal.SIGTERM:
        assert study.returncode == 130


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""
