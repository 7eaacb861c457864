"""SAVE: when everything was last known to be on disk, for LASTSAVE and INFO."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from hunch_kvstore.engine import Sync, WritesRefused

if TYPE_CHECKING:
    from hunch_kvstore.engine import Engine


class Saves:
    """What SAVE and BGSAVE have done.

    Attributes:
        last_s: When the last one succeeded, in seconds since 1970; the start before it.
        count: How many succeeded.
        spent_s: How long the last one took; negative before the first.
        has_failed: Whether the last one did not succeed.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._sequence = engine.sequence
        self.last_s = int(time.time())
        self.count = 0
        self.spent_s = -1.0
        self.has_failed = False

    @property
    def changes(self) -> int:
        """Commits since the last save; most of them are on disk by themselves."""
        return self._engine.sequence - self._sequence

    def save(self) -> None:
        """Sync the log, whatever the policy.

        Raises:
            WritesRefused: If the disk does not take it.
        """
        engine = self._engine
        policy = engine.sync
        began = time.monotonic()
        engine.sync = Sync.ALWAYS
        try:
            engine.flush()
        except WritesRefused:
            self.has_failed = True
            raise
        finally:
            engine.sync = policy
            self.spent_s = time.monotonic() - began
        self.has_failed = False
        self.count += 1
        self.last_s = int(time.time())
        self._sequence = engine.sequence
