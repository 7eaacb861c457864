"""Measure the binding against the same loops in C, and against other stores.

    python bench_tokyocabinet.py [--count N] [--repeats N] [--only PART ...] [--output FILE]

The parts are hdb, bdb, bdbrandom, fdb, threads and large.

Each repeat runs C and Python one after the other on the same data, so that both see the
same machine. Keys lie in memory in the order in which they are used, in C's array and in
Python's heap alike. A row's ratio is the peer's time through ours: larger is better, and
a goal of 0.67 allows one and a half times the time of C.

"C" is the library as the system has it. "C quiet" is the same loop with sched_yield()
doing nothing, as in our process (see yields.h): what the binding itself costs.
"""

import argparse
import json
import os
import platform
import random
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tokyocabinet import BDB, FDB, HDB

try:
    import lmdb
except ImportError:  # an optional peer
    lmdb = None

HERE = Path(__file__).parent
RANGES, SPAN = 1000, 500  # as in loop.c
KINDS = ("hdb", "bdb", "bdbrandom", "fdb")
PARTS = [*KINDS, "threads", "large"]
CALL_GOAL = 1 / 1.5
BULK_GOAL = 1 / 1.2
THREAD_PAIRS = 8  # for each repeat
LARGE_PART = 1_000_000  # keys that threads read of the large database
# (measure, peer, goal): pairs of nanoseconds, ours and the peer's.
Found = dict[tuple[str, str, float], list[tuple[float, float]]]
LONG_INTERVAL = 0.1  # seconds before a thread has to let another run; usually 0.005


def clock(work: Callable[[], object], count: int) -> float:
    """Return nanoseconds per operation."""
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) / count * 1e9


def compile_loop(folder: Path, *flags: str) -> Path:
    """Build loop.c with the system's compiler."""
    program = folder / f"loop{''.join(flags)}"
    command = ["cc", "-O2", "-std=gnu99", *flags, "-o", str(program)]
    subprocess.run([*command, str(HERE / "loop.c"), "-ltokyocabinet"], check=True)
    return program


