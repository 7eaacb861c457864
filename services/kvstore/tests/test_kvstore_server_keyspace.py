"""Encodings, globs and numbers; and what must hold across deletions and restarts."""

import fnmatch
import math
import time
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from hunch_kvstore.commands import longdouble
from hunch_kvstore.commands.arguments import try_integer
from hunch_kvstore.engine import Engine
from hunch_kvstore.keyspace.encoding import META, SCORE, SUB, after
from hunch_kvstore.keyspace.glob import matches
from hunch_kvstore.keyspace.keyspace import Keyspace
from hunch_kvstore.keyspace.packed import pack_fields, unpack_fields
from hunch_kvstore.keyspace.sortable import from_sortable, sortable

DOUBLES = st.floats(allow_nan=False)


@given(st.lists(DOUBLES, min_size=2))
def test_sortable_doubles_sort_like_the_numbers(numbers):
    for low, high in pairwise(sorted(numbers)):
        assert sortable(low) <= sortable(high)
        assert (sortable(low) == sortable(high)) == (low == high)


@given(DOUBLES)
def test_a_sortable_double_comes_back(number):
    assert from_sortable(sortable(number)) == number


@given(st.dictionaries(st.binary(max_size=20), st.binary(max_size=50), max_size=20))
def test_packed_fields_come_back_in_order(fields):
    assert list(unpack_fields(b"xyz" + pack_fields(fields), 3).items()) == list(
        fields.items()
    )


@given(st.text("ab*?[]^", max_size=8), st.text("ab^", max_size=8))
def test_globs_agree_with_the_shell_where_both_mean_the_same(pattern, text):
    assume("[" not in pattern and "]" not in pattern)
    assert matches(pattern.encode(), text.encode()) == fnmatch.fnmatchcase(
        text, pattern
    )


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        (b"[a-c]x", b"bx", True),
        (b"[c-a]x", b"bx", True),
        (b"[^a-c]x", b"bx", False),
        (b"[\\]]", b"]", True),
        (b"\\*", b"*", True),
        (b"\\*", b"x", False),
        (b"[", b"", False),
        (b"[abc", b"b", True),
        (b"a\\", b"a\\", True),
        (b"", b"", True),
        (b"*\xff?", b"\x00\xff\n", True),
    ],
)
def test_globs_as_redis_reads_them(pattern, text, expected):
    assert matches(pattern, text) is expected


def test_a_pattern_of_many_stars_does_not_hang():
    started = time.monotonic()
    assert not matches(b"a*" * 40 + b"b", b"a" * 2000)
    assert time.monotonic() - started < 5


@given(st.integers(-(2**70), 2**70))
def test_integers_are_64_bit(number):
    expected = number if -(2**63) <= number < 2**63 else None
    assert try_integer(b"%d" % number) == expected


@pytest.mark.parametrize(
    "raw", [b"", b"+1", b" 1", b"1 ", b"01", b"-0", b"1_0", b"1.0"]
)
def test_integers_have_one_form(raw):
    assert try_integer(raw) is None


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6, max_value=10**9))
@example(Decimal("0.1"))
def test_long_doubles_print_what_was_read(number):
    assume(abs(number) < 10**12)
    text = longdouble.text(longdouble.read(str(number).encode()))
    # 64 bits of mantissa hold 19 digits; the 17th decimal of a large number may differ.
    assert math.isclose(float(text), float(number), rel_tol=1e-15, abs_tol=1e-17)


@pytest.fixture
def store(tmp_path):
    class Store:
        def open(self):
            self.engine = Engine.open(tmp_path / "data")
            self.keys = Keyspace(self.engine)
            self.keys.now_ms = 1_000_000
            return self

        def change(self, action):
            with self.engine.begin() as tx:
                self.keys.tx, self.keys.writing = tx, True
                try:
                    return action(self.keys)
                finally:
                    self.keys.writing = False
                    self.keys.tx = self.engine

        def again(self):
            self.engine.flush()
            self.engine.close()
            return self.open()

        def raw(self, *prefixes):
            return [
                key
                for prefix in prefixes
                for key, _ in self.engine.scan(prefix, after(prefix))
            ]

    store = Store().open()
    yield store
    store.engine.close()


def wide(count):
    return [(b"f%d" % number, b"v%d" % number) for number in range(count)]


def test_a_hash_grows_out_of_its_record_and_stays_whole(store):
    store.change(lambda keys: keys.hash(b"h").set_many(wide(128)))
    assert not store.raw(SUB)
    store.change(lambda keys: keys.hash(b"h").set_many([(b"more", b"1")]))
    assert len(store.raw(SUB)) == 129
    store.again()
    found = store.keys.hash(b"h")
    assert (found.size, dict(found.items())) == (
        129,
        {**dict(wide(128)), b"more": b"1"},
    )


def test_a_new_incarnation_never_sees_old_members(store):
    for value in (b"1", b"2"):
        store.change(
            lambda keys, value=value: keys.hash(b"h").set_many(
                [*wide(200), (b"which", value)]
            )
        )
        assert store.keys.hash(b"h").get(b"which") == value
        store.change(lambda keys: keys.delete(b"h"))
        assert store.raw(META, SUB, SCORE) == []
        store.again()
    store.change(lambda keys: keys.hash(b"h").set_many(wide(130)))
    assert store.keys.hash(b"h").size == 130
    assert store.keys.hash(b"h").get(b"which") is None


def test_versions_are_never_used_twice(store):
    seen = set()
    for _ in range(3):
        for _ in range(5):
            version = store.change(lambda keys: keys.new_version())
            assert version not in seen
            seen.add(version)
        store.again()

    def fail(keys):
        keys.new_version()
        raise KeyError

    with pytest.raises(KeyError):
        store.change(fail)
    store.keys.aborted()
    assert store.change(lambda keys: keys.new_version()) not in seen


def test_renaming_a_large_set_moves_one_record(store):
    def fill(keys):
        zset = keys.zset(b"z")
        for number in range(300):
            zset.put(b"m%d" % number, float(number), None)
        zset.save()

    store.change(fill)
    before = store.raw(SUB, SCORE)
    record = store.keys.record(b"z")
    store.change(lambda keys: keys.rename(b"z", b"y", record))
    assert store.raw(SUB, SCORE) == before
    assert store.keys.zset(b"y").rank(b"m299") == 299
    assert not store.keys.exists(b"z")


def test_an_expired_key_is_gone_for_readers_and_writers(store):
    store.change(lambda keys: keys.set_string(b"k", b"v", 1_000_500))
    assert store.keys.string(b"k") == b"v"
    store.again()
    store.keys.now_ms = 1_000_501
    assert store.keys.string(b"k") is None
    assert store.keys.expired == [b"k"]
    assert list(store.keys.walk()) == []
    store.change(lambda keys: keys.hash(b"k").set_many([(b"f", b"v")]))
    assert store.keys.type_name(b"k") == b"hash"
    assert store.keys.expires_at(b"k") == 0


@pytest.mark.parametrize("keys", [{"foo", "bar"}, {f"k{n}" for n in range(10)}])
def test_randomkey_comes_to_every_key(server, keys):
    with server.wire() as wire:
        wire.call("MSET", *(word for key in keys for word in (key, "x")))
        found = wire.pipeline([["RANDOMKEY"]] * 2000)
    assert {reply[1:].decode() for reply in found} == keys
