"""Clients that do random operations on a few pairs of keys, and remember what they saw.

Every pair has two counters, `a` and `b`; its state is (value of a, value of b), None
where there is no key. `step` is what Redis promises of each operation.
"""

from __future__ import annotations

import itertools
import random
import threading
import time
from collections import defaultdict

from kvstore_linear import FOREVER, UNKNOWN, Operation

PAIRS = 5
START = (None, None)
KINDS = ["get"] * 4 + ["set"] * 3 + ["incr"] * 3 + ["delete", "take", "new", "swap"]
KINDS += ["swap", "move", "move", "both", "both"]


def step(state, what, result):
    """Return the state after an operation, None if it cannot have had this result."""
    kind, at, *words = what
    old = state[at] if at is not None else None
    seen, new = _answers(kind, old, state, words)
    if result is not UNKNOWN and result != seen:
        return None
    if kind == "move":
        return new
    if kind == "both" or new == old:
        return state
    return (new, state[1]) if at == 0 else (state[0], new)


def _answers(kind, old, state, words):
    """Return (what it answers, what is there then)."""
    if kind == "get":
        return old, old
    if kind == "set":
        return "OK", words[0]
    if kind == "incr":
        new = (old or 0) + words[0]
        return new, new
    if kind == "delete":
        return int(old is not None), None
    if kind == "take":
        return old, None
    if kind == "new":
        return ("OK", words[0]) if old is None else (None, old)
    if kind == "swap":  # words: the new value, and the value the client has seen
        return ("OK", words[0]) if old == words[1] else ("seen", old)
    if kind == "move":
        new = ((state[0] or 0) - words[0], (state[1] or 0) + words[0])
        return new, new
    assert kind == "both"
    return state, None


class History:
    """What all clients saw, by pair of keys; and how far they are."""

    def __init__(self, operations):
        self.parts = defaultdict(list)
        self.operations = operations
        self.begun = itertools.count()
        self.progress = 0
        self.values = itertools.count(1000)
        self.errors = []

    @property
    def unknown(self):
        return sum(op.result is UNKNOWN for ops in self.parts.values() for op in ops)

    def __len__(self):
        return sum(map(len, self.parts.values()))


class Client(threading.Thread):
    """One client: connects again whenever it is cut off or left without an answer.

    Args:
        connect: Makes a connection with `call` and `pipeline`; may raise OSError.
    """

    def __init__(self, history, connect, seed, enter=None, pace_s=0.0):
        super().__init__(daemon=True)
        self.pace_s = pace_s
        self.history = history
        self.connect = connect
        self.rng = random.Random(seed)
        self.wire = None
        self.enter = enter

    def run(self):
        try:
            if self.enter is not None:
                self.enter()
            while (number := next(self.history.begun)) < self.history.operations:
                self.history.progress = number
                self.operate(f"p{self.rng.randrange(PAIRS)}")
                if self.pace_s:
                    time.sleep(self.pace_s)
        except Exception as error:
            self.history.errors.append(error)
            raise
        finally:
            if self.wire is not None:
                self.wire.close()

    def operate(self, pair):
        kind = self.rng.choice(KINDS)
        at = None if kind in ("move", "both") else self.rng.randrange(2)
        what = [kind, at]
        if kind in ("set", "new", "swap"):
            what.append(next(self.history.values))
        elif kind in ("incr", "move"):
            what.append(self.rng.randint(1, 9))
        while self.wire is None:
            self.enter_store()
        called = time.monotonic_ns()
        try:
            result = self.perform(pair, what)
            returned = time.monotonic_ns()
        except (OSError, EOFError):
            self.wire.close()
            self.wire = None
            result, returned = UNKNOWN, FOREVER
        if result is UNKNOWN and (
            kind in ("get", "both") or (kind == "swap" and len(what) == 3)
        ):
            return  # it changed nothing, or was not even sent
        self.history.parts[pair].append(
            Operation(tuple(what), result, called, returned)
        )

    def enter_store(self):
        try:
            wire = self.connect()
        except OSError:
            time.sleep(0.01)
            return
        try:
            # In RESP2 `Wire` shows no key and the value -1 alike.
            wire.call("HELLO", "3")
        except (OSError, EOFError):
            wire.close()
        else:
            self.wire = wire

    def perform(self, pair, what):
        kind, at, *words = what
        keys = [f"{pair}:a", f"{pair}:b"]
        key = keys[at] if at is not None else None
        if kind == "swap":
            return self.swap(key, what)
        if kind == "move":
            replies = self.wire.pipeline(
                [
                    ["MULTI"],
                    ["DECRBY", keys[0], words[0]],
                    ["INCRBY", keys[1], words[0]],
                    ["EXEC"],
                ]
            )
            return tuple(map(value_of, replies[-1][1:]))
        commands = {
            "get": ["GET", key],
            "set": ["SET", key, *words],
            "incr": ["INCRBY", key, *words],
            "delete": ["DEL", key],
            "take": ["GETDEL", key],
            "new": ["SET", key, *words, "NX"],
            "both": ["MGET", *keys],
        }
        return value_of(self.wire.call(*commands[kind]))

    def swap(self, key, what):
        """Set a value if nobody has changed the key since it was read."""
        _, seen = self.wire.pipeline([["WATCH", key], ["GET", key]])
        what.append(value_of(seen))
        done = self.wire.pipeline([["MULTI"], ["SET", key, what[2]], ["EXEC"]])[-1]
        if isinstance(done, tuple):
            return "OK"
        assert done == b"_", done
        what[:] = ["get", what[1]]  # another was quicker: it has only read
        return value_of(seen)


def value_of(reply):
    """Return what a reply says: a number, None, "OK", or a tuple of such."""
    if isinstance(reply, tuple):
        return tuple(map(value_of, reply[1:]))
    if reply == b"_":
        return None
    if reply == b"+OK":
        return "OK"
    assert reply[:1] in b"$:", reply
    return int(reply[1:])


def record(
    connect, operations, *, clients=8, seed=0, disturb=None, enter=None, pace_s=0.0
):
    """Let clients work and return what they saw.

    Args:
        disturb: Called with the history once the clients have begun.
        enter: Called in each client's thread before it connects.
        pace_s: How long a client rests after each operation.
    """
    history = History(operations)
    threads = [
        Client(history, connect, f"{seed}:{number}", enter, pace_s)
        for number in range(clients)
    ]
    for thread in threads:
        thread.start()
    if disturb is not None:
        disturb(history)
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive(), "a client does not come to an end"
    assert not history.errors, history.errors
    return history
