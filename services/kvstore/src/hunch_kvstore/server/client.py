"""One connection's state, without its socket."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hunch_kvstore.resp.encoder import encode
from hunch_kvstore.resp.parser import Parser
from hunch_kvstore.resp.reply import Push, Reply
from hunch_kvstore.server._lane import Peer

if TYPE_CHECKING:
    from hunch_kvstore.commands.table import Command
    from hunch_kvstore.server.tracking import Tracker


@dataclass(slots=True)
class Queue:
    """What a client said between MULTI and EXEC.

    Attributes:
        commands: Rows of the table and the words of each call.
        size_bytes: Length of all words; it counts as query buffer.
        is_broken: Whether one was refused, so that EXEC will be, too.
    """

    commands: list[tuple[Command, list[bytes]]] = field(default_factory=list)
    size_bytes: int = 0
    is_broken: bool = False

    def take(self, row: Command, words: list[bytes]) -> None:
        """Append one command."""
        self.commands.append((row, words))
        self.size_bytes += sum(map(len, words))


class Client(Peer):
    """Who is at the other end, and what it has asked for so far.

    Attributes:
        number: Never used twice in one run.
        parser: Its incoming bytes.
        out: Encoded replies of this round; they leave after the flush.
        unacknowledged: Places in `out` of replies to writes of this round.
        queue: The transaction being collected, or None.
        watched: Keys watched, each with whether it had already expired.
        is_dirty: Whether a watched key has changed.
        is_monitor: Whether it is shown every command.
        closing: Whether the connection ends once `out` is sent.
        killed: Whether the connection ends at once.
        is_midway: Whether its parser holds the beginning of a command.
        blocked: What a blocking command waits for, or None.
        tracking: What CLIENT TRACKING asked for, or None.
        waiting: Commands that came while blocked.
        quiet: What CLIENT REPLY asked for: ``off``; ``next``, then ``skip``; or None.
    """

    __slots__ = (
        "address",
        "born_s",
        "is_dirty",
        "is_monitor",
        "library",
        "library_version",
        "local_address",
        "name",
        "no_evict",
        "number",
        "out_bytes",
        "over_soft_since_s",
        "tracking",
        "waiting",
        "watched",
    )

    def __init__(self, number: int, address: str, local: str, now_s: float) -> None:
        self.number = number
        self.address = address
        self.local_address = local
        self.parser = Parser()
        self.resp = 2
        self.name = b""
        self.library = b""
        self.library_version = b""
        self.authenticated = True
        self.out = []
        self.out_bytes = 0
        self.unacknowledged = []
        self.queue = None
        self.watched: dict[bytes, bool] = {}
        self.is_dirty = False
        self.is_monitor = False
        self.channels = {}
        self.patterns = {}
        self.closing = False
        self.killed = False
        self.blocked = None
        self.tracking: Tracker | None = None
        self.waiting: list[list[bytes]] = []
        self.no_evict = False
        self.born_s = now_s
        self.last_seen_s = now_s
        self.over_soft_since_s = 0.0
        self.last_command = ""
        self.socket = None
        self.quiet = None

    @property
    def is_subscribed(self) -> bool:
        """Whether any channel or pattern is subscribed."""
        return bool(self.channels or self.patterns)

    @property
    def is_local(self) -> bool:
        """Whether it came through a unix socket."""
        return self.address.endswith(":0") and "/" in self.address

    @property
    def held_bytes(self) -> int:
        """What it has sent, or been sent, that is still in memory."""
        queued = self.queue.size_bytes if self.queue is not None else 0
        return self.parser.pending_bytes + queued + self.out_bytes

    @property
    def is_muted(self) -> bool:
        """Whether replies are not wanted now."""
        return self.quiet == "off" or self.quiet == "skip"

    def next_of_quiet(self) -> None:
        """Begin another command: the one to skip, or the one after it."""
        if self.quiet != "off":
            self.quiet = "skip" if self.quiet == "next" else None

    def send(self, reply: Reply) -> None:
        """Add a reply to what leaves at the end of the round; pushes always leave."""
        if self.is_muted and type(reply) is not Push:
            return
        self.out.append(encode(reply, self.resp))
