"""What the kernel knows of a server's processes: CPU time, memory, cores."""

import contextlib
import os
import re
from collections.abc import Iterable
from pathlib import Path


def family(pid: int) -> Iterable[int]:
    """Yield a process and all its descendants."""
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
    except OSError:
        return  # it has ended
    yield pid
    for task in tasks:
        with contextlib.suppress(OSError):
            for child in (task / "children").read_text().split():
                yield from family(int(child))


def cpu_ns(pid: int) -> tuple[int, int]:
    """Return the CPU time that a process and its descendants have used.

    In nanoseconds, first as the kernel knows it exactly of threads that still live,
    then in ticks of a hundredth of a second, those of ended threads included.
    """
    exact = ticks = 0
    for one in family(pid):
        for task in Path(f"/proc/{one}/task").glob("*/schedstat"):
            with contextlib.suppress(OSError):
                exact += int(task.read_text().split()[0])
        with contextlib.suppress(OSError):
            text = Path(f"/proc/{one}/stat").read_text()
            ticks += sum(map(int, text.rpartition(")")[2].split()[11:15]))
    return exact, ticks * (10**9 // os.sysconf("SC_CLK_TCK"))


def private_mb(pid: int) -> float:
    """Return the memory of a process that it shares with nobody."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(map(int, re.findall(r"Private_\w+:\s+(\d+) kB", text))) / 1024


def place(pid: int, cores: set[int]) -> None:
    """Let a process, its descendants and all their threads run on some cores only."""
    for one in family(pid):
        for task in Path(f"/proc/{one}/task").iterdir():
            with contextlib.suppress(OSError):
                os.sched_setaffinity(int(task.name), cores)
