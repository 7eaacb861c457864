"""Views of a database's keys, values and items.

They hold nothing but the database. Iterating one begins a fresh iteration each time and
stays valid while other threads write: records that are there during the whole iteration
and are not touched appear exactly once. Those of a B+ tree go backwards, too.
"""

from collections.abc import (
    ItemsView,
    Iterator,
    KeysView,
    MutableMapping,
    ValuesView,
)


class RecordKeys(KeysView[bytes]):
    """The keys of a database, in its own order."""

    _mapping: MutableMapping[bytes, bytes]

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._mapping)


class RecordValues(ValuesView[bytes]):
    """The values of a database, in the order of its keys."""

    def __iter__(self) -> Iterator[bytes]:
        return self._mapping.itervalues()  # type: ignore[attr-defined, no-any-return]


class RecordItems(ItemsView[bytes, bytes]):
    """The records of a database as (key, value)."""

    def __iter__(self) -> Iterator[tuple[bytes, bytes]]:
        return self._mapping.iteritems()  # type: ignore[attr-defined, no-any-return]


class TreeKeys(RecordKeys):
    """The keys of a B+ tree."""

    def __reversed__(self) -> Iterator[bytes]:
        return self._mapping.iterkeys(reverse=True)  # type: ignore[attr-defined, no-any-return]


class TreeValues(RecordValues):
    """The values of a B+ tree."""

    def __reversed__(self) -> Iterator[bytes]:
        return self._mapping.itervalues(reverse=True)  # type: ignore[attr-defined, no-any-return]


class TreeItems(RecordItems):
    """The records of a B+ tree."""

    def __reversed__(self) -> Iterator[tuple[bytes, bytes]]:
        return self._mapping.iteritems(reverse=True)  # type: ignore[attr-defined, no-any-return]
