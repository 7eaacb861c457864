"""Measure Smisk against its peers, in process and behind one lighttpd.

    python libs/smisk/bench/bench_smisk.py [--seconds 3] [--repeats 3] [--out FILE]

Ours and theirs alternate in one run. In process: microseconds of one call, the least of
many batches. Behind lighttpd: requests a second as wrk counts them (one worker process,
16 connections), and CPU microseconds the worker spent on one. What is not installed is
left out. Twisted and Starlette have servers of their own behind lighttpd's proxy.
"""

# ruff: noqa: D103, ARG001 - a program: nothing here is called from elsewhere
import argparse
import contextlib
import importlib.util
import io
import json
import os
import platform
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import apps

HERE = Path(__file__).parent
FORM = b"name=foo+bar&age=30"
CASES = {
    "hello": ("GET", "/", "text/plain"),
    "json": ("GET", "/item/7", "application/json"),
    "page": ("GET", "/page", "text/html"),
    "form": ("POST", "/form", "application/json"),
}
# Ours, peer and goal of each measure.
GOALS = {
    "hello": [("smisk_core", "bare", 0.9)],
    "json": [("smisk", "flask", 2), ("smisk", "falcon", 1)],
    "twisted": [("smisk_core", "twisted_wsgi", 6)],
    "twisted cpu": [("smisk_core", "twisted_wsgi", 10)],
}
WSGI = ["bare", "smisk_core", "smisk", "flask", "falcon", "bottle"]


def has(name):
    return importlib.util.find_spec(name) is not None


def answers(name, case):
    """Return whether an application has an answer to that case."""
    return case == "hello" or name not in ("bare", "smisk_core")


def environ(case):
    method, path, accept = CASES[case]
    body = FORM if method == "POST" else b""
    found = {
        "REQUEST_METHOD": method, "SCRIPT_NAME": "", "PATH_INFO": path,
        "QUERY_STRING": "", "SERVER_NAME": "localhost", "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "localhost", "HTTP_ACCEPT": accept, "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr, "wsgi.multithread": False,
        "wsgi.multiprocess": True, "wsgi.run_once": False,
    }  # fmt: skip
    if body:
        found["CONTENT_TYPE"] = "application/x-www-form-urlencoded"
        found["CONTENT_LENGTH"] = str(len(body))
    return found


def call_us(application, case, calls=200):
    """Return the microseconds of one call, as the mean of a batch."""
    environs = [environ(case) for _ in range(calls)]
    statuses = []

    def start_response(status, headers, exc_info=None):
        statuses.append(status)

    begin = time.perf_counter()
    for one in environs:
        chunks = application(one, start_response)
        b"".join(chunks)
        if hasattr(chunks, "close"):
            chunks.close()
    taken = time.perf_counter() - begin
    assert set(statuses) == {"200 OK"}, (application, case, set(statuses))
    return taken / calls * 1e6


def in_process(names, batches=60):
    made = {name: getattr(apps, name)() for name in names}
    rows = []
    for case in CASES:
        best = {name: [] for name in names if answers(name, case)}
        for _ in range(batches):
            for name in best:
                best[name].append(call_us(made[name], case))
        ours = "smisk_core" if case == "hello" else "smisk"
        rows += [
            row(f"in process: {case}", "us", best, ours, name, None, min, -1)
            for name in best
            if name not in ("bare", ours)
        ]
    return rows


def row(measure, unit, samples, ours, peer, goal, pick, direction=1):
    """Make one row of the results; the ratio is better when larger."""
    mine, theirs = pick(samples[ours]), pick(samples[peer])
    ratio = mine / theirs if direction > 0 else theirs / mine
    spread = max((max(s) - min(s)) / pick(s) for s in (samples[ours], samples[peer]))
    return {
        "measure": measure, "unit": unit, "ours": round(mine, 2), "peer_name": peer,
        "peer": round(theirs, 2), "ratio": round(ratio, 2), "goal": goal,
        "met": None if goal is None else ratio >= goal,
        "repeats": len(samples[ours]), "spread": round(spread, 2),
    }  # fmt: skip


# -- behind lighttpd ---------------------------------------------------------------------


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def command(name, folder, port):
    """Return how to start a server of one application, and lighttpd's way to it."""
    python = [sys.executable, "-c"]
    if name.startswith("twisted"):
        native = name == "twisted_native"
        code = f"import apps; apps.serve_twisted({port}, native={native})"
        return [*python, code], None
    if name == "starlette":
        options = ["--port", str(port), "--log-level", "warning", "--factory"]
        return [sys.executable, "-m", "uvicorn", "apps:starlette", *options], None
    sock = f"{folder}/{name}.sock"
    options = ["--bind", f"unix:{sock}", "--processes", "1", "--log-level", "error"]
    return [sys.executable, "-m", "fcgi", f"apps:{name}()", *options], sock


