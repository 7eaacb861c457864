"""One million records written and read, as in Tokyo Cabinet's own benchmark of 2008.

Keys and values of eight bytes. The figures beside ours were measured in C on a Xeon of
2.3 GHz with four cores; ours come through Python, once call by call and once in bulk.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from claims.table import Line, Table
from tokyocabinet import BDB, FDB, HDB

# Seconds to write and to read, and bytes of the file.
POST: dict[str, tuple[float, float]] = {
    "hash": (0.402, 0.334),
    "tree, ascending": (0.707, 0.601),
    "tree, random": (2.896, 2.263),
    "fixed": (0.248, 0.037),
}
WHOSE = "C, 2008, Xeon 2.3 GHz"


def run(count: int = 1_000_000, repeats: int = 3, out: Path | None = None) -> Path:
    """Measure all kinds of database."""
    table = Table(
        "million",
        f"{count:,} records of 8 bytes, seconds (2008: 1,000,000 in C)",
        "none, then or now: nothing is synced before the clock stops. A crash of the "
        "machine may take all of it. Hunch's store keeps its own log for that reason.",
    )
    keys = [b"%08d" % n for n in range(1, count + 1)]
    mixed = keys[:]
    random.Random(1).shuffle(mixed)
    for kind, (write_s, read_s) in POST.items():
        order = mixed if kind.endswith("random") else keys
        taken: dict[str, list[float]] = {}
        for _ in range(repeats):
            for phase, spent in _once(kind, order, count).items():
                taken.setdefault(phase, []).append(spent)
        scale = count / 1_000_000
        for phase, seconds in taken.items():
            post = (write_s if phase.startswith("write") else read_s) * scale
            table.add(Line(f"{kind}: {phase}", "s", seconds, round(post, 3), WHOSE))
    return table.write(out)


def _once(kind: str, values: list[bytes], count: int) -> dict[str, float]:
    # A fixed-length database has numbers for keys.
    keys: Sequence[Any] = range(1, count + 1) if kind == "fixed" else values

    def clock(work: Callable[[], object]) -> float:
        began = time.perf_counter()
        work()
        return time.perf_counter() - began

    found = {}
    for bulk in (False, True):
        with tempfile.TemporaryDirectory(prefix="claim") as folder:
            db = _open(kind, Path(folder) / "db", count)

            def write(db: Any = db) -> None:
                put = db.put
                for key, value in zip(keys, values, strict=True):
                    put(key, value)

            def read(db: Any = db) -> None:
                get = db.get
                for key in keys:
                    get(key)

            def write_bulk(db: Any = db) -> None:
                db.put_many(zip(keys, values, strict=True))

            def read_bulk(db: Any = db) -> None:
                db.get_many(keys)

            how = ", in bulk" if bulk else ""
            found["write" + how] = clock(write_bulk if bulk else write)
            found["read" + how] = clock(read_bulk if bulk else read)
            db.close()
    return found


def _open(kind: str, path: Path, count: int) -> Any:
    db: Any
    if kind == "hash":
        db = HDB()
        db.tune(count * 2)
        db.setxmsiz(512 << 20)
    elif kind == "fixed":
        db = FDB()
        db.tune(8, 1 << 30)
    else:
        db = BDB()
        db.setcache(16384, 4096)
        db.setxmsiz(512 << 20)
    db.open(path, "n")
    return db
