"""Measure the FastCGI server against its peers, all behind one real lighttpd.

    python libs/fcgi/bench/bench_fcgi.py [--seconds 2] [--rounds 5] [--only NAME …]

Every contender runs at once and idles while the others are measured. A round measures
each once, in turn; ratios are taken within a round, so that a busy machine disturbs both
sides alike, and the median over the rounds is reported. CPU time is what the kernel
counted for the processes of a server between the first and the last request of a
measurement, by request: the figure to steer by.

Needs lighttpd, wrk and a C compiler; what else is not installed is left out and named.
"""

import argparse
import json
import os
import platform
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from contender import Contender, contenders, wait

ROOT = Path(__file__).resolve().parents[3]
OUT = ROOT / "loadtest/results/bench-fcgi.json"
LIGHTTPD = shutil.which("lighttpd") or "/usr/sbin/lighttpd"
PATHS = {"12 B": "/", "20 KB": "/big"}
US = "CPU us/request"
RATE = "requests/s"

# measure, body, peer, what, least ratio (better is larger)
GOALS: list[tuple[str, str, str, str, float | None]] = [
    ("prefork", "12 B", "raw C", US, 1 / 1.15),
    ("prefork", "20 KB", "raw C", US, 1 / 1.15),
    ("prefork", "12 B", "raw C", RATE, 0.9),
    ("prefork", "20 KB", "raw C", RATE, 0.9),
    ("prefork, pure Python", "12 B", "raw C", US, 1 / 1.9),
    ("prefork", "12 B", "libfcgi C", RATE, 1.25),
    ("prefork", "12 B", "uWSGI fastcgi", RATE, 1.1),
    ("prefork", "12 B", "uWSGI fastcgi", US, 1 / 0.65),
    ("prefork", "12 B", "simple-fastcgi", RATE, 1.5),
    ("prefork", "12 B", "flup fork", RATE, 3.5),
    ("prefork", "12 B", "flup threaded", RATE, 10),
    ("prefork", "12 B", "flup threaded-multiplexed", RATE, 20),
    ("prefork", "12 B", "flup single", RATE, None),
    ("prefork", "12 B", "uvicorn", RATE, 1.5),
    ("prefork", "12 B", "gunicorn", RATE, 7),
    ("prefork", "12 B", "granian", RATE, None),
    ("prefork", "12 B", "Twisted WSGI", US, 10),
    ("prefork", "12 B", "Twisted WSGI", RATE, 6),
    ("prefork x16", "12 B", "prefork", RATE, 0.7),
    ("thread-per-connection", "12 B", "flup threaded", RATE, None),
    ("thread-per-request", "12 B", "flup threaded-multiplexed", RATE, None),
    ("multiplex", "12 B", "raw C", RATE, None),
    ("pool", "12 B", "raw C", RATE, None),
]

