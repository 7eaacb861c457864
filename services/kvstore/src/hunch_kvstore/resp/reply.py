"""What a command answers: plain Python values, plus a few types RESP has and Python lacks.

=====================  =================================  ==========================
value                  RESP2                              RESP3
=====================  =================================  ==========================
``None``               null bulk string ``$-1``           null ``_``
``NullArray``          null array ``*-1``                 null ``_``
``int``                integer                            integer
``bytes``              bulk string                        bulk string
``Simple(b"OK")``      simple string                      simple string
``list``, ``tuple``    array                              array
``dict``               flat array of keys and values      map
``Pairs([(k, v)…])``   flat array of keys and values      array of two-element arrays
``set``, ``Members``   array                              set
``float``              bulk string, ``%.17g``             double
``bool``               integer 1 or 0                     boolean
``Verbatim(b"…")``     bulk string                        verbatim string, ``txt``
``Push([…])``          array                              push
``CommandError``       error                              error
``Encoded(b"…")``      sent as it is                      sent as it is
=====================  =================================  ==========================

``str`` is not a reply: commands answer in bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Final, TypeAlias


class CommandError(Exception):
    """An error reply: the first word is its code, as in ``ERR syntax error``.

    Raised by a handler it becomes the command's reply; inside an array (EXEC) it is a
    value among others. Line breaks would end the reply early, so they become spaces.
    """

    def __init__(self, message: str | bytes) -> None:
        raw = message.encode() if isinstance(message, str) else message
        super().__init__(raw)
        self.raw: bytes = raw.replace(b"\r", b" ").replace(b"\n", b" ")


class Simple(bytes):
    """A status such as ``OK``: short, without line breaks."""

    __slots__ = ()

    def __new__(cls, text: str | bytes) -> Simple:
        """Accept text for the convenience of handlers."""
        return super().__new__(cls, text.encode() if isinstance(text, str) else text)


class Verbatim(bytes):
    """Text for people, such as INFO: RESP3 clients may show it unquoted."""

    __slots__ = ()


class Encoded(bytes):
    """A reply that is already in wire form and means the same in both versions."""

    __slots__ = ()


class Pairs(list[tuple["Reply", "Reply"]]):
    """Ordered pairs, as ZRANGE WITHSCORES: flat in RESP2, nested arrays in RESP3."""

    __slots__ = ()


class Members(list["Reply"]):
    """A set whose members leave in this order, and need not be hashable."""

    __slots__ = ()


class Push(list["Reply"]):
    """An out-of-band message of publish/subscribe."""

    __slots__ = ()


class NullArrayType:
    """The type of `NullArray`, which RESP2 tells from a null bulk string."""

    __slots__ = ()


Reply: TypeAlias = (
    "bool | int | float | bytes | CommandError | NullArrayType"
    " | Mapping[bytes, Reply]"
    " | AbstractSet[bytes] | Sequence[Reply] | None"
)
"""What a handler may return; `Simple`, `Verbatim`, `Encoded`, `Pairs`, `Members` and
`Push` are subclasses of the types named here."""


class NoReplyType(bytes):
    """The type of `NO_REPLY`."""

    __slots__ = ()


NullArray: Final = NullArrayType()
OK: Final = Simple("OK")
NO_REPLY: Final = NoReplyType()
"""Returned by a handler that has sent what it has to say by itself."""
