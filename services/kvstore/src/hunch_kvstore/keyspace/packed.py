"""A small hash in one record: count, lengths, then fields and values end to end."""

from __future__ import annotations

from struct import Struct, pack, unpack_from
from typing import Final

FIELDS: Final = 128  # PERF: beyond this, unpacking costs more than sub-keys
BYTES: Final = (
    16 * 1024
)  # PERF: beyond this, rewriting the record costs more than sub-keys

_COUNT: Final = Struct(">H")


def pack_fields(fields: dict[bytes, bytes]) -> bytes:
    """Return the packed form; the order of the fields is kept."""
    words: list[bytes] = []
    for field, value in fields.items():
        words.append(field)
        words.append(value)
    lengths = pack(f">{len(words)}I", *map(len, words))
    return _COUNT.pack(len(fields)) + lengths + b"".join(words)


def unpack_fields(record: bytes, at: int) -> dict[bytes, bytes]:
    """Return the fields packed in `record` from position `at` on."""
    words = 2 * int(_COUNT.unpack_from(record, at)[0])
    lengths = unpack_from(f">{words}I", record, at + 2)
    at += 2 + 4 * words
    fields: dict[bytes, bytes] = {}
    for index in range(0, words, 2):
        middle = at + lengths[index]
        end = middle + lengths[index + 1]
        fields[record[at:middle]] = record[middle:end]
        at = end
    return fields


def count_fields(record: bytes, at: int) -> int:
    """Return the number of fields packed from position `at` on."""
    count: int = _COUNT.unpack_from(record, at)[0]
    return count


def fits(fields: dict[bytes, bytes]) -> bool:
    """Tell whether these fields belong in one record."""
    if len(fields) > FIELDS:
        return False
    size = sum(map(len, fields)) + sum(map(len, fields.values()))
    return size <= BYTES
