"""A hash as the index sees it: its number, its terms, its values.

Document numbers

A number is ``moment << 24 | tie``. `moment` is the top 40 bits of the sort field's double,
turned around so that larger values come first: ascending numbers are "newest first".
`tie` tells apart the documents of one moment, in order of arrival. 40 bits keep 28 bits of
mantissa: dates of these decades, in seconds, milli- or microseconds, share a moment when
they are less than about 4 s apart. Within a moment the exact values decide, which are
read from the documents (`collect`); everything else never looks at them.

WHY not the exact double: 64 bits and a tie do not fit the 8 bytes that arrays, sets and
seeks handle fast, and the rounded form takes 2 or 3 bytes per posting instead of 8.
WHY not numbers in order of arrival, as Lucene and RediSearch have: an old item fetched
today is not new, so "newest 30" would have to read and sort all matches.

Documents without a value come after all others, as RediSearch sorts them, and so do all
documents of an index without such a field; there `tie` is 40 bits wide.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan, nan
from struct import Struct
from typing import Final

from ._analysis import MAX_TAG
from .schema import Field, Schema

_DOUBLE: Final = Struct(">d")
_BITS: Final = Struct(">Q")
_RECORD: Final = Struct("<QIB")
_NUMBERS: Final = Struct("<d")

TIE_BITS: Final = 24
TIES: Final = (1 << TIE_BITS) - 1
NO_VALUE: Final = 0xFFFF_FF00_0000_0000
"""The first number of documents without a sort value; no moment reaches here."""
LAST: Final = (1 << 64) - 1
_SIGN: Final = 1 << 63


def moment_of(value: float) -> int:
    """Return the first document number of the moment a value falls into."""
    bits: int = _BITS.unpack(_DOUBLE.pack(value + 0.0))[0]
    ordered = ~bits & LAST if bits & _SIGN else bits | _SIGN
    return (LAST - ordered) & ~TIES


def moment_end(start: int) -> int:
    """Return the last document number of the moment that begins there."""
    return LAST if start >= NO_VALUE else start | TIES


class BadValueError(ValueError):
    """A field's value cannot be indexed, so the document is not."""

    def __init__(self, field: Field, raw: bytes) -> None:
        shown = raw.decode("utf-8", "replace")
        super().__init__(f"Invalid numeric value: '{shown}'")
        self.field = field


@dataclass(slots=True)
class Document:
    """What of a hash goes into the index.

    Attributes:
        names: Of the posting lists it belongs to, as `pending` takes them.
        count: How many lists that are.
        values: Of the NUMERIC fields in the schema's order; NaN where there is none.
        stream: The words of the TEXT fields in order; see `Stream`.
        top: How often the most frequent word stands in it (the score's norm).
    """

    names: bytes
    count: int
    values: tuple[float, ...]
    stream: bytes
    top: int


@dataclass(slots=True, frozen=True)
class Record:
    """The stored side of a document: what ordering and answering need."""

    arrival: int
    top: int
    values: tuple[float, ...]
    key: bytes

    def dump(self) -> bytes:
        """Return the stored form."""
        body = b"".join(map(_NUMBERS.pack, self.values))
        return _RECORD.pack(self.arrival, self.top, len(self.values)) + body + self.key


def arrival_in(raw: bytes) -> int:
    """Return when a stored record was written, in arrivals."""
    return int.from_bytes(raw[:8], "little")


def top_in(raw: bytes) -> int:
    """Return the frequency of the most frequent word of a stored record."""
    return int.from_bytes(raw[8:12], "little")


def values_in(raw: bytes) -> tuple[float, ...]:
    """Return the NUMERIC values of a stored record."""
    return tuple(value_at(raw, place) for place in range(raw[_RECORD.size - 1]))


def value_at(raw: bytes, place: int) -> float:
    """Return one NUMERIC value of a stored record without reading the rest."""
    value: float = _NUMBERS.unpack_from(raw, _RECORD.size + 8 * place)[0]
    return value


def key_of(raw: bytes) -> bytes:
    """Return the user's key of a stored record without reading the rest."""
    return raw[_RECORD.size + 8 * raw[_RECORD.size - 1] :]


def number_in(raw: bytes) -> float:
    """Return the number a hash field holds.

    Raises:
        ValueError: If it is none.
    """
    if b"_" in raw:
        raise ValueError(raw)
    value = float(raw)
    if isnan(value):
        raise ValueError(raw)
    return value


def tag_form(field: Field, tag: str) -> bytes:
    """Return the form under which a tag is indexed."""
    if not field.is_case_sensitive:
        tag = tag.lower()
    return tag.encode("utf-8", "surrogateescape")[:MAX_TAG]


class Stream:
    r"""The words of a document in order, for phrases and frequencies.

    One byte string: for each TEXT field ``\x1f`` and its words, each behind a ``\0``, and
    a ``\0`` at the end. So a phrase is in it if ``\0quick\0fox\0`` is, which is one
    search in C, and a run of an unspaced script is there whole: a part of it is found
    without the zeros around it.
    """

    FIELD: Final = b"\x1f"

    @staticmethod
    def of_field(raw: bytes, position: int) -> bytes:
        """Return one TEXT field's part, by its position among the TEXT fields."""
        return raw.split(Stream.FIELD)[position + 1]

    @staticmethod
    def words(part: bytes) -> list[bytes]:
        """Return the words of one field's part."""
        return part[1:-1].split(b"\0") if part else []


def analyse(schema: Schema, fields: dict[bytes, bytes]) -> Document:
    """Return what of a hash goes into an index.

    Raises:
        BadValueError: If a NUMERIC field holds no number: RediSearch leaves such a document
            out as a whole, and so do we.
    """
    values = []
    for item in schema.numerics:
        raw = fields.get(item.key)
        if raw is None:
            values.append(nan)
            continue
        try:
            values.append(number_in(raw))
        except ValueError:
            raise BadValueError(item, raw) from None
    analyser = schema.analyser
    for item in schema.tags:
        raw = fields.get(item.key)
        if raw is not None:
            exact = item.is_case_sensitive
            analyser.tags(raw, item.number, item.separator, exact)
    for item in schema.texts:
        stems = item.stems and schema.stems
        whole, part = max(1, int(item.weight)), max(1, int(item.weight * 0.2))
        analyser.text(fields.get(item.key), item.number, stems, whole, part)
    names, count, stream, top = analyser.end()
    return Document(names, count, tuple(values), stream, top)
