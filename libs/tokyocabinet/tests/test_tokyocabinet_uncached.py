"""Reads past the page cache give what reads through it give."""

import contextlib
import random
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tokyocabinet import BDB, BDBOCREAT, BDBOREADER, BDBOWRITER, BDBTDEFLATE, Error

KEYS = st.binary(max_size=20)
VALUES = st.one_of(st.binary(max_size=40), st.just(b"v" * 20_000))


def reader(path: Path) -> BDB:
    """Open a file with room for hardly any page."""
    tree = BDB()
    tree.setcache(64, 512)
    tree.open(path, BDBOREADER)
    return tree


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(records=st.lists(st.tuples(KEYS, VALUES), max_size=120), others=st.lists(KEYS))
def test_uncached_reads_are_reads(
    tmp_path: Path, records: list[tuple[bytes, bytes]], others: list[bytes]
) -> None:
    """Of any keys and values, duplicates among them, in small leaves."""
    path = tmp_path / "a.tcb"
    with BDB() as tree:
        tree.tune(4, 4)
        tree.open(path, "n")
        for key, value in records:
            tree.putdup(key, value)
    with reader(path) as tree:
        for key in [*others, *(key for key, _ in records)]:
            cold = tree.get_uncached(key)
            assert cold == tree.get(key) == tree.get_uncached(key), "then in the cache"
        edges = [None, *others, *(key for key, _ in records)]
        for start, stop in zip(edges, reversed(edges), strict=True):
            found = list(tree.items_uncached(start, stop))
            assert found == list(tree.iteritems(start, stop))


def test_a_large_file(tmp_path: Path) -> None:
    """Of several levels of pages, asked in no order, by a cold handle."""
    path = tmp_path / "a.tcb"
    count = 60_000
    with BDB() as tree:
        tree.tune(16, 16)
        tree.open(path, "n")
        tree.put_many((b"%08d" % (2 * n), b"%d" % n) for n in range(count))
    order = list(range(count))
    random.Random(7).shuffle(order)
    with reader(path) as tree:
        for number in order[:20_000]:
            assert tree.get_uncached(b"%08d" % (2 * number)) == b"%d" % number
            assert tree.get_uncached(b"%08d" % (2 * number + 1)) is None
        assert tree.get_uncached(b"", b"none") == b"none"
        assert tree.get_uncached(b"~", b"none") == b"none"
        assert list(tree.items_uncached()) == list(tree.items())
        some = [b"%08d" % (2 * n) for n in range(5_000, 5_100)]
        found = tree.items_uncached(b"%08d" % 9_999, some[-1] + b"!")
        assert [key for key, _ in found] == some


def test_a_walk_past_the_cache_reads_nothing_into_it(tmp_path: Path) -> None:
    """A leaf that was read stays where it is, so one that is spoiled then is noticed."""
    path = tmp_path / "a.tcb"
    with BDB() as tree:
        tree.tune(16, 16)
        tree.open(path, "n")
        tree.put_many((b"%04d" % n, b"old") for n in range(64))
    with reader(path) as tree:
        tree.get(b"0000")  # the inner pages
        assert {value for _, value in tree.items_uncached()} == {b"old"}
        path.write_bytes(path.read_bytes().replace(b"old", b"new"))
        assert [value for _, value in tree.items_uncached()] == [b"new"] * 64


@pytest.mark.parametrize("order", ["decimal", "int32"])
def test_what_is_not_simple_is_left_to_the_library(tmp_path: Path, order: str) -> None:
    """Other orders, packed pages, and handles that write."""
    keys = [number.to_bytes(4, "little") for number in range(300)]
    if order == "decimal":
        keys = [b"%d" % number for number in range(300)]
    ordered, packed = tmp_path / "ordered.tcb", tmp_path / "packed.tcb"
    with BDB() as tree:
        tree.setcmpfunc(order)
        tree.open(ordered, BDBOWRITER | BDBOCREAT)
        tree.put_many((key, key * 2) for key in keys)
        assert tree.get_uncached(keys[7]) == keys[7] * 2  # not written yet
    with BDB() as tree:
        tree.tune(opts=BDBTDEFLATE)
        tree.open(packed, BDBOWRITER | BDBOCREAT)
        tree.put_many((key, key * 2) for key in keys)
    for path in (ordered, packed):
        with reader(path) as tree:
            assert [tree.get_uncached(key) for key in keys] == [k * 2 for k in keys]
            assert list(tree.items_uncached()) == list(tree.items())


def test_a_closed_handle_says_so(tmp_path: Path) -> None:
    """And does not read."""
    with BDB(tmp_path / "a.tcb", BDBOWRITER | BDBOCREAT) as tree:
        tree.put(b"a", b"b")
    with pytest.raises(Error):
        tree.get_uncached(b"a")
    with pytest.raises(Error):
        tree.items_uncached()
    tree.open(tmp_path / "a.tcb", BDBOREADER)
    walk = tree.items_uncached()
    tree.close()
    with pytest.raises(Error):
        next(walk)


def test_a_leaf_that_was_spoiled_is_never_a_crash(tmp_path: Path) -> None:
    """Bytes changed behind the back of who reads: an error, or some answer."""
    path = tmp_path / "a.tcb"
    with BDB() as tree:
        tree.tune(16, 16)
        tree.open(path, "n")
        tree.put_many((b"%06d" % n, b"x" * 50) for n in range(3000))
    sound = path.read_bytes()
    chance = random.Random(3)
    with reader(path) as tree:
        tree.get(b"000000")
        for _ in range(60):
            spoiled = bytearray(sound)
            for _ in range(40):
                place = chance.randrange(len(sound) // 2, len(sound))  # in the pages
                spoiled[place] = chance.randrange(256)
            with path.open("r+b") as file:
                file.write(spoiled)
            for _ in range(60):
                with contextlib.suppress(Error):
                    tree.get_uncached(b"%06d" % chance.randrange(3000))
            start = b"%06d" % chance.randrange(3000)
            with contextlib.suppress(Error):
                for _ in islice(tree.items_uncached(start), 3000):
                    pass
        path.write_bytes(sound)
