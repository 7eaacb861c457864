"""The scenarios against a small stand-in of the site, and the limits that gate."""

import http.server
import json
import os
import subprocess
import sys
import threading
from argparse import Namespace
from collections import Counter
from pathlib import Path

import pytest
from scenarios.limits import broken

LOADTEST = Path(__file__).resolve().parents[1]
PAGE = b"""<html><link href="/static/site.css?v=1"><main>
<a href="/item/1">one</a> <a href="/tags/snow">snow</a> <a href="/2026/11/22/">day</a>
<img src="/media/ab/ab.jpg"><a rel="next" href="/?before=5">older</a></main>"""


class Site:
    """Answers as the site does; `slow_s` and `broken` make it a worse one."""

    def __init__(self):
        self.asked = Counter()
        self.conditional = Counter()
        self.broken = False
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                site.asked[self.path.partition("?")[0]] += 1
                known = self.headers.get("If-None-Match")
                site.conditional[bool(known)] += 1
                status = 500 if site.broken else 304 if known == '"v1"' else 200
                body = PAGE if status == 200 else b""
                self.send_response(status)
                self.send_header("ETag", '"v1"')
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass

        class Server(http.server.ThreadingHTTPServer):
            request_queue_size = 512
            daemon_threads = True

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def site():
    one = Site()
    yield one
    one.server.shutdown()
    one.server.server_close()


def locust(url, *args, file="locustfile.py"):
    files = ",".join(str(LOADTEST / name) for name in file.split(","))
    command = [sys.executable, "-m", "locust", "-f", files, "--headless", "--host", url,
               "--json", "--loglevel", "WARNING", *args]  # fmt: skip
    # As `make load` does: nothing tells locust where the scenarios are.
    environ = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=90, env=environ
    )
    start = done.stdout.find("[")
    rows = json.loads(done.stdout[start:]) if start >= 0 else []
    return done.returncode, {row["name"]: row for row in rows}, done.stderr


def test_mixed_day_asks_for_everything(site):
    wanted = {"/", "/item/<id>", "/timeline/", "/static/…", "/media/…"}
    # On a busy machine locust gets to less in the same time.
    for seconds in (6, 15, 40):
        code, rows, said = locust(
            site.url, "-u", "47", "-r", "47", "-t", f"{seconds}s"
        )  # fmt: skip
        assert code == 0, said
        if wanted <= set(rows) and site.conditional[True] > 10:
            break
    assert wanted <= set(rows)
    assert any(name.startswith("search ") for name in rows)
    assert any(name.startswith("poll ") for name in rows)
    assert site.conditional[True] > 10


def test_failures_and_latency_gate(site):
    code, _, said = locust(
        site.url, "-u", "5", "-r", "5", "-t", "5s", "--p95-ms", "0.001"
    )
    assert code == 1
    assert "95 % within" in said
    site.broken = True
    code, _, said = locust(site.url, "-u", "5", "-r", "5", "-t", "5s", "Reader")
    assert code == 1
    assert "FAILED: 100.00% failed" in said


def test_every_follower_fetches_once(site):
    code, rows, said = locust(
        site.url, "-u", "200", "-r", "200", "--herd-seconds", "1", file="herd.py"
    )
    assert code == 0, said
    assert rows["herd /feed"]["num_requests"] == site.asked["/feed"] == 200
    assert 60 < site.asked["/"] < 140


@pytest.mark.parametrize(
    ("shape", "options", "users"),
    [
        ("shape_step.py", ["--step-users", "3", "--step-seconds", "1", "--steps", "2"],
         ["3", "6"]),
        ("shape_spike.py", ["--quiet-seconds", "1", "--spike-seconds", "1",
                            "--spike-users", "20"], ["5", "20", "5"]),
    ],
)  # fmt: skip
def test_shapes_end_by_themselves_and_show_each_phase(site, shape, options, users):
    code, rows, said = locust(site.url, *options, file=f"locustfile.py,{shape}")
    assert code == 0, said
    # A line for each phase, and every request in one of them but for the last answers.
    head, *lines = said[said.index("users") :].splitlines()
    assert head.split()[:2] == ["users", "seconds"]
    found = [line.split() for line in lines if line[:7].strip().isdigit()]
    assert [one[0] for one in found] == users
    assert all(float(one[1]) == pytest.approx(1, abs=0.9) for one in found)
    counted = sum(int(one[2].replace(",", "")) for one in found)
    asked = sum(row["num_requests"] for row in rows.values())
    assert 0 <= asked - counted <= 25


def test_limits_in_words():
    limits = Namespace(fail_ratio=0.01, p95_ms=100.0, least_rate=10.0)
    assert broken(100, 0.01, 100, 10, limits) == []
    assert broken(0, 0, 0, 0, limits) == ["there was no request"]
    words = broken(100, 0.02, 101, 9, limits)
    assert [w.split()[0] for w in words] == ["2.00%", "95", "9.0"]
