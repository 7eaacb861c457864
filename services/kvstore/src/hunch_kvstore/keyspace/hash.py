"""One hash: packed into its metadata record while small, sub-keys when not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from hunch_kvstore.keyspace.encoding import (
    BODY,
    HASH,
    KIND,
    LARGE,
    SUB,
    U64,
    WIDE_HASH,
    after,
    body_at,
    expiry_of,
    header,
)
from hunch_kvstore.keyspace.packed import (
    count_fields,
    fits,
    pack_fields,
    unpack_fields,
)

if TYPE_CHECKING:
    from hunch_kvstore.keyspace.keyspace import Keyspace


class Hash:
    """The hash at one key; empty when the key is not there.

    Attributes:
        key: The user key.
        size: Number of fields.
    """

    __slots__ = (
        "_fields",
        "_is_new",
        "_keys",
        "_kind",
        "_prefix",
        "_record",
        "key",
        "size",
    )

    def __init__(self, keys: Keyspace, key: bytes, record: bytes | None) -> None:
        self._keys = keys
        self.key = key
        self._record = record
        self._fields: dict[bytes, bytes] | None = None
        self._is_new = record is None
        self._prefix = b""
        if record is None:
            self._kind = HASH
            self._fields = {}
            self.size = 0
        elif record[0] & KIND == HASH:
            self._kind = record[0]
            self.size = count_fields(record, body_at(record))
        else:
            self._kind = record[0]
            version, self.size = BODY.unpack_from(record, body_at(record))
            self._prefix = SUB + U64.pack(version)

    @property
    def is_large(self) -> bool:
        """Whether Redis would hold it as a hash table rather than a list."""
        return bool(self._kind & LARGE)

    def _packed(self) -> dict[bytes, bytes] | None:
        """Return the fields of a small hash, None for a wide one."""
        if self._fields is None and self._kind & KIND == HASH:
            assert self._record is not None
            self._fields = unpack_fields(self._record, body_at(self._record))
        return self._fields

    # -- reading ---------------------------------------------------------------------

    def get(self, field: bytes) -> bytes | None:
        """Return one value or None."""
        fields = self._packed()
        if fields is not None:
            return fields.get(field)
        return self._keys.tx.get(self._prefix + field)

    def get_many(self, names: Iterable[bytes]) -> list[bytes | None]:
        """Return the values of those fields, None where there is no such field."""
        return [self.get(name) for name in names]

    def items(self, start: bytes = b"") -> Iterator[tuple[bytes, bytes]]:
        """Yield fields and values: a small hash's in order of arrival, else sorted.

        Args:
            start: For a wide hash, the first field wanted.
        """
        fields = self._packed()
        if fields is not None:
            yield from fields.items()
            return
        prefix = self._prefix
        skip = len(prefix)
        for raw, value in self._keys.tx.scan(prefix + start, after(prefix)):
            yield raw[skip:], value

    @property
    def is_packed(self) -> bool:
        """Whether all of it sits in one record."""
        return self._kind & KIND == HASH

    # -- changing --------------------------------------------------------------------

    def set_many(self, pairs: Sequence[tuple[bytes, bytes]]) -> int:
        """Set fields; return how many are new."""
        before = self._before()
        added = self._put_packed(pairs) if self.is_packed else self._put_wide(pairs)
        self._save()
        self._tell(before)
        return added

    def delete(self, names: Iterable[bytes]) -> int:
        """Remove fields, and the key with the last of them; return how many went."""
        if not self.size:
            return 0
        before = self._before()
        fields = self._packed()
        gone = 0
        for name in names:
            if fields is not None:
                if fields.pop(name, None) is not None:
                    gone += 1
            elif self._keys.tx.get(self._prefix + name) is not None:
                self._keys.tx.delete(self._prefix + name)
                gone += 1
        if gone:
            self.size -= gone
            if self.size:
                self._save()
            else:
                self._keys.remove_empty(self.key)
                self._is_new = True
            self._tell(before)
        return gone

    def _put_packed(self, pairs: Sequence[tuple[bytes, bytes]]) -> int:
        fields = self._packed()
        assert fields is not None
        compact = self._keys.compact
        for field, value in pairs:
            fields[field] = value
            if len(value) > compact.hash_bytes or len(field) > compact.hash_bytes:
                self._kind |= LARGE
        added = len(fields) - self.size
        self.size = len(fields)
        if self.size > compact.hash_fields:
            self._kind |= LARGE
        if not fits(fields):
            self._widen(fields)
        return added

    def _put_wide(self, pairs: Sequence[tuple[bytes, bytes]]) -> int:
        added = 0
        tx = self._keys.tx
        compact = self._keys.compact
        for field, value in pairs:
            name = self._prefix + field
            if tx.get(name) is None:
                added += 1
            tx.put(name, value)
            if len(value) > compact.hash_bytes or len(field) > compact.hash_bytes:
                self._kind |= LARGE
        self.size += added
        if self.size > compact.hash_fields:
            self._kind |= LARGE
        return added

    def _widen(self, fields: dict[bytes, bytes]) -> None:
        """Move the fields out of the record, for good."""
        self._prefix = SUB + U64.pack(self._keys.new_version())
        for field, value in fields.items():
            self._keys.tx.put(self._prefix + field, value)
        self._kind = (self._kind & ~KIND) | WIDE_HASH
        self._fields = None

    def _save(self) -> None:
        start = header(self._kind, expiry_of(self._record) if self._record else 0)
        if self._fields is not None:
            record = start + pack_fields(self._fields)
        else:
            record = start + self._prefix[1:] + U64.pack(self.size)
        if record != self._record or self._keys.watched:
            self._keys.store(self.key, record, is_new=self._is_new)
        self._record = record
        self._is_new = False

    # -- telling the catalog ---------------------------------------------------------

    def _before(self) -> dict[bytes, bytes] | None:
        catalog = self._keys.catalog
        if catalog is None or not catalog.watches(self.key) or not self.size:
            return None
        return dict(self.items())

    def _tell(self, before: dict[bytes, bytes] | None) -> None:
        catalog = self._keys.catalog
        if catalog is not None and catalog.watches(self.key):
            now = dict(self.items()) if self.size else None
            catalog.update(self._keys.tx, self.key, before, now)
