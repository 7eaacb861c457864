"""Replies recorded from RediSearch 2.10.5 (under Valkey 9.1): ours are the same bytes.

The record holds commands and replies as they were on the wire, RESP2: a thousand of
them, six hundred of these FT.EXPLAIN of queries put together at random. What we answer
otherwise on purpose is not in it; the package `hunch_kvstore.search` lists that.
"""

import json
from pathlib import Path

RECORD = Path(__file__).parent / "search_recorded.json"


def as_wire(reply):
    if isinstance(reply, list):
        return (reply[0], *map(as_wire, reply[1:]))  # the type stays text
    return reply.encode("latin-1") if isinstance(reply, str) else reply


def test_recorded_replies(server):
    lines = json.loads(RECORD.read_text())
    assert len(lines) > 900
    with server.wire() as wire:
        for words, reply in lines:
            found = wire.call(*(word.encode("latin-1") for word in words))
            assert found == as_wire(reply), words
