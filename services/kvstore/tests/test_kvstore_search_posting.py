"""Posting lists against a set, over a real engine."""

import random
from array import array

import pytest

from hunch_kvstore.engine.store import Engine
from hunch_kvstore.search.chunk import MAX_COUNT, decode
from hunch_kvstore.search.combined import Both, Either, Except
from hunch_kvstore.search.keys import after, pack_number
from hunch_kvstore.search.listed import Every, Listed
from hunch_kvstore.search.posting import INBOX, append, build, chunks, count, remove
from hunch_kvstore.search.source import Given

PREFIX = b"xt"


@pytest.fixture
def engine(tmp_path):
    with Engine.open(tmp_path / "store") as opened:
        yield opened


def held(engine, prefix=PREFIX, low=0, high=2**64 - 1):
    return [n for block in Listed(engine, prefix).blocks(low, high) for n in block]


def newest_first(r):
    return [1_000_000 - at for at in range(4000)]


def oldest_first(r):
    return [1 + at for at in range(4000)]


def shuffled(r):
    return r.sample(range(1, 100_000), 4000)


def mostly_new(r):
    numbers = [1_000_000 - at for at in range(3000)]
    late = r.sample(range(1_000_001, 1_100_000), 1000)
    for number in late:
        numbers.insert(r.randrange(len(numbers)), number)
    return numbers


@pytest.mark.parametrize("size", [1, 100])
@pytest.mark.parametrize("order", [newest_first, oldest_first, shuffled, mostly_new])
def test_a_list_holds_what_was_put_in(engine, order, size):
    r = random.Random(3)
    numbers = order(r)
    floor = 2**64 - 1
    for at in range(0, len(numbers), size):
        some = array("Q", sorted(numbers[at : at + size]))
        with engine.begin() as tx:
            append(tx, PREFIX, some, floor)
        floor = min(floor, some[0])
    assert held(engine) == sorted(numbers)
    assert count(engine, PREFIX) == len(numbers)
    rows = [decode(raw) for last, raw in chunks(engine, PREFIX)]
    assert [last for last, _ in chunks(engine, PREFIX)] == [row[-1] for row in rows]
    assert max(map(len, rows)) <= MAX_COUNT
    joined = [number for row in rows for number in row]
    assert joined == sorted(joined), "chunks do not overlap"
    gone = r.sample(numbers, 2500)
    with engine.begin() as tx:
        assert all(remove(tx, PREFIX, n) for n in gone)
        assert not remove(tx, PREFIX, 77_777_777)
    assert held(engine) == sorted(set(numbers) - set(gone))
    with engine.begin() as tx:
        assert all(remove(tx, PREFIX, n) for n in set(numbers) - set(gone))
    assert list(engine.scan(PREFIX, after(PREFIX))) == []


def test_new_numbers_are_written_without_a_look_at_the_list(engine):
    class Blind:
        def __init__(self, tx):
            self.put = tx.put

    with engine.begin() as tx:
        append(Blind(tx), PREFIX, array("Q", range(5000, 9000)), 2**64 - 1)
        append(Blind(tx), PREFIX, array("Q", [4998]), 5000)
    assert held(engine) == [4998, *range(5000, 9000)]


def test_chunks_are_named_by_their_last_number(engine):
    with engine.begin() as tx:
        build(tx, PREFIX, list(range(5, 50_000, 7)))
    for last, _ in chunks(engine, PREFIX, 20_000):
        assert last >= 20_000
        break
    assert held(engine, low=100, high=200) == list(range(103, 201, 7))


def test_a_seek_reads_the_chunk_it_needs_and_none_between(engine):
    with engine.begin() as tx:
        build(tx, PREFIX, list(range(1, 200_000)))
    listed = Listed(engine, PREFIX)
    read = []

    class Counting:
        def scan(self, start, stop=None, **how):
            for key, raw in engine.scan(start, stop, **how):
                read.append(key)
                yield key, raw

    listed._reader = Counting()
    assert list(listed.keep(array("Q", [150_000, 199_000]))) == [150_000, 199_000]
    assert len(read) <= 6, "a few chunks in passing, then a seek; the list has 195"


def test_late_numbers_wait_in_one_record(engine):
    with engine.begin() as tx:
        for number in range(1, 20):
            append(tx, PREFIX, array("Q", [number]), 0)
    assert [key for key, _ in engine.scan(PREFIX, after(PREFIX))] == [PREFIX + INBOX]


@pytest.mark.parametrize("seed", range(4))
def test_sources_combine_as_sets_do(engine, seed):
    r = random.Random(seed)
    sets = []
    with engine.begin() as tx:
        for at in range(4):
            numbers = r.sample(range(1, 20_000), r.choice([10, 300, 9000]))
            prefix = b"xs%d" % at
            half = len(numbers) // 2
            build(tx, prefix, sorted(numbers[:half]))
            for number in numbers[half:][:200]:
                append(tx, prefix, array("Q", [number]), 0)
            sets.append(set(numbers[:half] + numbers[half:][:200]))
        everything = set().union(*sets)
        build(tx, b"xe", sorted(everything))
    listed = [Listed(engine, b"xs%d" % at) for at in range(4)]
    every = Every(engine, b"xe")
    a, b, c, d = sets
    few = array("Q", sorted(r.sample(sorted(everything), 50)))
    cases = [
        (Both(listed[:2]), a & b),
        (Either(listed), everything),
        (Except(every, listed[0]), everything - a),
        (Both([Either(listed[:2]), Except(every, listed[3])]), (a | b) - d),
        (Either([Both(listed[1:3]), Given(few)]), (b & c) | set(few)),
        (Both([every, listed[2]]), c),
    ]
    for source, wanted in cases:
        assert [n for block in source.blocks() for n in block] == sorted(wanted)
        within = [n for block in source.blocks(5000, 9000) for n in block]
        assert within == [n for n in sorted(wanted) if 5000 <= n <= 9000]
        asked = array("Q", sorted(r.sample(range(1, 20_000), 500)))
        asked = array("Q", [n for n in asked if n in everything])
        assert list(source.keep(asked)) == [n for n in asked if n in wanted]


def test_a_document_s_number_sorts_like_its_bytes():
    assert pack_number(1) < pack_number(256) < pack_number(2**64 - 1)
