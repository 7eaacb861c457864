"""The same commands against our store and redis-server 7: the same replies.

``KVSTORE_COMPAT_COMMANDS`` sets how many made-up commands the long run sends; the
default keeps it within seconds.
"""

from __future__ import annotations

import os
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kvstore_compare import same
from kvstore_generate import Maker
from kvstore_wire import pack

COMMANDS = int(os.environ.get("KVSTORE_COMPAT_COMMANDS", "100000"))
BATCH = 100


def run(pair, commands, resp):
    """Send one batch to both servers on fresh connections, on an empty store."""
    head = [[b"FLUSHALL"], [b"HELLO", b"%d" % resp]]
    replies = []
    for server in pair:
        with server.wire() as wire:
            wire.sock.sendall(b"".join(map(pack, [*head, *commands])))
            replies.append([wire.read() for _ in range(len(commands) + 2)][2:])
    return replies


def first_difference(pair, commands, resp):
    """Return what differs first, with the commands that lead there; None if nothing."""
    ours, theirs = run(pair, commands, resp)
    for at, words in enumerate(commands):
        if not same(words, ours[at], theirs[at]):
            return at, ours[at], theirs[at]
    return None


def shrink(pair, commands, resp):
    """Drop commands as long as the last one still differs."""
    found = first_difference(pair, commands, resp)
    assert found is not None
    commands = commands[: found[0] + 1]
    size = max(len(commands) // 2, 1)
    while size:
        at = 0
        while at < len(commands) - 1:
            fewer = commands[:at] + commands[at + size :]
            try:
                again = first_difference(pair, fewer, resp) if fewer else None
            except EOFError:
                again = None
            if again is not None and len(fewer) < len(commands):
                commands = fewer[: again[0] + 1]
            else:
                at += size
        size //= 2
    return commands, first_difference(pair, commands, resp)


def check(pair, commands, resp):
    if first_difference(pair, commands, resp) is None:
        return
    fewest, difference = shrink(pair, commands, resp)
    lines = "\n".join(repr(words) for words in fewest)
    if difference is None:
        pytest.fail(f"differed once, not again (RESP{resp}):\n{lines}")
    _, ours, theirs = difference
    pytest.fail(f"RESP{resp}\n{lines}\n ours:   {ours!r}\n theirs: {theirs!r}")


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(rng=st.randoms(use_true_random=False), resp=st.sampled_from([2, 3]))
def test_made_up_commands_get_the_same_replies(pair, rng, resp):
    maker = Maker(rng)
    check(pair, maker.batch(12), resp)


def test_a_hundred_thousand_commands_get_the_same_replies(pair):
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    rng = random.Random(seed)
    maker = Maker(rng)
    for batch in range(COMMANDS // BATCH):
        check(pair, maker.batch(BATCH), 2 + batch % 2)
