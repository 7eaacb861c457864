"""What must not crash, hang or leak: threads, forks, hostile files, limits."""

import gc
import os
import random
import resource
import subprocess
import sys
import threading
import time
import weakref

import pytest

from tokyocabinet import (
    ADB,
    BDB,
    FDB,
    HDB,
    TDB,
    CorruptFileError,
    DiskError,
    Error,
    FileMissingError,
    InvalidOperationError,
    LockError,
    NoPermissionError,
    ThreadError,
)


def fill(db, count=500):
    for i in range(1, count + 1):
        if isinstance(db, TDB):
            db[b"%06d" % i] = {"name": f"n{i}", "age": str(i)}
        else:
            db[i if isinstance(db, FDB) else b"%06d" % i] = b"value %d" % i


def test_errors_are_told_apart(kind, tmp_path):
    with pytest.raises(FileMissingError) as caught:
        kind(tmp_path / "none", "r")
    assert isinstance(caught.value, FileNotFoundError)
    assert caught.value.path == str(tmp_path / "none")
    junk = tmp_path / "junk"
    junk.write_bytes(b"ToKyO CaBiNeT\n" + bytes(4000))
    with pytest.raises(CorruptFileError):
        kind(junk, "r")
    with pytest.raises((DiskError, NoPermissionError)):
        kind(tmp_path, "w")
    with pytest.raises(ValueError, match="null byte"):
        kind(str(tmp_path) + "/a\0b", "n")
    with pytest.raises(ValueError, match="mode"):
        kind(tmp_path / "x", "rw")
    with pytest.raises(ValueError, match="mode"):
        kind(tmp_path / "x", 1 << 20)
    with kind(tmp_path / "a", "n") as db:
        with pytest.raises(ThreadError):
            kind(tmp_path / "a", "r")
        with pytest.raises(InvalidOperationError):
            db.open(tmp_path / "b", "n")
        with pytest.raises(InvalidOperationError):
            db.tune()
    with kind(tmp_path / "a", "r") as db, pytest.raises(InvalidOperationError):
        fill(db, 1)


def test_another_process_holds_the_lock(kind, tmp_path):
    code = (
        f"import sys; from tokyocabinet import {kind.__name__} as K\n"
        "db = K(sys.argv[1], 'n'); print('open', flush=True); sys.stdin.read()"
    )
    path = tmp_path / "a"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as other:  # fmt: skip
        assert other.stdout.readline() == b"open\n"
        began = time.monotonic()
        with pytest.raises(LockError):
            kind(path, 1 | 1 << 5)
        assert time.monotonic() - began < 5
        other.stdin.close()
        assert other.wait(10) == 0
    kind(path, "r").close()


def test_a_forked_child_leaves_the_parents_file_alone(kind, tmp_path):
    with kind(tmp_path / "a", "n") as db:
        fill(db)
        child = os.fork()
        if child == 0:
            status = 1
            try:
                fill(db, 1)
            except ThreadError:
                db.close()
                del db
                gc.collect()
                status = 0
            finally:
                os._exit(status)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        fill(db, 600)
    with kind(tmp_path / "a", "r") as db:
        assert len(db) == 600
        assert len(list(db)) == 600


def test_threads_share_a_handle(kind, tmp_path):
    errors = []
    with kind(tmp_path / "a", "n") as db:
        fill(db)

        def work(seed):
            chosen = random.Random(seed)
            try:
                for _ in range(150):
                    i = chosen.randrange(1, 500)
                    key = i if kind is FDB else b"%06d" % i
                    value = (
                        {"name": "x"} if kind is TDB else b"v" * chosen.randrange(99)
                    )
                    chosen.choice([
                        lambda k=key, v=value: db.put(k, v),
                        lambda k=key: db.get(k),
                        lambda k=key: db.out(k),
                        lambda k=key: k in db,
                        lambda: len(db),
                        lambda: next(iter(db), None),
                        lambda: list(db.items()),
                        lambda k=key, v=value: db.put_many([(k, v)] * 20),
                        lambda k=key: db.get_many([k] * 20),
                        lambda: db.sync() if chosen.random() < 0.05 else None,
                    ])()  # fmt: skip
            except BaseException as error:
                errors.append(error)

        crew = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
        for each in crew:
            each.start()
        for each in crew:
            each.join()
        assert errors == []
        assert len(list(db)) == len(db)


