"""What is common to formats of plain data: how any object becomes dicts and lists."""

import dataclasses
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from typing import Any, cast
from uuid import UUID

from smisk.core.url import URL


def format_time(when: datetime) -> str:
    """Write `when` as RFC 3339; without a time zone it is taken as UTC."""
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return when.isoformat().replace("+00:00", "Z")


def text_of(value: object) -> str:
    """Write one simple value as a person reads it."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return format_time(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).decode("utf-8", "replace")
    return str(value)


def plain(value: Any) -> object:
    """Turn one object that is not plain data into something nearer to it.

    Raises:
        TypeError: If nothing is known about it.
    """
    if callable(to_json := getattr(value, "to_json", None)):
        return cast("object", to_json())
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = [f.name for f in dataclasses.fields(value) if f.repr]
        found = {name: getattr(value, name) for name in fields}
        return {k: v for k, v in found.items() if v is not None}
    if isinstance(value, date | time) and not isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Enum):
        return value.value
    simple = datetime | Decimal | UUID | URL | PurePath | bytes | bytearray | memoryview
    if isinstance(value, simple):
        return text_of(value)
    if (names := getattr(type(value), "__struct_fields__", None)) is not None:
        return {name: getattr(value, name) for name in names}
    if hasattr(value, "__iter__"):  # sets, generators, queries
        return list(value)
    raise TypeError(f"{type(value).__name__} is not data (give it to_json())")


def simplify(value: object, depth: int = 64) -> object:
    """Turn `value` all through into dicts, lists, text, numbers, bytes, times, None.

    Raises:
        ValueError: If it is nested deeper than `depth`.
    """
    if isinstance(value, Enum):  # before the numbers some of them are
        return simplify(value.value, depth)
    if value is None or isinstance(value, bool | bytes | datetime):
        return value
    for kind in (str, int, float):
        if isinstance(value, kind):  # not all formats know what is derived of these
            return value if type(value) is kind else kind(value)
    if depth <= 0:
        raise ValueError("data is nested too deeply")
    if isinstance(value, Mapping):
        return {
            k if isinstance(k, str) else str(k): simplify(v, depth - 1)
            for k, v in value.items()
        }
    if isinstance(value, list | tuple):
        return [simplify(v, depth - 1) for v in value]
    return simplify(plain(value), depth - 1)