Sample = dict[str, float]


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on."""
    socks = [socket.socket() for _ in range(count)]
    for sock in socks:
        sock.bind(("127.0.0.1", 0))
    ports = [sock.getsockname()[1] for sock in socks]
    for sock in socks:
        sock.close()
    return ports


class Edge:
    """One lighttpd, with a port for each contender."""

    def __init__(self, folder: Path, servers: list[Contender]) -> None:
        ports = free_ports(len(servers) + 1)
        self.ports = {
            server.name: port for server, port in zip(servers, ports, strict=False)
        }
        lines = [
            'server.modules = ("mod_fastcgi", "mod_proxy")',
            f'server.document-root = "{folder}"',
            f'server.errorlog = "{folder}/edge.log"',
            'server.bind = "127.0.0.1"',
            f"server.port = {ports[-1]}",
            "server.max-fds = 16384",
            "server.max-connections = 4096",
            "server.listen-backlog = 4096",
        ]
        for server in servers:
            if server.is_http:
                to = f'proxy.server = ("/" => (("host" => "127.0.0.1", "port" => {server.port})))'
            else:
                to = (
                    f'fastcgi.server = ("/" => (("socket" => "{server.socket}", '
                    '"check-local" => "disable", "fix-root-scriptname" => "enable", '
                    '"disable-time" => 0)))'
                )
            lines.append(
                f'$SERVER["socket"] == "127.0.0.1:{self.ports[server.name]}" {{ {to} }}'
            )
        (folder / "lighttpd.conf").write_text("\n".join(lines) + "\n")
        self.process = subprocess.Popen(
            [LIGHTTPD, "-D", "-f", str(folder / "lighttpd.conf")],
            start_new_session=True,
        )

    def answers(self, name: str) -> bool:
        """Return whether a contender answers through the edge."""
        try:
            with socket.create_connection(("127.0.0.1", self.ports[name]), 2) as sock:
                sock.sendall(b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n")
                got = b""
                while data := sock.recv(4096):
                    got += data
        except OSError:
            return False
        return got.endswith(b"Hello World\n")

    def stop(self) -> None:
        """Stop it."""
        self.process.terminate()
        self.process.wait(10)


def family(pid: int) -> Iterable[int]:
    """Yield a process and all its descendants."""
    yield pid
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            yield from family(int(child))


def cpu_ns(pid: int) -> tuple[int, int]:
    """Return the CPU time that a process and its descendants have used.

    In nanoseconds, first as the kernel knows it exactly of threads that still live,
    then in ticks of a hundredth of a second, those of ended threads included.
    """
    exact = ticks = 0
    for one in family(pid):
        for task in Path(f"/proc/{one}/task").glob("*/schedstat"):
            exact += int(task.read_text().split()[0])
        fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        ticks += sum(map(int, fields[11:15]))
    return exact, ticks * (10**9 // os.sysconf("SC_CLK_TCK"))


def wrk(port: int, path: str, connections: int, seconds: int) -> Sample:
    """Make load and return what came of it."""
    done = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency",
         f"http://127.0.0.1:{port}{path}"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    failed = re.search(r"Non-2xx or 3xx responses: (\d+)", done)
    broken = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+)", done)
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)", done)
    total = re.search(r"(\d+) requests in", done)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", done)
    assert p99 is not None
    assert total is not None
    assert rate is not None
    scale = {"us": 1e-3, "ms": 1.0, "s": 1e3}[p99[2]]
    errors = int(failed[1]) if failed else 0
    errors += sum(map(int, broken.groups())) if broken else 0
    return {
        RATE: float(rate[1]),
        "total": float(total[1]),
        "errors": float(errors),
        "p99 ms": float(p99[1]) * scale,
    }


def measure(
    server: Contender, edge: Edge, path: str, connections: int, seconds: int
) -> Sample:
    """Measure one contender once."""
    assert server.process is not None
    before = cpu_ns(server.process.pid)
    sample = wrk(edge.ports[server.name], path, connections, seconds)
    after = cpu_ns(server.process.pid)
    used = after[0] - before[0]
    if after[1] - before[1] > 1.2 * used:  # it ended threads meanwhile
        used = after[1] - before[1]
    sample[US] = used / 1e3 / max(1.0, sample["total"])
    return sample


def private_mb(pid: int) -> float:
    """Return the memory of a process that it shares with nobody."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(map(int, re.findall(r"Private_\w+:\s+(\d+) kB", text))) / 1024