def test_closing_while_others_work(kind, tmp_path):
    for attempt in range(5):
        db = kind(tmp_path / f"a{attempt}", "n")
        fill(db, 200)
        unexpected = []

        def work(db=db, unexpected=unexpected):
            try:
                while True:
                    db.get(5) if kind is FDB else db.get(b"000005")
                    list(db.items())
            except InvalidOperationError:
                pass
            except BaseException as error:
                unexpected.append(error)

        crew = [threading.Thread(target=work) for _ in range(3)]
        for each in crew:
            each.start()
        db.close()
        for each in crew:
            each.join(20)
            assert not each.is_alive()
        assert unexpected == []


def test_one_owner_handles_refuse_a_second_thread(tmp_path):
    db = BDB(mutex=False)
    inside, go = threading.Event(), threading.Event()

    def compare(a, b):
        if b"slow" in (a, b):
            inside.set()
            go.wait(10)
        return (a > b) - (a < b)

    db.setcmpfunc(compare)
    db.open(tmp_path / "a", "n")
    db[b"a"] = b"1"
    other = threading.Thread(target=lambda: db.get(b"slow"))
    other.start()
    assert inside.wait(10)
    for call in (lambda: db.get(b"a"), db.close, lambda: list(db)):
        with pytest.raises(ThreadError):
            call()
    go.set()
    other.join()
    assert db[b"a"] == b"1"
    db.close()


def test_transactions_wait_for_each_other(tmp_path):
    for db in (HDB(tmp_path / "h", "n"), BDB(tmp_path / "b", "n")):
        db[b"n"] = b"0"

        def work(db=db):
            for _ in range(20):
                with db.transaction():
                    db[b"n"] = b"%d" % (int(db[b"n"]) + 1)

        crew = [threading.Thread(target=work) for _ in range(3)]
        for each in crew:
            each.start()
        for each in crew:
            each.join()
        assert db[b"n"] == b"60"
        db.tranbegin()
        failed = []

        def late(db=db, failed=failed):
            try:
                db.tranbegin(timeout=0.05)
            except ThreadError:
                failed.append(True)

        thread = threading.Thread(target=late)
        thread.start()
        thread.join()
        assert failed == [True]
        db.close()  # aborts


def test_cursors_and_queries_outlive_their_database(tmp_path):
    db = BDB(tmp_path / "b", "n")
    fill(db)
    cursor = db.cursor()
    cursor.first()
    gone = weakref.ref(db)
    db.close()
    for call in (
        cursor.first, cursor.last, cursor.next, cursor.prev, cursor.key, cursor.val,
        cursor.rec, cursor.out, lambda: cursor.jump(b""), lambda: cursor.put(b""),
        lambda: cursor.jumpback(b""), lambda: list(cursor),
    ):  # fmt: skip
        with pytest.raises(InvalidOperationError):
            call()
    db.open(tmp_path / "b", "w")
    with pytest.raises(InvalidOperationError):
        cursor.key()
    del db
    gc.collect()
    assert gone() is not None  # the cursor holds it
    cursor = None
    gc.collect()
    assert gone() is None

    table = TDB(tmp_path / "t", "n")
    query = table.query()
    table.close()
    for call in (query.search, query.searchout, lambda: query.proc(print), query.rows):
        with pytest.raises(InvalidOperationError):
            list(call() or ())


@pytest.mark.parametrize("size", [0, 1, 16 << 20])
def test_values_of_any_size(tmp_path, size):
    value = random.Random(1).randbytes(size)
    for db in (HDB(tmp_path / "h", "n"), BDB(tmp_path / "b", "n"), ADB("*"), ADB("+")):
        db[b"k"] = value
        db.put_many([(b"l", value)])
        assert db[b"k"] == value
        assert db.get_many([b"k", b"l"]) == [value, value]
        assert [v for _, v in db.items()] == [value, value]
        db.close()


@pytest.mark.slow
def test_values_of_256_mib(tmp_path):
    value = bytes(256 << 20)
    for db in (HDB(tmp_path / "h", "n"), BDB(tmp_path / "b", "n")):
        db[b"k"] = value
        assert db[b"k"] == value
        assert next(iter(db.items()))[1] == value
        db.close()


HOSTILE = """
import sys
from tokyocabinet import *
kind = {"HDB": HDB, "BDB": BDB, "FDB": FDB, "TDB": TDB}[sys.argv[1]]
def attempt(call):
    try:
        return call()
    except (Error, MemoryError, ValueError):
        return None
for mode in (1 | 16, "r", "w"):
    db = kind()
    if attempt(lambda: db.open(sys.argv[2], mode)) is None and db.closed:
        continue
    attempt(lambda: sum(1 for _ in zip(db.items(), range(5000))))
    for i in range(1, 500, 50):
        key = i if kind is FDB else b"%06d" % i
        attempt(lambda: db.get(key))
        if mode == "w":
            attempt(lambda: db.put(key, {"a": "b"} if kind is TDB else b"new"))
    attempt(db.close)
"""


