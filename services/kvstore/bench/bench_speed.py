"""Requests per second, by redis-benchmark, ours and redis-server by turns."""

import resource
import subprocess
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench_row import Row, row
from bench_server import Server, ours, redis

CLIENTS = 50
KEYS = 100_000
MEMBERS = 100_000
EVENTS = 30_000
VALUE = "x" * 100
DOCUMENT = "x" * 2036  # with twelve digits before it: 2 KiB
RANDOM = "__rand_int__"
FIELDS = "source blog type note tags color,autumn published 1763800000000000"


@dataclass(frozen=True)
class Measure:
    """What redis-benchmark sends, and what must be there before.

    Attributes:
        name: As in the results.
        words: Of the command.
        fill: Name of a filling.
        weight: A request of this one costs about so much more.
        is_write: Whether the sync policy matters.
    """

    name: str
    words: Sequence[str]
    fill: str
    weight: float = 1
    is_write: bool = False


MEASURES = (
    Measure("SET", ("SET", f"key:{RANDOM}", VALUE), "strings", 1, True),
    Measure("GET", ("GET", f"key:{RANDOM}"), "strings"),
    Measure("HSET", ("HSET", f"hash:{RANDOM}", "state", "live"), "hashes", 1, True),
    Measure("HGETALL", ("HGETALL", f"hash:{RANDOM}"), "hashes", 2),
    Measure("ZADD", ("ZADD", "scores", RANDOM, f"member:{RANDOM}"), "scores", 2, True),
    Measure("ZRANGE 30", ("ZRANGE", "scores", "0", "29"), "scores", 1.5),
    Measure("MGET 30", ("MGET", *(f"key:{RANDOM}" for _ in range(30))), "strings", 8),
)


@dataclass(frozen=True)
class Load:
    """How redis-benchmark sends.

    Attributes:
        pipeline: Requests that a connection sends before it reads the replies.
        threads: Of redis-benchmark. With one, 4 to 30 us of its CPU time go into each
            request and its reply, as much as or more than into the server's part: the
            rate is then the generator's. With two the cores are shared by all, and the
            server that costs less serves more.
    """

    pipeline: int
    threads: int = 1

    def __str__(self) -> str:
        said = f"pipeline {self.pipeline}"
        return said if self.threads == 1 else f"{said}, {self.threads} client threads"


LOADS = (Load(1), Load(1, 2), Load(16))
GOALS = {("everysec", 1): 1.0, ("everysec", 16): 0.8}
GOALS |= {("always", 1): 1.1, ("always", 16): 1.0}

# Thousands of requests per second of Tokyo Tyrant 1.1.41 (8 threads) and of redis-server
# 7.0.15 with appendfsync everysec beside it, taken once on a machine of this kind: 50
# connections over TCP, 16-byte keys, 100-byte values, by a load generator in C that
# speaks either protocol. redis-benchmark does not speak Tyrant's, so redis-server is the
# yardstick: how many times its rate was Tyrant's then, how many times is ours now.
TYRANT = {
    ("SET", 1): {"B+ tree": 39, "hash": 55, "redis-server": 115},
    ("GET", 1): {"B+ tree": 41, "hash": 60, "redis-server": 128},
    ("SET", 16): {"B+ tree": 44, "hash": 108, "redis-server": 490},
    ("GET", 16): {"B+ tree": 52, "hash": 105, "redis-server": 676},
}
TYRANT_GOAL = 2.5
# Requests per second that its author has published: "1 M queries in 17.2 s" (his slides)
# is the greater of two, the other is 22,000 of each of write, read and delete. On the
# machines of 2009, so the rows above are the fairer ones.
TYRANT_PUBLISHED = 58_000


