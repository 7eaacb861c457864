"""The store under four clients: write, read, remove; and reads of many keys at once.

The post of 28 February 2009: `ttserver -thnum 4`, a million records of 8 bytes, four
client threads: about 22,000 operations a second for each of write, read and remove;
"drastically" more for reads of many keys in a call, in a chart whose numbers are lost.
Ours is asked with redis-benchmark over a unix socket, one request at a time for each
client, as tcrmttest did. It draws keys at random, so about a third of the records are
written twice or more, and as many of the removals find nothing.
"""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from study.program import Program, StartError, until

from claims.table import Line, Table

POST = 22_000
WHOSE = "ttserver, 2009, Mac Pro 8 × 2.8 GHz, in memory"
SIZES = (1, 2, 5, 10, 20, 50, 100, 200)
KEY = "key:__rand_int__"
MODES = {
    "no": "a crash of the machine takes what the kernel had not written",
    "everysec": "a crash of the machine takes a second at most",
    "always": "nothing that was answered is lost",
}


def run(records: int = 1_000_000, repeats: int = 1, out: Path | None = None) -> Path:
    """Measure every mode of durability."""
    if shutil.which("redis-benchmark") is None:
        raise StartError("redis-benchmark is not installed (Debian: redis-tools)")
    table = Table(
        "store",
        f"the store under 4 clients, {records:,} records of 8 bytes",
        "the post's store was memory alone. Ours writes a log whatever the mode; "
        + "; ".join(f"sync {mode}: {what}" for mode, what in MODES.items()) + ".",
    )  # fmt: skip
    for mode in MODES:
        with tempfile.TemporaryDirectory(prefix="claim") as name:
            folder = Path(name)
            sock = folder / "kvstore.sock"
            program = Program(
                "kvstore",
                [sys.executable, "-m", "hunch_kvstore", "serve", "--data",
                 str(folder / "data"), "--bind", f"unix:{sock}", "--sync", mode],
                folder / "log",
            )  # fmt: skip
            try:
                if not until(sock.exists, 20):
                    raise StartError(program.last_words())
                _measure(table, sock, mode, records, repeats)
            finally:
                program.stop(30)
    return table.write(out)


def _measure(table: Table, sock: Path, mode: str, records: int, repeats: int) -> None:
    # WHY fewer: each write waits for the disk, and more of them say nothing more.
    count = min(records, 20_000) if mode == "always" else records
    commands = {
        "write": ["SET", KEY, "12345678"],
        "read": ["GET", KEY],
        "remove": ["DEL", KEY],
    }
    rates: dict[str, list[float]] = {}
    for _ in range(repeats):
        for what, command in commands.items():
            rates.setdefault(what, []).append(_rate(sock, count, records, command))
    for what, found in rates.items():
        table.add(Line(f"{what}, 4 clients, sync {mode}", "op/s", found, POST, WHOSE))
    if mode != "no":
        return
    _rate(sock, count, records, commands["write"])
    for size in SIZES:
        calls = max(1000, count // (4 * size))
        rate = _rate(sock, calls, records, ["MGET", *[KEY] * size])
        table.add(Line(f"MGET of {size}, 4 clients", "keys/s", [rate * size]))


def _rate(sock: Path, count: int, records: int, command: list[str]) -> float:
    done = subprocess.run(
        ["redis-benchmark", "-s", str(sock), "-c", "4", "-n", str(count), "-r",
         str(records), "--csv", *command],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    rows = list(csv.reader(io.StringIO(done.stdout)))
    # Newer versions write a head above the figures.
    return float(rows[-1][1])
