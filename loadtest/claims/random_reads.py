"""Two million random reads of a hash database of ten million records.

The post of 28 February 2009: under 15 seconds, about 140,000 a second, one thread, from
Python, keys of 10 to 15 characters.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from claims.table import Line, Table
from tokyocabinet import HDB

VALUE = b"a value of no length"


def key(number: int) -> bytes:
    """Return a key of 10 to 15 characters."""
    return b"key-%06d%s" % (number, b"x" * (number % 6))


def run(
    records: int = 10_000_000,
    reads: int = 2_000_000,
    repeats: int = 3,
    out: Path | None = None,
) -> Path:
    """Build the database, read from it."""
    table = Table(
        "random-reads",
        f"{reads:,} random reads of {records:,} records",
        "reading only; the file was closed after it was built, and is as safe as the "
        "disk that it is on.",
    )
    with tempfile.TemporaryDirectory(prefix="claim") as folder:
        db = HDB()
        db.tune(records * 2, opts=1)  # large: more than 2 GB must be possible
        db.setxmsiz(1 << 30)
        path = Path(folder) / "ten.hdb"
        db.open(path, "n")
        began = time.perf_counter()
        db.put_many(_pairs(records))
        sys.stderr.write("\n")
        table.add(Line("building it, in bulk", "records/s",
                       [records / (time.perf_counter() - began)]))  # fmt: skip
        db.close()
        db.open(path, "r")
        chance = random.Random(1)
        single, bulk = [], []
        for _ in range(repeats):
            keys = [key(chance.randrange(records)) for _ in range(reads)]
            began = time.perf_counter()
            get = db.get
            for one in keys:
                get(one)
            single.append(reads / (time.perf_counter() - began))
            began = time.perf_counter()
            for start in range(0, reads, 1000):
                db.get_many(keys[start : start + 1000])
            bulk.append(reads / (time.perf_counter() - began))
        size = path.stat().st_size
        db.close()
    whose = "pytc, 2009, Mac Pro 8 × 2.8 GHz"
    note = f"The file has {size / 1e6:,.0f} MB and was in the page cache."
    table.add(Line("one call for each", "reads/s", single, 140_000, whose, note))
    table.add(
        Line("get_many, 1,000 keys a call", "reads/s", bulk, 140_000, whose, note)
    )
    return table.write(out)


def _pairs(records: int) -> Iterator[tuple[bytes, bytes]]:
    for number in range(records):
        if number % 500_000 == 0:
            sys.stderr.write(f"\rbuilding: {number:,} of {records:,} ")
            sys.stderr.flush()
        yield key(number), VALUE
