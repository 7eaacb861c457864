"""The arithmetic of INCRBYFLOAT: x87 long doubles, 64 bits of mantissa.

Redis adds in C's `long double` and prints with ``%.17Lf``, trailing zeros removed.
Fractions are exact, so rounding them to 64 bits after reading and after adding gives
the same digits on every machine.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from hunch_kvstore.commands.arguments import NOT_A_FLOAT, loose_double
from hunch_kvstore.resp.reply import CommandError

_BITS: Final = 64
_LARGEST_EXPONENT: Final = 16384


def read(raw: bytes, error: str = NOT_A_FLOAT) -> Fraction | float:
    """Return the number, or a float infinity.

    Raises:
        CommandError: If it is no number, with `error`.
    """
    if len(raw) >= 5 * 1024:
        raise CommandError(error)
    rough = loose_double(raw)
    if rough is None:
        raise CommandError(error)
    text = raw.decode().lower()
    if "n" in text:
        return rough
    digits, _, exponent = text.partition("p" if "x" in text else "e")
    if exponent and abs(int(exponent)) > 20000:
        raise CommandError(error)
    if "x" in text:
        sign = -1 if digits.startswith("-") else 1
        whole, _, part = digits.lstrip("+-")[2:].partition(".")
        value = Fraction(sign * int(whole + part or "0", 16), 16 ** len(part))
        value *= Fraction(2) ** int(exponent or 0)
    else:
        value = Fraction(text.rstrip(".") if not exponent else text.replace(".e", "e"))
    value = rounded(value)
    if abs(value) >= 2**_LARGEST_EXPONENT:
        raise CommandError(error)
    return value


def rounded(value: Fraction) -> Fraction:
    """Round to 64 significant bits, ties to even."""
    if not value:
        return value
    magnitude = abs(value)
    exponent = magnitude.numerator.bit_length() - magnitude.denominator.bit_length()
    if magnitude < Fraction(2) ** exponent:
        exponent -= 1
    unit = Fraction(2) ** (exponent - _BITS + 1)
    return round(value / unit) * unit


def add(left: Fraction | float, right: Fraction | float) -> Fraction:
    """Return the rounded sum.

    Raises:
        CommandError: If it is not finite.
    """
    if isinstance(left, float) or isinstance(right, float):
        raise CommandError("ERR increment would produce NaN or Infinity")
    total = rounded(left + right)
    if abs(total) >= 2**_LARGEST_EXPONENT:
        raise CommandError("ERR increment would produce NaN or Infinity")
    return total


def text(value: Fraction) -> bytes:
    """Return the number with at most 17 decimals and no trailing zeros."""
    scaled = round(abs(value) * 10**17)
    whole, part = divmod(scaled, 10**17)
    out = f"{whole}.{part:017d}".rstrip("0").rstrip(".")
    if value < 0 and out != "0":
        out = "-" + out
    return out.encode()
