"""Clients whose next command has to wait: for a key, or until a pause is over."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from hunch_kvstore.commands.blocking import Blocked
from hunch_kvstore.resp.reply import CommandError, Reply

if TYPE_CHECKING:
    from hunch_kvstore.commands.table import Command
    from hunch_kvstore.server.client import Client
    from hunch_kvstore.server.core import Core

POSTPONED: Final = Blocked(lambda: None, 0.0, None)
"""What a client waits for whose command came during a pause."""
_SPREADS: Final = frozenset(("write", "may_replicate"))
_TRY_EVERY_S: Final = 0.01


class Waiting:
    """Blocked clients, in the order they came, and the pause of CLIENT PAUSE.

    Attributes:
        blocked: What each of them waits for.
        paused_until_s: When the pause ends, by the monotonic clock; 0 without one.
        pauses_all: Whether reads are held back, too.
    """

    def __init__(self, core: Core) -> None:
        self._core = core
        self.blocked: dict[Client, Blocked] = {}
        self.paused_until_s = 0.0
        self.pauses_all = False
        self._tried_sequence = -1
        self._try_again_s = 0.0

    # -- a pause ---------------------------------------------------------------------

    def pause(self, until_s: float, *, everything: bool) -> None:
        """Hold back commands until then; a longer or wider pause stays as it is."""
        self.paused_until_s = max(self.paused_until_s, until_s)
        self.pauses_all = self.pauses_all or everything
        self._core.choose_lane()

    def resume(self) -> None:
        """End the pause; what was held back runs at the end of this round."""
        self.paused_until_s = 0.0
        self.pauses_all = False
        self._core.choose_lane()
        self._tried_sequence = -1

    @property
    def is_paused(self) -> bool:
        """Whether there is a pause; one whose time is over ends here."""
        if self.paused_until_s and time.monotonic() >= self.paused_until_s:
            self.resume()
        return self.paused_until_s > 0

    def postpone(self, client: Client, row: Command, words: list[bytes]) -> bool:
        """Hold a command back if there is a pause for it; tell whether that was so."""
        if not self.is_paused:
            return False
        if not (self.pauses_all or _SPREADS.intersection(row.flags)):
            queue = client.queue.commands if row.name == "EXEC" and client.queue else ()
            if not any(_SPREADS.intersection(queued.flags) for queued, _ in queue):
                return False
        client.waiting.append(words)
        self.block(client, POSTPONED)
        return True

    # -- blocked clients -------------------------------------------------------------

    def block(self, client: Client, blocked: Blocked) -> None:
        """Let a client wait; its next commands wait with it."""
        client.blocked = blocked
        self.blocked[client] = blocked

    def forget(self, client: Client) -> None:
        """Wait for a client no more."""
        self.blocked.pop(client, None)
        client.blocked = None

    def unblock(self, client: Client, reply: Reply) -> None:
        """Answer a client that waits for a key."""
        self.forget(client)
        self._core.answer(client, reply)
        self._core.tracking.tell()

    def serve(self) -> None:
        """Try again for clients that wait, in the order they came."""
        core = self._core
        is_paused = self.is_paused
        now_s = time.monotonic()
        if not self.blocked or (
            self._tried_sequence == core.engine.sequence and now_s < self._try_again_s
        ):
            return  # PERF: nothing was written and nobody's time can be over
        self._tried_sequence = core.engine.sequence
        self._try_again_s = now_s + _TRY_EVERY_S
        for client, blocked in list(self.blocked.items()):
            if blocked is POSTPONED:
                if is_paused:
                    continue
                self.forget(client)
            else:
                reply = self._attempt(client, blocked)
                if reply is None and 0 < blocked.until_s <= now_s:
                    reply = blocked.on_timeout
                if reply is None:
                    continue
                self.unblock(client, reply)
            core.ready.add(client)
            waiting, client.waiting = client.waiting, []
            core.perform(client, waiting)

    def _attempt(self, client: Client, blocked: Blocked) -> Reply:
        """Try what a client waits for once more; None if there is still nothing."""
        try:
            return self._core.attempt(client, blocked.attempt)
        except CommandError as error:
            return error
