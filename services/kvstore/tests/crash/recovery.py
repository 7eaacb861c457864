"""D9: how long a server that was killed takes to be ready again.

    python recovery.py 100mb:2 1gb:10

Each word is how much is written before the SIGKILL and the goal in seconds. Until the
server is ready it takes no connections, so ready is when the first PING is answered;
then what was written last must be there. Figures depend on the machine: this is a
program, not a test.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "support"))

from kvstore_process import OurServer

VALUE_BYTES = 2000
BATCH = 500
UNITS = {"mb": 1 << 20, "gb": 1 << 30}


def fill(server, size):
    """Write `size` bytes of values; return how many keys that were."""
    noise = os.urandom(VALUE_BYTES + BATCH)
    with server.wire(60) as wire:
        for start in range(0, size // VALUE_BYTES, BATCH):
            commands = [
                ["SET", f"key:{start + n}", noise[n : n + VALUE_BYTES]]
                for n in range(BATCH)
            ]
            assert set(wire.pipeline(commands)) == {b"+OK"}
    return start + BATCH


def cpu_s(pid):
    """Return the processor time a process has used, which a busy machine changes less."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def recover(size):
    """Return (seconds to be ready, of which on a processor, bytes on the disk)."""
    with (
        tempfile.TemporaryDirectory(prefix="recovery-") as folder,
        OurServer(Path(folder)) as server,
    ):
        keys = fill(server, size)
        server.kill()
        data = Path(folder) / "data"
        held = sum(path.stat().st_blocks * 512 for path in data.iterdir())
        began = time.monotonic()
        server.start()
        took_s = time.monotonic() - began
        used_s = cpu_s(server.process.pid)
        with server.wire(60) as wire:
            newest = wire.call("STRLEN", f"key:{keys - 1}")
            assert newest == b":%d" % VALUE_BYTES
            assert wire.call("DBSIZE") == b":%d" % keys
    return took_s, used_s, held


def main():
    is_met = True
    for word in sys.argv[1:] or ["100mb:2", "1gb:10"]:
        text, _, goal = word.partition(":")
        took_s, used_s, held = recover(int(text[:-2]) * UNITS[text[-2:]])
        row = {"goal": "D9", "written": text, "disk_bytes": held}
        row |= {
            "ready_s": round(took_s, 2),
            "cpu_s": used_s,
            "goal_s": float(goal or "inf"),
        }
        row["met"] = took_s <= row["goal_s"]
        is_met = is_met and row["met"]
        print(json.dumps(row), flush=True)
    return 0 if is_met else 1


if __name__ == "__main__":
    sys.exit(main())
