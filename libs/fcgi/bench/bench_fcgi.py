"""Measure the FastCGI server against its peers, all behind one real lighttpd.

    python libs/fcgi/bench/bench_fcgi.py [--seconds 1] [--rounds 5] [--only NAME …]

Every contender runs at once and idles while the others are measured. A round measures
each once, in turn; ratios are taken within a round, so that a busy machine disturbs both
sides alike, and the median over the rounds is reported. CPU time is what the kernel
counted for the processes of a server between the first and the last request of a
measurement, by request: the figure to steer by.

The edge needs more CPU for a request than a fast server does. So where two servers of
one thread are compared, the edge has a core to itself, and generator and server share
the rest: there the server is never woken from an idle core, which in a virtual machine
costs both sides more than the request. See `bench_rows.GOALS` for what is compared where.

Needs lighttpd, wrk and a C compiler; what else is not installed is left out and named.
"""

import argparse
import json
import os
import platform
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench_edge import LIGHTTPD, Edge, Sample, free_ports, wrk
from bench_process import cpu_ns, family, place, private_mb
from bench_rows import US, Key, compare, row, table
from contender import FREE, SIDE, Contender, contenders, wait

from fcgi.client import params_for
from fcgi.load import Load

ROOT = Path(__file__).resolve().parents[3]
OUT = ROOT / "loadtest/results/bench-fcgi.json"
PATHS = {"12 B": "/", "20 KB": "/big"}
CORES = os.sched_getaffinity(0)


class Bench:
    """The contenders behind their edge.

    Args:
        edge: That edge.
        seconds: How long each measurement takes.
    """

    def __init__(self, edge: Edge, seconds: int) -> None:
        self._edge = edge
        self._seconds = seconds

    def measure(
        self, server: Contender, where: str, body: str = "12 B", connections: int = 32
    ) -> Sample:
        """Measure one contender once."""
        assert server.process is not None
        pid, edge = server.process.pid, self._edge.process.pid
        alone = {min(CORES)} if where == SIDE and len(CORES) > 1 else CORES
        rest = CORES - alone or CORES
        place(edge, alone)
        place(pid, rest)
        port = self._edge.ports[server.name]
        before, edge_before = cpu_ns(pid), cpu_ns(edge)[0]
        sample = wrk(port, PATHS[body], connections, self._seconds, rest)
        after, edge_after = cpu_ns(pid), cpu_ns(edge)[0]
        used = after[0] - before[0]
        if after[1] - before[1] > 1.2 * used:  # it ended threads meanwhile
            used = after[1] - before[1]
        total = max(1.0, sample["total"])
        sample[US] = used / 1e3 / total
        sample["edge's " + US] = (edge_after - edge_before) / 1e3 / total
        return sample

    def round(self, servers: list[Contender], results: dict[Key, list[Sample]]) -> None:
        """Measure each contender once in each of its placements."""
        for where in (SIDE, FREE):
            for body in PATHS:
                for server in servers:
                    if where in server.places:
                        sample = self.measure(server, where, body)
                        key = (server.name, body, where)
                        results.setdefault(key, []).append(sample)

    def direct(self, server: Contender, *, keep: bool) -> float:
        """Return the CPU time that a request costs a server without an edge."""
        assert server.process is not None
        pid = server.process.pid
        # Beside the generator, too, which is this process.
        rest = CORES - {min(CORES)} or CORES
        place(pid, rest)
        os.sched_setaffinity(0, rest)
        before = cpu_ns(pid)[0]
        try:
            report = Load(
                f"unix:{server.socket}", params_for("/"),
                connections=1, keep=keep, seconds=self._seconds,
            ).run()  # fmt: skip
        finally:
            os.sched_setaffinity(0, CORES)
        assert not report.failed
        used = cpu_ns(pid)[0] - before
        return used / 1e3 / max(1, report.served)

    def alone(self, server: Contender) -> list[dict[str, object]]:
        """Return the rows that compare with a goal instead of a peer."""
        assert server.process is not None
        p99 = [self.measure(server, SIDE)["p99 ms"] for _ in range(5)]
        many = [self.measure(server, SIDE, connections=1000) for _ in range(2)]
        failed = sum(sample["errors"] for sample in many)
        memory = private_mb(list(family(server.process.pid))[-1])
        found = [
            row("prefork, 32 connections", "p99 ms", p99, "goal", [3.0] * 5, 1,
                less_is_better=True),
            row("prefork worker", "private MB", [memory], "goal", [15.0], 1,
                less_is_better=True),
        ]  # fmt: skip
        fresh, kept = [], []
        for _ in range(5):
            fresh.append(self.direct(server, keep=False))
            kept.append(self.direct(server, keep=True))
        found.append(
            row("prefork, a kept connection", US, kept, "a connection each",
                fresh, 1, less_is_better=True)
        )  # fmt: skip
        found.append(
            {**found[0], "measure": "prefork, 1000 connections", "unit": "failed requests",
             "ours": failed, "peer": 0.0, "ratio": float(not failed), "met": not failed,
             "repeats": 2, "spread": 0.0}
        )  # fmt: skip
        return [{**one, "cores": SIDE} for one in found]


