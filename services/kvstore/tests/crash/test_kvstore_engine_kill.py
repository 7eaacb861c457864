"""SIGKILL at any moment loses no acknowledged commit, and halves none."""

import os
import random
import time

import pytest
from engine_support import States, acks_of, kill, start_writer, verify

CYCLES = int(os.environ.get("KVSTORE_KILL_CYCLES", "8"))


@pytest.mark.parametrize("sync", ["always", "everysec", "no"])
def test_kill_loses_nothing_acknowledged(tmp_path, sync):
    folder = tmp_path / "store"
    rng = random.Random(sync)
    states = States()
    total = sequence = 0
    for _ in range(max(1, CYCLES // 3)):
        # Little memory, so that seals and merges are under way at the kill too.
        child = start_writer(folder, sync, memory=rng.choice([30_000, 200_000]))
        head = child.stdout.read(16)  # it has opened the store and written
        time.sleep(rng.uniform(0, 0.25))
        rest, errors = kill(child)
        acks = acks_of(head + rest)
        assert acks, errors
        total += len(acks)
        assert acks[-1][0] > sequence
        sequence = verify(folder, acks[-1][0], states)
    assert total > CYCLES


@pytest.mark.parametrize("sync", ["always", "everysec", "no"])
def test_a_clean_end_leaves_every_commit(tmp_path, sync):
    child = start_writer(tmp_path / "store", sync, memory=50_000, commits=500)
    out, err = child.communicate()
    assert child.returncode == 0, err
    last = acks_of(out)[-1][0]
    assert last >= 500
    assert verify(tmp_path / "store", last, States(), most=last) == last
