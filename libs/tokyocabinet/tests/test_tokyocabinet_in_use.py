"""A file that a handle has open is neither emptied nor unlocked by another call."""

import os
import subprocess
import sys

import pytest

from tokyocabinet import ADB, BDB, FDB, HDB, TDB, Error, LockError, ThreadError

OPEN = """
import sys
from tokyocabinet import *
kind = {"HDB": HDB, "BDB": BDB, "FDB": FDB, "TDB": TDB}[sys.argv[1]]
try:
    kind(sys.argv[2], 2 | 1 << 5).close()
except LockError:
    print("locked")
"""


def locked(kind, path):
    """Return whether the file is locked against other processes."""
    done = subprocess.run(
        [sys.executable, "-c", OPEN, kind.__name__, str(path)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout == "locked\n"


def test_a_copy_over_an_open_database_is_refused(kind, fill, tmp_path):
    with kind(tmp_path / "a", "n") as db, kind(tmp_path / "b", "n") as other:
        fill(db)
        fill(other)
        for target in ("a", "b"):
            with pytest.raises(ThreadError):
                db.copy(tmp_path / target)
        assert len(list(db)) == len(list(other)) == 199
        assert locked(kind, tmp_path / "a")
        other.close()
        if kind is TDB:
            db.setindex("n", "decimal")
        db.copy(tmp_path / "b")
        with pytest.raises(Error):
            db.copy(tmp_path / "none" / "b")
        assert locked(kind, tmp_path / "a")
        if kind is TDB:
            assert locked(BDB, tmp_path / "a.idx.n.dec")
    with kind(tmp_path / "b", "r") as copy:
        assert len(list(copy)) == 199


def test_a_copy_over_what_another_process_has_open_is_refused(tmp_path):
    code = (
        "import sys; from tokyocabinet import HDB\n"
        "db = HDB(sys.argv[1], 'n'); print('open', flush=True); sys.stdin.read()\n"
        "db.put(b'a', b'b'); db.close()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "b")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as other:  # fmt: skip
        assert other.stdout.readline() == b"open\n"
        with HDB(tmp_path / "a", "n") as db, pytest.raises(LockError):
            db.copy(tmp_path / "b")
        other.stdin.close()
        assert other.wait(10) == 0


@pytest.mark.parametrize("mode", ["r", "w", "n"])
def test_a_second_name_of_a_file_is_refused(kind, mode, fill, tmp_path):
    os.symlink(tmp_path / "a", tmp_path / "symlink")
    with kind(tmp_path / "a", "n") as db:
        fill(db)
        os.link(tmp_path / "a", tmp_path / "hardlink")
        for name in ("a", "symlink", "hardlink"):
            with pytest.raises(ThreadError):
                kind(tmp_path / name, mode)
        fill(db)
        assert locked(kind, tmp_path / "a")
    kind(tmp_path / "hardlink", "r").close()


@pytest.mark.parametrize(
    ("kind", "suffix"), [(HDB, "tch"), (BDB, "tcb"), (FDB, "tcf"), (TDB, "tct")]
)
def test_an_abstract_database_holds_its_file(kind, suffix, tmp_path):
    path = tmp_path / f"a.{suffix}"
    for tuning in ("", "#mode=wct"):
        with ADB(f"{path}{tuning}") as db:
            for call in (
                lambda: kind(path, "r"),
                lambda: ADB(str(path)),
                lambda: ADB(f"{path}#mode=wct"),
                lambda: db.copy(path),
            ):
                with pytest.raises(ThreadError):
                    call()
            db[b"1"] = b"n\0v"
            db.optimize()
            db.copy(tmp_path / f"copy.{suffix}")
            with pytest.raises(ThreadError):
                kind(path, "r")
            assert locked(kind, path)
    kind(path, "w").close()


def test_a_file_that_was_rewritten_is_held(kind, fill, tmp_path):
    with kind(tmp_path / "a", "n") as db:
        fill(db)
        db.optimize()
        os.link(tmp_path / "a", tmp_path / "hardlink")
        for name in ("a", "hardlink"):
            with pytest.raises(ThreadError):
                kind(tmp_path / name, "r")
        assert locked(kind, tmp_path / "a")


def test_the_indexes_of_a_table_are_held(fill, tmp_path):
    with TDB(tmp_path / "a", "n") as db:
        fill(db)
        db.setindex("n", "decimal")
        index = tmp_path / "a.idx.n.dec"
        with pytest.raises(ThreadError):
            BDB(index, "r")
        assert locked(BDB, index)
    BDB(index, "r").close()


def test_a_handle_opens_once(tmp_path):
    with ADB("*") as memory:
        memory[b"a"] = b"b"
        with pytest.raises(ValueError, match="open already"):
            memory.open("+")
        assert memory[b"a"] == b"b"
    with pytest.raises(Error):
        memory.get(b"a")


def test_readers_without_a_lock_share_a_file(fill, tmp_path):
    with HDB(tmp_path / "a", "n") as db:
        fill(db)
    os.link(tmp_path / "a", tmp_path / "b")
    with HDB(tmp_path / "a", 1 | 1 << 4) as one:
        with HDB(tmp_path / "b", 1 | 1 << 4) as two, HDB(tmp_path / "c", "n") as db:
            assert len(list(one)) == len(list(two)) == 199
            with pytest.raises(ThreadError):
                db.copy(tmp_path / "a")
        for mode in ("w", "n"):
            with pytest.raises(ThreadError):
                HDB(tmp_path / "b", mode)
        assert len(list(one)) == 199
    HDB(tmp_path / "b", "w").close()


def test_a_child_holds_nothing_of_its_parent(fill, tmp_path):
    with HDB(tmp_path / "a", "n") as db:
        fill(db)
        os.link(tmp_path / "a", tmp_path / "b")
        child = os.fork()
        if child == 0:
            status = 1
            try:
                HDB(tmp_path / "b", 2 | 1 << 5)
            except LockError:
                status = 0
            finally:
                os._exit(status)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert locked(HDB, tmp_path / "a")
