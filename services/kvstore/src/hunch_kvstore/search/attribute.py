"""What stands behind an expression: ``=> {$weight: 2; $slop: 1}``."""

from __future__ import annotations

from typing import Final

from .cursor import Cursor
from .error import SearchError
from .lexer import Kind
from .node import Node

_TRUTH: Final = {"true": True, "1": True, "false": False, "0": False}


def attributes(cursor: Cursor, node: Node | None) -> None:
    """Read the attributes of an expression and note them on its node."""
    cursor.expect(Kind.ARROW)
    cursor.expect(Kind.LB)
    while not cursor.at(Kind.RB):
        if cursor.at(Kind.SEMICOLON):
            cursor.next()
            continue
        name = cursor.expect(Kind.ATTRIBUTE).text
        cursor.expect(Kind.COLON)
        value = cursor.text(cursor.expect_word())
        if node is not None:
            _mark(node, name, value)
    cursor.next()


def _mark(node: Node, name: str, value: str) -> None:
    low = name.lower()
    try:
        if low == "weight":
            weight = float(value)
            if weight < 0:
                raise ValueError(value)
            node.weight = weight
        elif low == "slop":
            node.slop = None if int(value) < 0 else int(value)
        elif low == "inorder":
            node.in_order = _TRUTH[value.lower()]
        elif low == "phonetic":
            raise SearchError("field does not support phonetics")
        else:
            raise SearchError(f"Invalid attribute {name}")
    except (ValueError, KeyError):
        raise SearchError(f"Invalid value ({value}) for `{name}`") from None
