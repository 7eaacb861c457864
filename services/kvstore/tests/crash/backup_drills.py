"""D10: backups and restores beside 500 operations a second.

    python backup_drills.py [DRILLS]

A client writes and reads 500 times a second by the clock, whatever the answers take;
first alone, then while backup after backup is made. No operation may fail, the 99th
percentile of the client's times may at most double while a backup runs, and each backup,
restored into an empty folder, must hold exactly what was there at one moment. Figures
depend on the machine: this is a program, not a test.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from statistics import quantiles

sys.path.insert(0, str(Path(__file__).parent.parent / "support"))

from kvstore_process import OurServer

RATE = 500
RING = 997  # commit n writes key n mod RING
BASE_KEYS = 20_000
ALONE_S = 6.0


class Load(threading.Thread):
    """A client that sends by the clock and notes how long each answer took."""

    def __init__(self, server):
        super().__init__()
        self.wire = server.wire()
        self.written = 0
        self.times_s = []
        self.over = threading.Event()
        self.failed = None

    def run(self):
        try:
            due = time.monotonic()
            while not self.over.is_set():
                self.one(due)
                due += 1 / RATE
                time.sleep(max(0.0, due - time.monotonic()))
        except (AssertionError, OSError, EOFError) as error:
            self.failed = error
        finally:
            self.wire.close()

    def one(self, due):
        number = self.written + 1
        if len(self.times_s) % 2:
            reply = self.wire.call("GET", f"ring:{self.written % RING}")
            assert reply == b"$%d" % self.written, reply
        else:
            reply = self.wire.call("SET", f"ring:{number % RING}", number)
            assert reply == b"+OK", reply
            self.written = number
        # From when it was due: a server that stalls delays what would have come.
        self.times_s.append(time.monotonic() - due)

    def stretch(self):
        """Return the times since the last call and begin anew."""
        found, self.times_s = self.times_s[:-1], self.times_s[-1:]
        return found


def kvstore(*words):
    subprocess.run(
        [sys.executable, "-m", "hunch_kvstore", *map(str, words)],
        check=True,
        capture_output=True,
        text=True,
    )


def drill(server, load, folder):
    """Back up, restore, start the restored store, compare all; return the times."""
    least = load.written
    load.stretch()
    kvstore("backup", "--data", server.folder / "data", folder / "copy")
    times_s = load.stretch()
    (folder / "restored").mkdir()
    restored = OurServer(folder / "restored")
    kvstore("restore", "--data", restored.folder / "data", folder / "copy")
    with restored, restored.wire() as wire:
        replies = wire.pipeline([["GET", f"ring:{n}"] for n in range(RING)])
        found = [int(reply[1:]) for reply in replies if reply != b"$-1"]
        newest = max(found)
        assert newest >= least
        first = max(1, newest - RING + 1)
        assert sorted(found) == [*range(first, newest + 1)]
        assert wire.call("DBSIZE") == b":%d" % (BASE_KEYS + len(found))
    return times_s


def p99_ms(times_s):
    return round(quantiles(times_s, n=100)[98] * 1000, 3)


def main():
    drills = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    with (
        tempfile.TemporaryDirectory(prefix="drills-") as name,
        OurServer(Path(name)) as server,
    ):
        with server.wire() as wire:
            for start in range(0, BASE_KEYS, 500):
                wire.pipeline(
                    [["SET", f"k{start + n}", os.urandom(2000)] for n in range(500)]
                )
        load = Load(server)
        load.start()
        time.sleep(1)
        load.stretch()
        time.sleep(ALONE_S)
        alone = p99_ms(load.stretch())
        times_s = []
        for number in range(drills):
            place = Path(name) / f"drill-{number}"
            place.mkdir()
            times_s += drill(server, load, place)
        during = p99_ms(times_s)
        load.over.set()
        load.join()
    row = {"goal": "D10", "drills": drills, "operations_during": len(times_s)}
    row |= {"failed": 0 if load.failed is None else repr(load.failed)}
    row |= {"p99_alone_ms": alone, "p99_during_ms": during}
    row["met"] = load.failed is None and during <= 2 * alone
    print(json.dumps(row))
    return 0 if row["met"] else 1


if __name__ == "__main__":
    sys.exit(main())
