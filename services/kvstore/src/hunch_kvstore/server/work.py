"""The transaction under way: of one command that writes, or of a whole EXEC."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, cast

from hunch_kvstore.engine import WritesRefused
from hunch_kvstore.resp.reply import CommandError

if TYPE_CHECKING:
    from hunch_kvstore.engine import Transaction
    from hunch_kvstore.server.core import Core

REFUSED: Final = "MISCONF The store takes no writes now: "


class Work:
    """Opens transactions, and lets everybody know who must when they end.

    Attributes:
        tx: The transaction that is open, or None.
        wrote: Whether the command under way has committed anything.
        executing: Whether the command under way is one of an EXEC.
        schemas_at_risk: Whether the open transaction has changed the search catalog.
    """

    __slots__ = ("_core", "executing", "schemas_at_risk", "tx", "wrote")

    def __init__(self, core: Core) -> None:
        self._core = core
        self.tx: Transaction | None = None
        self.wrote = False
        self.executing = False
        self.schemas_at_risk = False

    def begin(self) -> None:
        """Open the transaction that the next handlers write to."""
        core = self._core
        keys, context = core.keys, core.context
        self.tx = context.tx = keys.tx = core.engine.begin()
        keys.writing = True
        keys.counting = False
        context.now_ms = keys.now_ms = time.time_ns() // 1_000_000

    def commit(self) -> None:
        """Commit it and let watchers know.

        Raises:
            CommandError: If the disk takes no writes; nothing was applied then.
        """
        core = self._core
        tx, self.tx = self.tx, None
        keys = core.keys
        assert tx is not None
        before = core.engine.sequence
        try:
            tx.commit()
        except (WritesRefused, OSError) as error:
            keys.aborted()
            self._restore_schemas()
            core.census.restart()  # DBSIZE may have counted what did not come to be
            raise CommandError(f"{REFUSED}{error}") from error
        finally:
            self.schemas_at_risk = False
            self._only_read()
        self.wrote = self.wrote or core.engine.sequence != before
        if keys.delta:
            core.census.committed()
        if keys.touched:
            core.watching.changed(keys.touched)
            if core.tracking.clients:
                is_ours = core.expiration.is_under_way
                client = None if is_ours else core.context.client
                core.tracking.changed(keys.touched, client)
            keys.touched.clear()

    def abort(self) -> None:
        """Drop it; nothing was applied."""
        core = self._core
        tx, self.tx = self.tx, None
        if tx is not None:
            tx.abort()
        core.keys.aborted()
        self._restore_schemas()
        if self.executing:
            core.census.restart()
        self._only_read()

    def _only_read(self) -> None:
        """Let handlers see the store itself again."""
        core = self._core
        core.keys.writing = False
        core.keys.tx = core.context.tx = cast("Transaction", core.engine)

    def _restore_schemas(self) -> None:
        """Let the catalog forget what a transaction that failed has told it."""
        if self.schemas_at_risk:
            core = self._core
            core.catalog.reload(core.engine)
            self.schemas_at_risk = False
            core.census.restart()  # it may have been a FLUSHALL
