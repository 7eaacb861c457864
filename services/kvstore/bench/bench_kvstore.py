"""Measure the store against redis-server, on unix sockets.

    python services/kvstore/bench/bench_kvstore.py [--quick] [--out FILE] [--only PART …]

Ours and the peer run at once, one idle while the other is measured. Both keep their data
on disk under the same sync policy: `everysec` against `appendonly yes, appendfsync
everysec`, `always` against `appendfsync always`. Before a command is measured, ours has
sealed its data into segments, so reads begin with data on disk and nothing of it in
memory. Parts:

    everysec, always   requests per second of the commands, by redis-benchmark
    memory             SET and GET against a redis-server that keeps nothing; no goal
    waiting            ours against ours with `busy-poll-us 0`; no goal
    newest             the newest 30 documents of 2 KB, against XREVRANGE
    latency            p99 while both compact
    upkeep             recovery, disk and memory with 1 GB

A round measures each once, in turn; the ratio is taken within a round, so that a busy
machine disturbs both alike, and the median over the rounds is reported, with the least
and the greatest ratio as the spread. CPU time is what the kernel counted for the
server's process during a run, by request: the figure to steer by on a busy machine.

With `--only` and `--commands`, other rows stay in the file as they are. Needs redis-server
and redis-benchmark.
"""

import argparse
import contextlib
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Sequence
from pathlib import Path

from bench_row import Row
from bench_speed import MEASURES, memory, newest, speed, waiting
from bench_upkeep import latency, upkeep

ROOT = Path(__file__).resolve().parents[3]
DATA = ROOT / "build"  # not watched by git
OUT = ROOT / "loadtest/results/bench-kvstore.json"
Part = Callable[[Path, int, float, Sequence[str]], Generator[Row, None, None]]
PARTS: dict[str, Part] = {
    "everysec": lambda *given: speed("everysec", *given),
    "always": lambda *given: speed("always", *given),
    "memory": lambda *given: memory(*given[:3]),
    "waiting": lambda *given: waiting(*given[:3]),
    "newest": lambda *given: newest(*given[:3]),
    "latency": lambda *given: latency(*given[:3]),
    "upkeep": lambda at, _, scale, __: upkeep(at, scale),
}


def machine() -> dict[str, object]:
    """Say where this was measured."""
    text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    models = [line.split(":", 1)[1].strip() for line in text.splitlines()
              if line.startswith("model name")]  # fmt: skip
    version = subprocess.run(
        ["redis-server", "--version"], capture_output=True, text=True, check=True
    )
    return {
        "cpu": models[0] if models else platform.machine(),
        "cpus": os.cpu_count(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "redis": version.stdout.split()[2].removeprefix("v="),
        "load": os.getloadavg()[0],
        "when": time.strftime("%Y-%m-%d"),
    }


def merged(path: Path, fresh: list[Row], is_whole: bool) -> list[Row]:
    """Return the rows of a result with the fresh ones in the place of their like."""

    def name(one: Row) -> tuple[object, ...]:
        return one.get("part"), one["measure"], one["unit"], one["peer_name"]

    rows: list[Row] = []
    if path.exists() and not is_whole:
        rows = json.loads(path.read_text(encoding="utf-8"))["rows"]
    rows = [one for one in rows if one.get("part") in PARTS]
    places = {name(one): place for place, one in enumerate(rows)}
    for one in fresh:
        if name(one) in places:
            rows[places[name(one)]] = one
        else:
            rows.append(one)
    order = [*PARTS]
    return sorted(rows, key=lambda one: order.index(str(one["part"])))


def main() -> int:
    """Run it; 0 if every goal is met."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a quarter, three rounds")
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--only", nargs="+", choices=[*PARTS], default=[*PARTS])
    commands = [one.name for one in MEASURES]
    said = "of the parts everysec and always"
    parser.add_argument(
        "--commands", nargs="+", choices=commands, default=commands, help=said
    )
    arguments = parser.parse_args()
    for program in ("redis-server", "redis-benchmark"):
        if shutil.which(program) is None:
            raise SystemExit(f"{program} is not installed")
    repeats, scale = (3, 0.25) if arguments.quick else (5, 1.0)
    # Whoever ends us also ends the servers, and leaves no data behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    DATA.mkdir(exist_ok=True)
    rows: list[Row] = []
    is_ended = False
    try:
        for name in arguments.only:
            # WHY here: /tmp may be memory, where a sync costs nothing.
            with tempfile.TemporaryDirectory(dir=DATA) as place:
                given = (Path(place), repeats, scale, arguments.commands)
                with contextlib.closing(PARTS[name](*given)) as part:
                    rows += ({"part": name, **one} for one in part)
    except KeyboardInterrupt:
        is_ended = True  # what was measured counts
    is_whole = (
        not is_ended
        and len(arguments.only) == len(PARTS)
        and arguments.commands == commands
    )
    rows = merged(arguments.out, rows, is_whole)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    result = {"machine": machine(), "rows": rows}
    arguments.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return 1 if is_ended else 0 if all(one["met"] is not False for one in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
