"""Whether the machine is quiet enough to measure on."""

from __future__ import annotations

import os
import time

from study.cost import machine_busy_s


def foreign_share(seconds: float = 0.3) -> float:
    """Return the share of the machine that is used while nothing of ours runs."""
    cores = os.cpu_count() or 1
    busy, began, own = machine_busy_s(), time.monotonic(), time.process_time()
    time.sleep(seconds)
    used = machine_busy_s() - busy - (time.process_time() - own)
    return max(0.0, used / ((time.monotonic() - began) * cores))


def wait_for_quiet(threshold: float, patience_s: float) -> float:
    """Wait until the machine is quiet, or patience ends; return the last share seen."""
    deadline = time.monotonic() + patience_s
    # A short look first: on a quiet machine there is one before each visit.
    seconds = 0.1
    while True:
        share = foreign_share(seconds)
        seconds = 0.3
        if share <= threshold or time.monotonic() >= deadline:
            return share


def computation_ms(rounds: int = 4) -> float:
    """Return how long a fixed computation takes, the shortest of a few times.

    WHY: a hypervisor's other guests are not seen as load; what shares a physical core
    with one of them computes at half the speed all the same.
    """
    taken = []
    for _ in range(rounds):
        began = time.perf_counter()
        sum(i * i for i in range(30_000))
        taken.append((time.perf_counter() - began) * 1e3)
    return min(taken)


def calibration_ms(times: int = 16, pause_s: float = 0.2) -> list[float]:
    """Return how long the same computation took, over a few seconds.

    On a quiet machine with a steady clock these agree within a few per cent.
    """
    taken = []
    for _ in range(times):
        taken.append(computation_ms())
        time.sleep(pause_s)
    return taken