def machine() -> dict[str, object]:
    """Return what the figures depend on."""
    model = re.search(r"model name\s*:\s*(.*)", Path("/proc/cpuinfo").read_text())
    version = subprocess.run(
        [LIGHTTPD, "-v"], capture_output=True, text=True, check=False
    )
    return {
        "cpu": model[1] if model else "unknown",
        "cores": os.cpu_count(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "edge": version.stdout.split(" - ")[0].strip(),
        "load_before": os.getloadavg()[0],
        "note": "generator, edge and workers share the cores",
    }


def row(
    what: str, unit: str, ours: list[float], peer_name: str, peer: list[float],
    goal: float | None, *, less_is_better: bool,
) -> dict[str, object]:  # fmt: skip
    """Return one row of the result."""
    pairs = [
        (p / o) if less_is_better else (o / p)
        for o, p in zip(ours, peer, strict=True)
        if o and p
    ]
    ratio = statistics.median(pairs) if pairs else 0.0
    spread = max(ours) / min(ours) - 1 if min(ours) else 0.0
    return {
        "measure": what,
        "unit": unit,
        "ours": round(statistics.median(ours), 2),
        "peer_name": peer_name,
        "peer": round(statistics.median(peer), 2),
        "ratio": round(ratio, 3),
        "goal": None if goal is None else round(goal, 3),
        "met": None if goal is None else ratio >= goal,
        "repeats": len(ours),
        "spread": round(spread, 3),
    }


def rows(results: dict[tuple[str, str], list[Sample]]) -> list[dict[str, object]]:
    """Compare what was measured."""
    out = []
    for name, body, peer, unit, goal in GOALS:
        ours, theirs = results.get((name, body)), results.get((peer, body))
        if not ours or not theirs:
            continue
        a, b = [s[unit] for s in ours], [s[unit] for s in theirs]
        out.append(
            row(f"{name}, {body}", unit, a, peer, b, goal, less_is_better=unit == US)
        )
    return out


def alone(server: Contender, edge: Edge, seconds: int) -> list[dict[str, object]]:
    """Return the rows that compare with a goal instead of a peer."""
    assert server.process is not None
    path = PATHS["12 B"]
    p99 = [measure(server, edge, path, 32, seconds)["p99 ms"] for _ in range(3)]
    many = measure(server, edge, path, 1000, seconds)
    worker = list(family(server.process.pid))[-1]
    memory = private_mb(worker)
    failed = many["errors"]
    out = [
        row("prefork, 32 connections", "p99 ms", p99, "goal", [3.0] * 3, 1,
            less_is_better=True),
        row("prefork worker", "private MB", [memory], "goal", [15.0], 1,
            less_is_better=True),
    ]  # fmt: skip
    for one in out:
        one["met"] = one["ours"] <= one["peer"]  # type: ignore[operator]
    out.append(
        {**out[0], "measure": "prefork, 1000 connections", "unit": "failed requests",
         "ours": failed, "peer": 0.0, "ratio": float(not failed), "met": not failed,
         "repeats": 1, "spread": 0.0}
    )  # fmt: skip
    return out


def table(result: list[dict[str, object]]) -> str:
    """Return rows as text."""
    lines = [
        f"{'measure':34} {'unit':16} {'ours':>10} {'peer':>10} {'ratio':>7} {'goal':>6}"
    ]
    for one in result:
        mark = {True: "met", False: "NOT MET", None: ""}[one["met"]]  # type: ignore[index]
        goal = "" if one["goal"] is None else one["goal"]
        lines.append(
            f"{one['measure']:34} {one['unit']:16} {one['ours']:>10} {one['peer']:>10} "
            f"{one['ratio']:>7} {goal!s:>6} {mark:8} vs {one['peer_name']}"
        )
    return "\n".join(lines)


def main() -> int:
    """Run the benchmark."""
    line = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    line.add_argument("--seconds", type=int, default=2)
    line.add_argument("--rounds", type=int, default=5)
    line.add_argument("--only", nargs="*", help="names of contenders")
    line.add_argument("--peers-python", default=sys.executable,
                      help="the interpreter in whose environment peers are installed")  # fmt: skip
    line.add_argument("--out", type=Path, default=OUT)
    given = line.parse_args()
    if shutil.which("wrk") is None or not Path(LIGHTTPD).exists():
        sys.stderr.write("bench-fcgi needs wrk and lighttpd\n")
        return 2
    facts = machine()
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
            results: dict[tuple[str, str], list[Sample]] = {}
            for number in range(given.rounds):
                for body, path in PATHS.items():
                    for server in servers:
                        sample = measure(server, edge, path, 32, given.seconds)
                        results.setdefault((server.name, body), []).append(sample)
                sys.stderr.write(f"round {number + 1} of {given.rounds}\n")
            found = rows(results)
            if servers and servers[0].name == "prefork":
                found += alone(servers[0], edge, given.seconds)
        finally:
            edge.stop()
            for server in servers:
                server.stop()
    sys.stdout.write(table(found) + "\n")
    for who, why in skipped.items():
        sys.stdout.write(f"left out: {who} ({why})\n")
    given.out.parent.mkdir(parents=True, exist_ok=True)
    everything = [
        {"server": who, "body": body, **{k: round(statistics.median(s[k] for s in samples), 2)
         for k in samples[0]}}
        for (who, body), samples in results.items()
    ]  # fmt: skip
    facts["when"] = time.strftime("%Y-%m-%d")
    given.out.write_text(
        json.dumps(
            {
                "machine": facts,
                "rows": found,
                "servers": everything,
                "left_out": skipped,
            },
            indent=1,
        )
        + "\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
