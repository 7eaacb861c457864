"""A dict shared by processes, kept in a RESP store."""

import json
from collections.abc import Iterator, MutableMapping
from typing import Any

from smisk.resp import Connection


class SharedDict(MutableMapping[str, Any]):
    """Every process that opens the same name sees the same items.

    Values are plain data. Each operation is one command, so it happens whole or not
    at all; what is read and then written back can have changed in between: use
    ``increment`` for counters, ``setdefault`` for first come, first served.

    Args:
        store: A connection, or the URL of one.
        name: Which dict.
    """

    def __init__(self, store: Connection | str, name: str = "shared") -> None:
        self._store = Connection(store) if isinstance(store, str) else store
        self._key = f"ipc:{name}"

    def __getitem__(self, key: str) -> Any:
        raw = self._store("HGET", self._key, key)
        if not isinstance(raw, bytes):
            raise KeyError(key)
        return json.loads(raw)

    def __setitem__(self, key: str, value: object) -> None:
        self._store("HSET", self._key, key, json.dumps(value))

    def __delitem__(self, key: str) -> None:
        if not self._store("HDEL", self._key, key):
            raise KeyError(key)

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self._store("HEXISTS", self._key, key) == 1

    def __iter__(self) -> Iterator[str]:
        keys = self._store("HKEYS", self._key)
        assert isinstance(keys, list)
        return iter([key.decode() for key in keys if isinstance(key, bytes)])

    def __len__(self) -> int:
        count = self._store("HLEN", self._key)
        assert isinstance(count, int)
        return count

    def setdefault(self, key: str, default: Any = None) -> Any:
        """Put `default` there unless something is; return what is there."""
        if self._store("HSETNX", self._key, key, json.dumps(default)):
            return default
        return self.get(key, default)

    def increment(self, key: str, by: int = 1) -> int:
        """Add to a number and return the sum; a missing one counts as 0."""
        total = self._store("HINCRBY", self._key, key, by)
        assert isinstance(total, int)
        return total

    def clear(self) -> None:
        """Remove every item."""
        self._store("DEL", self._key)