def filling(name: str, server: Server) -> Iterator[list[str]]:
    """Yield the commands that make what a measure reads."""
    if name == "strings":
        for n in range(KEYS):
            yield ["SET", f"key:{n:012d}", VALUE]
    elif name == "hashes":
        words = [*FIELDS.split(), "state", "live", "text", VALUE]
        for n in range(KEYS):
            yield ["HSET", f"hash:{n:012d}", *words]
    elif name == "scores":
        for n in range(MEMBERS):
            yield ["ZADD", "scores", str(n), f"member:{n:012d}"]
    elif server.name == "ours":
        for n in range(1, EVENTS + 1):
            yield ["ZADD", "events", str(n), f"{n:012d}{DOCUMENT}"]
    else:
        for n in range(1, EVENTS + 1):
            yield ["XADD", "events", f"{n}-1", "d", f"{n:012d}{DOCUMENT}"]


def fill(servers: Sequence[Server], name: str) -> None:
    """Fill them anew, and let ours seal it: what is measured lies in segments."""
    for server in servers:
        server.send([["FLUSHALL"]])
        server.send(filling(name, server))
        server.seal()


def run(
    server: Server, words: Sequence[str], load: Load, requests: int
) -> tuple[float, float]:
    """Return the requests per second and the p99 in ms of one run."""
    command = ["redis-benchmark", "-s", str(server.socket), "-c", str(CLIENTS)]
    command += ["-n", str(requests), "-r", str(KEYS), "-P", str(load.pipeline), "--csv"]
    if load.threads > 1:  # with one, redis-benchmark starts none and costs less
        command += ["--threads", str(load.threads)]
    done = subprocess.run(
        [*command, *words], capture_output=True, text=True, check=True
    )
    figures = done.stdout.splitlines()[-1].rsplit('","', 7)[1:]
    return float(figures[0]), float(figures[5])


