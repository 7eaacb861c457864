"""Memory that runs out at any point: the process may end, the store holds."""

import os

import pytest
from engine_support import States, acks_of, start_writer, verify

STEPS = int(os.environ.get("KVSTORE_MEMORY_STEPS", "3"))
MOST = 24 << 20


@pytest.mark.parametrize("memory", [40_000, 1 << 30], ids=["sealing", "log only"])
def test_memory_runs_out(tmp_path, memory):
    states = States()
    failed = 0
    for step in range(STEPS):
        headroom = MOST * (step + 1) // STEPS if step else 4096
        child = start_writer(
            tmp_path / "store",
            "always",
            memory=memory,
            commits=300,
            environ={"WRITER_HEADROOM": str(headroom)},
        )
        out, err = child.communicate()
        failed += child.returncode != 0
        acks = acks_of(out)
        assert acks or child.returncode, err
        verify(tmp_path / "store", acks[-1][0] if acks else 0, states)
    assert failed or memory > 1 << 20
