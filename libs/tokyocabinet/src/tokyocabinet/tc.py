"""The dialect of `tc`, the first Python binding of Tokyo Cabinet (2008 to 2010).

A program written for it runs after `import tc` became `from tokyocabinet import tc`.
It is the same library with the differences that such programs rely on: a missing
record raises `KeyError` also from `get` and from a cursor that runs off the end,
`putkeep` on a record that is there raises `Error`, `keys`, `values` and `items` are
lists. What was broken there works: `fsiz` is the file's size, a failed call leaves no
trace in later ones, comparison functions are called.
"""

from collections.abc import Iterator
from typing import Any

import tokyocabinet
from tokyocabinet import constant
from tokyocabinet._tree import BDBCursor as _BDBCursor
from tokyocabinet.constant import *  # noqa: F403 - they are the C API's names
from tokyocabinet.error import Error as Error
from tokyocabinet.error import error_for

TDBQuery = tokyocabinet.TDBQuery


def _found(done: bool) -> None:
    if not done:
        raise error_for(constant.TCENOREC, "no record found")


class _Records:
    """What hash and B+ tree databases of the dialect share."""

    def get(self, key: bytes) -> bytes:
        """Return the value of a key, or raise KeyError."""
        value: bytes = self[key]  # type: ignore[index]
        return value

    def putkeep(self, key: bytes, value: bytes) -> None:
        """Store a new record, or raise Error with code 21."""
        if not super().putkeep(key, value):  # type: ignore[misc]
            raise error_for(constant.TCEKEEP, "existing record")

    def out(self, key: bytes) -> None:
        """Remove a record, or raise KeyError."""
        _found(super().out(key))  # type: ignore[misc]

    def has_key(self, key: bytes) -> bool:
        """Return whether there is a record."""
        return key in self  # type: ignore[operator]

    def keys(self) -> list[bytes]:
        """Return the keys as a list."""
        return list(self.iterkeys())  # type: ignore[attr-defined]

    def values(self) -> list[bytes]:
        """Return the values as a list."""
        return list(self.itervalues())  # type: ignore[attr-defined]

    def items(self) -> list[tuple[bytes, bytes]]:
        """Return the records as a list of pairs."""
        return list(self.iteritems())  # type: ignore[attr-defined]

    __hash__ = None  # type: ignore[assignment]


class HDB(_Records, tokyocabinet.HDB):  # type: ignore[misc]
    """A hash database."""

    _walk: Iterator[bytes] | None = None

    def __delitem__(self, key: bytes) -> None:  # type: ignore[override]
        _found(tokyocabinet.HDB.out(self, key))

    def iterinit(self) -> None:
        """Begin anew what `iternext` returns."""
        self._walk = self.iterkeys()

    def iternext(self) -> bytes:
        """Return the next key; KeyError behind the last."""
        for key in self._walk or ():
            return key
        raise error_for(constant.TCENOREC, "no record found")


class BDB(_Records, tokyocabinet.BDB):  # type: ignore[misc]
    """A B+ tree database."""

    def __delitem__(self, key: bytes) -> None:  # type: ignore[override]
        _found(tokyocabinet.BDB.out(self, key))

    def outlist(self, key: bytes) -> None:  # type: ignore[override]
        """Remove all records of a key, or raise KeyError."""
        _found(super().outlist(key))

    def curnew(self) -> "BDBCursor":  # type: ignore[override]
        """Return a new cursor."""
        return BDBCursor(self)

    cursor = curnew  # type: ignore[assignment]


class BDBCursor:
    """A cursor whose moves raise KeyError when there is no record to go to."""

    def __init__(self, db: tokyocabinet.BDB) -> None:
        self._cursor = _BDBCursor(db)

    def first(self) -> None:
        """Go to the first record."""
        _found(self._cursor.first())

    def last(self) -> None:
        """Go to the last record."""
        _found(self._cursor.last())

    def jump(self, key: bytes) -> None:
        """Go to the first record whose key is `key` or greater."""
        _found(self._cursor.jump(key))

    def next(self) -> None:
        """Go one record on."""
        _found(self._cursor.next())

    def prev(self) -> None:
        """Go one record back."""
        _found(self._cursor.prev())

    def __iter__(self) -> Iterator[tuple[bytes, bytes]]:
        return iter(self._cursor)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)


class FDB(tokyocabinet.FDB):
    """A fixed-length database; here a missing record is None, not an error."""

    def put(self, key: int, value: bytes) -> bool:  # type: ignore[override]
        """Store a record; always True."""
        super().put(key, value)
        return True

    def putcat(self, key: int, value: bytes) -> bool:  # type: ignore[override]
        """Append to a record; always True."""
        super().putcat(key, value)
        return True

    def has_key(self, key: int) -> bool:
        """Return whether there is a record."""
        return key in self

    def keys(self) -> list[int]:  # type: ignore[override]
        """Return the numbers as a list."""
        return list(self.iterkeys())

    def values(self) -> list[bytes]:  # type: ignore[override]
        """Return the values as a list."""
        return list(self.itervalues())

    def items(self) -> list[tuple[int, bytes]]:  # type: ignore[override]
        """Return the records as a list of pairs."""
        return list(self.iteritems())


class TDB(tokyocabinet.TDB):
    """A table database."""

    def get(self, pkey: bytes | str) -> dict[bytes, bytes]:  # type: ignore[override]
        """Return a row, or raise KeyError."""
        return self[pkey]

    def out(self, pkey: bytes | str) -> None:  # type: ignore[override]
        """Remove a row, or raise KeyError."""
        _found(super().out(pkey))

    delete = out  # type: ignore[assignment]
