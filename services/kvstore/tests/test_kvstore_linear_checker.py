"""The linearizability checker: known verdicts, and stores that are wrong on purpose."""

import random
import time
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kvstore_history import START, record, step, value_of
from kvstore_linear import FOREVER, UNKNOWN, Operation, first_broken, is_linearizable

GET, SET1, SET2 = ("get", 0), ("set", 0, 1), ("set", 0, 2)

# (call, return, what, result)
KNOWN = {
    "nothing happened": (True, []),
    "reads see the last write": (True, [(0, 1, SET1, "OK"), (2, 3, GET, 1)]),
    "a read before a write": (False, [(0, 1, GET, 1), (2, 3, SET1, "OK")]),
    "a stale read": (False, [(0, 1, SET1, "OK"), (2, 3, GET, None)]),
    "a read during a write, old": (True, [(0, 3, SET1, "OK"), (1, 2, GET, None)]),
    "a read during a write, new": (True, [(0, 3, SET1, "OK"), (1, 2, GET, 1)]),
    "new, then old, during one write": (
        False,
        [(0, 9, SET1, "OK"), (1, 2, GET, 1), (3, 4, GET, None)],
    ),
    "two writes at once, seen in one order": (
        True,
        [(0, 9, SET1, "OK"), (0, 9, SET2, "OK"), (1, 2, GET, 2), (3, 4, GET, 1)],
    ),
    "two writes at once, seen in both orders": (
        False,
        [
            *((0, 2, SET1, "OK"), (0, 2, SET2, "OK")),
            *((3, 4, GET, 2), (5, 6, GET, 1)),
        ],
    ),
    "an unknown write that is seen": (
        True,
        [(0, FOREVER, SET1, UNKNOWN), (1, 2, GET, None), (3, 4, GET, 1)],
    ),
    "an unknown write that never happened": (
        True,
        [(0, FOREVER, SET1, UNKNOWN), (1, 2, GET, None), (3, 4, GET, None)],
    ),
    "an unknown write that comes and goes": (
        False,
        [
            *((0, FOREVER, SET1, UNKNOWN), (1, 2, GET, None)),
            *((3, 4, GET, 1), (5, 6, GET, None)),
        ],
    ),
    "an unknown write before its call": (
        False,
        [(0, 1, GET, 1), (2, FOREVER, SET1, UNKNOWN)],
    ),
    "one increment counted twice": (
        False,
        [(0, 1, ("incr", 0, 1), 1), (2, 3, ("incr", 0, 1), 3)],
    ),
    "an unknown increment counted once": (
        True,
        [(0, FOREVER, ("incr", 0, 1), UNKNOWN), (2, 3, ("incr", 0, 1), 2)],
    ),
    "an unknown increment counted twice": (
        False,
        [(0, FOREVER, ("incr", 0, 1), UNKNOWN), (2, 3, ("incr", 0, 1), 3)],
    ),
    "half a transaction": (
        False,
        [(0, 1, ("move", None, 5), (-5, 5)), (2, 3, ("both", None), (-5, None))],
    ),
    "two that both set a new key": (
        False,
        [(0, 9, ("new", 0, 1), "OK"), (0, 9, ("new", 0, 2), "OK")],
    ),
    "two swaps of one value": (
        False,
        [(0, 9, ("swap", 0, 1, None), "OK"), (0, 9, ("swap", 0, 2, None), "OK")],
    ),
    "a deleted key that comes back": (
        False,
        [
            *((0, 1, SET1, "OK"), (2, 3, ("delete", 0), 1)),
            *((4, 5, GET, None), (6, 7, GET, 1)),
        ],
    ),
}


def operations(rows):
    return [Operation(what, result, *times) for *times, what, result in rows]


@pytest.mark.parametrize("name", KNOWN)
def test_known_verdicts(name):
    verdict, rows = KNOWN[name]
    assert is_linearizable(operations(rows), step, START) == verdict


CALLS = st.one_of(
    *(st.tuples(st.just(kind), st.just(0)) for kind in ("get", "delete", "take")),
    st.tuples(st.sampled_from(["set", "incr", "new"]), st.just(0), st.integers(1, 2)),
    st.tuples(st.just("both"), st.none()),
    st.tuples(st.just("move"), st.none(), st.just(1)),
)
RESULTS = st.sampled_from(
    [None, "OK", 0, 1, 2, UNKNOWN, (None, None), (1, None), (-1, 1), (-2, 2)]
)


@st.composite
def small_histories(draw):
    """Up to six operations, half of them with the result one order would give."""
    rows, state = [], START
    for _ in range(draw(st.integers(1, 6))):
        what = draw(CALLS)
        called = draw(st.integers(0, 8))
        returned = called + draw(st.integers(0, 4))
        possible = [
            result
            for result in [None, "OK", *range(-4, 9), state, (-1, 1), (-2, 2)]
            if step(state, what, result) is not None
        ]
        result = draw(st.sampled_from(possible) if possible else RESULTS)
        if draw(st.integers(0, 4)) == 0:
            result = draw(RESULTS)
        state = step(state, what, UNKNOWN)
        if result is UNKNOWN:
            returned = FOREVER
        rows.append(Operation(what, result, called, returned))
    return rows


