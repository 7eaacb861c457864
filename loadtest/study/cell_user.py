"""The locust user of one measurement: asks one address, counts in fine buckets.

Locust's own statistics round to milliseconds; most answers here take less. What was
counted goes to a file for each process, which the harness adds up.
"""

from __future__ import annotations

import collections
import json
import os
import resource
import time
from pathlib import Path
from typing import Any

import gevent
from locust import constant_throughput, events, task
from locust.contrib.fasthttp import FastHttpUser

OUT = Path(os.environ["STUDY_OUT"])
ADDRESS = os.environ["STUDY_PATH"]
WARM_S = float(os.environ["STUDY_WARM_S"])
SECONDS = float(os.environ["STUDY_SECONDS"])
# Of one user; 0 for as often as it is answered.
RATE = float(os.environ["STUDY_RATE"])
BUCKET_MS = 0.05


class Window:
    """What was counted, over all the time and within the time that counts."""

    began = 0.0
    ended = 0.0
    cpu_began = 0.0
    cpu_ended = 0.0
    served = 0
    failed = 0
    all_served = 0
    all_failed = 0


window = Window()
buckets: collections.Counter[int] = collections.Counter()


class Caller(FastHttpUser):
    """Asks again as soon as it is answered, or at its share of a set rate."""

    network_timeout = 30.0
    connection_timeout = 30.0
    if RATE:
        wait_time = constant_throughput(RATE)

    @task
    def call(self) -> None:
        self.client.get(ADDRESS)


@events.request.add_listener  # type: ignore[untyped-decorator]
def count(response_time: float, exception: Any, **_: Any) -> None:
    if exception is None:
        window.all_served += 1
    else:
        window.all_failed += 1
    if window.began <= time.time() < window.ended:
        if exception is None:
            window.served += 1
            buckets[int(response_time / BUCKET_MS)] += 1
        else:
            window.failed += 1


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


@events.test_start.add_listener  # type: ignore[untyped-decorator]
def plan(environment: Any, **_: Any) -> None:
    def watch() -> None:
        gevent.sleep(WARM_S)
        window.cpu_began = _cpu_s()
        window.began = time.time()
        window.ended = window.began + SECONDS
        gevent.sleep(SECONDS)
        # On a busy machine we wake late; then the time that counts is over already.
        window.cpu_ended = _cpu_s()
        environment.runner.quit()

    gevent.spawn(watch)


@events.quit.add_listener  # type: ignore[untyped-decorator]
def report(**_: Any) -> None:
    if not window.began:
        return
    found = {
        "began": window.began, "ended": window.ended,
        "cpu_s": (window.cpu_ended or _cpu_s()) - window.cpu_began,
        "served": window.served, "failed": window.failed,
        "all_served": window.all_served, "all_failed": window.all_failed,
        "bucket_ms": BUCKET_MS, "buckets": dict(buckets),
    }  # fmt: skip
    path = OUT / f"locust-{os.getpid()}.json"
    path.write_text(json.dumps(found))
