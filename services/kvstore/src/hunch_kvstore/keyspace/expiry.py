"""The active half of expiry: deletes what is due although nobody asks for it."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from hunch_kvstore.keyspace.encoding import EXPIRY, META, U64, expiry_of

if TYPE_CHECKING:
    from hunch_kvstore.engine import Engine, Transaction
    from hunch_kvstore.keyspace.keyspace import Keyspace


def date_of(raw: bytes) -> int:
    """Return the date of an entry of the index of dates, in milliseconds since 1970."""
    return int(U64.unpack_from(raw, 2)[0])


def due(engine: Engine, now_ms: int, most: int) -> list[tuple[int, bytes]]:
    """Return due dates that have passed, the oldest first: milliseconds and key."""
    found = islice(engine.scan(EXPIRY, EXPIRY + U64.pack(now_ms)), most)
    return [(date_of(raw), raw[10:]) for raw, _ in found]


def expire(keys: Keyspace, tx: Transaction, dates: list[tuple[int, bytes]]) -> int:
    """Delete the keys of these dates that are still due; return how many.

    A date may be of a key since deleted, or given another expiry: then only the date
    itself goes.
    """
    gone = 0
    for expire_ms, key in dates:
        record = tx.get(META + key)
        if record is not None and expiry_of(record) == expire_ms:
            gone += keys.expire_now(key)
        tx.delete(EXPIRY + U64.pack(expire_ms) + key)
    return gone
