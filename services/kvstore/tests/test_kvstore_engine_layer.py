"""Layers, their merged scan, ranges, the filter, and what to merge when."""

import os
import subprocess
import sys
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hunch_kvstore.engine import StoreDamaged, _merge
from hunch_kvstore.engine._bloom import Bloom
from hunch_kvstore.engine._layer import ENTRY_BYTES, MISSING, Layer, RangeSet
from hunch_kvstore.engine.manifest import SegmentEntry
from hunch_kvstore.engine.merge_choice import MOST_SEGMENTS, choose_merge

KEYS = st.one_of(st.binary(max_size=2), st.integers(0, 60).map(lambda n: b"k%02d" % n))
STOPS = st.one_of(st.none(), KEYS)
CHANGES = st.lists(
    st.one_of(
        st.tuples(st.just("put"), KEYS, st.one_of(st.none(), st.binary(max_size=3))),
        st.tuples(st.just("range"), KEYS, STOPS),
        st.tuples(st.just("look")),
    ),
    max_size=60,
)


def inside(key, start, stop):
    return key >= start and (stop is None or key < stop)


class PlainLayer:
    """The rules of a layer in the fewest words."""

    def __init__(self):
        self.points = {}
        self.ranges = []

    def change(self, change):
        if change[0] == "put":
            self.points[change[1]] = change[2]
        elif change[0] == "range":
            _, start, stop = change
            self.ranges.append((start, stop))
            for key in [key for key in self.points if inside(key, start, stop)]:
                del self.points[key]

    def covers(self, key):
        return any(inside(key, start, stop) for start, stop in self.ranges)


def make(changes):
    layer, plain = Layer(), PlainLayer()
    for change in changes:
        plain.change(change)
        if change[0] == "put":
            layer.put(*change[1:])
        elif change[0] == "range":
            layer.delete_range(*change[1:])
        else:
            assert list(layer.scan(b"", None)) == sorted(plain.points.items())
    return layer, plain


@given(CHANGES, KEYS, STOPS, KEYS)
def test_a_layer_keeps_its_rules(changes, start, stop, key):
    layer, plain = make(changes)
    expected = sorted(
        (key, value) for key, value in plain.points.items() if inside(key, start, stop)
    )
    assert list(layer.scan(start, stop)) == expected
    assert list(layer.scan(start, stop, reverse=True)) == expected[::-1]
    known = None if plain.covers(key) else MISSING
    assert layer.find(key) == plain.points.get(key, known)
    assert layer.size_bytes == sum(
        ENTRY_BYTES + len(key) + len(value or b"")
        for key, value in plain.points.items()
    )
    assert bool(layer) == bool(plain.points or layer.range_list())


@given(st.lists(CHANGES, max_size=5), KEYS, STOPS, st.booleans())
def test_a_merged_scan_shows_the_newest(layers, start, stop, reverse):
    made = [make(changes) for changes in layers]  # from newest to oldest
    state = {}
    for _, plain in reversed(made):
        state = {k: v for k, v in state.items() if not plain.covers(k)} | plain.points
    found = [layer for layer, _ in made]
    expected = sorted(
        (key, value)
        for key, value in state.items()
        if inside(key, start, stop) and value is not None
    )
    if reverse:
        expected.reverse()
    assert list(_merge.scan(found, start, stop, reverse=reverse)) == expected
    for key in [start, *state]:
        assert _merge.find(found, key) == state.get(key)


def test_a_big_layer_scans_from_anywhere():
    """Many blocks, filled in every order, with keys added between scans."""
    numbers = list(range(20_000))
    layer = Layer()
    for number in [*numbers[::3], *numbers[2::3][::-1]]:
        layer.put(b"%06d" % number, b"")
    assert sum(1 for _ in layer.scan(b"", None)) == len(numbers) - len(numbers[1::3])
    for number in numbers[1::3]:
        layer.put(b"%06d" % number, b"")
        if number % 1000 == 1:
            assert next(layer.scan(b"%06d" % number, None))[0] == b"%06d" % number
    everything = [b"%06d" % number for number in numbers]
    assert [key for key, _ in layer.scan(b"", None)] == everything
    assert [key for key, _ in layer.scan(b"", None, reverse=True)] == everything[::-1]
    for first, last in [(0, 1), (511, 513), (255, 1025), (9_999, 20_000), (5, 19_990)]:
        start, stop = b"%06d" % first, b"%06d" % last
        assert [key for key, _ in layer.scan(start, stop)] == everything[first:last]
        back = [key for key, _ in layer.scan(start, stop, reverse=True)]
        assert back == everything[first:last][::-1]
    layer.delete_range(b"000100", b"019900")
    assert [k for k, _ in layer.scan(b"", None)] == everything[:100] + everything[
        19_900:
    ]
    layer.drop(b"", None)
    assert list(layer.scan(b"", None)) == []
    assert layer.size_bytes == 0


