"""User keys: what is there, of what type, until when; and the bookkeeping of changes.

A `Keyspace` looks at the store through one transaction at a time: the server points it
at the next one before each call. Every change of a user key passes through here, so this
is where watched keys are noticed, keys are counted, due dates are written down and the
search catalog is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from hunch_kvstore.keyspace.compact import Compact
from hunch_kvstore.keyspace.encoding import (
    EXPIRES,
    EXPIRY,
    HASH,
    KIND,
    LARGE,
    META,
    SCORE,
    STRING,
    SUB,
    TYPE_NAMES,
    U64,
    VERSIONS,
    WIDE_HASH,
    ZSET,
    after,
    body_at,
    expiry_of,
    header,
    with_expiry,
)
from hunch_kvstore.keyspace.hash import Hash
from hunch_kvstore.keyspace.zset import SortedSet
from hunch_kvstore.resp.reply import CommandError

if TYPE_CHECKING:
    from hunch_kvstore.engine import Transaction

WRONG_TYPE: Final = "WRONGTYPE Operation against a key holding the wrong kind of value"
_VERSIONS_AT_ONCE: Final = 1 << 20
T = TypeVar("T")
_HASH_KINDS: Final = (HASH, WIDE_HASH)


class Catalog(Protocol):
    """What the keyspace tells the search index about hashes."""

    def watches(self, key: bytes) -> bool:
        """Tell whether any index covers this key."""
        ...

    def update(
        self,
        tx: Transaction,
        key: bytes,
        before: dict[bytes, bytes] | None,
        after: dict[bytes, bytes] | None,
    ) -> None:
        """Index the change of one hash in the same transaction."""
        ...


class Keyspace:
    """The keys of the one database, seen through `tx` at the instant `now_ms`.

    Attributes:
        tx: The transaction all reads and writes go through.
        now_ms: What counts as now for expiry.
        writing: Whether `tx` takes writes; if not, expired keys are only noted.
        compact: Up to where OBJECT ENCODING names a compact encoding.
        catalog: Told of changed hashes, if set.
        watched: Keys some client watches; others are not noted in `touched`.
        touched: Watched keys changed since the server last looked.
        expired: Keys a read found expired; the server deletes them afterwards.
        delta: Keys added less keys removed since the server last looked, of those
            before `counted_to`.
        counted_to: The server has counted the keys before this one; None is all.
        removed: Keys removed by expiry since the start.
        counting: Whether the command under way is one whose lookups Redis counts: it
            only reads.
        hits, misses: Lookups counted that found a key, and those that found none.
    """

    __slots__ = (
        "_next_version",
        "_version_limit",
        "catalog",
        "compact",
        "counted_to",
        "counting",
        "delta",
        "expired",
        "hits",
        "misses",
        "now_ms",
        "removed",
        "touched",
        "tx",
        "watched",
        "writing",
    )

    def __init__(self, tx: Transaction) -> None:
        self.tx = tx
        self.compact = Compact()
        self.now_ms = 0
        self.writing = False
        self.catalog: Catalog | None = None
        self.watched: dict[bytes, object] = {}
        self.touched: list[bytes] = []
        self.expired: list[bytes] = []
        self.delta = 0
        self.counted_to: bytes | None = b""
        self.removed = 0
        self.counting = False
        self.hits = 0
        self.misses = 0
        raw = tx.get(VERSIONS)
        self._next_version = self._version_limit = U64.unpack(raw)[0] if raw else 1

    # -- reading ---------------------------------------------------------------------

    def record(self, key: bytes) -> bytes | None:
        """Return the metadata record of a live key, or None."""
        record = self.tx.get(META + key)
        if (
            record is not None
            and record[0] & EXPIRES
            and self.now_ms > U64.unpack_from(record, 1)[0]
        ):
            self._expire(key, record)
            return None
        return record

    def records(self, keys: list[bytes]) -> list[bytes | None]:
        """Return the metadata records of keys that lie far from each other."""
        found = self.tx.get_many([META + key for key in keys])
        return [
            self.record(key) if record is not None and record[0] & EXPIRES else record
            for key, record in zip(keys, found, strict=True)
        ]

    def looked_up(self, key: bytes) -> bytes | None:
        """Return what `record` does, and count the lookup."""
        record = self.record(key)
        if self.counting:
            if record is None:
                self.misses += 1
            else:
                self.hits += 1
        return record

    def counted(self, look: Callable[[bytes], T], key: bytes) -> T:
        """Return what `look` finds at a key; count it although the command writes."""
        before = self.counting
        self.counting = True
        try:
            return look(key)
        finally:
            self.counting = before

    def exists(self, key: bytes) -> bool:
        """Tell whether the key is there."""
        return self.looked_up(key) is not None

    def type_name(self, key: bytes) -> bytes:
        """Return ``string``, ``hash``, ``zset`` or ``none``."""
        record = self.looked_up(key)
        return b"none" if record is None else TYPE_NAMES[record[0] & KIND]

    def string(self, key: bytes) -> bytes | None:
        """Return a string's value, None if the key is not there.

        Raises:
            CommandError: If the key holds another type.
        """
        record = self.tx.get(META + key)
        if record is not None and record[0] != STRING:
            record = self.record(key)
        if self.counting:
            if record is None:
                self.misses += 1
            else:
                self.hits += 1
        if record is None:
            return None
        if record[0] == STRING:  # PERF: no flag set, the usual string
            return record[1:]
        if record[0] & KIND != STRING:
            raise CommandError(WRONG_TYPE)
        return record[body_at(record) :]

    def hash(self, key: bytes) -> Hash:
        """Return the hash at `key`, an empty one if the key is not there.

        Raises:
            CommandError: If the key holds another type.
        """
        record = self.looked_up(key)
        if record is not None and record[0] & KIND not in _HASH_KINDS:
            raise CommandError(WRONG_TYPE)
        return Hash(self, key, record)

    def zset(self, key: bytes) -> SortedSet:
        """Return the sorted set at `key`, an empty one if the key is not there.

        Raises:
            CommandError: If the key holds another type.
        """
        record = self.looked_up(key)
        if record is not None and record[0] & KIND != ZSET:
            raise CommandError(WRONG_TYPE)
        return SortedSet(self, key, record)

    def expires_at(self, key: bytes) -> int | None:
        """Return when a live key expires, 0 for never, None if it is not there."""
        record = self.looked_up(key)
        return None if record is None else expiry_of(record)

    def walk(
        self, prefix: bytes = b"", start: bytes = b""
    ) -> Iterator[tuple[bytes, bytes]]:
        """Yield live keys with a prefix and their records, from `start` on, in order."""
        first = max(META + prefix, META + start)
        for raw, record in self.tx.scan(first, after(META + prefix)):
            if record[0] & EXPIRES and self.now_ms > U64.unpack_from(record, 1)[0]:
                continue
            yield raw[1:], record

    # -- changing --------------------------------------------------------------------

    def set_string(
        self, key: bytes, value: bytes, expire_ms: int = 0, flags: int = 0
    ) -> None:
        """Make `key` a string, whatever it was before."""
        old = self.tx.get(META + key)
        if old is None:
            self._count(key, 1)
        elif old[0] & KIND != STRING:
            self._drop_body(key, old)
        if self.watched:
            self.touch(key)
        if expire_ms:
            self.tx.put(EXPIRY + U64.pack(expire_ms) + key, b"")
            self.tx.put(META + key, header(STRING | flags, expire_ms) + value)
        else:
            self.tx.put(META + key, header(STRING | flags) + value)

    def is_large(self, key: bytes) -> bool:
        """Tell whether Redis would hold the value in its general encoding by now."""
        record = self.record(key)
        return record is not None and bool(record[0] & LARGE)

    def delete(self, key: bytes) -> bool:
        """Remove a key of any type; False if it was not there."""
        record = self.record(key)
        if record is None:
            return False
        self._remove(key, record)
        return True

    def set_expiry(self, key: bytes, expire_ms: int) -> bool:
        """Make a key expire, or never for 0; False if it is not there."""
        record = self.record(key)
        if record is None:
            return False
        if expire_ms:
            self.tx.put(EXPIRY + U64.pack(expire_ms) + key, b"")
        self.tx.put(META + key, with_expiry(record, expire_ms))
        self.touch(key)
        return True

    def rename(self, source: bytes, target: bytes, record: bytes) -> None:
        """Give a live key another name, replacing what has that name."""
        self.touch(source)
        old = self.tx.get(META + target)
        if old is not None:
            self._remove(target, old)
        fields = self._indexed_fields(source, record)
        if fields is not None and self.catalog is not None:
            self.catalog.update(self.tx, source, fields, None)
        self.tx.delete(META + source)
        self._count(source, -1)
        self.tx.put(META + target, record)
        self._count(target, 1)
        if record[0] & EXPIRES:
            self.tx.put(EXPIRY + record[1:9] + target, b"")
        self._tell_new(target, record)
        self.touch(target)

    def copy(self, target: bytes, record: bytes) -> None:
        """Copy what a live key's record stands for to a name that is free."""
        at = body_at(record)
        kind = record[0] & KIND
        if kind in (WIDE_HASH, ZSET):
            old = record[at : at + 8]
            new = U64.pack(self.new_version())
            for space in (SUB, SCORE):
                prefix = space + old
                for raw, value in self.tx.scan(prefix, after(prefix)):
                    self.tx.put(space + new + raw[9:], value)
            record = record[:at] + new + record[at + 8 :]
        self.store(target, record, is_new=True)
        if record[0] & EXPIRES:
            self.tx.put(EXPIRY + record[1:9] + target, b"")
        self._tell_new(target, record)

    def clear(self) -> None:
        """Remove every user key."""
        for key in list(self.watched):
            if self.exists(key):
                self.touched.append(key)
        for prefix in (META, SUB, SCORE, EXPIRY):
            self.tx.delete_range(prefix, after(prefix))

    def expire_now(self, key: bytes) -> bool:
        """Remove a key whose time has passed; False if there is none."""
        record = self.tx.get(META + key)
        if record is None or not 0 < expiry_of(record) < self.now_ms:
            return False
        self._remove(key, record)
        self.removed += 1
        return True

    # -- for the types ---------------------------------------------------------------

    def store(self, key: bytes, record: bytes, *, is_new: bool) -> None:
        """Write a metadata record."""
        if is_new:
            self._count(key, 1)
        self.tx.put(META + key, record)
        if self.watched:
            self.touch(key)

    def remove_empty(self, key: bytes) -> None:
        """Remove the record of a key whose last member is gone."""
        self.tx.delete(META + key)
        self._count(key, -1)
        self.touch(key)

    def touch(self, key: bytes) -> None:
        """Note that a key changed, for those who watch it."""
        if key in self.watched:
            self.touched.append(key)

    def new_version(self) -> int:
        """Return a version no sub-key has or ever had.

        WHY: versions are reserved in blocks, by a write in the transaction that first
        uses one, so a version used is always below the limit stored with it.
        """
        version = self._next_version
        if version >= self._version_limit:
            self._version_limit = version + _VERSIONS_AT_ONCE
            self.tx.put(VERSIONS, U64.pack(self._version_limit))
        self._next_version = version + 1
        return version

    def aborted(self) -> None:
        """Forget what was noted for a transaction that did not commit."""
        self.touched.clear()
        self.delta = 0
        self._version_limit = self._next_version

    # -- within ----------------------------------------------------------------------

    def _expire(self, key: bytes, record: bytes) -> None:
        if self.writing:
            self._remove(key, record)
            self.removed += 1
        else:
            self.expired.append(key)

    def _remove(self, key: bytes, record: bytes) -> None:
        self._drop_body(key, record)
        self.tx.delete(META + key)
        self._count(key, -1)
        self.touch(key)

    def _count(self, key: bytes, change: int) -> None:
        if self.counted_to is None or key < self.counted_to:
            self.delta += change

    def _drop_body(self, key: bytes, record: bytes) -> None:
        """Let go of all that hangs on a record about to be replaced or deleted."""
        kind = record[0] & KIND
        if kind == STRING:
            return
        fields = self._indexed_fields(key, record)
        if fields is not None and self.catalog is not None:
            self.catalog.update(self.tx, key, fields, None)
        if kind != HASH:
            at = body_at(record)
            for space in (SUB, SCORE):
                prefix = space + record[at : at + 8]
                self.tx.delete_range(prefix, after(prefix))

    def _tell_new(self, key: bytes, record: bytes) -> None:
        """Tell the catalog of a hash that appeared under this name."""
        fields = self._indexed_fields(key, record)
        if fields is not None and self.catalog is not None:
            self.catalog.update(self.tx, key, None, fields)

    def _indexed_fields(self, key: bytes, record: bytes) -> dict[bytes, bytes] | None:
        """Return a hash's fields if the catalog wants to know them."""
        if (
            self.catalog is None
            or record[0] & KIND not in _HASH_KINDS
            or not self.catalog.watches(key)
        ):
            return None
        return dict(Hash(self, key, record).items())