def run_c(program: Path, kind: str, path: Path, count: int, mutex: bool) -> dict:
    """Return the C loop's nanoseconds per operation by phase."""
    done = subprocess.run(
        [str(program), kind, str(path), str(count), str(int(mutex))],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return {name: float(ns) for name, ns in map(str.split, done.stdout.splitlines())}


def make(kind: str, path: Path, count: int, mutex: bool):
    """Open a new database tuned as the C loop tunes its own."""
    if kind == "fdb":
        db = FDB(mutex=mutex)
        db.tune(8, 1 << 30)
    elif kind == "hdb":
        db = HDB(mutex=mutex)
        db.tune(count * 2)
        db.setxmsiz(512 << 20)
    else:
        db = BDB(mutex=mutex)
        db.setcache(16384, 4096)
        db.setxmsiz(512 << 20)
    db.open(path, "n")
    return db


def edges(count: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield the first key of each range and the one behind its last."""
    for n in range(RANGES):
        first = n * 1037389 % (count - SPAN)
        yield b"%08d" % first, b"%08d" % (first + SPAN)


def run_ours(kind: str, path: Path, keys: list, values: list, mutex: bool) -> dict:
    """Return our nanoseconds per operation by phase."""
    count = len(keys)
    db = make(kind, path, count, mutex)

    def put():
        store = db.put
        for key, value in zip(keys, values, strict=True):
            store(key, value)

    def get():
        fetch = db.get
        for key in keys:
            fetch(key)

    def scan():
        for _ in db.iteritems():
            pass

    def ranges():
        for start, stop in edges(count):
            for _ in db.iteritems(start, stop):
                pass

    result = {"put": clock(put, count), "get": clock(get, count)}
    result["scan"] = clock(scan, count)
    if kind in ("bdb", "bdbrandom"):
        result["range"] = clock(ranges, RANGES * SPAN)
    result["get_many"] = clock(lambda: db.get_many(keys), count)
    db.close()
    pairs = list(zip(keys, values, strict=True))
    db = make(kind, path, count, mutex)
    result["put_many"] = clock(lambda: db.put_many(pairs), count)
    db.close()
    return result


def run_dict(keys: list, values: list) -> dict:
    """Return a dict's nanoseconds per operation, through the same loops."""
    db: dict[bytes, bytes] = {}

    def put():
        store = db.__setitem__
        for key, value in zip(keys, values, strict=True):
            store(key, value)

    def get():
        fetch = db.get
        for key in keys:
            fetch(key)

    def scan():
        for _ in db.items():
            pass

    return {name: clock(work, len(keys)) for name, work in
            (("put", put), ("get", get), ("scan", scan))}  # fmt: skip


def run_sqlite(path: Path, keys: list, values: list) -> dict:
    """Return SQLite's nanoseconds per operation, one transaction, no syncs."""
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA synchronous=OFF")
    db.execute("PRAGMA journal_mode=OFF")
    db.execute("CREATE TABLE t (k BLOB PRIMARY KEY, v BLOB) WITHOUT ROWID")
    db.execute("BEGIN")
    rows = list(zip(keys, values, strict=True))
    result = {
        "put_many": clock(
            lambda: db.executemany("INSERT OR REPLACE INTO t VALUES (?,?)", rows),
            len(keys),
        )
    }
    db.execute("COMMIT")

    some = keys[::5]

    def get():
        run = db.execute
        for key in some:
            run("SELECT v FROM t WHERE k=?", (key,)).fetchone()

    def ranges():
        for start, stop in edges(len(keys)):
            for _ in db.execute(
                "SELECT k, v FROM t WHERE k>=? AND k<? ORDER BY k", (start, stop)
            ):
                pass

    def scan():
        for _ in db.execute("SELECT k, v FROM t ORDER BY k"):
            pass

    result["get"] = clock(get, len(some))
    result["scan"] = clock(scan, len(keys))
    result["range"] = clock(ranges, RANGES * SPAN)
    db.close()
    return result


def run_lmdb(path: Path, keys: list, values: list) -> dict:
    """Return LMDB's nanoseconds per operation, one transaction, no syncs."""
    db = lmdb.open(str(path), map_size=1 << 32, sync=False)
    pairs = list(zip(keys, values, strict=True))
    result = {}
    with db.begin(write=True) as transaction:

        def put():
            store = transaction.put
            for key, value in pairs:
                store(key, value)

        result["put"] = clock(put, len(keys))
    with db.begin() as transaction:

        def get():
            fetch = transaction.get
            for key in keys:
                fetch(key)

        def scan():
            for _ in transaction.cursor():
                pass

        def ranges():
            cursor = transaction.cursor()
            for start, stop in edges(len(keys)):
                cursor.set_range(start)
                for key, _ in cursor:
                    if key >= stop:
                        break

        result["get"] = clock(get, len(keys))
        result["scan"] = clock(scan, len(keys))
        result["range"] = clock(ranges, RANGES * SPAN)
    db.close()
    return result


def each_of(fetch: Callable) -> Callable[[list], None]:
    """Return what reads keys one by one."""

    def work(part):
        for key in part:
            fetch(key)

    return work


def crew(work: Callable[[list], object], keys: list, threads: int) -> float:
    """Return nanoseconds per read of some threads that share the keys."""
    size = len(keys) // threads
    each = [
        threading.Thread(target=work, args=(keys[i * size : (i + 1) * size],))
        for i in range(threads)
    ]

    def run():
        for thread in each:
            thread.start()
        for thread in each:
            thread.join()

    return clock(run, len(keys))


def by_turns(
    works: dict[str, Callable], keys: list, intervals: tuple[float, ...]
) -> Iterator[tuple[str, float, float]]:
    """Yield how, and nanoseconds per read of one thread and of four, by turns.

    With the interpreter's own switch interval, the first, and with a long one: what each
    change of the thread that runs costs.
    """
    for work in works.values():
        crew(work, keys, 1)  # the first one finds the pages
    usual = sys.getswitchinterval()
    # Many pairs, and who comes first changes: a single one says little.
    for turn in range(THREAD_PAIRS):
        for interval in intervals:
            for name, work in works.items():
                sys.setswitchinterval(interval)
                try:
                    first = crew(work, keys, 4 if turn % 2 else 1)
                    second = crew(work, keys, 1 if turn % 2 else 4)
                finally:
                    sys.setswitchinterval(usual)
                label = name if interval == usual else f"{name}, {interval} s a turn"
                yield label, *((second, first) if turn % 2 else (first, second))


def run_threads(path: Path, keys: list) -> Iterator[tuple[str, float, float]]:
    """Compare four threads with one, at random.

    In the order of the file one thread would profit from what it has just read, as no
    reader of single records does. Reads of a dict are the control: what the interpreter
    itself loses or wins.
    """
    model = dict(zip(keys, keys, strict=True))
    mixed = random.Random(20090228).sample(keys, len(keys))
    # Keys lie in memory as they are used, here as everywhere.
    mixed = [bytes(bytearray(key)) for key in mixed]
    with HDB() as db:
        db.setxmsiz(512 << 20)
        db.open(path, "r")
        works = {
            "hdb 4 threads get": each_of(db.get),
            "hdb 4 threads get_many": db.get_many,
            "dict 4 threads get": each_of(model.get),
        }
        yield from by_turns(works, mixed, (sys.getswitchinterval(), LONG_INTERVAL))


def gather(options, folder: Path) -> Iterator[tuple[str, str, float, float, float]]:
    """Yield (measure, peer, ours, theirs, goal) for every measure of one repeat."""
    program = compile_loop(folder)
    quiet = compile_loop(folder, "-DQUIET")
    count = options.count
    ordered = [b"%08d" % i for i in range(count)]
    order = random.Random(20090228).sample(range(count), count)
    shuffled = [b"%08d" % i for i in order]
    for kind in KINDS:
        if kind not in options.only:
            continue
        values = shuffled if kind == "bdbrandom" else ordered
        keys = list(range(1, count + 1)) if kind == "fdb" else values
        for mutex in (True, False):
            path = folder / f"{kind}.db"
            theirs = run_c(program, kind, path, count, mutex)
            ours = run_ours(kind, path, keys, values, mutex)
            bare = run_c(quiet, kind, path, count, mutex)
            label = f"{kind} {'shared' if mutex else 'one owner'}"
            for phase, peer, goal in (
                ("put", "put", CALL_GOAL), ("get", "get", CALL_GOAL),
                ("scan", "scan", BULK_GOAL), ("range", "range", BULK_GOAL),
                ("put_many", "put", BULK_GOAL), ("get_many", "get", BULK_GOAL),
            ):  # fmt: skip
                if phase not in ours:
                    continue
                yield f"{label} {phase}", "C", ours[phase], theirs[peer], goal
                yield f"{label} {phase}", "C quiet", ours[phase], bare[peer], 0
            path.unlink()
            if kind in ("hdb", "bdb") and mutex:
                for phase, ns in run_dict(keys, values).items():
                    yield f"{label} {phase}", "dict", ours[phase], ns, 0
            if kind == "bdbrandom" and mutex:
                peers = {"sqlite3": run_sqlite}
                if lmdb is not None:
                    peers["lmdb"] = run_lmdb
                for name, run in peers.items():
                    result = run(folder / name, keys, values)
                    for phase, ns in result.items():
                        yield f"{label} {phase}", name, ours[phase], ns, 0
    if "threads" not in options.only:
        return
    path = folder / "threads.tch"
    with make("hdb", path, count, True) as db:
        db.put_many(zip(shuffled, shuffled, strict=True))
    for name, alone, together in run_threads(path, shuffled):
        goal = 1.0 if name.startswith("hdb") else 0
        yield name, "1 thread", together, alone, goal


def large_reads(
    options, folder: Path
) -> Iterator[tuple[str, str, float, float, float]]:
    """Yield random reads of a large hash database."""
    program = compile_loop(folder)
    path = folder / "large.tch"
    with make("hdb", path, options.large, True) as db:
        db.put_many((b"%08d" % i, b"%08d" % i) for i in range(options.large))
    for repeat in range(options.repeats):
        theirs = run_c(program, "read", path, options.large, True)["get"]
        chosen = random.Random(repeat)
        keys = [b"%08d" % chosen.randrange(options.large) for _ in range(2_000_000)]
        with HDB() as db:
            db.setxmsiz(2048 << 20)
            db.open(path, "r")

            def get(db=db, keys=keys):
                fetch = db.get
                for key in keys:
                    fetch(key)

            ours = clock(get, len(keys))
            many = clock(lambda db=db, keys=keys: db.get_many(keys), len(keys))
            label = f"hdb of {options.large:,} records, random"
            yield f"{label} get", "C", ours, theirs, CALL_GOAL
            yield f"{label} get_many", "C", many, theirs, BULK_GOAL
            works = {
                f"hdb of {options.large:,}, 4 threads get": each_of(db.get),
                f"hdb of {options.large:,}, 4 threads get_many": db.get_many,
            }
            usual = (sys.getswitchinterval(),)
            for name, alone, together in by_turns(works, keys[:LARGE_PART], usual):
                yield name, "1 thread", together, alone, 1.0


def machine() -> dict:
    """Return what the figures depend on."""
    return {
        "cpu": next(
            (line.split(":")[1].strip() for line in
             Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
            platform.processor(),
        ),
        "cpus": os.cpu_count(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "load": os.getloadavg()[0],
    }  # fmt: skip


def rows_of(found: Found) -> list[dict]:
    """Return a row for each measure: medians, the ratio and how far it spreads."""
    rows = []
    for (measure, peer, goal), pairs in found.items():
        ratios = sorted(theirs / ours for ours, theirs in pairs)
        ratio = statistics.median(ratios)
        rows.append({
            "measure": measure, "unit": "ns/op",
            "ours": round(statistics.median(ours for ours, _ in pairs), 1),
            "peer_name": peer,
            "peer": round(statistics.median(theirs for _, theirs in pairs), 1),
            "ratio": round(ratio, 3), "goal": round(goal, 3) or None,
            "met": ratio >= goal if goal else None, "repeats": len(pairs),
            "spread": round(ratios[-1] - ratios[0], 3),
        })  # fmt: skip
    return rows


def save(output: Path | None, facts: dict, found: Found) -> None:
    """Write what has been measured up to now, so that a run cut short leaves that."""
    if output is None:
        return
    output.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"machine": facts, "rows": rows_of(found)}, indent=1)
    output.write_text(text + "\n")


def main() -> None:
    """Run, print a table, write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--large", type=int, default=10_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", nargs="+", default=PARTS, choices=PARTS)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    found: Found = {}
    folder = Path(tempfile.mkdtemp(prefix="bench-tokyocabinet-"))
    facts = machine()
    try:
        for repeat in range(options.repeats):
            print(f"repeat {repeat + 1} of {options.repeats}", file=sys.stderr)
            for measure, peer, ours, theirs, goal in gather(options, folder):
                found.setdefault((measure, peer, goal), []).append((ours, theirs))
            for leftover in ("sqlite3", "threads.tch"):
                (folder / leftover).unlink(missing_ok=True)
            shutil.rmtree(folder / "lmdb", ignore_errors=True)
            save(options.output, facts, found)
        if options.large and "large" in options.only:
            for measure, peer, ours, theirs, goal in large_reads(options, folder):
                found.setdefault((measure, peer, goal), []).append((ours, theirs))
            save(options.output, facts, found)
    finally:
        shutil.rmtree(folder)
    for row in rows_of(found):
        goal = (
            f"{row['goal']:.2f} {'met' if row['met'] else 'MISSED'}"
            if row["goal"]
            else ""
        )
        print(
            f"{row['measure']:44} {row['ours']:8.0f} ns  {row['peer_name']:9}"
            f"{row['peer']:8.0f} ns  ratio {row['ratio']:6.2f} ±{row['spread']:.2f}  {goal}"
        )


if __name__ == "__main__":
    main()
