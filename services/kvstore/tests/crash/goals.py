"""Runs the crash tests at their full counts, goal by goal, and sums up.

    python goals.py [--only D5,D7] [--anew]

Each part of a goal is one run of pytest or of a program. What passed is noted in
build/crash-goals.json with the commit; a later run on it goes on with the rest,
so hours of tests can be had in pieces. `--anew` forgets what was noted.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import time
from dataclasses import dataclass, field
from os import environ
from pathlib import Path

CRASH = Path(__file__).parent
TESTS = CRASH.parent
ROOT = TESTS.parents[2]
NOTES = ROOT / "build" / "crash-goals.json"
SUMMARY = re.compile(r"^=* ?((?:\d+ \w+,? ?)+) in [\d.]+s", re.MULTILINE)


@dataclass(frozen=True)
class Part:
    """One run.

    Attributes:
        goal: Of notes on reliability, D1 to D10.
        says: What it does, with the count.
        what: Files of tests, or a program and its arguments.
        counts: Environment that sets the full count.
        tests: Which tests of the files, as pytest's -k.
    """

    goal: str
    says: str
    what: tuple[str, ...]
    counts: dict[str, str] = field(default_factory=dict)
    tests: str = ""

    def words(self):
        files = [str(TESTS / word) if ".py" in word else word for word in self.what]
        if "test_" not in self.what[0]:
            return [sys.executable, *files]
        words = [sys.executable, "-m", "pytest", "--timeout", "0", "-q", *files]
        return [*words, "-k", self.tests] if self.tests else words


PARTS = [
    Part(
        "D1",
        "1,000 kills of a writer, a third for each sync policy",
        ("crash/test_kvstore_engine_kill.py",),
        {"KVSTORE_KILL_CYCLES": "1000"},
    ),
    Part(
        "D1",
        "1,000 kills of the server under 8 writers",
        ("crash/test_kvstore_server_kill.py",),
        {"KVSTORE_SERVER_CYCLES": "500"},
    ),
    Part(
        "D2",
        "500 power cuts under always and 250 under everysec, on ext4 and on xfs",
        ("crash/test_kvstore_engine_power.py",),
        {"KVSTORE_POWER_CYCLES": "500"},
    ),
    Part(
        "D3",
        "every k-th call fails, until all succeed",
        ("crash/test_kvstore_engine_disk_error.py", "test_kvstore_server_disk.py"),
        {"KVSTORE_FAULT_STRIDE": "1"},
    ),
    Part(
        "D4",
        "disks of 4, 8, 16 and 64 MB are filled",
        ("crash/test_kvstore_engine_disk_full.py",),
        {"KVSTORE_DISK_SIZES": "4m,8m,16m,64m"},
    ),
    Part(
        "D5",
        "the log is cut at each of its last 65,536 bytes",
        ("test_kvstore_engine_log.py",),
        {"KVSTORE_CUT_BYTES": "65536"},
        "cut",
    ),
    Part(
        "D5",
        "10,000 bits of the log flip",
        ("test_kvstore_engine_log.py",),
        {"KVSTORE_FLIPS": "10000"},
        "flip",
    ),
    Part(
        "D5",
        "10,000 bits of each sealed file flip",
        ("test_kvstore_engine_damage.py",),
        {"KVSTORE_FILE_FLIPS": "10000"},
    ),
    Part(
        "D6",
        "memory runs out at 40 places",
        ("crash/test_kvstore_engine_memory.py",),
        {"KVSTORE_MEMORY_STEPS": "40"},
    ),
    Part(
        "D7",
        "500 histories of 1,000 operations by 8 clients, under seven nemeses",
        ("test_kvstore_linear_checker.py", "crash/test_kvstore_server_linear.py"),
        {"KVSTORE_HISTORIES": "500"},
    ),
    Part(
        "D8",
        "10,000 steps against a dict",
        ("test_kvstore_engine_model.py",),
        {"KVSTORE_MODEL_STEPS": "10000"},
    ),
    Part(
        "D8",
        "1,000,000 commands against redis-server",
        ("compat/test_kvstore_compat_redis.py",),
        {"KVSTORE_COMPAT_COMMANDS": "1000000"},
    ),
    Part(
        "D9",
        "ready after a kill at 100 MB and at 1 GB",
        ("crash/recovery.py", "100mb:2", "1gb:10"),
    ),
    Part(
        "D10",
        "20 backups of a store that is written to, restored",
        ("crash/test_kvstore_engine_backup.py",),
        {"KVSTORE_BACKUP_DRILLS": "20"},
    ),
    Part(
        "D10",
        "20 backups beside 500 operations a second",
        ("crash/backup_drills.py", "20"),
    ),
]


def tree_state():
    """Return the commit, so that what passed on another one counts no more."""
    words = ["git", "-C", str(ROOT), "rev-parse", "HEAD"]
    done = subprocess.run(words, check=False, capture_output=True, text=True)
    return done.stdout.strip()


def perform(part):
    """Run a part; return the note of it."""
    began = time.monotonic()
    done = subprocess.run(
        part.words(),
        cwd=ROOT,
        env=environ | part.counts,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        print(done.stdout)
    found = SUMMARY.findall(done.stdout)
    said = found[-1].strip() if found else " ".join(done.stdout.split("\n"))[-600:]
    took_s = round(time.monotonic() - began)
    return {"passed": done.returncode == 0, "said": said, "seconds": took_s}


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", default="", help="goals, such as D5,D7")
    parser.add_argument("--anew", action="store_true", help="forget earlier runs")
    asked = parser.parse_args()
    only = {goal for goal in asked.only.upper().split(",") if goal}
    unknown = only - {part.goal for part in PARTS}
    if unknown:
        parser.error(f"there is no goal {', '.join(sorted(unknown))}")
    chosen = [part for part in PARTS if not only or part.goal in only]
    state = tree_state()
    notes = {"tree": state, "parts": {}}
    if NOTES.exists() and not asked.anew:
        before = json.loads(NOTES.read_text())
        notes = before if before["tree"] == state else notes
    NOTES.parent.mkdir(exist_ok=True)
    for part in chosen:
        if not notes["parts"].get(part.says, {}).get("passed"):
            print(f"{part.goal}: {part.says} …", flush=True)
            notes["parts"][part.says] = perform(part)
            NOTES.write_text(json.dumps(notes, indent=1))
    print()
    for part in chosen:
        note = notes["parts"][part.says]
        verdict = "holds" if note["passed"] else "FAILS"
        print(
            f"{part.goal:4}{verdict}  {part.says}: {note['said']} ({note['seconds']} s)"
        )
    return 0 if all(notes["parts"][part.says]["passed"] for part in chosen) else 1


if __name__ == "__main__":
    sys.exit(main())
