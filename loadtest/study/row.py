"""One line of the raw figures: what a generator counted, and what the parts used."""

from __future__ import annotations

import csv
import dataclasses
import io
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from study.cost import Used
from study.generator import SATURATED, Sample
from study.plan import Cell

PARTS = ("edge", "workers", "store", "generator")


@dataclass
class Row:
    """A measurement.

    Times per request (`us_*`) are CPU microseconds of that part. `busy_*` is CPU time
    in cores. `demand_*` is the share of the cores it can use that a part used or waited
    for. `foreign` is the share of the machine used by others meanwhile.
    """

    model: str
    processes: int
    handler: str
    generator: str
    mode: str
    repeat: int
    attempt: int
    kept: int
    began: float
    seconds: float
    served: int
    failed: int
    rate: float
    p50_ms: float
    p90_ms: float
    p99_ms: float
    max_ms: float
    us_edge: float
    us_workers: float
    us_store: float
    us_generator: float
    busy_edge: float
    busy_workers: float
    busy_store: float
    busy_generator: float
    busy_machine: float
    demand_edge: float
    demand_workers: float
    demand_store: float
    demand_generator: float
    saturated: int
    limit: str
    foreign_before: float
    foreign: float
    noisy: int
    ready_s: float

    @property
    def cell(self) -> Cell:
        """What was measured."""
        return Cell(self.model, self.processes, self.handler)


def row_of(
    cell: Cell, repeat: int, attempt: int, sample: Sample, used: Used, cores: int,
    loops: int = 1,
) -> Row:  # fmt: skip
    """Put together what the generator and the meter saw.

    Args:
        cell: What was measured.
        repeat: For the how manieth time.
        attempt: At it, where noise made more than one necessary.
        sample: The generator's count.
        used: The meter's, for the same time.
        cores: Of the machine.
        loops: How many cores the edge can use.
    """
    cpu = {part: used.cpu_s.get(part, 0.0) for part in PARTS}
    # The generator knows its own CPU time to the microsecond, without its start-up.
    cpu["generator"] = sample.cpu_s
    busy = {part: cpu[part] / used.seconds for part in PARTS}
    requests = max(1, sample.served + sample.failed)
    us = {part: cpu[part] / requests * 1e6 for part in PARTS}
    usable = {
        "edge": loops, "workers": cell.processes, "store": 1, "generator": sample.threads,
    }  # fmt: skip
    demand = {
        part: (busy[part] + used.waited_s.get(part, 0.0) / used.seconds) / usable[part]
        for part in PARTS
    }
    # A Python process computes on one core at a time, and there are only so many.
    usable["workers"] = min(cell.processes, cores)
    share = {part: busy[part] / usable[part] for part in PARTS}
    machine = used.machine_s / used.seconds
    p50, p90, p99, longest = (round(ms, 3) for ms in sample.ms)
    return Row(
        model=cell.model, processes=cell.processes, handler=cell.handler,
        generator=sample.generator, mode=sample.mode, repeat=repeat, attempt=attempt,
        kept=0, began=round(sample.began, 3), seconds=round(sample.seconds, 3),
        served=sample.served, failed=sample.failed, rate=round(sample.rate, 1),
        p50_ms=p50, p90_ms=p90, p99_ms=p99, max_ms=longest,
        **{f"us_{part}": round(us[part], 2) for part in PARTS},
        **{f"busy_{part}": round(busy[part], 3) for part in PARTS},
        **{f"demand_{part}": round(demand[part], 3) for part in PARTS},
        busy_machine=round(machine, 3),
        saturated=int((demand["generator"] >= SATURATED and sample.mode == "closed")
                      or share["generator"] >= SATURATED),
        limit=limit(busy, share, demand, machine / cores),
        foreign_before=0.0, foreign=round(used.foreign(sample.cpu_s), 4), noisy=0, ready_s=0.0,
    )  # fmt: skip


def limit(
    busy: Mapping[str, float],
    share: Mapping[str, float],
    demand: Mapping[str, float],
    machine: float,
) -> str:
    """Name the part that held the rate down.

    A generator that computed or waited for a core nearly all the time is the limit: it
    made less load than it was asked for. Else a part is whose own cores were used up. If
    all of the machine's cores were, the parts share them, and the one that used most is
    named as the largest. Else a part that was always computing or waiting for a core.

    Args:
        busy: CPU time of each part, in cores.
        share: Of the cores that it can use.
        demand: The same with the time that it waited for a core.
        machine: Share of all cores that was used.
    """
    if demand["generator"] >= SATURATED:
        return "generator"
    if used_up := [part for part in PARTS if share[part] >= SATURATED]:
        return used_up[0]
    if machine >= SATURATED:
        return f"cores, mostly {max(busy, key=lambda part: busy[part])}"
    if waiting := [part for part in PARTS if demand[part] >= SATURATED]:
        return waiting[0]
    return "waiting"


COLUMNS = [field.name for field in dataclasses.fields(Row)]
_TYPES = {field.name: field.type for field in dataclasses.fields(Row)}


def append(path: Path, rows: Iterable[Row]) -> None:
    """Add rows to a CSV file, all or (after a kill) a torn tail that `load` drops."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if not path.exists():
        writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow(dataclasses.astuple(row))
    with path.open("ab") as file:
        file.write(text.getvalue().encode())
        file.flush()
        os.fsync(file.fileno())


def load(path: Path) -> list[Row]:
    """Read rows; cut off a last line that was not written to its end."""
    if not path.exists():
        return []
    data = path.read_bytes()
    whole = data[: data.rfind(b"\n") + 1]
    if whole != data:
        path.write_bytes(whole)
    reader = csv.DictReader(io.StringIO(whole.decode()))
    convert = {"int": int, "float": float, "str": str}
    return [
        Row(**{name: convert[str(_TYPES[name])](line[name]) for name in COLUMNS})
        for line in reader
    ]
