r"""Where the index keeps what, in the engine's keyspace under ``b"x"``.

    x!<name>                              schema of an index, JSON
    x#                                    last index number given out
    xi<index:4>c                           counters: documents, arrivals, failures, postings
    xi<index:4>k<key>                      document number of a user's key
    xi<index:4>d<number:8>                 document: sort values, arrival, key
    xi<index:4>w<number:8>                 words of its TEXT fields in order, for phrases
    xi<index:4>q<gen:4><number:8>           lists a document is to be put into (`pending`)
    xi<index:4>f                          how far that is done
    xi<index:4>p<field:2><term>\0\0<last:8> posting chunk, named by its last number
    xi<index:4>n<field:2><value:8><number:8>  a NUMERIC value, in order

Numbers are big-endian, so byte order is number order. A ``\0`` in a term is written
``\0\xff``: no term's range runs into another's.
"""

from __future__ import annotations

from struct import Struct
from typing import Final

_U16: Final = Struct(">H")
_U32: Final = Struct(">I")
_U64: Final = Struct(">Q")

pack_number = _U64.pack
SCHEMAS: Final = b"x!"
LAST_INDEX: Final = b"x#"
END_OF_TERM: Final = b"\0\0"
ALL_DOCUMENTS: Final = 0xFFFF
"""The "field" of the one posting list that holds every document."""


def unpack_number(raw: bytes) -> int:
    """Return the number in eight bytes."""
    number: int = _U64.unpack(raw)[0]
    return number


def index_prefix(index: int) -> bytes:
    """Return what all keys of an index begin with."""
    return b"x" + b"i" + _U32.pack(index)


def after(prefix: bytes) -> bytes:
    """Return the first key that is above all keys with this prefix."""
    head = prefix.rstrip(b"\xff")
    return head[:-1] + bytes((head[-1] + 1,))


def field_prefix(base: bytes, table: bytes, field: int) -> bytes:
    """Return what the keys of one field in one table (``p`` or ``n``) begin with."""
    return base + table + _U16.pack(field)


def term_prefix(base: bytes, field: int, term: bytes) -> bytes:
    """Return what the chunks of one term begin with."""
    if b"\0" in term:
        term = term.replace(b"\0", b"\0\xff")
    return base + b"p" + _U16.pack(field) + term + END_OF_TERM


def plain_term(term: bytes) -> bytes:
    """Return a term from its form in keys."""
    return term.replace(b"\0\xff", b"\0") if b"\0" in term else term
