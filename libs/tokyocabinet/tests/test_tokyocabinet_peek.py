"""Reads that go around the C library: they have to find what it finds."""

import ctypes
import mmap
import os
import random
import sys
import threading

import pytest

from tokyocabinet import BDB, FDB, HDB, HDBTDEFLATE, HDBTLARGE

HASH_SHAPES = {
    "plain": {},
    "chains": {"bnum": 7},
    "large": {"opts": HDBTLARGE},
    "aligned": {"apow": 8},
    "packed": {"opts": HDBTDEFLATE},
    "behind the map": {"xmsiz": 0},
    "no lock": {"mutex": False},
    "side by side": {"parallel": True},
    "cached": {"rcnum": 10},
}
TREE_SHAPES = {
    "plain": {},
    "deep": {"lmemb": 4, "nmemb": 4},
    "cramped": {"lmemb": 4, "nmemb": 4, "cache": (64, 64)},
    "packed": {"opts": HDBTDEFLATE},
    "decimal": {"order": "decimal"},
    "int32": {"order": "int32"},
    "function": {"order": lambda one, two: (one < two) - (one > two)},
}


def hash_database(path, omode, shape):
    shape = dict(shape)
    handle = HDB(mutex=shape.pop("mutex", True), parallel=shape.pop("parallel", False))
    handle.setcache(shape.pop("rcnum", 0))
    if "xmsiz" in shape:
        handle.setxmsiz(shape.pop("xmsiz"))
    handle.tune(**shape)
    handle.open(path, omode)
    return handle


def tree_database(path, omode, shape):
    shape = dict(shape)
    handle = BDB()
    handle.setcmpfunc(shape.pop("order", "lexical"))
    handle.setcache(*shape.pop("cache", (0, 0)))
    handle.tune(**shape)
    handle.open(path, omode)
    return handle


SHAPES = [
    pytest.param(make, shape, id=f"{make.__name__} {name}")
    for make, shapes in ((hash_database, HASH_SHAPES), (tree_database, TREE_SHAPES))
    for name, shape in shapes.items()
]


def agree(db, model, absent):
    """Compare every way to read with a dict."""
    keys = [*model, *absent]
    random.Random(1).shuffle(keys)
    for key in keys:
        value = model.get(key)
        assert db.get(key) == value
        assert (key in db) is (value is not None)
        if value is not None:
            assert db.vsiz(key) == len(value)
    assert db.get_many(keys) == [model.get(key) for key in keys]
    assert db.get_many(iter(keys), b"none") == [model.get(key, b"none") for key in keys]


@pytest.mark.parametrize(("make", "shape"), SHAPES)
def test_reads_agree_with_a_dict(make, shape, tmp_path):
    chosen = random.Random(7)
    if shape.get("order") == "int32":
        names = [number.to_bytes(4, sys.byteorder) for number in range(1, 3001)]
    else:
        names = [
            b"%d" % number * chosen.choice([1, 1, 40]) for number in range(1, 3001)
        ]
    sizes = [0, 1, 8, 200, 5000]
    model = {name: b"v" * chosen.choice(sizes) for name in names[:2500]}
    absent = names[2500:]
    db = make(tmp_path / "casket", "n", shape)
    db.put_many(list(model.items()))
    agree(db, model, absent)
    for name in names[::5]:
        if name in model:
            db.out(name)
            del model[name]
    for name in names[1::5]:
        if name in model:
            db[name] = model[name] = b"another" * chosen.choice([1, 90])
    agree(db, model, names[::5])
    db.tranbegin()
    db.put_many(dict.fromkeys(names[:500], b"undone"))
    assert db.get(names[1]) == b"undone"
    db.tranabort()
    agree(db, model, names[::5])
    db.optimize()
    agree(db, model, names[::5])
    db.close()
    db = make(tmp_path / "casket", "r", shape)
    agree(db, model, names[::5])
    db.close()


def test_what_waits_in_the_buffer_is_found(tmp_path):
    with HDB(tmp_path / "casket", "n") as db:
        db[b"a"] = b"1"
        db.putasync(b"a", b"2")
        db.putasync(b"b", b"3")
        assert db.get(b"a") == b"2"
        assert db.get_many([b"b", b"a"]) == [b"3", b"2"]


def test_the_first_of_duplicates_is_read(tmp_path):
    with BDB(tmp_path / "casket", "n") as db:
        db.putlist(b"k", [b"first", b"second"])
        assert db.get(b"k") == b"first"
        assert db.get_many([b"k"] * 3) == [b"first"] * 3
        db.putdupback(b"k", b"before")
        assert db[b"k"] == b"before"


def test_long_values_come_whole(tmp_path):
    long = os.urandom(3 << 20)
    with HDB(tmp_path / "h", "n") as db, BDB(tmp_path / "b", "n") as tree:
        for each in db, tree:
            each.put_many([(b"%d" % i, long) for i in range(3)])
            assert each.get(b"1") == long
            assert each.get_many([b"0", b"x", b"2"]) == [long, None, long]


class Witness:
    """A thread that counts as often as others let it have the GIL."""

    def __enter__(self):
        self.turns = 0
        self.stop = False
        self.before = sys.getswitchinterval()
        # Nobody is made to give the GIL up: who keeps it, keeps it.
        sys.setswitchinterval(1000)
        self.thread = threading.Thread(target=self.run)
        self.thread.start()
        while not self.turns:
            os.sched_yield()
        return self

    def run(self):
        while not self.stop:
            self.turns += 1
            os.sched_yield()

    def __exit__(self, *exc):
        self.stop = True
        self.thread.join()
        sys.setswitchinterval(self.before)


def in_memory(path):
    """Return how many pages of a file are in memory."""
    libc = ctypes.CDLL(None, use_errno=True)
    size = path.stat().st_size
    with path.open("r+b") as file, mmap.mmap(file.fileno(), size) as view:
        pages = (size + mmap.PAGESIZE - 1) // mmap.PAGESIZE
        answer = (ctypes.c_ubyte * pages)()
        place = ctypes.addressof(ctypes.c_char.from_buffer(view))
        assert libc.mincore(ctypes.c_void_p(place), ctypes.c_size_t(size), answer) == 0
        return sum(each & 1 for each in answer)


@pytest.fixture(params=[HDB, FDB, BDB])
def full(request, tmp_path):
    """A database of some pages, and its keys."""
    path = tmp_path / "casket"
    db = request.param(path, "n")
    keys = (
        list(range(1, 20001))
        if request.param is FDB
        else [b"%06d" % i for i in range(20000)]
    )
    db.put_many([(key, b"value") for key in keys])
    db.close()
    return request.param, path, keys


def test_reads_of_memory_keep_the_gil(full):
    kind, path, keys = full
    with kind(path, "r") as db:
        db.get_many(keys)  # brings all of it to memory, a tree's pages to its cache
        with Witness() as witness:
            before = witness.turns
            for key in keys[:5000]:
                db.get(key)
            kept = witness.turns == before
    assert kept


def test_reads_of_the_disk_give_up_the_gil(full):
    kind, path, keys = full
    # The witness needs a processor at the right moment, hence more than one attempt.
    for _ in range(50):
        with kind(verify=False) as db:
            db.open(path, "r")
            with path.open("r+b") as file:
                os.fsync(file.fileno())
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            if in_memory(path) > 20:
                pytest.skip("this file system keeps the file in memory")
            with Witness() as witness:
                before = witness.turns
                assert db.get(keys[-1]) == b"value"
                turns = witness.turns - before
        if turns:
            return
    pytest.fail("no other thread ran while the disk was read")
