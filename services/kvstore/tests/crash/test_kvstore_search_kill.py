"""SIGKILL of the server while it indexes: a hash is there with its postings or not at all.

The server is ours with small generations, so that the lists in memory become full and
are folded to disk every few hundred documents; the kill falls before, in and after that.
"""

import os
import random
import sys
import threading
import time

import pytest
from kvstore_process import OurServer

from hunch_kvstore.engine.store import Engine
from hunch_kvstore.search.keys import after, index_prefix

CYCLES = int(os.environ.get("KVSTORE_SEARCH_CYCLES", "4"))
WORDS = 100
ALL_WORDS = [f"w{number}" for number in range(3000)]
KEYS = 500
CREATE = "i ON HASH PREFIX 1 d: SCHEMA tags TAG body TEXT NOSTEM at NUMERIC SORTABLE"


SERVE = """
import sys
from hunch_kvstore.search import pending
from hunch_kvstore.cli import main
pending.GENERATION_POSTINGS = 20_000
sys.exit(main())
"""


class Server(OurServer):
    """Ours, but it folds sooner."""

    def command(self):
        return [sys.executable, "-c", SERVE, *super().command()[3:]]


def fields(number, version):
    """What a document holds: a word of its version, and many others."""
    r = random.Random(number * 1000 + version)
    body = " ".join([f"v{version}n{number}", *r.choices(ALL_WORDS, k=WORDS)])
    tags = f"t{number % 7},all,v{version}"
    return ["tags", tags, "body", body, "at", str(number * 1000 + version % 3)]


class Writer(threading.Thread):
    """Writes, changes and deletes documents until the server is gone."""

    def __init__(self, server, r, state):
        super().__init__()
        self.server, self.r, self.state = server, r, state
        self.clock = max((at for some in state.values() for at in some), default=0)

    def run(self):
        try:
            with self.server.wire() as wire:
                while True:
                    self.step(wire)
        except (OSError, EOFError):
            pass

    def step(self, wire):
        number = self.r.randrange(KEYS)
        self.clock += 1
        is_gone = self.r.random() < 0.15
        # What may be found after a crash: the state before, or the one asked for.
        before = self.state.get(number, (0,))
        asked = 0 if is_gone else self.clock
        self.state[number] = (before[-1], asked)
        if is_gone:
            wire.call("DEL", f"d:{number}")
        else:
            wire.call("HSET", f"d:{number}", *fields(number, self.clock))
        self.state[number] = (asked,)


def found(wire, query):
    """Return the keys a query finds, and its total."""
    words = ("NOCONTENT", "LIMIT", "0", "9999", "SORTBY", "at", "DIALECT", "2")
    reply = wire.call("FT.SEARCH", "i", query, *words)
    keys = sorted(int(key[3:]) for key in reply[2:])
    assert int(reply[1][1:]) == len(keys), "the total is what is shown"
    return keys


def check(wire, state):
    """Compare every hash with what searches find."""
    versions = {}
    for number, possible in state.items():
        tags = wire.call("HGET", f"d:{number}", "tags")
        version = 0 if tags == b"$-1" else int(tags.rpartition(b"v")[2])
        assert version in possible, "an acknowledged write is gone"
        state[number] = (version,)
        if version:
            versions[number] = version
    assert found(wire, "*") == sorted(versions)
    assert found(wire, "@tags:{all}") == sorted(versions)
    for tag in range(7):
        wanted = sorted(number for number in versions if number % 7 == tag)
        assert found(wire, f"@tags:{{t{tag}}}") == wanted
    for number, possible in state.items():
        for version in possible:
            wanted = [number] if version else []
            assert found(wire, f"v{version}n{number}") == wanted
    bodies = {
        number: set(fields(number, version)[3].split())
        for number, version in versions.items()
    }
    for word in ALL_WORDS[::50]:
        wanted = sorted(number for number, body in bodies.items() if word in body)
        assert found(wire, word) == wanted, word


@pytest.mark.parametrize("seed", [1, 2])
def test_no_document_is_without_its_postings(tmp_path, seed):
    r = random.Random(seed)
    state = {}
    server = Server(tmp_path)
    with server:
        with server.wire() as wire:
            assert wire.call("FT.CREATE", *CREATE.split()) == b"+OK"
        for _ in range(CYCLES):
            writer = Writer(server, r, state)
            writer.start()
            enough = writer.clock + r.randrange(100, 500)
            while writer.clock < enough and writer.is_alive():
                time.sleep(0.001)
            server.kill()
            writer.join()
            server.start()
            with server.wire() as wire:
                check(wire, state)
        server.stop()
    with Engine.open(tmp_path / "data") as engine:
        lists = index_prefix(1) + b"p"
        assert next(engine.scan(lists, after(lists)), None), "lists have gone to disk"
