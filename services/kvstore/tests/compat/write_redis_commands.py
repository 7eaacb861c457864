"""Writes what redis-server says of its commands into the store's table.

    python write_redis_commands.py [NAME ...]

The names in the table are asked for again, and NAME besides, as in ``CLIENT|PAUSE``. A
command of the store that is Redis's own takes arity, flags, keys, categories, help and
documentation from there; what the store does otherwise is said beside its handler.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "support"))

from kvstore_process import RedisServer  # noqa: E402

TABLE = HERE.parents[1] / "src" / "hunch_kvstore" / "commands" / "redis_commands.json"


def plain(reply):
    """Return a reply in RESP3 as JSON has it: sets are lists, everything is text."""
    if isinstance(reply, bytes):
        return int(reply[1:]) if reply[:1] == b":" else reply[1:].decode()
    kind, *items = reply
    if kind == "%":
        pairs = zip(items[::2], items[1::2], strict=True)
        return {plain(name): plain(value) for name, value in pairs}
    return [plain(item) for item in items]


def rows(wire):
    """Return {name: row} of everything redis-server has."""
    found = {}
    waiting = plain(wire.call("COMMAND"))
    docs = plain(wire.call("COMMAND", "DOCS"))
    for name, arity, flags, first, last, step, acl, tips, keys, children in waiting:
        waiting += children
        parent, _, child = name.partition("|")
        said = docs[parent]
        if child:
            said = said["subcommands"][name]
        row = {"arity": arity, "flags": flags, "range": [first, last, step]}
        row |= {"acl": acl, "tips": tips, "keys": keys}
        row |= {key: value for key, value in said.items() if key != "subcommands"}
        if child == "help":
            row["help"] = plain(wire.call(parent, "HELP"))
        found[name.upper()] = row
    return found


def main():
    table = json.loads(TABLE.read_text()) if TABLE.exists() else {"": []}
    with (
        tempfile.TemporaryDirectory() as folder,
        RedisServer(folder) as server,
        server.wire() as wire,
    ):
        wire.call("HELLO", "3")
        there = rows(wire)
    wanted = {*table, *(name.upper() for name in sys.argv[1:])} - {""}
    lines = [f'"": {json.dumps(table[""])}']
    lines += [f'"{name}": {json.dumps(there[name])}' for name in sorted(wanted)]
    TABLE.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
