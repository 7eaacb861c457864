"""Databases against plain Python: dict, sorted list, and a loop over rows."""

import tempfile
from bisect import bisect_left, insort
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tokyocabinet import (
    ADB,
    BDB,
    FDB,
    HDB,
    REMOVE,
    TDB,
    TDBQCNEGATE,
    TDBQCNOIDX,
    TDBQCNUMBT,
    TDBQCNUMEQ,
    TDBQCNUMGE,
    TDBQCNUMGT,
    TDBQCNUMLE,
    TDBQCNUMLT,
    TDBQCNUMOREQ,
    TDBQCSTRAND,
    TDBQCSTRBW,
    TDBQCSTREQ,
    TDBQCSTREW,
    TDBQCSTRINC,
    TDBQCSTROR,
    TDBQCSTROREQ,
    TDBQCSTRRX,
)

keys = st.one_of(
    st.binary(max_size=3), st.sampled_from([b"", b"\0", b"a", b"ab", b"long" * 400])
)
values = st.one_of(st.binary(max_size=8), st.sampled_from([b"", b"x" * 5000]))
short = settings(
    max_examples=40,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


class MappingMachine(RuleBasedStateMachine):
    """A database with bytes keys beside a dict."""

    ordered = False
    files = True

    def __init__(self):
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "casket"
        self.model = {}
        self.begun = None
        self.db = self.make()

    def teardown(self):
        self.db.close()
        self.folder.cleanup()

    @rule(key=keys, value=values)
    def put(self, key, value):
        self.db.put(key, value)
        self.model[key] = value

    @rule(key=keys, value=values)
    def putkeep(self, key, value):
        assert self.db.putkeep(key, value) is (key not in self.model)
        self.model.setdefault(key, value)

    @rule(key=keys, value=values)
    def putcat(self, key, value):
        self.db.putcat(key, value)
        self.model[key] = self.model.get(key, b"") + value

    @rule(key=keys, value=values)
    def putproc(self, key, value):
        def turned(old):
            return REMOVE if old == b"" else old[::-1]

        self.db.putproc(key, value, turned)
        if self.model.get(key) == b"":
            del self.model[key]
        elif key in self.model:
            self.model[key] = self.model[key][::-1]
        else:
            self.model[key] = value

    @rule(key=keys)
    def out(self, key):
        assert self.db.out(key) is (self.model.pop(key, None) is not None)

    @rule(key=keys)
    def get(self, key):
        assert self.db.get(key) == self.model.get(key)
        assert (key in self.db) is (key in self.model)

    @rule(records=st.dictionaries(keys, values, max_size=5))
    def many(self, records):
        self.db.put_many(records)
        self.model.update(records)
        assert self.db.get_many(records) == list(records.values())

    @rule(prefix=st.binary(max_size=2))
    def prefix(self, prefix):
        expected = [key for key in self.model if key.startswith(prefix)]
        found = self.db.fwmkeys(prefix)
        assert sorted(found) == sorted(expected)
        if self.ordered:
            assert found == sorted(expected)

    @rule(keep=st.booleans(), key=keys, value=values)
    def transaction(self, keep, key, value):
        if not self.files:
            return
        self.db.tranbegin()
        self.db[key] = value
        if keep:
            self.db.trancommit()
            self.model[key] = value
        else:
            self.db.tranabort()

    @rule()
    def reopen(self):
        if self.files:
            self.db.close()
            self.db.open(self.path, "w")

    @rule()
    def vanish(self):
        if len(self.model) > 15:
            self.db.vanish()
            self.model.clear()

    @invariant()
    def same(self):
        assert len(self.db) == len(self.model)
        assert dict(self.db.items()) == self.model
        if self.ordered:
            assert list(self.db) == sorted(self.model)


class HashMachine(MappingMachine):
    def make(self):
        db = HDB()
        db.tune(bnum=3, apow=2)  # long chains
        db.open(self.path, "n")
        return db


class TreeMachine(MappingMachine):
    ordered = True

    def make(self):
        db = BDB()
        db.tune(lmemb=4, nmemb=4)  # many pages
        db.open(self.path, "n")
        return db

    @rule(start=st.none() | keys, stop=st.none() | keys, reverse=st.booleans())
    def ranges(self, start, stop, reverse):
        expected = [
            (key, self.model[key])
            for key in sorted(self.model)
            if (start is None or key >= start) and (stop is None or key < stop)
        ]
        if reverse:
            expected.reverse()
        assert list(self.db.iteritems(start, stop, reverse=reverse)) == expected

    @rule(key=keys)
    def cursor(self, key):
        cursor = self.db.cursor()
        above = [each for each in sorted(self.model) if each >= key]
        below = [each for each in sorted(self.model) if each <= key]
        assert cursor.jump(key) is bool(above)
        if above:
            assert cursor.rec() == (above[0], self.model[above[0]])
        assert cursor.jumpback(key) is bool(below)
        if below:
            assert cursor.key() == below[-1]


class MemoryHashMachine(MappingMachine):
    files = False

    def make(self):
        return ADB("*")


class MemoryTreeMachine(MappingMachine):
    files = False
    ordered = True

    def make(self):
        return ADB("+")


class DuplicateMachine(RuleBasedStateMachine):
    """A tree with duplicates beside a sorted list of (key, order, value)."""

    def __init__(self):
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.model = {}
        self.db = BDB()
        self.db.tune(lmemb=4, nmemb=4)
        self.db.open(Path(self.folder.name) / "casket", "n")

    def teardown(self):
        self.db.close()
        self.folder.cleanup()

    few = st.sampled_from([b"", b"a", b"b", b"c", b"d"])

    @rule(key=few, value=values)
    def putdup(self, key, value):
        self.db.putdup(key, value)
        self.model.setdefault(key, []).append(value)

    @rule(key=few, value=values)
    def putdupback(self, key, value):
        self.db.putdupback(key, value)
        self.model.setdefault(key, []).insert(0, value)

    @rule(key=few, more=st.lists(values, max_size=40))
    def putlist(self, key, more):
        self.db.putlist(key, more)
        if more:
            self.model.setdefault(key, []).extend(more)

    @rule(key=few)
    def out(self, key):
        assert self.db.out(key) is (key in self.model)
        if key in self.model:
            self.model[key].pop(0)
            if not self.model[key]:
                del self.model[key]

    @rule(key=few)
    def outlist(self, key):
        assert self.db.outlist(key) is (self.model.pop(key, None) is not None)

    @invariant()
    def same(self):
        flat = [(key, v) for key in sorted(self.model) for v in self.model[key]]
        assert list(self.db.iteritems()) == flat
        assert list(self.db.iteritems(reverse=True)) == flat[::-1]
        assert len(self.db) == len(flat)
        for key, stored in self.model.items():
            assert self.db.getlist(key) == stored
            assert self.db.vnum(key) == len(stored)
            assert self.db[key] == stored[0]


class FixedMachine(RuleBasedStateMachine):
    """A fixed-length database beside a sorted list."""

    WIDTH = 5

    def __init__(self):
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.model = {}
        self.order = []
        self.db = FDB()
        self.db.tune(self.WIDTH, 4096)
        self.db.open(Path(self.folder.name) / "casket", "n")

    def teardown(self):
        self.db.close()
        self.folder.cleanup()

    @rule(key=st.integers(1, 40) | st.sampled_from(["max", "next", "prev", "min"]),
          value=st.binary(max_size=7))  # fmt: skip
    def put(self, key, value):
        if key in ("max", "min") and not self.order:
            return
        number = {
            "max": lambda: self.order[-1],
            "min": lambda: self.order[0],
            "next": lambda: self.order[-1] + 1 if self.order else 1,
            "prev": lambda: self.order[0] - 1 if self.order else 0,
        }.get(key, lambda: key)()
        if len(value) > self.WIDTH:
            with pytest.raises(ValueError, match="longer"):
                self.db.put(key, value)
        elif number < 1:
            with pytest.raises(ValueError, match="invalid"):
                self.db.put(key, value)
        else:
            self.db.put(key, value)
            if number not in self.model:
                insort(self.order, number)
            self.model[number] = value

    # -1 to -4 are the C names min, prev, max and next
    @rule(key=st.integers(0, 10**7) | st.just(-5), value=st.binary(max_size=3))
    def cat(self, key, value):
        if not 1 <= key <= 40:
            assert self.db.get(key) is None
            assert key not in self.db
        elif len(self.model.get(key, b"") + value) > self.WIDTH:
            with pytest.raises(ValueError, match="longer"):
                self.db.putcat(key, value)
        else:
            self.db.putcat(key, value)
            if key not in self.model:
                insort(self.order, key)
            self.model[key] = self.model.get(key, b"") + value

    @rule(key=st.integers(1, 40))
    def out(self, key):
        assert self.db.out(key) is (key in self.model)
        if key in self.model:
            del self.model[key]
            self.order.remove(key)

    @rule(low=st.integers(1, 40), high=st.integers(1, 40))
    def ranges(self, low, high):
        expected = self.order[bisect_left(self.order, low) :]
        expected = [key for key in expected if key <= high]
        assert self.db.range(low, high) == expected
        assert list(self.db.iterkeys(low, high + 1)) == expected

    @invariant()
    def same(self):
        assert list(self.db) == self.order
        assert dict(self.db.items()) == self.model
        assert self.db.min() == (self.order[0] if self.order else 0)
        assert self.db.max() == (self.order[-1] if self.order else 0)


def case_of(machine):
    machine.TestCase.settings = short
    return machine.TestCase


TestHash = case_of(HashMachine)
TestTree = case_of(TreeMachine)
TestMemoryHash = case_of(MemoryHashMachine)
TestMemoryTree = case_of(MemoryTreeMachine)
TestDuplicates = case_of(DuplicateMachine)
TestFixed = case_of(FixedMachine)


# -- queries, against a loop over the rows

words = st.sampled_from(["red", "Red", "blue", "green", "re", "10", "9", "-3", "2.5"])
texts = st.lists(words, max_size=3).map(" ".join)
tables = st.lists(
    st.dictionaries(st.sampled_from(["a", "b"]), texts, max_size=2), max_size=8
)


def number(text):
    try:
        return float(text.split()[0]) if text.split() else 0.0
    except ValueError:
        return 0.0


def tokens(text):
    return [word for word in text.replace(",", " ").split(" ") if word]


STRINGS = {
    TDBQCSTREQ: lambda cell, expr: cell == expr,
    TDBQCSTRINC: lambda cell, expr: expr in cell,
    TDBQCSTRBW: lambda cell, expr: cell.startswith(expr),
    TDBQCSTREW: lambda cell, expr: cell.endswith(expr),
    TDBQCSTRAND: lambda cell, expr: set(tokens(expr)) <= set(tokens(cell)),
    TDBQCSTROR: lambda cell, expr: bool(set(tokens(expr)) & set(tokens(cell))),
    TDBQCSTROREQ: lambda cell, expr: cell in tokens(expr),
    TDBQCSTRRX: lambda cell, expr: expr in cell,
}
NUMBERS = {
    TDBQCNUMEQ: lambda cell, expr: number(cell) == number(expr),
    TDBQCNUMGT: lambda cell, expr: number(cell) > number(expr),
    TDBQCNUMGE: lambda cell, expr: number(cell) >= number(expr),
    TDBQCNUMLT: lambda cell, expr: number(cell) < number(expr),
    TDBQCNUMLE: lambda cell, expr: number(cell) <= number(expr),
    TDBQCNUMBT: lambda cell, expr: (
        min(map(number, expr.split())) <= number(cell) <= max(map(number, expr.split()))
    ),
    TDBQCNUMOREQ: lambda cell, expr: number(cell) in map(number, tokens(expr)),
}


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    rows=tables,
    conditions=st.lists(
        st.tuples(
            st.sampled_from(["a", "b"]),
            st.one_of(
                st.tuples(st.sampled_from(list(STRINGS)), words),
                st.tuples(
                    st.sampled_from([op for op in NUMBERS if op != TDBQCNUMBT]),
                    st.sampled_from(["9", "10", "-3"]),
                ),
                st.tuples(st.just(TDBQCNUMBT), st.sampled_from(["-5 9.5", "10 2"])),
                st.tuples(st.just(TDBQCSTROR), st.just("red blue")),
            ),
            st.booleans(),
            st.booleans(),
        ),
        max_size=3,
    ),
    index=st.sampled_from([None, "lexical", "decimal", "token", "qgram"]),
)
def test_queries_find_what_a_loop_finds(rows, conditions, index):
    def holds(row):
        for column, (op, expr), negate, _ in conditions:
            cell = row.get(column)
            found = cell is not None and {**STRINGS, **NUMBERS}[op](cell, expr)
            if found == negate:
                return False
        return True

    with tempfile.TemporaryDirectory() as folder, TDB(f"{folder}/t", "n") as db:
        if index:
            db.setindex("a", index)
        for key, row in enumerate(rows):
            if index:  # an index takes no empty values
                row = {"a": "none", **row}
                row = {column: cell or "none" for column, cell in row.items()}
                rows[key] = row
            db.put(str(key), row)
        query = db.query()
        for column, (op, expr), negate, noidx in conditions:
            flags = (TDBQCNEGATE if negate else 0) | (TDBQCNOIDX if noidx else 0)
            query.addcond(column, op | flags, expr)
        expected = {str(i).encode() for i, row in enumerate(rows) if holds(row)}
        assert set(query.search()) == expected, query.hint()
