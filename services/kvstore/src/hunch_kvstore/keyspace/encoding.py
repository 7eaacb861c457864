"""Layout of keys and metadata records; see the package's docstring for the table."""

from __future__ import annotations

from struct import Struct
from typing import Final

META: Final = b"m"
SUB: Final = b"s"
SCORE: Final = b"z"
EXPIRY: Final = b"!e"
VERSIONS: Final = b"!v"

STRING: Final = 1
HASH: Final = 2  # packed into the record
WIDE_HASH: Final = 3  # fields as sub-keys
ZSET: Final = 4
KIND: Final = 0x0F  # mask of the type
LARGE: Final = 0x40  # Redis would have left its compact encoding; never cleared
TEXT: Final = 0x20  # a string Redis would not hold as a number although it is one
EXPIRES: Final = 0x80  # eight bytes of expiry follow

TYPE_NAMES: Final = {
    STRING: b"string",
    HASH: b"hash",
    WIDE_HASH: b"hash",
    ZSET: b"zset",
}

U64: Final = Struct(">Q")
BODY: Final = Struct(">QQ")  # version, size


def after(prefix: bytes) -> bytes:
    """Return the least key greater than every key with that prefix.

    A prefix begins with one of the letters above, so there is such a key.
    """
    stripped = prefix.rstrip(b"\xff")
    return stripped[:-1] + bytes((stripped[-1] + 1,))


def expiry_of(record: bytes) -> int:
    """Return a record's expiry in milliseconds since 1970, 0 for never."""
    return U64.unpack_from(record, 1)[0] if record[0] & EXPIRES else 0


def body_at(record: bytes) -> int:
    """Return where a record's body begins."""
    return 9 if record[0] & EXPIRES else 1


def header(kind: int, expire_ms: int = 0) -> bytes:
    """Return the first bytes of a record of that type and flags."""
    if expire_ms:
        return bytes((kind | EXPIRES,)) + U64.pack(expire_ms)
    return bytes((kind & ~EXPIRES,))


def with_expiry(record: bytes, expire_ms: int) -> bytes:
    """Return the record with another expiry; 0 removes it."""
    return header(record[0], expire_ms) + record[body_at(record) :]
