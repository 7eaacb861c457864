"""Deletes keys whose time is over: those that are due, and those that reads have met."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Final

from hunch_kvstore.keyspace.expiry import due, expire
from hunch_kvstore.resp.reply import CommandError

if TYPE_CHECKING:
    from collections.abc import Callable

    from hunch_kvstore.server.core import Core

_LONGEST_S: Final = 0.025  # a quarter of the time between ticks
_AT_ONCE: Final = 200


class Expiration:
    """The deletion of expired keys, in transactions of its own.

    WHY: a commit that the disk does not take is no error here. Reads go on, expired keys
    stay unseen, and are deleted once the disk is back.

    Attributes:
        is_under_way: Whether the transaction that is open is one of these.
        cut_off: How often time ran out before all that was due was deleted.
        spent_s: Time spent on what was due.
    """

    def __init__(self, core: Core) -> None:
        self._core = core
        self.is_under_way = False
        self.cut_off = 0
        self.spent_s = 0.0

    def forget_counts(self) -> None:
        """Begin to count anew."""
        self.cut_off = 0
        self.spent_s = 0.0

    def delete_found(self) -> None:
        """Delete the keys that reads have found expired."""
        keys = self._core.keys
        doomed, keys.expired = keys.expired, []
        if self._core.waiting.is_paused:
            return

        self._commit(lambda: [keys.expire_now(key) for key in doomed])

    def delete_due(self) -> None:
        """Delete keys that are due, for a quarter of the time between ticks at most."""
        core = self._core
        if core.waiting.is_paused:
            return
        began = now = time.monotonic()
        while True:
            dates = due(core.engine, time.time_ns() // 1_000_000, _AT_ONCE)
            if not dates or core.engine.refusal is not None:
                break
            if not self._commit(partial(self._delete, dates)):
                break
            now = time.monotonic()
            if len(dates) < _AT_ONCE:
                break
            if now - began > _LONGEST_S:
                self.cut_off += 1
                break
        self.spent_s += now - began

    def _delete(self, dates: list[tuple[int, bytes]]) -> None:
        expire(self._core.keys, self._core.keys.tx, dates)

    def _commit(self, delete: Callable[[], object]) -> bool:
        """Delete in a transaction; tell whether the disk took it."""
        core = self._core
        work = core.work
        wrote = work.wrote
        self.is_under_way = True
        work.begin()
        try:
            delete()
        except BaseException:
            work.abort()
            self.is_under_way = False
            raise
        try:
            work.commit()
        except CommandError:
            return False
        finally:
            work.wrote = wrote
            self.is_under_way = False
        return True
