"""Nothing calls sched_yield() in the C library any more; see yields.h."""

import platform
import subprocess
import sys

import pytest

# A filter for system calls: sched_yield ends the process, all others are allowed.
PROGRAM = """
import ctypes, os, struct, sys
from pathlib import Path
from tokyocabinet import ADB, BDB, FDB, HDB, TDB
number = {"x86_64": 24, "aarch64": 124}[os.uname().machine]
steps = [
    (0x20, 0, 0, 0),                # load the number of the call
    (0x15, 0, 1, number),           # is it sched_yield?
    (0x06, 0, 0, 0x80000000),       # end the process
    (0x06, 0, 0, 0x7FFF0000),       # let it pass
]
code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *s) for s in steps))
head = struct.pack("@HP", len(steps), ctypes.addressof(code))
libc = ctypes.CDLL(None, use_errno=True)
if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, head, 0, 0):
    sys.exit(77)
if sys.argv[1] == "control":
    os.sched_yield()
folder = Path(sys.argv[2])
for db in (HDB(folder / "h", "n"), BDB(folder / "b", "n"), ADB("*"), ADB("+")):
    for number in range(3000):
        db.put(b"%d" % number, b"value")
    db.put_many((b"%d" % number, b"value") for number in range(3000))
    assert db.fwmkeys(b"29", -1) and db.out(b"7")
    db.close()
with FDB(folder / "f", "n") as array, TDB(folder / "t", "n") as rows:
    rows.setindex("name", "lexical")
    for number in range(1, 1000):
        array.put(number, b"value")
        rows.put(b"%d" % number, {"name": "value"})
    assert len(rows.query().filter("name", "STREQ", "value").search()) == 999
sys.exit(5)
"""


def run(what, folder):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, what, str(folder)], capture_output=True
    )
    if done.returncode == 77:
        pytest.skip("this system has no filters for system calls")
    return done


@pytest.mark.skipif(
    platform.machine() not in ("x86_64", "aarch64") or sys.platform != "linux",
    reason="the numbers of system calls are known for two machines",
)
def test_the_c_library_does_not_yield(tmp_path):
    assert run("control", tmp_path).returncode == -31  # SIGSYS: the filter works
    done = run("databases", tmp_path)
    assert (done.returncode, done.stderr[-500:]) == (5, b"")
