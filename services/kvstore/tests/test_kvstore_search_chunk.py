"""Chunks of document numbers: one suite over the compiled and the plain loops."""

import struct
from array import array
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunch_kvstore.search import _chunk, plain
from hunch_kvstore.search.chunk import between, merged

BOTH = pytest.mark.parametrize("loops", [_chunk, plain], ids=["compiled", "plain"])
NUMBERS = st.builds(
    lambda found, shift, ties: array(
        "Q", sorted({(n << shift) | (n % (ties + 1)) for n in found})
    ),
    st.one_of(
        st.sets(st.integers(1, 2**40 - 1), max_size=200),
        st.sets(st.integers(1, 2000), max_size=200),
    ),
    st.sampled_from([0, 3, 24]),
    st.sampled_from([0, 0, 3, 255, 256]),
)


@BOTH
@given(numbers=NUMBERS)
def test_a_chunk_gives_its_numbers_back(loops, numbers):
    if numbers:
        raw = loops.encode(numbers)
        assert loops.decode(raw) == numbers
        assert _chunk.encode(numbers) == plain.encode(numbers) == raw


@BOTH
def test_documents_of_one_moment_take_a_byte_more(loops):
    alone = array("Q", [number << 24 for number in range(1, 1000, 9)])
    shared = array("Q", sorted([*alone, *(number | 1 for number in alone[1:])]))
    assert len(loops.encode(alone)) < 12 + len(alone)
    assert len(loops.encode(shared)) < 12 + 2 * len(shared)


@BOTH
@given(numbers=NUMBERS)
def test_a_chunk_of_the_first_form_is_still_read(loops, numbers):
    if numbers:
        gaps = [b - a for a, b in pairwise(numbers)]
        head = struct.pack("<HBBQ", len(numbers), 0, 8, numbers[0])
        raw = head + struct.pack(f"<{len(gaps)}Q", *gaps)
        assert loops.decode(raw) == numbers
        assert loops.kept([raw], array("Q", numbers[-1:]), numbers) == numbers


@BOTH
@given(left=NUMBERS, right=NUMBERS)
def test_runs_combine_as_sets_do(loops, left, right):
    one, two = set(left), set(right)
    assert list(loops.common(left, right)) == sorted(one & two)
    assert list(loops.union(left, right)) == sorted(one | two)
    assert list(loops.without(left, right)) == sorted(one - two)


@BOTH
@given(
    numbers=NUMBERS,
    cuts=st.sets(st.integers(1, 199)),
    asked=NUMBERS,
    every=st.integers(1, 9),
)
def test_a_row_of_chunks_is_one_run(loops, numbers, cuts, asked, every):
    ends = sorted({min(cut, len(numbers)) for cut in cuts} | {0, len(numbers)})
    rows = [numbers[a:b] for a, b in pairwise(ends)]
    raws = [loops.encode(row) for row in rows]
    lasts = array("Q", [row[-1] for row in rows])
    assert loops.joined(raws) == numbers
    some = array("Q", sorted({*asked, *numbers[::every]}))
    assert list(loops.kept(raws, lasts, some)) == sorted(set(some) & set(numbers))


@BOTH
def test_the_last_number_of_all_is_kept(loops):
    numbers = array("Q", [5, 2**64 - 1])
    assert (
        loops.kept([loops.encode(numbers)], array("Q", [2**64 - 1]), numbers) == numbers
    )


@given(numbers=NUMBERS, low=st.integers(0, 2**64 - 1), high=st.integers(0, 2**64 - 1))
def test_between_cuts(numbers, low, high):
    assert list(between(numbers, low, high)) == [n for n in numbers if low <= n <= high]


@given(st.lists(NUMBERS, max_size=5))
def test_merged_is_the_union(runs):
    assert list(merged(runs)) == sorted(set().union(*runs))


@BOTH
def test_the_widest_gaps(loops):
    numbers = array("Q", [1, 2, 2**64 - 1])
    assert loops.decode(loops.encode(numbers)) == numbers


@BOTH
def test_a_run_of_close_numbers_takes_a_byte_each(loops):
    numbers = array("Q", [n << 24 for n in range(1, 1025)])
    assert len(loops.encode(numbers)) == 12 + 1023


@BOTH
@given(raw=st.binary(max_size=40))
def test_bytes_that_are_no_chunk_are_refused_or_read_within_bounds(loops, raw):
    try:
        found = loops.decode(raw)
    except ValueError as error:
        assert "damaged" in str(error)  # noqa: PT017
    else:
        assert len(found) == raw[0] | raw[1] << 8


def test_only_arrays_of_64_bits_are_taken():
    with pytest.raises(TypeError):
        _chunk.common(array("I", [1]), array("Q", [1]))
    with pytest.raises(TypeError):
        _chunk.union([1], [2])
    with pytest.raises(ValueError, match="as many"):
        _chunk.kept([], array("Q", [1]), array("Q", [1]))
    with pytest.raises(ValueError, match="holds"):
        _chunk.encode(array("Q"))
