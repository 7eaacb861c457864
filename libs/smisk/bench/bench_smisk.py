"""Measure Smisk against its peers, in process and behind one lighttpd.

    python libs/smisk/bench/bench_smisk.py [--seconds 1] [--rounds 5] [--out FILE]

Ours and theirs alternate: every round measures each contender once, a ratio is taken
within a round, and the median of the rounds is reported, so a busy machine disturbs both
sides alike. In process: microseconds of one call. Behind lighttpd: requests a second as
wrk counts them (one worker process, 16 connections), and CPU microseconds the server's
processes spent on one: the figure to steer by. Each peer runs on our FastCGI server and
on the server it is usually run on. What is not installed is left out and named.
"""

# ruff: noqa: D103, ARG001 - a program: nothing here is called from elsewhere
import argparse
import contextlib
import importlib.util
import io
import itertools
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
    "json, no address twice": ("GET", "/item/{}", "application/json"),
    "page": ("GET", "/page", "text/html"),
    "form": ("POST", "/form", "application/json"),
}
US, RATE = "CPU us/request", "requests/s"
# Case, peer, unit: least ratio (better is larger).
GOALS = {
    ("hello", "bare on fcgi", RATE): 0.9,
    ("json", "flask on fcgi", RATE): 2,
    ("json", "falcon on fcgi", RATE): 1,
    ("json", "falcon on fcgi", US): 1,
    ("json, no address twice", "falcon on fcgi", US): 1,
    ("hello", "wsgi on twisted", RATE): 6,
    ("hello", "wsgi on twisted", US): 10,
}
WSGI = ["bare", "smisk_core", "smisk", "flask", "falcon", "bottle", "starlette"]
USUAL = ["flask on gunicorn", "falcon on gunicorn", "bottle on waitress",
         "starlette on uvicorn", "wsgi on twisted", "native on twisted"]  # fmt: skip


def has(name):
    return importlib.util.find_spec(name) is not None


def answers(name, case):
    """Return whether a contender has an answer to that case."""
    if name.startswith("starlette"):
        return case.startswith(("hello", "json"))
    return case == "hello" or not name.startswith(("bare", "smisk_core", "wsgi", "nat"))


def ours_for(case):
    return "smisk_core" if case == "hello" else "smisk"


def environ(case, numbers=itertools.count(1_000_000)):  # noqa: B008
    method, path, accept = CASES[case]
    path = path.format(next(numbers))
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
    assert {s[:3] for s in statuses} == {"200"}, (application, case, set(statuses))
    return taken / calls * 1e6


def in_process(names, batches=20):
    made = {name: getattr(apps, name)() for name in names}
    rows = []
    for case in CASES:
        samples = {name: [] for name in names if answers(name, case)}
        for _ in range(batches):
            for name, found in samples.items():
                found.append(call_us(made[name], case))
        rows += rows_of("in process", case, "us/call", samples)
    return rows


def rows_of(where, case, unit, samples):
    """Compare ours with every peer of one measure."""
    ours = ours_for(case)
    mine = next(name for name in samples if name.partition(" ")[0] == ours)
    rows = []
    for peer, theirs in samples.items():
        if peer == mine or (where == "in process" and peer == "bare"):
            continue
        ratios = [
            m / t if unit == RATE else t / m
            for m, t in zip(samples[mine], theirs, strict=True)
        ]
        ratio = statistics.median(ratios)
        goal = GOALS.get((case, peer, unit))
        spread = statistics.quantiles(ratios) if len(ratios) > 1 else [ratio] * 3
        rows.append({
            "measure": f"{where}: {case}", "unit": unit,
            "ours": round(statistics.median(samples[mine]), 2), "peer_name": peer,
            "peer": round(statistics.median(theirs), 2), "ratio": round(ratio, 2),
            "goal": goal, "met": None if goal is None else ratio >= goal,
            "repeats": len(ratios), "spread": round((spread[2] - spread[0]) / ratio, 2),
        })  # fmt: skip
    return rows