def run_hostile(kind, path):
    limit = 4 << 30
    return subprocess.run(
        [sys.executable, "-c", HOSTILE, kind.__name__, str(path)],
        capture_output=True, timeout=60, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
    )  # fmt: skip


@pytest.mark.parametrize("keep", [0, 10, 255, 256, 1000, 0.3, 0.9])
def test_truncated_files(kind, tmp_path, keep):
    path = tmp_path / "a"
    with kind(path, "n") as db:
        fill(db)
    whole = path.read_bytes()
    size = keep if isinstance(keep, int) else int(len(whole) * keep)
    path.write_bytes(whole[:size])
    done = run_hostile(kind, path)
    assert (done.returncode, done.stderr[-500:]) == (0, b"")
    if size:
        with pytest.raises(Error):
            kind(path, "r")


def spoil(path, whole, seed):
    chosen = random.Random(seed)
    spoiled = bytearray(whole)
    for _ in range(chosen.choice([1, 3, 20])):
        at = chosen.randrange(chosen.choice([256, len(spoiled)]))
        spoiled[at] = chosen.choice([0, 255, spoiled[at] ^ 1 << chosen.randrange(8)])
    path.write_bytes(spoiled)


@pytest.mark.parametrize("seed", range(5))
def test_spoiled_files(kind, tmp_path, seed):
    path = tmp_path / "a"
    with kind(path, "n") as db:
        fill(db)
    spoil(path, path.read_bytes(), seed)
    done = run_hostile(kind, path)
    assert (done.returncode, done.stderr[-500:]) == (0, b"")


@pytest.mark.slow
def test_every_byte_of_the_header_spoiled(kind, tmp_path):
    path = tmp_path / "a"
    with kind(path, "n") as db:
        fill(db)
    whole = path.read_bytes()
    for at in range(32, 160):
        spoiled = bytearray(whole)
        spoiled[at] = 0 if spoiled[at] == 255 else 255
        path.write_bytes(spoiled)
        done = run_hostile(kind, path)
        assert (at, done.returncode, done.stderr[-500:]) == (at, 0, b"")


def test_no_leak_in_the_long_run(tmp_path):
    def resident():
        with open("/proc/self/statm") as statm:
            return int(statm.read().split()[1]) * resource.getpagesize()

    def round_of_everything(path):
        with BDB(path / "b", "n") as tree, HDB(path / "h", "n") as table:
            for db in (tree, table):
                db.put_many((b"%05d" % i, b"x" * 200) for i in range(300))
                db.get_many([b"%05d" % i for i in range(-300, 300)])
                list(db.items())
                db.fwmkeys(b"0")
                db.putproc(b"00001", b"", lambda old: old + b"y")
                for wrong in (lambda db=db: db.get("x"), lambda db=db: db[b"none"]):
                    with pytest.raises((TypeError, KeyError)):
                        wrong()
                with pytest.raises(ZeroDivisionError):
                    db.foreach(lambda k, v: 1 / 0)
                it = iter(db)
                next(it)
            tree.range(b"0", True, b"1", True)
            tree.getlist(b"00001")
            list(tree.cursor())
        with HDB(path / "h", "r") as table, FDB(path / "f", "n") as array:
            for i in range(300):
                table.get(b"%05d" % i)
                array.put(i + 1, b"x")
                array.get(i + 1)
            array.get_many(range(400))
            array.foreach(lambda number, value: None)
            table.getnext()
            table.inform()
        memory = ADB("*")
        memory.put_many((b"%d" % i, b"x" * 100) for i in range(100))
        list(memory.items())
        memory.close()
        with TDB(path / "t", "n") as rows:
            for i in range(100):
                rows.putproc(str(i), {"a": "y"}, lambda row: row)
                rows.putproc(str(i), None, lambda row: {**row, "b": "z"})
                rows.put(str(i), {"a": "x" * 100})
            rows.query().addcond("a", 1, "x").search()
            rows.query().proc(lambda k, r: 0)
            rows.foreach(lambda k, r: None)
            rows.query().addcond("a", "STRINC", "x").kwic({"a": "x"}, "a")
            list(rows.items())

    for _ in range(5):
        round_of_everything(tmp_path)
    before = resident()
    for _ in range(40):
        round_of_everything(tmp_path)
    assert resident() - before < 6 << 20
