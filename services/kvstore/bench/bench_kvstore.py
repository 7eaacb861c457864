"""Measure the store against redis-server with redis-benchmark, on unix sockets.

    python services/kvstore/bench/bench_kvstore.py [--quick] [--out FILE] [--only NAME …]

Both servers run at once and idle while the other is measured. A round measures each
once, in turn; the ratio is taken within a round, so that a busy machine disturbs both
alike, and the median over the rounds is reported, with the least and the greatest ratio
as the spread. CPU time is what the kernel counted for the server's process during a run,
by request: the figure to steer by on a busy machine. Ours keeps its data on disk: `everysec` against a redis-server without
persistence, `always` against `appendfsync always`.

Needs redis-server and redis-benchmark.
"""

import argparse
import json
import os
import platform
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
OUT = ROOT / "loadtest/results/bench-kvstore.json"
CLIENTS = 50
KEYS = 100_000
MEMBERS = 100_000
WAIT_S = 20.0
VALUE = "x" * 100
RANDOM = "__rand_int__"


@dataclass(frozen=True)
class Measure:
    """What redis-benchmark sends, and what must be there before."""

    name: str
    words: Sequence[str]
    fill: str = ""  # the name of a filling
    weight: int = 1  # a request of this one costs so much more


MEASURES = (
    Measure("SET", ("SET", f"key:{RANDOM}", VALUE)),
    Measure("GET", ("GET", f"key:{RANDOM}"), "strings"),
    Measure("HSET", ("HSET", f"hash:{RANDOM}", "state", "live"), "hashes"),
    Measure("HGETALL", ("HGETALL", f"hash:{RANDOM}"), "hashes", 2),
    Measure("ZADD", ("ZADD", "scores", RANDOM, f"member:{RANDOM}"), "scores", 2),
    Measure("ZRANGE 30", ("ZRANGE", "scores", "0", "29"), "scores", 4),
    Measure("MGET 30", ("MGET", *(f"key:{RANDOM}" for _ in range(30))), "strings", 8),
    Measure("INCR", ("INCR", f"counter:{RANDOM}")),
    Measure("PING", ("PING",)),
)
ALWAYS = ("SET",)
WITHOUT_GOAL = ("INCR", "PING")
GOALS = {("everysec", 1): 1.0, ("everysec", 16): 0.8}
GOALS |= {("always", 1): 1.1, ("always", 16): 1.0}


class Server:
    """A server in a folder of its own."""

    def __init__(self, name: str, folder: Path, command: Sequence[str]) -> None:
        folder.mkdir(parents=True)
        self.name = name
        self.socket = folder / "s.sock"
        words = [word.format(socket=self.socket, folder=folder) for word in command]
        with (folder / "log").open("wb") as log:
            self.process = subprocess.Popen(words, stdout=log, stderr=log)
        deadline = time.monotonic() + WAIT_S
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(
                    f"{name} does not start: {(folder / 'log').read_text()}"
                )
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            return self.send([("PING",)]) == 1
        except OSError:
            return False

    def send(self, commands: Sequence[Sequence[str]]) -> int:
        """Send commands with one-line replies; return how many replies came."""
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(60)
            sock.connect(str(self.socket))
            replies = 0
            for at in range(0, len(commands), 500):
                some = commands[at : at + 500]
                sock.sendall(b"".join(map(pack, some)))
                missing = len(some)
                while missing:
                    data = sock.recv(1 << 16)
                    if not data:
                        raise OSError("the server closed the connection")
                    missing -= data.count(b"\n")
                replies += len(some)
            return replies

    def cpu_s(self) -> float:
        """Return the CPU time its process has used."""
        text = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii")
        user, system = text.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait(WAIT_S)


def pack(words: Sequence[str]) -> bytes:
    """Return a command as RESP."""
    parts = [f"*{len(words)}\r\n"]
    parts += (f"${len(word)}\r\n{word}\r\n" for word in words)
    return "".join(parts).encode()


def filling(name: str) -> list[list[str]]:
    """Return the commands that make what a measure reads."""
    if name == "strings":
        return [["SET", f"key:{n:012d}", VALUE] for n in range(KEYS)]
    if name == "hashes":
        fields = "source blog type note tags color,autumn published 1763800000000000"
        words = [*fields.split(), "state", "live", "text", VALUE]
        return [["HSET", f"hash:{n:012d}", *words] for n in range(KEYS)]
    if name == "scores":
        return [["ZADD", "scores", str(n), f"member:{n:012d}"] for n in range(MEMBERS)]
    return []


def rate(server: Server, measure: Measure, pipeline: int, requests: int) -> float:
    """Return requests per second of one run."""
    command = ["redis-benchmark", "-s", str(server.socket), "-c", str(CLIENTS)]
    command += ["-n", str(requests), "-r", str(KEYS), "-P", str(pipeline), "--csv"]
    done = subprocess.run(
        [*command, *measure.words], capture_output=True, text=True, check=True
    )
    return float(done.stdout.splitlines()[-1].split('","')[1].strip('"'))


