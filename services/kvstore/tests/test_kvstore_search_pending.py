"""Lists in memory against sets, and where the postings of a document are."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunch_kvstore.engine.store import Engine
from hunch_kvstore.search import pending
from hunch_kvstore.search._delta import SHARDS, Delta, pack, unpack
from hunch_kvstore.search.chunk import numbers_of
from hunch_kvstore.search.keys import END_OF_TERM, after
from hunch_kvstore.search.listed import Held, Listed
from hunch_kvstore.search.lists import Lists
from hunch_kvstore.search.pending import Pending

NAMES = st.lists(st.binary(max_size=5), max_size=6, unique=True)
NUMBERS = st.integers(1, 30) | st.integers(1, 2**64 - 1)
BASE = b"xi0001"


@given(st.lists(st.tuples(st.booleans(), NAMES, NUMBERS), max_size=60))
def test_a_delta_holds_what_sets_would(changes):
    delta, model = Delta(), {}
    for is_added, names, number in changes:
        if is_added:
            assert delta.add(pack(names), number) == len(names)
            for name in names:
                model.setdefault(name, set()).add(number)
            continue
        for name in names:
            held = model.get(name, set())
            assert delta.remove(name, number) == (number in held)
            held.discard(number)
    model = {name: held for name, held in model.items() if held}
    assert delta.postings == sum(map(len, model.values()))
    assert sorted(delta.names(b"")) == sorted(model)
    for head in (b"", b"\0", b"a"):
        wanted = sorted(name for name in model if name.startswith(head))
        assert sorted(delta.names(head)) == wanted
    for name, held in model.items():
        assert list(delta.numbers(name)) == sorted(held)
    assert not delta.numbers(b"nobody")
    dealt = [pair for shard in range(SHARDS) for pair in delta.shard(shard)]
    assert {name: set(numbers) for name, numbers in dealt} == model
    assert len(dealt) == len(model)


def test_a_delta_of_many_lists():
    delta = Delta()
    for number in range(30_000, 0, -1):
        delta.add(pack([b"all", b"%d" % number, b"m%d" % (number % 700)]), number)
    assert list(delta.numbers(b"all")) == list(range(1, 30_001))
    assert list(delta.numbers(b"m5")) == list(range(5, 30_001, 700))
    assert all(list(delta.numbers(b"%d" % n)) == [n] for n in range(1, 30_001, 7))
    sizes = [len(delta.shard(shard)) for shard in range(SHARDS)]
    assert max(sizes) < 2 * 30_700 / SHARDS, "shards are of like size"
    delta.folded = 128
    seen = set(delta.names(b""))
    hidden = {name for shard in range(128) for name, _ in delta.shard(shard)}
    assert len(seen) + len(hidden) == 30_701
    assert not seen & hidden
    assert not delta.numbers(next(iter(hidden)))
    assert not delta.remove(next(iter(hidden)), 1)


@given(st.binary(max_size=30))
def test_damaged_names_are_refused_or_read(raw):
    try:
        names = unpack(raw)
    except ValueError:
        return
    assert pack(names) == raw


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(pending, "GENERATION_POSTINGS", 2000)


@pytest.mark.parametrize("order", ["time", "random"])
@pytest.mark.usefixtures("small")
def test_a_posting_is_in_one_place(tmp_path, order):
    """While documents come, change and go, aborted or not, and the store restarts."""
    r = random.Random(4)
    everything = b"\xff\xff"
    model = {}
    lists = Lists(60_000)  # some have to go, and a few are too long
    with Engine.open(tmp_path) as engine:
        held = Pending(BASE, everything, lists)
        for turn in range(3000):
            number = 2**40 - turn if order == "time" else r.randrange(1, 2**40)
            kept = {name: set(numbers) for name, numbers in model.items()}
            tx = engine.begin()
            if r.random() < 0.8:
                names = {everything, *(b"t%d" % r.randrange(80) for _ in range(9))}
                held.insert(tx, number, pack(names))
                for name in names:
                    kept.setdefault(name, set()).add(number)
            elif kept.get(everything):
                number = r.choice(sorted(kept[everything]))
                names = {name for name in kept if number in kept[name]}
                gone = (
                    names if r.random() < 0.5 else set(list(names - {everything})[:3])
                )
                new = {b"t%d" % r.randrange(99)} - names if names - gone else set()
                held.change(tx, number, gone, new)
                for name in gone:
                    kept[name].discard(number)
                for name in new:
                    kept.setdefault(name, set()).add(number)
            if r.random() < 0.1:
                tx.abort()
            else:
                tx.commit()
                model = kept
            if turn % 100 == 99:
                if r.random() < 0.5:
                    held = Pending(BASE, everything, lists)
                    held.load(engine)
                agree(engine, held, model, lists)
        folded = list(engine.scan(BASE + b"p", after(BASE + b"p")))
        assert len(folded) > 100, "much has gone to disk"


def agree(engine, held, model, lists):
    kept = 0
    for name, numbers in model.items():
        prefix = BASE + b"p" + name + END_OF_TERM
        listed = Listed(engine, prefix, held.numbers(name))
        found = [number for block in listed.blocks() for number in block]
        assert found == sorted(numbers)
        assert listed.count() == len(numbers), "none is counted twice"
        chunks = lists.find(engine, prefix)
        if chunks is not None:
            kept += 1
            source = Held(chunks, held.numbers(name))
            assert source.count() == len(found)
            assert [number for block in source.blocks() for number in block] == found
            assert list(source.keep(numbers_of(found[::2]))) == found[::2]
            assert list(source.whole()) == found
    assert kept
    assert lists.size_bytes <= 60_000