def ended_cpu_s() -> float:
    """Return the CPU time of the processes we started that have ended: the clients."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def requests_of(load: Load, weight: float, scale: float) -> int:
    """Return how many requests make the better part of a second.

    With threads redis-benchmark notices its end four times a second only, so that a
    run is four times as long: a rate is then within 6 %, and not within a quarter.
    """
    count = 120_000 if load.pipeline == 1 else 400_000
    return int(count * scale / weight) * (4 if load.threads > 1 else 1)


def compared(
    pair: Sequence[Server],
    what: str,
    words: Sequence[Sequence[str]],
    goals: Sequence[tuple[Load, float | None]],
    weight: float,
    repeats: int,
    scale: float,
) -> Generator[Row, None, None]:
    """Measure one command by turns at each load; yield the rows of rate and CPU.

    The CPU time of redis-benchmark bounds the rate from above: where it is more than
    the server's, and it has one thread, no server makes the rate much greater.

    Args:
        pair: Ours and the peer.
        what: Begins the measures' names.
        words: The command, for each of the two.
        goals: Pairs of load and goal.
        weight: See `Measure`.
        repeats: Rounds; three times as many unpipelined, where there is a goal.
        scale: Of the number of requests.
    """
    for load, goal in goals:
        requests = requests_of(load, weight, scale)
        # There the generator sets the rate, and both are within a few per cent.
        is_close = load == Load(1) and goal is not None
        rounds = repeats * 3 if is_close else repeats
        rates: list[list[float]] = [[], []]
        spent: list[list[float]] = [[], []]
        asking: list[list[float]] = [[], []]
        for number in range(rounds):
            for place in (0, 1) if number % 2 == 0 else (1, 0):
                server = pair[place]
                before, asked = server.cpu_s(), ended_cpu_s()
                rates[place].append(run(server, words[place], load, requests)[0])
                spent[place].append(max(server.cpu_s() - before, 0.01) / requests * 1e6)
                asking[place].append((ended_cpu_s() - asked) / requests * 1e6)
        name = f"{what}, {load}"
        peer = pair[1].name
        yield row(name, "requests/s", peer, *rates, goal)
        yield row(name, "CPU us/request", peer, *spent, None, less_is_better=True)
        unit = "client us/req."
        yield row(name, unit, peer, *asking, None, less_is_better=True)


def speed(
    policy: str, folder: Path, repeats: int, scale: float, commands: Sequence[str]
) -> Generator[Row, None, None]:
    """Measure commands under one sync policy, under `always` only those that write."""
    rows: list[Row] = []
    pair = (ours(folder, policy), redis(folder, policy))
    goals = [(load, GOALS[policy, load.pipeline]) for load in LOADS]
    try:
        for one in MEASURES:
            if one.name not in commands or (policy == "always" and not one.is_write):
                continue
            fill(pair, one.fill)
            what = f"{one.name}, {policy}"
            for found in compared(
                pair, what, (one.words, one.words), goals, one.weight, repeats, scale
            ):
                rows.append(found)
                yield found
    finally:
        for server in pair:
            server.stop()
    if policy == "everysec":
        yield from against_tyrant(rows)


def against_tyrant(rows: Sequence[Row]) -> Generator[Row, None, None]:
    """Compare SET and GET with Tokyo Tyrant: see `TYRANT` and `TYRANT_PUBLISHED`."""
    for (name, pipeline), figures in TYRANT.items():
        measure = f"{name}, everysec, pipeline {pipeline}"
        for one in rows:
            if one["measure"] != measure or one["unit"] != "requests/s":
                continue
            if pipeline == 1:
                yield row(
                    f"{name} against Tyrant's published rate, pipeline 1",
                    "requests/s",
                    "Tokyo Tyrant 1.1, its author's slides",
                    [float(str(one["ours"]))],
                    [TYRANT_PUBLISHED],
                    TYRANT_GOAL,
                )
            for kind in ("B+ tree", "hash"):
                yield row(
                    f"{name} against Tyrant's {kind}, pipeline {pipeline}",
                    "x redis-server",
                    f"Tokyo Tyrant 1.1.41, {kind}, not of this run",
                    [float(str(one["ratio"]))],
                    [figures[kind] / figures["redis-server"]],
                    TYRANT_GOAL,
                )


def memory(folder: Path, repeats: int, scale: float) -> Generator[Row, None, None]:
    """Measure SET and GET against a redis-server that keeps nothing; no goal."""
    pair = (ours(folder, "everysec"), redis(folder, ""))
    try:
        for one in MEASURES[:2]:
            fill(pair, one.fill)
            goals = [(load, None) for load in LOADS]
            words = (one.words, one.words)
            yield from compared(
                pair, one.name, words, goals, one.weight, repeats, scale
            )
    finally:
        for server in pair:
            server.stop()


def waiting(folder: Path, repeats: int, scale: float) -> Generator[Row, None, None]:
    """Measure what it brings to look again before sleep; no goal."""
    pair = (ours(folder, "everysec"), ours(folder, "everysec", "busy-poll-us 0"))
    try:
        for one in MEASURES[:2]:
            fill(pair, one.fill)
            goals = [(load, None) for load in (Load(1), Load(1, 2))]
            words = (one.words, one.words)
            name = f"{one.name}, looking again"
            yield from compared(
                pair, name, words, goals, one.weight, repeats * 3, scale
            )
    finally:
        for server in pair:
            server.stop()


def newest(folder: Path, repeats: int, scale: float) -> Generator[Row, None, None]:
    """Measure "the newest 30 documents of 2 KB" of 30,000.

    Redis has streams for that: XADD, and XREVRANGE with COUNT 30. We have none; a client
    of ours keeps such a feed as a sorted set of the documents by time, and asks for it
    with ZRANGE … REV: one command, one reply, the same bytes of documents.
    """
    pair = (ours(folder, "everysec"), redis(folder, "everysec"))
    words = (
        ("ZRANGE", "events", "0", "29", "REV"),
        ("XREVRANGE", "events", "+", "-", "COUNT", "30"),
    )
    try:
        fill(pair, "events")
        goals = [(Load(1), 1.3), (Load(1, 2), 1.3), (Load(16), None)]
        yield from compared(pair, "newest 30 x 2 KB", words, goals, 6, repeats, scale)
    finally:
        for server in pair:
            server.stop()
