"""Files go both ways between this library and Tokyo Cabinet's own programs."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tokyocabinet import BDB, FDB, HDB, TDB

PROGRAMS = {HDB: "tchmgr", BDB: "tcbmgr", FDB: "tcfmgr", TDB: "tctmgr"}
pytestmark = pytest.mark.skipif(
    shutil.which("tchmgr") is None, reason="needs Debian's tokyocabinet-bin"
)


def run(program, *words):
    done = subprocess.run(
        [program, *map(str, words)], capture_output=True, text=True, check=True
    )
    return done.stdout


@pytest.fixture(params=list(PROGRAMS), ids=lambda kind: kind.__name__)
def kind(request):
    return request.param


def test_the_program_reads_our_file(kind, tmp_path):
    path = tmp_path / "casket"
    with kind(path, "n") as db:
        for number in range(1, 101):
            if kind is TDB:
                db.put(str(number), {"name": f"n{number}", "age": number_text(number)})
            elif kind is FDB:
                db[number] = b"v%d" % number
            else:
                db[b"%d" % number] = b"v%d" % number
    program = PROGRAMS[kind]
    assert "record number: 100" in run(program, "inform", path)
    if kind is TDB:
        assert run(program, "get", path, "7").split() == ["name", "n7", "age", "7"]
        found = run(program, "search", path, "age", "NUMGE", "99")
        assert sorted(line.split()[0] for line in found.splitlines()) == ["100", "99"]
    else:
        assert run(program, "get", path, "7").strip() == "v7"
        assert len(run(program, "list", path).split()) == 100


def number_text(number):
    return str(number)


def test_we_read_the_programs_file(kind, tmp_path):
    path = tmp_path / "casket"
    program = PROGRAMS[kind]
    run(program, "create", path)
    if kind is TDB:
        run(program, "put", path, "7", "name", "seven", "age", "70")
        run(program, "setindex", "-it", "dec", path, "age")
    else:
        run(program, "put", path, "7", "seven")
    with kind(path, "r") as db:
        if kind is TDB:
            assert db["7"] == {b"name": b"seven", b"age": b"70"}
            assert db.query().filter("age", 9, 60).search() == [b"7"]
        elif kind is FDB:
            assert db[7] == b"seven"
        else:
            assert list(db.items()) == [(b"7", b"seven")]


@pytest.mark.parametrize("option", ["-td", "-tb", "-tt", "-tl"])
@pytest.mark.parametrize("kind", [HDB, BDB, TDB], ids=lambda kind: kind.__name__)
def test_compressed_files(kind, option, tmp_path):
    path = tmp_path / "casket"
    run(PROGRAMS[kind], "create", option, path)
    value = {"a": "x" * 5000} if kind is TDB else b"x" * 5000
    with kind(path, "w") as db:
        db[b"k"] = value
    assert "x" * 5000 in run(PROGRAMS[kind], "get", path, "k")


def test_copies_open_while_the_source_is_open(kind, tmp_path):
    def value(text):
        return {"a": text} if kind is TDB else text.encode()

    key = 1 if kind is FDB else b"1"
    with kind(tmp_path / "casket", "n") as db:
        db[key] = value("before")
        db.copy(tmp_path / "copy")
        db[key] = value("after")
        with kind(tmp_path / "copy", "r") as copy:
            assert "before" in str(copy[key])
        marker = tmp_path / "marker"
        script = tmp_path / "script"
        script.write_text(f'#!/bin/sh\necho "$1" > {marker}\n')
        script.chmod(0o755)
        db.copy_command(str(script))
        assert marker.read_text().strip() == str(tmp_path / "casket")
        here = Path.cwd()
        try:
            import os

            os.chdir(tmp_path)
            db.copy("@touch pwned")
        finally:
            os.chdir(here)
        assert not (tmp_path / "pwned").exists()
        assert (tmp_path / "@touch pwned").exists()