@contextlib.contextmanager
def servers(names):
    """Start every server and one lighttpd; yield name to (pid, port at lighttpd)."""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        found = {}
        conf = [
            f'server.document-root = "{folder}"', f"server.port = {free_port()}",
            'server.bind = "127.0.0.1"', "server.max-fds = 4096",
            'server.modules = ( "mod_fastcgi", "mod_proxy" )',
        ]  # fmt: skip
        for name in names:
            edge, own = free_port(), free_port()
            line, sock = command(name, folder, own)
            process = subprocess.Popen(line, cwd=HERE)
            stack.callback(process.wait)
            stack.callback(process.terminate)
            found[name] = (process.pid, edge)
            if sock:
                host = f'fastcgi.server = ( "/" => (( "socket" => "{sock}", '
                host += '"check-local" => "disable", '
                host += '"fix-root-scriptname" => "enable", "disable-time" => 0 )) )'
            else:
                host = 'proxy.server = ( "/" => (( "host" => "127.0.0.1", '
                host += f'"port" => {own}, "disable-time" => 0 )) )'
            conf.append(f'$SERVER["socket"] == "127.0.0.1:{edge}" {{ {host} }}')
        path = Path(folder) / "lighttpd.conf"
        path.write_text("\n".join(conf) + "\n")
        lighttpd = subprocess.Popen(
            ["lighttpd", "-D", "-f", path],
            start_new_session=True, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        stack.callback(lighttpd.wait)
        stack.callback(os.killpg, lighttpd.pid, signal.SIGTERM)
        time.sleep(3)
        yield found


def cpu_s(pid):
    """Return the CPU seconds of a process and all below it."""
    total, pids = 0, [pid]
    while pids:
        one = pids.pop()
        for task in Path(f"/proc/{one}/task").iterdir():
            pids += (task / "children").read_text().split()
        fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


def load(port, case, seconds):
    """Return the requests a second that wrk counts."""
    method, path, accept = CASES[case]
    line = ["wrk", "-t1", "-c16", f"-d{seconds}s", "-H", f"Accept: {accept}"]
    with contextlib.ExitStack() as stack:
        if method == "POST":
            script = stack.enter_context(
                tempfile.NamedTemporaryFile("w", suffix=".lua")
            )
            script.write(
                f'wrk.method = "POST"\nwrk.body = "{FORM.decode()}"\n'
                'wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"\n'
            )
            script.flush()
            line += ["-s", script.name]
        line.append(f"http://127.0.0.1:{port}{path}")
        text = subprocess.run(line, capture_output=True, text=True, check=True).stdout
    assert "Non-2xx" not in text, text
    return float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1])


def behind_lighttpd(names, seconds, repeats):
    rates, costs = {}, {}
    with servers(names) as found:
        for _ in range(repeats):
            for case in CASES:
                for name, (pid, port) in found.items():
                    own = name.startswith("twisted") and case != "hello"
                    if (
                        own
                        or not answers(name, case)
                        or (name == "starlette" and case in ("page", "form"))
                    ):
                        continue
                    before = cpu_s(pid)
                    rate = load(port, case, seconds)
                    cost = (cpu_s(pid) - before) / (rate * seconds) * 1e6
                    rates.setdefault(case, {}).setdefault(name, []).append(rate)
                    costs.setdefault(case, {}).setdefault(name, []).append(cost)
    rows = []
    for case, samples in rates.items():
        ours = "smisk_core" if case == "hello" else "smisk"
        for name in samples:
            if name == ours:
                continue
            goals = {
                peer: goal
                for key in (case, "twisted" if case == "hello" else "")
                for _, peer, goal in GOALS.get(key, [])
            }
            rows.append(
                row(f"behind lighttpd: {case}", "req/s", samples, ours, name,
                    goals.get(name), statistics.median)
            )  # fmt: skip
            is_twisted = name == "twisted_wsgi"
            rows.append(
                row(f"worker CPU: {case}", "us", costs[case], ours, name,
                    10 if is_twisted else None, statistics.median, -1)
            )  # fmt: skip
    return rows


def main():
    """Measure, write the results, show the table."""
    line = argparse.ArgumentParser(description=__doc__)
    line.add_argument("--seconds", type=int, default=3)
    line.add_argument("--repeats", type=int, default=3)
    line.add_argument("--out", type=Path)
    given = line.parse_args()
    names = [n for n in WSGI if n.startswith(("bare", "smisk")) or has(n)]
    rows = in_process(names)
    more = ["starlette"] if has("starlette") and has("uvicorn") else []
    more += ["twisted_wsgi", "twisted_native"] if has("twisted") else []
    rows += behind_lighttpd(names + more, given.seconds, given.repeats)
    machine = {
        "cpus": os.cpu_count(), "python": platform.python_version(),
        "system": platform.platform(), "load": os.getloadavg()[0],
    }  # fmt: skip
    if given.out:
        given.out.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"machine": machine, "rows": rows}, indent=1)
        given.out.write_text(text + "\n")
    form = "{measure:24} {ours:>10} {unit:6} {peer_name:14} {peer:>10}  x{ratio:<6}"
    for one in rows:
        goal = "" if one["goal"] is None else f"goal {one['goal']} met {one['met']}"
        sys.stdout.write((form.format(**one) + goal).rstrip() + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
