"""All indexes of the store, and what the keyspace tells them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Self

from .collect import Counts
from .error import SearchError
from .index import Fields, Index
from .keys import LAST_INDEX, SCHEMAS, after, pack_number, unpack_number
from .lists import Lists
from .pending import Undoing
from .posting import Reader, Writer
from .schema import Schema


class Catalog:
    """The indexes by name; one object per store, used by one thread.

    Its schemas mirror records in the engine. A command that changes them does both; a
    caller whose commit then fails calls `reload`.
    """

    def __init__(self) -> None:
        self._indexes: dict[str, Index] = {}
        self._prefixes: tuple[bytes, ...] = ()
        self.counts = Counts()
        self._lists = Lists()

    @classmethod
    def load(cls, engine: Reader) -> Self:
        """Return the catalog of a store."""
        catalog = cls()
        catalog.reload(engine)
        return catalog

    def reload(self, engine: Reader) -> None:
        """Take the schemas as the engine has them, also after a failed commit."""
        self._indexes = {}
        self._lists.clear()
        for _, raw in engine.scan(SCHEMAS, after(SCHEMAS)):
            schema = Schema.load(raw)
            index = self._indexes[schema.name] = Index(schema, lists=self._lists)
            index.load(engine)
        self._arrange()

    def _arrange(self) -> None:
        found = {p for index in self for p in index.schema.raw_prefixes}
        self._prefixes = tuple(sorted(found))

    def __iter__(self) -> Iterator[Index]:
        return iter(self._indexes.values())

    # -- told by the keyspace --------------------------------------------------------

    def watches(self, key: bytes) -> bool:
        """Tell whether any index covers this key."""
        return key.startswith(self._prefixes)

    def update(
        self,
        tx: Undoing,
        key: bytes,
        before: Fields | None,
        after: Fields | None,
    ) -> None:
        """Index the change of one hash, in the transaction that changes it."""
        for index in self._indexes.values():
            if key.startswith(index.schema.raw_prefixes):
                index.update(tx, key, before, after)

    def clear(self, tx: Writer) -> None:
        """Empty and forget all indexes, as FLUSHALL does."""
        for name in self.names():
            self.drop(tx, name)

    # -- told by commands ------------------------------------------------------------

    def names(self) -> list[str]:
        """Return the names of all indexes."""
        return list(self._indexes)

    def get(self, name: str) -> Index | None:
        """Return an index or None."""
        return self._indexes.get(name)

    def next_number(self, tx: Writer) -> int:
        """Return a number no index ever had."""
        raw = tx.get(LAST_INDEX)
        number = 1 if raw is None else unpack_number(raw) + 1
        tx.put(LAST_INDEX, pack_number(number))
        return number

    def put(
        self, tx: Writer, schema: Schema, hashes: Iterable[tuple[bytes, Fields]]
    ) -> None:
        """Create an index, or replace its schema, and fill it with existing hashes."""
        old = self._indexes.get(schema.name)
        index = Index(schema, lists=self._lists)
        if old is not None:
            index.uses = old.uses
            old.clear(tx)
        name = schema.name.encode("utf-8", "surrogateescape")
        tx.put(SCHEMAS + name, schema.dump())
        index.fill(tx, hashes)
        self._indexes[schema.name] = index
        self._arrange()

    def drop(self, tx: Writer, name: str) -> Index:
        """Remove an index; its documents stay."""
        index = self._indexes.pop(name, None)
        if index is None:
            raise SearchError("Unknown Index name")
        tx.delete(SCHEMAS + name.encode("utf-8", "surrogateescape"))
        index.clear(tx)
        self._arrange()
        return index
