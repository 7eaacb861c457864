"""The harness against a fake model whose throughput is known."""

import contextlib
import dataclasses
import functools
import json
import sys
from pathlib import Path

import pytest
from study import generator, row
from study.edge import Edge
from study.handler import HANDLERS
from study.model import MODELS, Model
from study.plan import Cell, Plan
from study.program import Program, until
from study.visit import Bench

PACED = str(Path(__file__).parent / "apps" / "paced.py")


def fake(monkeypatch, tmp_path, rate, every=0):
    """Put a model into the study that answers at a set rate."""

    def command(start):
        tally = str(tmp_path / "tally")
        return [sys.executable, PACED, start.socket, str(rate), str(every), tally]

    model = Model("fake", "today", "answers at a set rate", command, via="proxy")
    monkeypatch.setitem(MODELS, "fake", model)
    return Cell("fake", 1, "hello")


def steady(test):
    """Measure up to three times: what else runs here may disturb one measurement."""

    @functools.wraps(test)
    def measured(*arguments, **named):
        for _ in range(2):
            with contextlib.suppress(AssertionError):
                return test(*arguments, **named)
        return test(*arguments, **named)

    return measured


def bench(**values):
    plan = Plan("test", (), **{"warm_s": 0.2, "wrk_s": 2, "locust_s": 2.0, "tries": 1,
                               "patience_s": 0.0, "open_repeats": 0, **values})  # fmt: skip
    return Bench(plan, sys.executable)


def given_between(tally, began, seconds):
    """Return how many answers a second the fake gave."""
    times = [float(line) for line in Path(f"{tally}.times").read_text().split()]
    return sum(began <= when < began + seconds for when in times) / seconds


@steady
def test_known_rate_is_reported_within_5_percent(monkeypatch, tmp_path):
    cell = fake(monkeypatch, tmp_path, rate=200)
    rows = bench().visit(cell, 0)
    assert [r.generator for r in rows] == ["wrk", "locust"]
    for one in rows:
        known = given_between(tmp_path / "tally", one.began, one.seconds)
        assert 100 < known < 230
        assert one.rate == pytest.approx(known, rel=0.05), one.generator
        assert one.failed == 0
        assert not one.saturated
        # 32 callers queue for the answers.
        assert one.p50_ms == pytest.approx(32 / known * 1e3, rel=0.2)
        assert one.us_workers > 0
        assert one.us_edge > 0
        assert one.kept == 1


def test_queue_that_a_generator_leaves_is_no_load_of_the_next():
    # WHY so slow: what wrk does not wait for takes the server three seconds.
    rows = bench(wrk_s=1, locust_s=1.0).visit(Cell("prefork", 1, "slow"), 0)
    assert [r.generator for r in rows] == ["wrk", "locust"]
    # One process that waits 50 ms serves 20 a second at most.
    assert all(8 <= r.served <= 22 for r in rows)
    assert all(r.failed == 0 for r in rows)


def test_machine_of_many_cores_gets_more_of_everything():
    one = bench(wrk_s=1, locust_s=0.5)
    one.cores = 16
    rows = one.visit(Cell("prefork", 3, "hello"), 0)
    # Each generator makes load in as many threads or processes as is its share.
    assert [r.generator for r in rows] == ["wrk", "locust"]
    assert [generator.threads_for(16, r.generator) for r in rows] == [2, 4]
    assert all(r.served > 50 and r.failed == 0 for r in rows)
    assert HANDLERS["hello"].callers(16) == 64


@steady
def test_open_model_keeps_to_its_rate(monkeypatch, tmp_path):
    cell = fake(monkeypatch, tmp_path, rate=200)
    closed, opened = bench(open_repeats=1, wrk_s=1).visit(cell, 0)[::2]
    assert (closed.mode, opened.mode) == ("closed", "open")
    assert opened.rate == pytest.approx(closed.rate / 2, rel=0.15)
    # No queue, so no waiting for others.
    assert opened.p50_ms < closed.p50_ms / 3


