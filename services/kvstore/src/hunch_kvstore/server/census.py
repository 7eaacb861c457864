"""The number of keys: counted in slices after a start, kept right ever after."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from hunch_kvstore.keyspace.encoding import META, after

if TYPE_CHECKING:
    from hunch_kvstore.keyspace.keyspace import Keyspace

_AT_ONCE: Final = 10_000


class Census:
    """Counts the keys up to a place that moves on; changes before it are added.

    WHY: a count stored with every new key would be a second write for each; this one
    costs a few milliseconds a tick for the first seconds of a process.
    """

    __slots__ = ("_counted", "_keys")

    def __init__(self, keys: Keyspace) -> None:
        self._keys = keys
        self._counted = 0
        self.restart()

    def restart(self) -> None:
        """Count anew from the first key."""
        self._counted = 0
        self._keys.counted_to = b""

    def emptied(self) -> None:
        """Take note that the transaction under way has removed every key."""
        self._counted = self._keys.delta = 0
        self._keys.counted_to = None

    def committed(self) -> None:
        """Add what the keyspace has noted, now that it is so."""
        self._counted += self._keys.delta
        self._keys.delta = 0

    def step(self) -> None:
        """Count the next slice, if any is left; between transactions or in one."""
        place = self._keys.counted_to
        if place is None:
            return
        found = [
            raw
            for raw, _ in islice(
                self._keys.tx.scan(META + place, after(META)), _AT_ONCE
            )
        ]
        self._counted += len(found)
        self._keys.counted_to = (
            found[-1][1:] + b"\0" if len(found) == _AT_ONCE else None
        )

    def total(self) -> int:
        """Return the number of keys, after counting what is not counted yet."""
        while self._keys.counted_to is not None:
            self.step()
        return self._counted + self._keys.delta
