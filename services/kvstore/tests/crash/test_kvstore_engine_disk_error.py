"""The k-th disk operation fails, for every k: no acknowledgement after it, none lost."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from engine_support import States, acks_of, start_writer, verify

SHIM = Path(__file__).with_name("faulty_disk.c")
STRIDE = int(os.environ.get("KVSTORE_FAULT_STRIDE", "29"))
COMMITS = 60


@pytest.fixture(scope="module")
def shim(tmp_path_factory):
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("needs a C compiler")
    library = tmp_path_factory.mktemp("shim") / "faulty_disk.so"
    words = [compiler, "-O1", "-shared", "-fPIC", "-o", str(library), str(SHIM), "-ldl"]
    subprocess.run(words, check=True)
    return library


def run_with_fault(folder, shim, at, log, sync, *, dropped):
    environ = {
        "LD_PRELOAD": str(shim),
        "FAULT_FOLDER": str(folder),
        "FAULT_AT": str(at),
        "FAULT_LOG": str(log),
    }
    if dropped:
        environ["FAULT_DROP"] = "1"
    child = start_writer(folder, sync, memory=30_000, commits=COMMITS, environ=environ)
    began = time.monotonic()
    out, err = child.communicate()
    assert time.monotonic() - began < 10
    return child.returncode, acks_of(out), err.decode()


@pytest.mark.parametrize("dropped", [False, True], ids=["kept", "dropped"])
@pytest.mark.parametrize("sync", ["always", "everysec"])
def test_each_failing_call(tmp_path, shim, sync, dropped):
    at, refusals, states = 1, 0, States()
    while True:
        folder, log = tmp_path / f"store-{at}", tmp_path / f"fault-{at}"
        code, acks, said = run_with_fault(folder, shim, at, log, sync, dropped=dropped)
        if not log.exists():
            assert code == 0
            assert at > 20
            break
        what = f"call {at}: {log.read_text().strip()}: {said}"
        last = acks[-1][0] if acks else 0
        if code == 0:
            # It hit a child that seals, or a file that may stay a while: tried again.
            assert last >= COMMITS, what
        else:
            refusals += 1
            assert "StoreFailed" in said or not acks, what
            assert "took a write" not in said, what
        # What the disk has dropped under everysec was within the last second.
        least = 0 if sync == "everysec" and dropped else last
        if folder.exists():
            verify(folder, least, states, most=last + 8)
        shutil.rmtree(folder, ignore_errors=True)
        at += STRIDE
    assert refusals
