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
from study.cost import Meter, Used, cpu_s, family
from study.generator import Sample, percentiles
from study.handler import HANDLERS
from study.model import MODELS
from study.plan import SWEPT, Cell, Plan, make
from study.program import until
from study.report import write
from study.row import limit, row_of
from study.run import Study
from study.summary import summarise
from study.verdict import verdicts
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
    assert plan.budget_s <= {"quick": 200, "default": 1620, "full": 0}[name]
    assert not plan.budget_s or plan.guess_s() <= plan.budget_s
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

    plan = small_plan(budget_s=2.0)
    began = time.monotonic()
    Study(tmp_path, plan, sys.executable).run(visit)
    assert 2 <= len(visits) <= 6
    assert time.monotonic() - began < 4


def test_noisy_cell_is_measured_again_and_the_quietest_kept(monkeypatch):
    shares = iter((0.5, 0.3, 0.02, 0.9))
    monkeypatch.setattr("study.visit.wait_for_quiet", lambda *_: 0.0)
    monkeypatch.setattr(Bench, "_slower", lambda _: 0.0)
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


def test_cell_is_measured_again_on_a_machine_that_was_slow_before_and_after(
    monkeypatch,
):
    monkeypatch.setattr("study.visit.wait_for_quiet", lambda *_: 0.0)
    paces = iter((0.9, 0.8, 0.7, 0.1))
    monkeypatch.setattr(Bench, "_slower", lambda _: next(paces))
    bench = Bench(small_plan(), sys.executable)
    monkeypatch.setattr(
        bench, "_once",
        lambda cell, repeat, attempt, _: [
            made_up(cell, repeat, 100, kept=0, attempt=attempt)
        ],
    )  # fmt: skip
    rows = bench.visit(Cell("prefork", 1, "hello"), 0)
    assert [(r.slower, r.noisy, r.kept) for r in rows] == [(0.8, 1, 0), (0.1, 0, 1)]


def test_machine_that_is_never_quiet_does_not_use_up_the_time(monkeypatch):
    monkeypatch.setattr("study.visit.wait_for_quiet", lambda *_: 0.5)

    def once(cell, repeat, attempt, _):
        time.sleep(0.1)
        return [made_up(cell, repeat, 100, foreign=0.5, kept=0, attempt=attempt)]

    monkeypatch.setattr(Bench, "_slower", lambda _: 0.0)
    bench = Bench(small_plan(tries=3, budget_s=2.0), sys.executable)
    monkeypatch.setattr(bench, "_once", once)
    tries = [len(bench.visit(Cell("prefork", 1, "hello"), n)) for n in range(5)]
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
        "question", "structures", "rate-hello", "cpu-hello", "latency-hello"
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
