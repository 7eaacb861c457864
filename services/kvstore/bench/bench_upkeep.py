"""What keeping data costs: latency while it is compacted, disk, memory, recovery."""

import random
import string
import threading
from collections.abc import Generator, Iterator
from pathlib import Path

from bench_row import Row, row
from bench_server import Server, ours, redis
from bench_speed import MEASURES, Load, fill, run

GIGABYTE = 1_000_000_000
DOCUMENT_BYTES = 2048
RECOVERY_S = 10.0
MOST_DISK = 1.1
REWRITE_EVERY_S = 0.5


def latency(folder: Path, repeats: int, scale: float) -> Generator[Row, None, None]:
    """Measure p99 of SET and GET while both servers compact what they have.

    All the time a run takes, BGREWRITEAOF is sent every half a second: ours seals its
    memory table and merges segments in child processes, redis-server forks and writes
    its log anew.
    """
    pair = (ours(folder, "everysec"), redis(folder, "everysec"))
    try:
        for one in MEASURES[:2]:
            fill(pair, one.fill)
            p99: list[list[float]] = [[], []]
            for number in range(repeats):
                for place in (0, 1) if number % 2 == 0 else (1, 0):
                    with Compacting(pair[place]):
                        requests = int(250_000 * scale)
                        found = run(pair[place], one.words, Load(1), requests)
                        p99[place].append(found[1])
            what = f"{one.name} p99 while compacting, pipeline 1"
            yield row(what, "ms", pair[1].name, *p99, 0.5, less_is_better=True)
    finally:
        for server in pair:
            server.stop()


class Compacting:
    """Tells a server to compact, over and over, for the length of a block."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.is_set():
            self._server.ask("BGREWRITEAOF")
            self._over.wait(REWRITE_EVERY_S)


def documents(size_bytes: int) -> Iterator[list[str]]:
    """Yield SETs of 2 KB documents, keys and values of so many bytes together."""
    made = random.Random(4)
    text = "".join(made.choices(string.ascii_letters, k=1 << 20))
    for n in range(size_bytes // (DOCUMENT_BYTES + 16)):
        at = made.randrange(len(text) - DOCUMENT_BYTES)
        yield ["SET", f"doc:{n:012d}", text[at : at + DOCUMENT_BYTES]]


UPKEEP = {
    "recovery_s": ("recovery after kill -9", "s", RECOVERY_S),
    "disk": ("disk taken", "bytes/byte", MOST_DISK),
    "memory": ("resident memory", "MB", None),
}


def upkeep(folder: Path, scale: float) -> Generator[Row, None, None]:
    """Measure recovery after kill -9, disk and memory with a gigabyte of documents."""
    payload = int(GIGABYTE * scale)
    pair = (ours(folder, "everysec"), redis(folder, "everysec"))
    found: list[dict[str, float]] = []
    try:
        for server in pair:
            server.send(documents(payload))
            server.kill()
            recovery_s = server.start()
            server.seal()
            found.append(
                {
                    "recovery_s": recovery_s,
                    "disk": server.disk_bytes() / payload,
                    "memory": server.resident_bytes() / 1e6,
                }
            )
    finally:
        for server in pair:
            server.stop()
    mine, theirs = found
    for key, (name, unit, limit) in UPKEEP.items():
        what = f"{name}, {payload / GIGABYTE:g} GB of 2 KB documents"
        value = [mine[key]]
        if limit is not None:
            yield row(what, unit, "limit", value, [limit], 1.0, less_is_better=True)
        peer = pair[1].name
        yield row(what, unit, peer, value, [theirs[key]], None, less_is_better=True)
