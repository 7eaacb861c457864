"""ACL LOG: who has been refused, for want of the right password."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import Final

_LOOKED_AT: Final = 10  # as in Redis: of the newest, for one like it
_ONE_S: Final = 60.0  # what happens again within that time is counted, not added


@dataclass(slots=True)
class Refusal:
    """Refusals of one kind, told as one.

    Attributes:
        command: The one that was refused, as it was written.
        context: ``toplevel``, or ``multi`` inside a transaction.
        user: Who they said they were.
        when_s: When it was the last time, by the monotonic clock.
        client: The connection in one line, as it was then.
        count: How often.
    """

    command: bytes
    context: bytes
    user: bytes
    when_s: float
    client: bytes
    count: int = 1

    def is_like(self, other: Refusal) -> bool:
        """Tell whether both are to be told as one."""
        return (
            self.command == other.command
            and self.context == other.context
            and self.user == other.user
            and other.when_s - self.when_s <= _ONE_S
        )


class AclLog:
    """The newest refusals.

    Attributes:
        entries: The newest first.
        limit: How many are kept.
    """

    def __init__(self) -> None:
        self.entries: list[Refusal] = []
        self.limit = 0

    def note(self, refusal: Refusal) -> None:
        """Add a refusal, or count it where there has just been one like it."""
        for known in islice(self.entries, _LOOKED_AT):
            if known.is_like(refusal):
                refusal.count += known.count
                self.entries.remove(known)
                break
        self.entries.insert(0, refusal)
        del self.entries[self.limit :]
