"""What stands in brackets, ``@field:[…]``, and comparisons, ``@field >= 5``.

Mostly two ends of a range, of which one may be left out if it is not excluded. Places
(``[longitude latitude radius unit]``), shapes (``[WITHIN $shape]``) and vectors
(``[VECTOR_RANGE radius $vector]``) are read and told apart, but no field here has them.
"""

from __future__ import annotations

from math import inf
from typing import Final

from .cursor import Cursor
from .error import SearchError
from .lexer import Kind, number_of, split_comparison
from .node import Node, Not, Nowhere, Range

_UNITS: Final = ("m", "km", "mi", "ft")
_UNIT: Final = "Invalid GeoFilter unit"
_SHAPES: Final = {"contains": 1, "within": 2, "disjoint": 3, "intersects": 4}
_VECTORS: Final = (
    "Vectors that are within {radius:g} distance radius from `${vector}` "
    "in vector index associated with field @{name}"
)


def bracketed(cursor: Cursor, name: str) -> Node:
    """Return what stands between ``[`` and ``]`` behind a field."""
    cursor.expect(Kind.LSQB)
    if cursor.at(Kind.TERM):
        return _named(cursor, name)
    has_low, low = _end(cursor)
    if has_low and cursor.at(Kind.RSQB):
        cursor.next()
        value = _plain(cursor, low)
        return Range(name, value, value)
    has_high, high = _end(cursor)
    if has_low and has_high and not cursor.at(Kind.RSQB):
        return _place(cursor, name, low, high)
    cursor.expect(Kind.RSQB)
    return Range(
        name,
        _bound(cursor, low, "lower"),
        _bound(cursor, high, "upper"),
        has_low=has_low,
        has_high=has_high,
    )


def comparison(cursor: Cursor) -> Node:
    """Return ``@field >= 5`` and its like."""
    name, sign, text = split_comparison(cursor.next().text)
    value = _plain(cursor, (1.0, text))
    match sign:
        case "==":
            return Range(name, value, value)
        case "!=":
            return Not(Range(name, value, value))
        case ">" | ">=":
            return Range(name, value, inf, has_low=sign == ">=")
        case _:
            return Range(name, -inf, value, has_high=sign == "<=")


_Number = tuple[float, str]
"""A sign, and a number as the query has it or the name of a parameter behind a ``$``."""


def _end(cursor: Cursor) -> tuple[bool, _Number]:
    is_in = not cursor.at(Kind.LP)
    if not is_in:
        cursor.next()
    return is_in, _number(cursor)


def _number(cursor: Cursor) -> _Number:
    signs = 0
    while cursor.at(Kind.MINUS):
        cursor.next()
        signs += 1
    sign = -1.0 if signs % 2 else 1.0
    if cursor.at(Kind.ATTRIBUTE) and signs < 2:
        return sign, "$" + cursor.next().text
    return sign, cursor.expect(Kind.NUMBER).text


def _bound(cursor: Cursor, number: _Number, side: str) -> float:
    return _value(cursor, number, f"Bad {side} range: {{text}}")


def _plain(cursor: Cursor, number: _Number) -> float:
    return _value(
        cursor, number, "Invalid numeric value ({text}) for parameter `{name}`"
    )


def _value(cursor: Cursor, number: _Number, complaint: str) -> float:
    """Return the value of a number, or of the parameter that holds one."""
    sign, text = number
    if not text.startswith("$"):
        return sign * number_of(text)
    name, text = text[1:], cursor.value(text[1:])
    try:
        return sign * float(text)
    except ValueError:
        cursor.refuse(complaint.format(name=name, text=text))
        return 0.0


# -- what no field here has


def _place(cursor: Cursor, name: str, longitude: _Number, latitude: _Number) -> Node:
    """``longitude latitude radius unit``, behind the second number."""
    numbers = (longitude, latitude, _number(cursor))
    token = cursor.expect_word()
    cursor.expect(Kind.RSQB)
    if token.kind is Kind.NUMBER:
        raise SearchError(_UNIT)
    x, y, radius = (_plain(cursor, number) for number in numbers)
    unit = cursor.text(token)
    if unit.lower() not in _UNITS:
        cursor.refuse(_UNIT)
    elif abs(x) > 180 or abs(y) > 90:
        cursor.refuse("Invalid GeoFilter lat/lon")
    elif radius <= 0:
        cursor.refuse("Invalid GeoFilter radius")
    return Nowhere(f"GEO {name}:{{{x:f},{y:f} --> {radius:f} {unit.lower()}}}")


def _named(cursor: Cursor, name: str) -> Node:
    """``WITHIN $shape`` or ``VECTOR_RANGE radius $vector``."""
    unknown = cursor.error("Syntax error: expecting vector similarity range command")
    at = cursor.next()
    if cursor.at(Kind.ATTRIBUTE):
        value = cursor.next()
        if cursor.at(Kind.RSQB):
            cursor.next()
            kind = _SHAPES.get(at.text.lower())
            if kind is None:
                place = cursor.place(value)
                raise SearchError(
                    f"Syntax error: Expecting a geoshape predicate at offset {place}"
                )
            return Nowhere(f"GEOSHAPE{{{kind} {cursor.value(value.text)}}}")
        radius = (1.0, "$" + value.text)
    else:
        radius = _number(cursor)
    vector = cursor.expect(Kind.ATTRIBUTE).text
    if at.text.lower() != "vector_range":
        raise unknown
    cursor.expect(Kind.RSQB)
    cursor.value(vector)
    found = _plain(cursor, radius)
    shown = _VECTORS.format(radius=found, vector=vector, name=name)
    return Nowhere(f"VECTOR {{{shown}}}")
