"""What is so while a file is copied or rewritten: who waits, what fails and why."""

import ctypes
import os
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tokyocabinet import (
    ADB,
    BDB,
    FDB,
    HDB,
    TDB,
    DiskError,
    Error,
    FileMissingError,
    InvalidOperationError,
)

WAIT = """
import sys
from tokyocabinet import *
kind, path, mode, verify = sys.argv[1:]
db = {"HDB": HDB, "BDB": BDB, "FDB": FDB, "TDB": TDB, "ADB": ADB}[kind](verify=bool(verify))
print("waits", flush=True)
db.open(path) if kind == "ADB" else db.open(path, mode)
print("open", flush=True)
if mode == "w":
    db[500 if kind == "FDB" else b"500"] = {"n": "late"} if kind == "TDB" else b"late"
db.close()
"""


def waiting(kind, path, mode="w", verify=True):
    """Start a process that opens a file; return it once the kernel lets it wait."""
    process = subprocess.Popen(
        [sys.executable, "-c", WAIT, kind.__name__, str(path), mode, "y" * verify],
        stdout=subprocess.PIPE,
    )
    assert process.stdout.readline() == b"waits\n"
    while f"-> {process.pid} " not in " ".join(waiters()):
        assert process.poll() is None
        time.sleep(0.01)
    return process


def waiters():
    """Return the kernel's lines about locks that are waited for, arrow and process."""
    for line in Path("/proc/locks").read_text().splitlines():
        _, arrow, *rest = line.split()
        if arrow == "->":
            yield f"-> {rest[3]} "


def test_who_waits_stays_out_of_a_file_that_is_copied(kind, fill, tmp_path):
    with kind(tmp_path / "a", "n") as db:
        fill(db)
        if kind is TDB:
            db.setindex("n", "decimal")
        others = [waiting(kind, tmp_path / "a", mode) for mode in "wr"]
        for _ in range(50):
            db.copy(tmp_path / "b")
        db.copy_command("true")
        for _ in range(20):
            with pytest.raises(FileMissingError):
                db.copy(tmp_path / "none" / "b")
        time.sleep(0.2)
        assert [other.poll() for other in others] == [None, None]
    for other in others:
        assert other.communicate(timeout=20)[0] == b"open\n"
        assert other.returncode == 0


@pytest.mark.parametrize("verify", [True, False])
def test_who_waits_for_a_file_that_is_rewritten_gets_the_new_one(
    kind, verify, fill, tmp_path
):
    with kind(tmp_path / "a", "n") as db:
        fill(db)
        other = waiting(kind, tmp_path / "a", verify=verify)
        db.optimize()  # lets go of the lock for a moment: the other may come in between
        fill(db)
    assert other.communicate(timeout=20)[0] == b"open\n"
    with kind(tmp_path / "a", "r") as db:
        assert len(db) == 200
        assert (500 if kind is FDB else b"500") in db


@pytest.mark.parametrize("verify", [True, False])
def test_so_does_an_abstract_database(verify, fill, tmp_path):
    path = tmp_path / "a.tch"
    with HDB(path, "n") as db:
        fill(db)
        other = waiting(ADB, path, verify=verify)
        db.optimize()
    assert other.communicate(timeout=20)[0] == b"open\n"
    with HDB(path, "r") as db:
        assert db[b"500"] == b"late"


IN_MOVED_TO, IN_DELETE = 0x80, 0x200


def changes(folder):
    """Return a descriptor that tells of files that are removed or get another name."""
    libc = ctypes.CDLL(None, use_errno=True)
    watch = libc.inotify_init1(os.O_NONBLOCK)
    mask = IN_MOVED_TO | IN_DELETE
    assert libc.inotify_add_watch(watch, os.fsencode(folder), mask) >= 0
    return watch