def servers(folder: Path, policy: str) -> tuple[Server, Server]:
    """Start ours and Redis under one sync policy."""
    ours = [sys.executable, "-m", "hunch_kvstore", "serve", "--data", "{folder}/data"]
    ours += ["--bind", "unix:{socket}", "--sync", policy]
    redis = ["redis-server", "--port", "0", "--unixsocket", "{socket}", "--save", ""]
    redis += ["--dir", "{folder}", "--appendonly"]
    redis += ["yes", "--appendfsync", "always"] if policy == "always" else ["no"]
    return Server("ours", folder / "ours", ours), Server(
        "redis", folder / "redis", redis
    )


def measured(
    policy: str, names: Sequence[str], repeats: int, scale: float
) -> list[dict[str, object]]:
    """Measure under one sync policy; return the rows."""
    rows: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory(dir=ROOT) as place:
        pair = servers(Path(place), policy)
        try:
            for measure in (one for one in MEASURES if one.name in names):
                for server in pair:
                    server.send([["FLUSHALL"]])
                    server.send(filling(measure.fill))
                for pipeline in (1, 16):
                    both = compared(pair, policy, measure, pipeline, repeats, scale)
                    rows += both
                    show(*both)
        finally:
            for server in pair:
                server.stop()
    return rows


def compared(
    pair: tuple[Server, Server],
    policy: str,
    measure: Measure,
    pipeline: int,
    repeats: int,
    scale: float,
) -> list[dict[str, object]]:
    """Measure one command at one depth by turns; return the rows of rate and CPU."""
    requests = int((150_000 if pipeline == 1 else 600_000) * scale / measure.weight)
    rates: dict[str, list[float]] = {"ours": [], "redis": []}
    spent: dict[str, list[float]] = {"ours": [], "redis": []}
    for number in range(repeats):
        for server in pair if number % 2 == 0 else pair[::-1]:
            before = server.cpu_s()
            rates[server.name].append(rate(server, measure, pipeline, requests))
            spent[server.name].append((server.cpu_s() - before) / requests * 1e6)
    what = f"{measure.name}, {CLIENTS} connections, pipeline {pipeline}, {policy}"
    peer = "redis-server appendfsync always" if policy == "always" else "redis-server"
    goal = None if measure.name in WITHOUT_GOAL else GOALS[policy, pipeline]
    inverse = {name: [1 / one for one in found] for name, found in spent.items()}
    return [
        row(what, "requests/s", peer, rates, rates, goal),
        row(what, "CPU us/request", peer, spent, inverse, None),
    ]


def row(
    measure: str,
    unit: str,
    peer: str,
    found: dict[str, list[float]],
    better: dict[str, list[float]],
    goal: float | None,
) -> dict[str, object]:
    """Return one row; `better` holds what is found as figures better when larger."""
    ratios = [a / b for a, b in zip(better["ours"], better["redis"], strict=True)]
    ratio = statistics.median(ratios)
    return {
        "measure": measure,
        "unit": unit,
        "ours": round(statistics.median(found["ours"]), 2),
        "peer_name": peer,
        "peer": round(statistics.median(found["redis"]), 2),
        "ratio": round(ratio, 2),
        "goal": goal,
        "met": None if goal is None else ratio >= goal,
        "repeats": len(ratios),
        "spread": [round(min(ratios), 2), round(max(ratios), 2)],
    }


def show(speed: dict[str, object], cpu: dict[str, object]) -> None:
    """Print one line of the table."""
    met = {None: "", True: "met", False: "MISSED"}[speed["met"]]  # type: ignore[index]
    print(
        f"{speed['measure']:48} {speed['ours']:>10} {speed['peer']:>10}"
        f" {speed['ratio']:>5} {speed['spread']!s:>14} {speed['goal'] or '':>4} {met:6}"
        f" {cpu['ours']:>6} {cpu['peer']:>6} {cpu['ratio']:>5}",
        flush=True,
    )


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


def main() -> int:
    """Run it; 0 if every goal is met."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth, three rounds")
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--only", nargs="+", default=[one.name for one in MEASURES])
    parser.add_argument("--sync", nargs="+", default=["everysec", "always"])
    arguments = parser.parse_args()
    for program in ("redis-server", "redis-benchmark"):
        if shutil.which(program) is None:
            raise SystemExit(f"{program} is not installed")
    repeats, scale = (3, 0.2) if arguments.quick else (7, 1.0)
    rows: list[dict[str, object]] = []
    print(
        f"{'requests/s; CPU us/request':48} {'ours':>10} {'redis':>10} {'ratio':>5}"
        f" {'spread':>14} {'goal':11} {'ours':>6} {'redis':>6} {'ratio':>5}"
    )
    for policy in arguments.sync:
        names = [n for n in arguments.only if policy == "everysec" or n in ALWAYS]
        rows += measured(policy, names, repeats, scale)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    result = {"machine": machine(), "rows": rows}
    arguments.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return 0 if all(one["met"] is not False for one in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
