"""The fourteen known faults of the first binding, each by what has to happen instead."""

import gc
import inspect
import subprocess
import sys
import threading

import pytest

import tokyocabinet
from tokyocabinet import BDB, HDB, TDB, Error


def hash_and_tree(path):
    for kind in (HDB, BDB):
        with kind(path / kind.__name__, "n") as db:
            yield db


def test_fault_01_fsiz_is_the_size_of_the_file(tmp_path):
    for db in hash_and_tree(tmp_path):
        db.put_many((b"%d" % i, b"x" * 100) for i in range(1000))
        db.sync()
        assert db.rnum() == 1000
        on_disk = (tmp_path / type(db).__name__).stat().st_size
        assert 100_000 < db.fsiz() <= on_disk


def test_fault_02_a_failed_call_leaves_no_trace(tmp_path):
    for db in hash_and_tree(tmp_path):
        assert db.get(b"missing") is None
        assert db.rnum() == 0
        assert db.fsiz() > 0
        db.vanish()
        assert db.rnum() == 0
        assert db.fwmkeys(b"x") == []


def test_fault_03_comparison_functions_are_called(tmp_path):
    calls = []

    def backwards(a, b):
        calls.append((a, b))
        return (a < b) - (a > b)

    db = BDB()
    db.setcmpfunc(backwards)
    db.open(tmp_path / "casket", "n")
    db.put_many((b"%03d" % i, b"") for i in range(200))
    assert list(db) == [b"%03d" % i for i in range(199, -1, -1)]
    assert calls
    db.close()
    with pytest.raises(Error):
        BDB(tmp_path / "casket", "r")  # the order is not known to a plain handle


def test_fault_03_a_comparison_may_fail_and_get_an_argument(tmp_path):
    db = BDB()
    db.setcmpfunc(lambda a, b, sign: sign * ((a > b) - (a < b)), -1)
    db.open(tmp_path / "casket", "n")
    db.put_many([(b"a", b""), (b"b", b"")])
    assert list(db) == [b"b", b"a"]
    db.close()
    db.setcmpfunc(lambda a, b: 1 / 0)
    db.open(tmp_path / "casket", "w")
    with pytest.raises(ZeroDivisionError):
        db.get(b"a")
    with pytest.raises(ZeroDivisionError):
        list(db.items(b"a", b"b"))
    db.close()


def test_fault_04_an_empty_tree_iterates_over_nothing(tmp_path):
    with BDB(tmp_path / "casket", "n") as db:
        assert list(db) == list(db.items()) == list(reversed(db)) == []
        assert db.cursor().first() is False
        assert list(db.cursor()) == []


def test_fault_05_iterators_do_not_disturb_each_other(tmp_path):
    for db in hash_and_tree(tmp_path):
        db.put_many((b"%04d" % i, b"") for i in range(500))
        whole = list(db)
        one, two = iter(db), db.iteritems()
        mixed = []
        for _ in range(100):
            mixed.append(next(one))
            next(two)
        abandoned = iter(db)
        next(abandoned)
        assert mixed + list(one) == whole
        assert list(db) == whole


def test_fault_06_items_are_bytes(tmp_path):
    for db in hash_and_tree(tmp_path):
        db[b"\xff\xfe"] = b"\x80"
        assert list(db.items()) == [(b"\xff\xfe", b"\x80")]


def test_fault_07_empty_and_wrong_keys(tmp_path):
    for db in hash_and_tree(tmp_path):
        db[b""] = b"v"
        assert db[b""] == b"v"
        assert b"" in db
        del db[b""]
        assert b"" not in db
        for call in (db.__getitem__, db.__delitem__, db.__contains__):
            with pytest.raises(TypeError):
                call("text")
        with pytest.raises(TypeError):
            db[:]


def test_fault_08_views_beside_a_writing_thread(tmp_path):
    for db in hash_and_tree(tmp_path):
        fixed = [b"fixed%04d" % i for i in range(1000)]
        db.put_many((key, b"v") for key in fixed)
        stop = threading.Event()

        def write(db=db, stop=stop):
            number = 0
            while not stop.is_set():
                number += 1
                db.put_many((b"new%06d" % (number * 50 + i), b"w") for i in range(50))
                for i in range(0, 50, 2):
                    db.out(b"new%06d" % (number * 50 + i))

        writer = threading.Thread(target=write)
        writer.start()
        try:
            for _ in range(5):
                seen = [key for key in db if key.startswith(b"fixed")]
                assert sorted(seen) == fixed
        finally:
            stop.set()
            writer.join()


def test_fault_09_queries_hold_their_table_and_rows_are_freed(tmp_path):
    query = TDB(tmp_path / "casket", "n").query()
    gc.collect()
    assert query.search() == []
    with TDB(tmp_path / "other", "n") as db:
        db["a"] = {"x" * 100_000: b"y\0y"}
        assert db["a"] == {b"x" * 100_000: b"y\0y"}


def test_fault_10_counters_raise(tmp_path):
    for db in hash_and_tree(tmp_path):
        assert db.addint(b"n", 2**31 - 1) == 2**31 - 1
        with pytest.raises(OverflowError):
            db.addint(b"n", 1)
        assert db.addint(b"n", -(2**31) + 1) == 0
        assert db.addint(b"n", -(2**31)) == -(2**31)
        with pytest.raises(OverflowError):
            db.addint(b"n", 2**31)
        db[b"text"] = b"12"
        with pytest.raises(ValueError, match="invalid operation"):
            db.addint(b"text", 1)
        with pytest.raises(ValueError, match="invalid operation"):
            db.adddouble(b"text", 1)
        assert db.adddouble(b"", 0.5) == 0.5
        assert db.adddouble(b"", 0.25) == 0.75


def test_fault_11_putlist_takes_all_or_nothing(tmp_path):
    with BDB(tmp_path / "casket", "n") as db:
        with pytest.raises(TypeError):
            db.putlist(b"k", [b"1", 2, b"3"])
        assert db.vnum(b"k") == 0
        db.putlist(b"k", [b"1", b"2"])
        assert db.getlist(b"k") == [b"1", b"2"]


def test_fault_12_it_loads_on_this_python():
    assert sys.version_info >= (3, 11)
    assert HDB.errmsg(tokyocabinet.TCENOREC) == "no record found"


def test_fault_13_leaving_handles_in_any_state_is_no_crash(tmp_path):
    code = """
import sys, threading
from tokyocabinet import *
kept = []
for kind in (HDB, BDB, FDB, TDB):
    db = kind(f"{sys.argv[1]}/{kind.__name__}", "n")
    for i in range(1, 300):
        db[i if kind is FDB else b"%d" % i] = {} if kind is TDB else b"v"
    it = iter(db); next(it)
    kept += [db, it]
    if kind is BDB: cur = db.cursor(); cur.first(); kept.append(cur)
    if kind is TDB: kept.append(db.query())
    if kind is HDB: db.tranbegin()
    del db, it
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_fault_14_tables_are_whole():
    expected = {
        "open", "close", "tune", "setcache", "setxmsiz", "setdfunit", "put", "putkeep",
        "putcat", "get", "out", "vsiz", "fwmkeys", "addint", "adddouble", "sync",
        "optimize", "vanish", "copy", "tranbegin", "trancommit", "tranabort", "path",
        "rnum", "fsiz", "setindex", "genuid", "query", "defrag", "foreach", "ecode",
        "errmsg", "setmutex", "iterkeys", "cacheclear", "setcodecfunc", "setinvcache",
    }  # fmt: skip
    assert expected <= {name for name, _ in inspect.getmembers(TDB)}