def machine() -> dict[str, object]:
    """Return what the figures depend on."""
    model = re.search(r"model name\s*:\s*(.*)", Path("/proc/cpuinfo").read_text())
    version = subprocess.run(
        [LIGHTTPD, "-v"], capture_output=True, text=True, check=False
    )
    return {
        "cpu": model[1] if model else "unknown",
        "cores": len(CORES),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "edge": version.stdout.split(" - ")[0].strip(),
        "load_before": os.getloadavg()[0],
        "note": "generator, edge and workers share the cores",
        "when": time.strftime("%Y-%m-%d"),
    }


def summary(results: dict[Key, list[Sample]]) -> list[dict[str, object]]:
    """Return what each contender reached."""
    return [
        {"server": who, "body": body, "cores": where,
         **{unit: round(statistics.median(s[unit] for s in samples), 2)
            for unit in samples[0]}}
        for (who, body, where), samples in results.items()
    ]  # fmt: skip


def main() -> int:
    """Run the benchmark."""
    line = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    line.add_argument("--seconds", type=int, default=1)
    line.add_argument("--rounds", type=int, default=5)
    line.add_argument("--only", nargs="*", help="names of contenders")
    line.add_argument("--peers-python", default=sys.executable,
                      help="the interpreter in whose environment peers are installed")  # fmt: skip
    line.add_argument("--out", type=Path, default=OUT)
    given = line.parse_args()
    if shutil.which("wrk") is None or not Path(LIGHTTPD).exists():
        sys.stderr.write("bench-fcgi needs wrk and lighttpd\n")
        return 2
    # Whoever loses patience should not find the servers still running.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    facts = machine()
    results: dict[Key, list[Sample]] = {}
    with tempfile.TemporaryDirectory(prefix="bench") as name:
        folder = Path(name)
        servers = contenders(folder, given.peers_python)
        if given.only:
            servers = [s for s in servers if s.name in given.only]
        skipped = {s.name: s.missing for s in servers if s.missing}
        servers = [s for s in servers if not s.missing]
        for server, port in zip(servers, free_ports(len(servers)), strict=True):
            server.start(folder, port)
        edge = Edge(folder, servers)
        try:
            for server in list(servers):
                if not wait(lambda server=server: edge.answers(server.name)):  # type: ignore[misc]
                    skipped[server.name] = "does not answer"
                    servers.remove(server)
            bench = Bench(edge, given.seconds)
            for number in range(given.rounds):
                bench.round(servers, results)
                sys.stderr.write(f"round {number + 1} of {given.rounds}\n")
            found = compare(results)
            if servers and servers[0].name == "prefork":
                found += bench.alone(servers[0])
        finally:
            edge.stop()
            for server in servers:
                server.stop()
    sys.stdout.write(table(found) + "\n")
    for who, why in skipped.items():
        sys.stdout.write(f"left out: {who} ({why})\n")
    given.out.parent.mkdir(parents=True, exist_ok=True)
    written = {
        "machine": facts,
        "rows": found,
        "servers": summary(results),
        "left_out": skipped,
    }
    given.out.write_text(json.dumps(written, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
