"""Reads numbers out of arguments, as strictly and as loosely as Redis does."""

from __future__ import annotations

import re
from typing import Final

from hunch_kvstore.resp.reply import CommandError

NOT_AN_INTEGER: Final = "ERR value is not an integer or out of range"
NOT_A_FLOAT: Final = "ERR value is not a valid float"
SYNTAX: Final = "ERR syntax error"
INT64_MAX: Final = 2**63 - 1
INT64_MIN: Final = -(2**63)

_FLOAT: Final = re.compile(
    rb"[+-]?(?:inf(?:inity)?|(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?"
    rb"|0x(?:[0-9a-f]+\.?[0-9a-f]*|\.[0-9a-f]+)(?:p[+-]?\d+)?)",
    re.IGNORECASE,
)


def integer(raw: bytes, error: str = NOT_AN_INTEGER) -> int:
    """Return a canonical 64-bit integer: no plus, blanks or leading zeros.

    Raises:
        CommandError: With `error`, for anything else.
    """
    value = try_integer(raw)
    if value is None:
        raise CommandError(error)
    return value


def try_integer(raw: bytes) -> int | None:
    """Return a canonical 64-bit integer or None."""
    if len(raw) > 20:
        return None
    try:
        value = int(raw)
    except ValueError:
        return None
    if b"%d" % value != raw or not INT64_MIN <= value <= INT64_MAX:
        return None
    return value


def shown(raw: bytes) -> bytes:
    """Return what of an argument an error text shows: all before a zero byte."""
    return raw.split(b"\0", 1)[0]


def wrong_subcommand(container: bytes, said: bytes) -> CommandError:
    """Return the error of a subcommand that counts its arguments by itself.

    Args:
        container: Such as CLIENT.
        said: The subcommand's name as the client wrote it.
    """
    return CommandError(
        b"ERR unknown subcommand or wrong number of arguments for '%b'. Try %b HELP."
        % (shown(said)[:128], container)
    )


def positive(raw: bytes, error: str) -> int:
    """Return an integer that is not negative."""
    value = integer(raw, error)
    if value < 0:
        raise CommandError(error)
    return value


def milliseconds(raw: bytes) -> int:
    """Return a timeout in milliseconds; 0 is for ever."""
    value = integer(raw, "ERR timeout is not an integer or out of range")
    if value < 0:
        raise CommandError("ERR timeout is negative")
    return value


def double(raw: bytes, error: str = NOT_A_FLOAT) -> float:
    """Return a double as C's strtod reads the whole of `raw`; no NaN, no overflow.

    Raises:
        CommandError: With `error`, for anything else.
    """
    value = loose_double(raw)
    if value is None:
        raise CommandError(error)
    if value in (float("inf"), float("-inf"), 0.0) and out_of_range(raw, value):
        raise CommandError(error)
    return value


def out_of_range(raw: bytes, value: float) -> bool:
    """Tell whether infinity or zero came of a number too large or too small."""
    if value == 0.0:
        mantissa = re.split(b"[ep]" if b"x" in raw.lower() else b"e", raw.lower())[0]
        return any(digit in b"123456789abcdef" for digit in mantissa.split(b"x")[-1])
    return b"n" not in raw.lower()


def loose_double(raw: bytes) -> float | None:
    """Return what strtod makes of the whole of `raw`, None if it is not a number."""
    if len(raw) >= 5 * 1024 or _FLOAT.fullmatch(raw) is None:
        return None
    if b"x" in raw or b"X" in raw:
        try:
            return float.fromhex(raw.decode())
        except OverflowError:
            return float("-inf") if raw.startswith(b"-") else float("inf")
    return float(raw)
