"""TOML with line numbers: which line of the file a key stands on.

`tomllib` reads the values but forgets where they stood. Messages about a wrong
configuration are to name the line, so this module finds it again.
"""

from __future__ import annotations

import re
import tomllib
from typing import Any

_HEADER = re.compile(r"\s*(\[\[?)\s*([A-Za-z0-9_.\-\"' ]+?)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"\s*([A-Za-z0-9_\-]+|\"[^\"]*\"|'[^']*')\s*[=.]")

Path = tuple[str | int, ...]


class TomlError(ValueError):
    """Text that is no TOML.

    Attributes:
        line: Where reading stopped, from 1; 0 if unknown.
    """

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


def parse(text: str) -> tuple[dict[str, Any], dict[Path, int]]:
    """Read TOML.

    Returns:
        The values, and the line (from 1) of each table and key by its path; an element
        of an array of tables has its index in the path: `("source", 0, "url")`.

    Raises:
        TomlError: If it is no TOML.
    """
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+)", str(error))
        line = int(found.group(1)) if found else text.count("\n") + 1
        raise TomlError(str(error), line) from error
    return values, _lines(text)


def _lines(text: str) -> dict[Path, int]:
    lines: dict[Path, int] = {}
    counts: dict[str, int] = {}
    table: Path = ()
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            name = header.group(2).strip()
            if header.group(1) == "[[":
                counts[name] = counts.get(name, -1) + 1
                table = (name, counts[name])
            else:
                table = tuple(part.strip(" \"'") for part in name.split("."))
            lines.setdefault(table, number)
        elif key := _KEY.match(line):
            lines.setdefault((*table, key.group(1).strip("\"'")), number)
    return lines
