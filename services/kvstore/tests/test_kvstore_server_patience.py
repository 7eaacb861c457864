"""When a server without work looks again before it sleeps."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunch_kvstore.server._patience import Patience

ROUNDS = 256  # between two judgements


def under_load(most_us=20):
    patience = Patience(most_us)
    for _ in range(ROUNDS):
        patience.found()
    return patience


def test_looks_again_under_load_only():
    patience = Patience(20)
    assert patience.most_ns == 20_000
    assert not patience.is_worthwhile()
    patience.found()
    assert patience.is_worthwhile()
    assert not under_load(most_us=0).is_worthwhile()


def test_in_vain_it_soon_looks_no_more():
    patience = under_load()
    looks = 0
    while patience.is_worthwhile():
        patience.missed()
        looks += 1
    assert looks <= 8


@pytest.mark.parametrize(("found", "keeps"), [(9, True), (4, True), (3, False)])
def test_four_looks_of_five_have_to_find_something(found, keeps):
    patience = under_load()
    for _ in range(100):
        for _ in range(found):
            patience.found()
        patience.missed()
    assert patience.is_worthwhile() is keeps


def test_gives_way_to_others_and_comes_back():
    patience = under_load()
    patience.judge(100)
    assert not patience.is_worthwhile()
    patience.judge(100 + 7)
    assert patience.is_worthwhile()
    patience.judge(107 + 8)
    assert not patience.is_worthwhile()


@given(st.integers(0, 3 * ROUNDS))
def test_is_judged_every_so_many_rounds(rounds):
    patience = Patience(20)
    due = [patience.is_due() for _ in range(rounds)]
    assert [number for number, is_due in enumerate(due, 1) if is_due] == list(
        range(ROUNDS, rounds + 1, ROUNDS)
    )
