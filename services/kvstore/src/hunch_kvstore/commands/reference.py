"""Writes the reference page of commands from the table.

``python -m hunch_kvstore.commands.reference docs/commands.md``
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from hunch_kvstore.commands.registry import load
from hunch_kvstore.commands.table import Command

_GROUPS: Final = {
    "string": "Strings",
    "generic": "Keys",
    "hash": "Hashes",
    "sorted-set": "Sorted sets",
    "search": "Search",
    "transactions": "Transactions",
    "pubsub": "Publish and subscribe",
    "connection": "Connection",
    "server": "Server",
    "cluster": "Cluster (refused)",
}
_HEAD: Final = """# Commands of the store

This page is written by `python -m hunch_kvstore.commands.reference` from the table of
commands in `services/kvstore/src/hunch_kvstore/commands/`.

The store answers what Redis 7.0 answers, in RESP2 and RESP3. A command that is not here
answers `ERR unknown command`. "Since" is the Redis version a command appeared in.
"""


def page() -> str:
    """Return the whole page."""
    rows = list(load().values())
    unknown = {row.group for row in rows} - _GROUPS.keys()
    if unknown:
        raise ValueError(f"groups without a title: {sorted(unknown)}")
    parts = [_HEAD]
    for group, title in _GROUPS.items():
        listed = sorted(
            (row for row in rows if row.group == group), key=lambda row: row.name
        )
        if listed:
            parts.append(f"## {title}\n")
            parts += [line for row in listed for line in _entry(row)]
    return "\n".join(parts).rstrip() + "\n"


def _entry(row: Command) -> Iterator[str]:
    if row.subcommands:
        for child in sorted(row.subcommands.values(), key=lambda child: child.name):
            yield from _entry(child)
        if row.name != "COMMAND":
            return
    usage = " ".join((row.name.replace("|", " "), row.usage)).strip()
    yield f"### {row.name.replace('|', ' ')}\n"
    yield f"    {usage}\n"
    yield f"{_sentence(row.summary)}\n"
    words = ", ".join(row.acl)
    cost = f"Complexity: {_sentence(row.complexity)} " if row.complexity else ""
    yield f"{cost}Since {row.since}. {words}\n"


def _sentence(text: str) -> str:
    return text.strip().rstrip(".") + "."


def main() -> int:
    """Write the page to the file named on the command line, or print it."""
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text(page(), encoding="utf-8")
    else:
        sys.stdout.write(page())
    return 0


if __name__ == "__main__":
    sys.exit(main())