@pytest.fixture
def behind_edge(tmp_path):
    programs = []

    def start(rate, every):
        sock = str(tmp_path / "app.sock")
        tally = tmp_path / "tally"
        workers = Program(
            "paced", [sys.executable, PACED, sock, str(rate), str(every), str(tally)],
            tmp_path / "log",
        )  # fmt: skip
        edge = Edge(tmp_path, "proxy", sock)
        programs.extend((edge.program, workers))
        assert until(Path(sock).exists, 10)
        assert until(
            lambda: "server started" in (tmp_path / "edge.log").read_text(), 10
        )

        def end():
            workers.stop()
            return json.loads(tally.read_text())

        return edge.url, end

    yield start
    for program in programs:
        program.stop()


def test_errors_are_counted_exactly(behind_edge):
    url, end = behind_edge(rate=200, every=7)
    sample = generator.locust(url, "/", users=8, seconds=2, warm_s=0)
    given = end()
    assert sample.all_failed == given["bad"] > 40
    assert sample.all_served == given["good"]


def test_wrk_counts_errors_but_for_what_it_leaves_behind(behind_edge):
    url, end = behind_edge(rate=200, every=7)
    sample = generator.wrk(url, "/", connections=8, seconds=2)
    given = end()
    assert 0 <= given["bad"] + given["good"] - sample.served - sample.failed <= 8
    assert abs(sample.failed - (sample.served + sample.failed) / 7) <= 2


@steady
def test_generator_at_its_end_is_noticed(monkeypatch):
    # WHY so many: each answer costs locust more than all servers together; with enough
    # of them under way it never waits for them, even if they get little of the machine.
    many = dataclasses.replace(HANDLERS["hello"], connections=256)
    monkeypatch.setitem(HANDLERS, "hello", many)
    rows = bench(wrk_s=1, locust_s=2.0).visit(Cell("prefork", 2, "hello"), 0)
    by_name = {r.generator: r for r in rows}
    assert by_name["locust"].saturated == 1
    assert by_name["locust"].limit == "generator"
    assert by_name["wrk"].saturated == 0
    assert by_name["wrk"].rate > 1.5 * by_name["locust"].rate


def test_true_multiplexing_is_driven_and_accounted():
    (one,) = bench(wrk_s=1).visit(Cell("multiplex, muxed", 1, "hello"), 0)
    assert one.generator == "fcgi"
    assert one.failed == 0
    assert one.served > 100
    assert one.us_edge == 0
    assert one.us_workers > 0


def test_2007_setup_is_spawned_by_lighttpd_and_accounted():
    rows = bench(wrk_s=1, locust_s=1.0).visit(Cell("2007 multiplexed", 2, "hello"), 0)
    assert all(r.failed == 0 and r.served > 50 for r in rows)
    # Its workers are lighttpd's children, and told apart from it all the same.
    assert all(r.us_workers > r.us_edge > 0 for r in rows)


def test_rows_survive_a_kill_in_the_middle_of_writing(monkeypatch, tmp_path):
    path = tmp_path / "raw.csv"
    rows = bench(wrk_s=1).visit(Cell("multiplex, muxed", 1, "hello"), 0)
    row.append(path, rows)
    row.append(path, rows)
    data = path.read_bytes()
    path.write_bytes(data[:-40])
    assert row.load(path) == rows
    row.append(path, rows)
    assert row.load(path) == rows * 2


@steady
def test_locust_of_several_processes_adds_up(behind_edge, tmp_path):
    url, end = behind_edge(rate=200, every=0)
    sample = generator.locust(url, "/", users=16, seconds=2, processes=2)
    known = given_between(tmp_path / "tally", sample.began, sample.seconds)
    assert sample.rate == pytest.approx(known, rel=0.05)
    assert sample.threads == 2
    assert end()["good"] >= sample.all_served >= sample.served
