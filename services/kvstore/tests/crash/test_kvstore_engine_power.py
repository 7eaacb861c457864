"""Power cuts: what each sync policy has promised is there afterwards, without a hole."""

import os
import random
import shutil
import subprocess
import threading
import time
from contextlib import nullcontext

import pytest
from engine_support import (
    LoopDisk,
    States,
    acks_of,
    kill,
    pages_forced_out,
    start_writer,
    verify,
)

CYCLES = int(os.environ.get("KVSTORE_POWER_CYCLES", "2"))
# Of acknowledgements: while a slow disk makes `flush` wait, none leave.
HARD_BOUND_NS = 2_000_000_000


def read_until_cut(child, seen):
    while data := child.stdout.read1(65536):
        seen.append(data)


@pytest.fixture(params=["ext4", "xfs"])
def disk(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("disk")
    made = LoopDisk(folder, request.param)
    yield made
    subprocess.run(["umount", str(made.place)], check=False, capture_output=True)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.parametrize("sync", ["always", "everysec"])
def test_power_cut_keeps_the_promise(disk, sync):
    rng = random.Random(sync)
    states = States()
    folder = disk.place / "store"
    before = 0
    for cycle in range(CYCLES if sync == "always" else max(1, CYCLES // 2)):
        child = start_writer(folder, sync, memory=rng.choice([60_000, 400_000]))
        seen = []
        reader = threading.Thread(target=read_until_cut, args=(child, seen))
        reader.start()
        deadline = time.monotonic() + 20
        while not seen and time.monotonic() < deadline:
            time.sleep(0.01)
        torn = pages_forced_out(folder, cycle) if torn_pages(cycle) else nullcontext()
        with torn:
            time.sleep(rng.uniform(0.02, 0.5 if sync == "always" else 1.5))
            if cycle % 10 == 9:
                wait_for_seal(folder)
            # Acknowledgements count only up to here: a sync that is under way while
            # the power goes may still say that it went well.
            acks = acks_of(b"".join(seen))
            disk.cut_power()
        child.kill()
        reader.join()
        errors = kill(child)[1]
        disk.remount()
        assert acks, errors
        if cycle % 2:  # and once more while the store is recovering
            crash_during_recovery(disk, folder)
        promised = [
            sequence
            for sequence, at in acks
            if sync == "always" or at < acks[-1][1] - HARD_BOUND_NS
        ]
        least = max([before, *promised[-1:]])
        before = verify(folder, least, states)


def wait_for_seal(folder):
    """Let a life last until something is sealed: short ones only fill the disk."""
    manifest = folder / "MANIFEST"
    before, deadline = manifest.read_bytes(), time.monotonic() + 20
    while manifest.read_bytes() == before and time.monotonic() < deadline:
        time.sleep(0.01)


def torn_pages(cycle):
    return cycle % 3 == 0


def crash_during_recovery(disk, folder):
    child = start_writer(folder, "always")
    time.sleep(0.15)
    disk.cut_power()
    kill(child)
    disk.remount()
