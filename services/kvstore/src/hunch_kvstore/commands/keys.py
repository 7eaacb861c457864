"""Which words of a call are keys, read from the command's key specifications."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from hunch_kvstore.commands.table import Command

_NUMBER: Final = re.compile(rb"\s*[+-]?\d+")


class KeysError(Exception):
    """The words name no keys although the command wants some."""


def key_places(row: Command, words: Sequence[bytes]) -> list[tuple[int, list[str]]]:
    """Return the place of every key, each with what the call does to it.

    Raises:
        KeysError: If a count of keys does not fit the words, or there are no keys.
    """
    found = [
        (place, list(spec["flags"]))
        for spec in row.more.get("keys", ())
        for place in _places(spec, words)
    ]
    if not found and any(row.range):
        first, last, step = row.range
        stop = last if last >= 0 else len(words) + last
        found = [(place, []) for place in range(first, stop + 1, step)]
    if not found:
        raise KeysError
    if row.name == "SET":
        reads = any(word.upper() == b"GET" for word in words[3:])
        found[0] = (1, ["RW", "access", "update"] if reads else ["OW", "update"])
    return found


def _places(spec: dict[str, Any], words: Sequence[bytes]) -> Iterator[int]:
    first = spec["begin_search"]["spec"]["index"]
    how = spec["find_keys"]["spec"]
    if spec["find_keys"]["type"] == "range":
        last = how["lastkey"]
        stop = first + last if last >= 0 else len(words) + last
        yield from range(first, min(stop, len(words) - 1) + 1, how["keystep"])
        return
    said = _NUMBER.match(words[first + how["keynumidx"]])
    count = int(said[0]) if said is not None else 0
    first += how["firstkey"]
    if not 1 <= count <= len(words) - first:
        raise KeysError
    yield from range(first, first + count * how["keystep"], how["keystep"])
