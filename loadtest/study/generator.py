"""The load generators: locust, wrk, and our own FastCGI client."""

from __future__ import annotations

import collections
import contextlib
import json
import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from study import kept_locust
from study.kept_locust import GeneratorError, Started
from study.program import guard

HERE = Path(__file__).parent
# A generator that computes or waits for a core for so much of the time makes less load
# than it was asked for.
SATURATED = 0.9


@dataclass(frozen=True)
class Sample:
    """What a generator counted.

    Attributes:
        generator: `locust`, `wrk` or `fcgi`.
        mode: `closed`: the next request follows an answer. `open`: requests keep to
            a rate whatever the answers do.
        began: Seconds since 1970.
        ended: Of the time that counts.
        served: Answers below 400.
        failed: All other requests.
        ms: Latencies: median, 90 %, 99 %, longest.
        cpu_s: What the generator itself used.
        threads: How many cores it could use.
    """

    generator: str
    mode: str
    began: float
    ended: float
    served: int
    failed: int
    ms: tuple[float, float, float, float]
    cpu_s: float
    threads: int
    all_served: int = 0
    all_failed: int = 0

    @property
    def seconds(self) -> float:
        """How long it counted."""
        return self.ended - self.began

    @property
    def rate(self) -> float:
        """Answers below 400 in a second."""
        return self.served / self.seconds if self.seconds else 0.0


def _nobody(_pid: int) -> None:
    return


def threads_for(cores: int, generator: str) -> int:
    """Return how many cores a generator may use."""
    if generator == "fcgi":
        return 1
    share = 8 if generator == "wrk" else 4
    return max(1, cores // share)


def _run(
    command: Sequence[str], environ: Mapping[str, str], limit_s: float, started: Started
) -> str:
    with subprocess.Popen(
        [*guard("KILL"), *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, **environ}, cwd=HERE.parent, start_new_session=True,
    ) as process:  # fmt: skip
        started(process.pid)
        try:
            out, err = process.communicate(timeout=limit_s)
        except subprocess.TimeoutExpired:
            raise GeneratorError(f"{command[0]} did not end") from None
        finally:
            # Its own children, too: locust's other processes.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    if process.returncode not in (0, 1):
        raise GeneratorError(f"{command[0]} failed: {(err or out)[-800:]}")
    return out + "\n" + err


def locust(
    url: str,
    path: str,
    *,
    users: int,
    seconds: float,
    warm_s: float = 0.1,
    rate: float = 0.0,
    processes: int = 1,
    started: Started = _nobody,
) -> Sample:
    """Make load with locust's FastHttpUser; with `rate` in the open model."""
    with tempfile.TemporaryDirectory(prefix="study") as folder:
        each = max(1, round(users / processes))
        environ = {
            "STUDY_OUT": folder, "STUDY_PATH": path, "STUDY_WARM_S": str(warm_s),
            "STUDY_SECONDS": str(seconds), "STUDY_RATE": str(rate / processes / each),
        }  # fmt: skip
        arguments = [
            "-f", str(HERE / "cell_user.py"), "--headless", "--host", url,
            "--users", str(each), "--spawn-rate", str(each), "--only-summary",
            "--loglevel", "ERROR", "--stop-timeout", "10",
        ]  # fmt: skip
        limit_s = warm_s + seconds + 60
        said = kept_locust.run(arguments, environ, processes, limit_s, started)
        parts = [json.loads(p.read_text()) for p in Path(folder).glob("locust-*.json")]
    if len(parts) < processes:
        raise GeneratorError(f"locust counted nothing: {said[-800:]}")
    buckets: collections.Counter[int] = collections.Counter()
    for part in parts:
        buckets.update({int(k): v for k, v in part["buckets"].items()})
    width = parts[0]["bucket_ms"]
    return Sample(
        generator="locust",
        mode="open" if rate else "closed",
        began=min(p["began"] for p in parts),
        ended=min(p["began"] for p in parts) + seconds,
        served=sum(p["served"] for p in parts),
        failed=sum(p["failed"] for p in parts),
        ms=percentiles(buckets, width),
        cpu_s=sum(p["cpu_s"] for p in parts),
        threads=processes,
        all_served=sum(p["all_served"] for p in parts),
        all_failed=sum(p["all_failed"] for p in parts),
    )


def percentiles(
    buckets: Mapping[int, int], width: float
) -> tuple[float, float, float, float]:
    """Return median, 90 %, 99 % and longest of counts in buckets."""
    total = sum(buckets.values())
    found = []
    for share in (0.5, 0.9, 0.99, 1.0):
        below, at = 0, 0
        for at in sorted(buckets):
            below += buckets[at]
            if below >= share * total:
                break
        found.append((at + 0.5) * width if total else 0.0)
    return found[0], found[1], found[2], found[3]


_UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4}


def wrk(
    url: str,
    path: str,
    *,
    connections: int,
    seconds: int,
    threads: int = 1,
    started: Started = _nobody,
) -> Sample:
    """Make as much load as wrk can."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.time()
    said = _run(
        ["wrk", f"-t{threads}", f"-c{connections}", f"-d{seconds}s", "--latency",
         "--timeout", "20s", url + path],
        {}, seconds + 40, started,
    )  # fmt: skip
    after, ended = resource.getrusage(resource.RUSAGE_CHILDREN), time.time()
    total = re.search(r"(\d+) requests in ([\d.]+)(us|ms|s|m)\b", said)
    if total is None:
        raise GeneratorError(f"wrk said: {said[-400:]}")
    taken = float(total[2]) * _UNITS[total[3]] / 1e3
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    broken = re.search(
        r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", said
    )
    bad = int(refused[1]) if refused else 0
    lost = sum(map(int, broken.groups())) if broken else 0
    shares = {
        int(m[1]): float(m[2]) * _UNITS[m[3]]
        for m in re.finditer(
            r"^\s+(50|90|99)%\s+([\d.]+)(us|ms|s|m)\b", said, re.MULTILINE
        )
    }
    longest = re.search(
        r"Latency\s+[\d.]+\w+\s+[\d.]+\w+\s+([\d.]+)(us|ms|s|m)\b", said
    )
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Sample(
        generator="wrk",
        mode="closed",
        began=began,
        ended=min(ended, began + taken),
        served=int(total[1]) - bad,
        failed=bad + lost,
        ms=(shares.get(50, 0.0), shares.get(90, 0.0), shares.get(99, 0.0),
            float(longest[1]) * _UNITS[longest[2]] if longest else 0.0),
        cpu_s=used,
        threads=threads,
    )  # fmt: skip


def fcgi(
    address: str,
    path: str,
    *,
    connections: int,
    window: int,
    keep: bool,
    seconds: float,
    started: Started = _nobody,
) -> Sample:
    """Make load with our own FastCGI client, without a web server."""
    command = [
        sys.executable, "-m", "study.direct", address, "--path", path,
        "--connections", str(connections), "--window", str(window),
        "--seconds", str(seconds), *(["--keep"] if keep else []),
    ]  # fmt: skip
    said = _run(command, {"PYTHONPATH": str(HERE.parent)}, seconds + 40, started)
    try:
        found = json.loads(said.partition("\n")[0])
    except ValueError:
        raise GeneratorError(f"the FastCGI client said: {said[-800:]}") from None
    p50, p90, p99, longest = found.pop("ms")
    return Sample(
        generator="fcgi", mode="closed", ms=(p50, p90, p99, longest), threads=1, **found
    )