@pytest.mark.parametrize("reverse", [False, True])
def test_a_scan_goes_on_while_its_layer_is_written_to(reverse):
    layer = Layer()
    for number in range(2_000):
        layer.put(b"%04d" % number, b"")
    seen = []
    for key, _ in layer.scan(b"", None, reverse=reverse):
        seen.append(key)
        layer.put(key, None)
        layer.put(key + b"!", b"")  # just behind, or ahead: may show or not
        if len(seen) > 5_000:
            break
    assert [key for key in seen if len(key) == 4] == sorted(
        (b"%04d" % number for number in range(2_000)), reverse=reverse
    )
    layer.delete_range(b"", None)
    assert list(layer.scan(b"", None)) == []


@given(st.lists(st.tuples(KEYS, STOPS)), st.lists(KEYS))
def test_ranges_are_merged_and_cover_what_they_should(pairs, keys):
    ranges = RangeSet()
    for start, stop in pairs:
        ranges.add(start, stop)
    merged = list(ranges)
    assert len(merged) == len(ranges)
    assert bool(ranges) == bool(merged)
    for (_, stop), (start, _) in pairwise(merged):
        assert stop is not None
        assert stop < start
    for key in [*keys, *(pair[0] for pair in pairs)]:
        covered = any(inside(key, start, stop) for start, stop in pairs)
        assert ranges.covers(key) == covered
        around = ranges.around(key)
        assert (around is not None) == covered
        assert around is None or inside(key, *around)


def test_a_layer_on_disk_that_cannot_be_read_is_named(tmp_path):
    class Broken:
        ranges = RangeSet()

        def records(self, start, stop, reverse, once):
            yield b"a", b"\0one"
            raise ZeroDivisionError

        def unreadable(self, error):
            return StoreDamaged(tmp_path, None, repr(error), "remedy")

    scan = _merge.scan([Layer(), Broken()], b"", None)
    with pytest.raises(StoreDamaged, match="ZeroDivisionError"):
        list(scan)


def test_wrong_types_are_refused():
    layer = Layer()
    for wrong in ("text", 3, None):
        with pytest.raises(TypeError):
            layer.put(wrong, b"")
        with pytest.raises(TypeError):
            layer.scan(wrong, None)
    with pytest.raises(TypeError):
        layer.put(b"key", "text")
    assert layer.points == {}


def test_the_filter_never_says_no_wrongly_and_rarely_yes():
    keys = [b"key:%d" % number for number in range(20_000)]
    bloom = Bloom(len(keys))
    for key in keys:
        bloom.add(key)
    again = Bloom(bytes(bloom))
    assert all(key in bloom and key in again for key in keys)
    wrong = sum(b"other:%d" % number in bloom for number in range(20_000))
    assert wrong < 20_000 * 0.02
    assert len(bloom) == 25_000


def test_the_filters_hash_is_the_same_in_every_process():
    code = (
        "import sys; from hunch_kvstore.engine._bloom import Bloom\n"
        "b = Bloom(50)\n"
        "for n in range(50): b.add(b'x' * n)\n"
        "print(bytes(b).hex())"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code],
            check=True,
            capture_output=True,
            text=True,
            env=os.environ | {"PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1


def entries(*sizes):
    return tuple(
        SegmentEntry(
            serial=number,
            first_sequence=0,
            last_sequence=0,
            records=0,
            deleted=0,
            size_bytes=size,
            crc32c=0,
            filter_crc32c=0,
        )
        for number, size in enumerate(sizes)
    )


def test_segments_of_like_size_are_merged():
    found = entries(10, 10, 10, 10, 1000)
    assert choose_merge(found, 4) == found[:4]
    assert choose_merge(entries(10, 10, 10, 1000), 4) == ()
    assert choose_merge(entries(10), 4) == ()
    assert choose_merge((), 4) == ()


def test_all_are_merged_when_the_newer_outgrow_the_oldest():
    found = entries(10, 200, 900, 1000)
    assert choose_merge(found, 4) == found


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(2, 6), st.lists(st.integers(1, 1 << 20), min_size=200, max_size=200))
def test_there_are_never_many_segments(width, sizes):
    """Sealing tables of any size, one after the other, keeps the number small."""
    segments, merged_bytes = [], 0
    for number, size in enumerate(sizes):
        segments.insert(
            0,
            entries(size)[0].__class__(
                serial=number,
                first_sequence=0,
                last_sequence=0,
                records=0,
                deleted=0,
                size_bytes=size,
                crc32c=0,
                filter_crc32c=0,
            ),
        )
        while run := choose_merge(tuple(segments), width):
            place = segments.index(run[0])
            total = sum(entry.size_bytes for entry in run)
            merged_bytes += total
            segments[place : place + len(run)] = [
                run[0].__class__(
                    serial=1000 + number,
                    first_sequence=0,
                    last_sequence=0,
                    records=0,
                    deleted=0,
                    size_bytes=total,
                    crc32c=0,
                    filter_crc32c=0,
                )
            ]
        assert len(segments) <= MOST_SEGMENTS
    assert merged_bytes < 12 * sum(sizes)