def by_trying_all_orders(history):
    """The definition: some order that keeps the times explains every result."""
    for order in permutations(history):
        called = -1
        state = START
        for operation in order:
            called = max(called, operation.called)
            state = step(state, operation.what, operation.result)
            if state is None or operation.returned < called:
                break
        else:
            return True
    return False


@settings(max_examples=400, deadline=None)
@given(small_histories())
def test_it_agrees_with_trying_all_orders(history):
    assert is_linearizable(history, step, START) == by_trying_all_orders(history)


# -- stores that are wrong on purpose ------------------------------------------------


class Faulty:
    """A connection to the real store that does one thing wrong now and then."""

    rate = 0.15

    def __init__(self, wire, shared):
        self.wire = wire
        self.shared = shared  # what all connections of one store know
        self.rng = random.Random()

    def close(self):
        self.wire.close()

    def strikes(self, words, *names):
        return words[0] in names and self.rng.random() < self.rate

    def call(self, *words):
        return self.wire.call(*words)

    def undone(self, *words):
        """Run a command, put back what its key held before, give its reply."""
        before = self.wire.call("GET", words[1])
        reply = self.wire.call(*words)
        if before != b"_":
            self.wire.call("SET", words[1], before[1:])
        return reply

    def pipeline(self, commands):
        return self.wire.pipeline(commands)


class StaleRead(Faulty):
    """Answers a read with what another read has seen some time ago."""

    def call(self, *words):
        if words[0] != "GET":
            return super().call(*words)
        old = self.shared.get(words)
        if old is not None and self.strikes(words, "GET"):
            return old
        reply = super().call(*words)
        if old is None or self.rng.random() < 0.2:
            self.shared[words] = reply
        return reply


class LostWrite(Faulty):
    """Acknowledges a write and forgets it."""

    def call(self, *words):
        if self.strikes(words, "SET") and words[-1] != "NX":
            return b"+OK"
        return super().call(*words)


class LateWrite(Faulty):
    """Acknowledges a write that comes into force with this client's next command."""

    late = None

    def call(self, *words):
        if self.late is not None:
            super().call(*self.late)
            self.late = None
        if self.strikes(words, "SET") and words[-1] != "NX":
            self.late = words
            return b"+OK"
        return super().call(*words)


class LostTail(Faulty):
    """Goes back to what a key was before the last write, as an unsynced log would."""

    def call(self, *words):
        if not self.strikes(words, "SET") or words[-1] == "NX":
            return super().call(*words)
        return self.undone(*words)


class HalfTransaction(Faulty):
    """Does the first half of a transaction and answers for the whole."""

    def pipeline(self, commands):
        if len(commands) == 4 and self.rng.random() < self.rate:
            at = commands[2][1]
            before = value_of(self.wire.call("GET", at)) or 0
            first = self.wire.call(*commands[1])
            return [("*", first, b":%d" % (before + commands[2][2]))]
        return super().pipeline(commands)


class TornTransaction(Faulty):
    """Lets others in between the two commands of a transaction."""

    def pipeline(self, commands):
        if len(commands) == 4:
            first = self.wire.call(*commands[1])
            time.sleep(0.001)
            return [("*", first, self.wire.call(*commands[2]))]
        return super().pipeline(commands)


class DoubleIncrement(Faulty):
    """Applies an increment twice, as a retry after a lost answer would."""

    def call(self, *words):
        if self.strikes(words, "INCRBY"):
            self.wire.call(*words)
        return super().call(*words)


class NoWatch(Faulty):
    """Does not watch what it was told to watch."""

    def pipeline(self, commands):
        if commands[0][0] == "WATCH":
            time.sleep(0.001)
            return [b"+OK", self.wire.call(*commands[1])]
        return super().pipeline(commands)


class Resurrected(Faulty):
    """Brings a deleted key back."""

    def call(self, *words):
        if not self.strikes(words, "DEL", "GETDEL"):
            return super().call(*words)
        return self.undone(*words)


class TornRead(Faulty):
    """Reads two keys one after the other."""

    def call(self, *words):
        if words[0] != "MGET":
            return super().call(*words)
        first = self.wire.call("GET", words[1])
        time.sleep(0.001)
        return ("*", first, self.wire.call("GET", words[2]))


class NewThoughItIsThere(Faulty):
    """Takes SET NX for SET."""

    def call(self, *words):
        if self.strikes(words, "SET") and words[-1] == "NX":
            words = words[:-1]
        return super().call(*words)


class Forgetful(Faulty):
    """Finds no key there that is."""

    def call(self, *words):
        return b"_" if self.strikes(words, "GET") else super().call(*words)


def test_the_store_itself_passes(server):
    history = record(server.wire, 1000)
    assert len(history) == 1000
    assert first_broken(history.parts, step, START) is None


@pytest.mark.parametrize("faulty", Faulty.__subclasses__())
def test_a_store_that_is_wrong_is_found_out(server, faulty):
    shared = {}
    history = record(lambda: faulty(server.wire(), shared), 1000)
    assert first_broken(history.parts, step, START) is not None