# -- behind lighttpd ---------------------------------------------------------------------


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def command(name, folder, port):
    """Return how to start a contender, and the socket if it speaks FastCGI."""
    python = sys.executable
    app, _, server = name.partition(" on ")
    if server == "twisted":
        code = f"import apps; apps.serve_twisted({port}, native={app == 'native'})"
        return [python, "-c", code], None
    if server == "uvicorn":
        options = ["--port", str(port), "--log-level", "warning", "--factory"]
        return [python, "-m", "uvicorn", "apps:starlette_asgi", *options], None
    if server == "gunicorn":
        options = ["-w", "1", "-b", f"127.0.0.1:{port}", "--log-level", "error"]
        return [python, "-m", "gunicorn", *options, f"apps:{app}()"], None
    if server == "waitress":
        code = "import apps, logging, waitress; logging.disable(); "
        code += f"waitress.serve(apps.{app}(), listen='127.0.0.1:{port}')"
        return [python, "-c", code], None
    sock = f"{folder}/{app}.sock"
    options = ["--bind", f"unix:{sock}", "--processes", "1", "--log-level", "error"]
    return [python, "-m", "fcgi", f"apps:{app}()", *options], sock


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
    """Return the CPU seconds of a process and all it ever had below it."""
    total, pids = 0, [pid]
    while pids:
        one = pids.pop()
        for task in Path(f"/proc/{one}/task").iterdir():
            pids += (task / "children").read_text().split()
        fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        total += sum(map(int, fields[11:15]))  # and of children that have ended
    return total / os.sysconf("SC_CLK_TCK")


def load(port, case, seconds):
    """Return requests a second, and how many there were, as wrk counts them."""
    method, path, accept = CASES[case]
    line = ["wrk", "-t1", "-c16", f"-d{seconds}s", "-H", f"Accept: {accept}"]
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        if method == "POST":
            script.write(
                f'wrk.method = "POST"\nwrk.body = "{FORM.decode()}"\n'
                'wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"\n'
            )
        elif "{}" in path:
            head, tail = path.split("{}")
            script.write(
                "number = 1000000\nfunction request()\n  number = number + 1\n"
                f'  return wrk.format("GET", "{head}" .. number .. "{tail}")\nend\n'
            )
        script.flush()
        line += ["-s", script.name, f"http://127.0.0.1:{port}{path.format(1)}"]
        text = subprocess.run(line, capture_output=True, text=True, check=True).stdout
    assert "Non-2xx" not in text, text
    rate = re.search(r"Requests/sec:\s+([\d.]+)", text)
    count = re.search(r"(\d+) requests in", text)
    return float(rate[1]), int(count[1])


def behind_lighttpd(names, seconds, rounds):
    rows = []
    with servers(names) as found:
        for case in CASES:
            rates = {name: [] for name in names if answers(name, case)}
            costs = {name: [] for name in rates}
            for _ in range(rounds):
                for name in rates:
                    pid, port = found[name]
                    before = cpu_s(pid)
                    rate, count = load(port, case, seconds)
                    rates[name].append(rate)
                    costs[name].append((cpu_s(pid) - before) / count * 1e6)
            rows += rows_of("behind lighttpd", case, RATE, rates)
            rows += rows_of("behind lighttpd", case, US, costs)
    return rows


def main():
    """Measure, write the results, show the table."""
    line = argparse.ArgumentParser(description=__doc__)
    line.add_argument("--seconds", type=int, default=1)
    line.add_argument("--rounds", type=int, default=5)
    line.add_argument("--out", type=Path)
    given = line.parse_args()
    names = [n for n in WSGI if n.startswith(("bare", "smisk")) or has(n)]
    usual = []
    for name in USUAL:
        needed = [n for n in name.split(" on ") if n not in ("wsgi", "native")]
        missing = [n for n in needed if not has(n)]
        if missing:
            sys.stdout.write(f"left out: {name} ({', '.join(missing)} not installed)\n")
        else:
            usual.append(name)
    rows = in_process(names)
    behind = [f"{name} on fcgi" for name in names] + usual
    rows += behind_lighttpd(behind, given.seconds, given.rounds)
    machine = {
        "cpus": os.cpu_count(), "python": platform.python_version(),
        "system": platform.platform(), "load": os.getloadavg()[0],
    }  # fmt: skip
    if given.out:
        given.out.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"machine": machine, "rows": rows}, indent=1)
        given.out.write_text(text + "\n")
    form = "{measure:40} {ours:>9} {peer_name:21} {peer:>9} {unit:15} x{ratio:<6}"
    for one in rows:
        goal = "" if one["goal"] is None else f"goal {one['goal']} met {one['met']}"
        sys.stdout.write((form.format(**one) + goal).rstrip() + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
