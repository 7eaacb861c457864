"""Spans of time as people write them: `90s`, `15m`, `2h`, `1d`."""

from __future__ import annotations

import re

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_SPAN = re.compile(r"(\d+)\s*([smhd]?)\Z")


def seconds(value: str | int) -> int:
    """Return a span in seconds.

    Args:
        value: A whole number of seconds, or a number with one of the units s, m, h, d.

    Raises:
        ValueError: If it is neither.
    """
    match = _SPAN.match(str(value).strip().lower())
    if match is None:
        raise ValueError(f"{value!r} is no span of time; write 90s, 15m, 2h or 1d")
    number, unit = match.groups()
    return int(number) * _UNITS[unit or "s"]
