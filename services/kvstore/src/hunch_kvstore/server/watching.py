"""WATCH: keys whose change makes EXEC fail."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, cast

from hunch_kvstore.keyspace.encoding import META, expiry_of

if TYPE_CHECKING:
    from hunch_kvstore.keyspace.keyspace import Keyspace
    from hunch_kvstore.server.client import Client


class Watching:
    """Who watches which key.

    Attributes:
        by_key: Clients by key, in the order they came; always one dictionary.
    """

    def __init__(self, keys: Keyspace) -> None:
        self._keys = keys
        self.by_key: dict[bytes, dict[Client, None]] = {}

    @property
    def as_watched(self) -> dict[bytes, object]:
        """What the keyspace asks whether anybody watches a key."""
        return cast("dict[bytes, object]", self.by_key)

    def watch(self, client: Client, key: bytes) -> None:
        """Let EXEC of this client fail if the key changes before it."""
        if key in client.watched:
            return
        self.by_key.setdefault(key, {})[client] = None
        client.watched[key] = self._has_expired(key)

    def unwatch(self, client: Client) -> None:
        """Forget the watched keys of a client."""
        for key in client.watched:
            watching = self.by_key.get(key)
            if watching is not None:
                watching.pop(client, None)
                if not watching:
                    del self.by_key[key]
        client.watched = {}
        client.is_dirty = False

    def changed(self, keys: Iterable[bytes]) -> None:
        """Let EXEC fail for all who watch one of these."""
        for key in keys:
            for client in self.by_key.get(key, ()):
                client.is_dirty = True

    def is_spoilt(self, client: Client) -> bool:
        """Tell whether a key the client watches has changed or come to its end."""
        return client.is_dirty or any(
            not was_expired and self._has_expired(key)
            for key, was_expired in client.watched.items()
        )

    def _has_expired(self, key: bytes) -> bool:
        """Tell whether a key's record is still there but its time is over."""
        record = self._keys.tx.get(META + key)
        return (
            record is not None and 0 < expiry_of(record) < time.time_ns() // 1_000_000
        )
