"""What processes cost: CPU time from /proc, sampled while a measurement runs."""

from __future__ import annotations

import bisect
import os
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

TICK_S = 1 / os.sysconf("SC_CLK_TCK")
PERIOD_S = 0.2


def family(pid: int) -> Iterator[int]:
    """Yield a process and all its descendants."""
    yield pid
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = task.read_text().split()
        except OSError:  # it ended meanwhile
            continue
        for child in children:
            yield from family(int(child))


def cpu_s(pids: list[int]) -> float:
    """Return the CPU time of processes, of their ended threads and reaped children."""
    ticks = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        ticks += sum(map(int, fields[11:15]))
    return ticks * TICK_S


def waited_s(pids: list[int]) -> float:
    """Return how long living threads were ready to run and had to wait for a core."""
    total = 0
    for pid in pids:
        for task in Path(f"/proc/{pid}/task").glob("*/schedstat"):
            try:
                total += int(task.read_text().split()[1])
            except (OSError, IndexError):
                continue
    return total / 1e9


def machine_busy_s() -> float:
    """Return the time that all cores together have been busy since the machine began.

    Time stolen by a hypervisor counts: it is noise, too.
    """
    with Path("/proc/stat").open() as stat:
        user, nice, system, _idle, _wait, irq, soft, steal = map(
            int, stat.readline().split()[1:9]
        )
    return (user + nice + system + irq + soft + steal) * TICK_S


@dataclass(frozen=True)
class Used:
    """What was used between two moments.

    Attributes:
        seconds: Between them.
        cpu_s: CPU time by part.
        waited_s: By part: ready to run, but no core was free.
        machine_s: CPU time of everything on the machine.
    """

    seconds: float
    cpu_s: Mapping[str, float]
    waited_s: Mapping[str, float]
    machine_s: float

    def foreign(self, generator_s: float) -> float:
        """Return the share of the whole machine that others than the parts used.

        Args:
            generator_s: What the generator says that it used: when we look for the
                last time, it is gone.
        """
        ours = sum(v for part, v in self.cpu_s.items() if part != "generator")
        others = self.machine_s - ours - generator_s
        return max(0.0, others / (self.seconds * (os.cpu_count() or 1)))


class Meter:
    """Samples the parts' CPU time in a thread of its own.

    A part is a name and the process at its head. `split` names parts whose descendants
    are another part: workers that lighttpd itself has started.
    """

    def __init__(self) -> None:
        self._heads: dict[str, int] = {"harness": os.getpid()}
        self._split: dict[str, str] = {}
        self._samples: list[tuple[float, dict[str, float]]] = []
        self._known: dict[str, float] = {}
        self._lock = threading.Lock()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def watch(self, part: str, pid: int, descendants: str = "") -> None:
        """Begin to watch a part."""
        with self._lock:
            self._heads[part] = pid
            for name in (part, f"wait {part}"):
                self._known.pop(name, None)
            if descendants:
                self._split[part] = descendants
        self.sample()

    def leave(self, part: str) -> None:
        """Watch a part no longer; what it used stays in earlier samples."""
        with self._lock:
            self._heads.pop(part, None)
            self._split.pop(part, None)

    def __enter__(self) -> Meter:
        self.sample()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def sample(self) -> None:
        """Take a sample now."""
        with self._lock:
            now: dict[str, float] = {"machine": machine_busy_s()}
            for part, pid in self._heads.items():
                if part == "harness":
                    # WHY process_time: /proc of ourselves would count children that
                    # were reaped, which are parts of their own.
                    now["cpu harness"] = time.process_time()
                    continue
                pids = list(family(pid))
                if part in self._split:
                    other = self._split[part]
                    now[f"cpu {other}"] = self._most(other, cpu_s(pids[1:]))
                    waited = waited_s(pids[1:])
                    now[f"wait {other}"] = self._most(f"wait {other}", waited)
                    pids = pids[:1]
                now[f"cpu {part}"] = self._most(part, cpu_s(pids))
                now[f"wait {part}"] = self._most(f"wait {part}", waited_s(pids))
            self._samples.append((time.time(), now))

    def _most(self, name: str, value: float) -> float:
        """Return the largest value so far: the dead keep what they have used."""
        self._known[name] = max(value, self._known.get(name, 0.0))
        return self._known[name]

    def between(self, began: float, ended: float) -> Used:
        """Return what was used between two moments, interpolated between samples."""
        first, last = self._at(began), self._at(ended)
        gone = {k: max(0.0, last[k] - first.get(k, 0.0)) for k in last}
        return Used(
            seconds=max(1e-9, ended - began),
            cpu_s={k[4:]: v for k, v in gone.items() if k.startswith("cpu ")},
            waited_s={k[5:]: v for k, v in gone.items() if k.startswith("wait ")},
            machine_s=gone["machine"],
        )

    def _run(self) -> None:
        while not self._end.wait(PERIOD_S):
            self.sample()

    def _at(self, moment: float) -> dict[str, float]:
        with self._lock:
            samples = list(self._samples)
        times = [when for when, _ in samples]
        place = bisect.bisect_left(times, moment)
        if place == 0:
            return samples[0][1]
        if place == len(samples):
            return samples[-1][1]
        (t0, before), (t1, after) = samples[place - 1], samples[place]
        share = (moment - t0) / (t1 - t0) if t1 > t0 else 1.0
        names = set(before) & set(after)
        return {k: before[k] + (after[k] - before[k]) * share for k in names} | {
            k: v for k, v in before.items() if k not in names
        }