def told(watch):
    """Return the (event, name) pairs that a descriptor has."""
    found, raw = [], os.read(watch, 65536)
    while raw:
        _, event, _, size = struct.unpack_from("iIII", raw)
        found.append((event, raw[16 : 16 + size].rstrip(b"\0").decode()))
        raw = raw[16 + size :]
    return found


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="inotify")
def test_a_file_that_is_rewritten_is_there_all_the_time(kind, fill, tmp_path):
    with kind(tmp_path / "a", "n") as db:
        fill(db)
        if kind is TDB:
            db.setindex("n", "decimal")
        names = sorted(path.name for path in tmp_path.iterdir())
        watch = changes(tmp_path)
        db.optimize()
        found = told(watch)
        os.close(watch)
        assert sorted(found) == [(IN_MOVED_TO, name) for name in names]
        assert len(db) == 199
        db.vanish()
        assert len(db) == 0


def test_an_order_that_fails_does_not_rewrite_a_tree(tmp_path):
    calls, last = 0, None

    def falling(one, two):
        nonlocal calls
        calls += 1
        if last is not None and calls >= last:
            raise RuntimeError("of the order")
        return (one < two) - (one > two)

    records = {b"%04d" % number: b"%d" % number for number in range(999, -1, -1)}
    db = BDB()
    db.setcmpfunc(falling)
    with db:
        db.open(tmp_path / "a", "n")
        db.put_many(records)
        for last in (1, 100, 2000, 5000):
            calls = 0
            with pytest.raises(RuntimeError, match="of the order"):
                db.optimize()
            assert calls >= last
            last = None
            assert list(db.items()) == list(records.items())
            assert all(db.get(key) == value for key, value in records.items())
            assert [path.name for path in tmp_path.iterdir()] == ["a"]
        db.optimize()
        assert list(db.items()) == list(records.items())


def test_a_failed_copy_names_the_path_and_the_reason(kind, fill, tmp_path):
    (tmp_path / "folder").mkdir()
    with kind(tmp_path / "a", "n") as db:
        fill(db)
        for name, error, reason in (
            ("none/b", FileMissingError, "No such file or directory"),
            ("folder", DiskError, "Is a directory"),
            ("a/b", DiskError, "Not a directory"),
            ("x" * 300, DiskError, "File name too long"),
        ):
            with pytest.raises(error, match=f"no copy: {reason} .*{name}$") as caught:
                db.copy(tmp_path / name)
            assert caught.value.path == str(tmp_path / name)
        if Path("/dev/full").exists():
            with pytest.raises(DiskError, match=r"No space left on device .*/dev/full"):
                db.copy("/dev/full")
        with pytest.raises(Error, match="the command failed: false"):
            db.copy_command("false")
        db.copy(tmp_path / "b")
    assert (tmp_path / "b").stat().st_size
    assert not os.path.exists(tmp_path / "none")


def test_a_failed_copy_does_no_harm_to_the_database(kind, fill, tmp_path):
    with kind(tmp_path / "a", "n") as db:
        if kind is TDB:
            db.setindex("n", "decimal")
        for target in (tmp_path / "none" / "b", None):
            fill(db)
            with pytest.raises(Error):
                db.copy(target) if target else db.copy_command("false")
            db[400 if kind is FDB else b"400"] = (
                {"n": "after"} if kind is TDB else b"after"
            )
            with db.transaction():
                db[401 if kind is FDB else b"401"] = (
                    {"n": "2"} if kind is TDB else b"committed"
                )
            db.copy(tmp_path / "b")
    for name in "ab":
        with kind(tmp_path / name, "r") as db:
            assert len(db) == len(list(db)) == 201
            if kind is TDB:
                query = db.query().filter("n", "NUMEQ", 2)
                assert sorted(query.search()) == [b"2", b"401"]


def test_a_copy_waits_for_the_end_of_a_transaction(kind, fill, tmp_path):
    with kind(tmp_path / "a", "n") as db:
        fill(db)
        if kind is TDB:
            db.setindex("n", "decimal")
        copied = threading.Event()

        def copy():
            db.copy(tmp_path / "b")
            copied.set()

        other = threading.Thread(target=copy, daemon=True)
        with db.transaction():
            for call in (lambda: db.copy(tmp_path / "c"), lambda: db.copy_command(":")):
                with pytest.raises(InvalidOperationError, match="has a transaction"):
                    call()
            other.start()
            assert not copied.wait(0.2)
            fill(db)
        other.join(20)
        assert copied.is_set()
    with kind(tmp_path / "b", "r") as db:
        assert len(db) == 199
    assert not (tmp_path / "c").exists()
