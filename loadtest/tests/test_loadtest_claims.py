"""The posts' measurements run, small, and keep what they find in the common form."""

import json
import sys

import pytest
from claims import __main__ as claims
from claims.table import Line, Table

KEYS = {"measure", "unit", "ours", "peer_name", "peer", "ratio", "goal", "met",
        "repeats", "spread"}  # fmt: skip


def run(monkeypatch, tmp_path, *args):
    out = tmp_path / "claim.json"
    monkeypatch.setattr(sys, "argv", ["claims", *args, "--out", str(out)])
    assert claims.main() == 0
    found = json.loads(out.read_text())
    assert found["durability"]
    assert all(set(row) >= KEYS for row in found["rows"])
    return {row["measure"]: row for row in found["rows"]}


def test_million(monkeypatch, tmp_path, capsys):
    rows = run(monkeypatch, tmp_path, "million", "--records", "50000", "--repeats", "2")
    assert len(rows) == 16
    assert rows["tree, random: write"]["peer"] == pytest.approx(
        2.896 * 50000 / 1e6, abs=1e-3
    )
    assert all(row["ours"] > 0 and row["repeats"] == 2 for row in rows.values())
    assert "Durability:" in capsys.readouterr().out


def test_random_reads(monkeypatch, tmp_path):
    rows = run(monkeypatch, tmp_path, "random-reads", "--records", "20000",
               "--repeats", "1")  # fmt: skip
    assert rows["one call for each"]["peer"] == 140_000
    assert rows["get_many, 1,000 keys a call"]["ours"] > 10_000


def test_store(monkeypatch, tmp_path):
    rows = run(monkeypatch, tmp_path, "store", "--records", "500", "--repeats", "1")
    assert {f"{what}, 4 clients, sync {mode}" for what in ("write", "read", "remove")
            for mode in ("no", "everysec", "always")} <= set(rows)  # fmt: skip
    assert rows["MGET of 100, 4 clients"]["ours"] > rows["MGET of 1, 4 clients"]["ours"]


def test_twisted_needs_twisted(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr("claims.twisted.Bench.missing", lambda *_: "not installed")
    monkeypatch.setattr(sys, "argv", ["claims", "twisted"])
    assert claims.main() == 2
    assert "--peers" in capsys.readouterr().err


def test_ratio_is_better_when_larger(tmp_path):
    table = Table("x", "x", "x")
    table.add(Line("rate", "op/s", [200.0], 100.0))
    table.add(Line("time", "s", [2.0], 1.0))
    rows = json.loads(table.write(tmp_path / "x.json").read_text())["rows"]
    assert [row["ratio"] for row in rows] == [2.0, 0.5]
