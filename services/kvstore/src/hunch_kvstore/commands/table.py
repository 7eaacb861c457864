"""The command table: every command is a row of data beside its handler.

`COMMAND`, the checks before a call (arity, flags), the reference page and `INFO
commandstats` all read this table; nothing about a command is written down twice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

from hunch_kvstore.resp.reply import Reply

if TYPE_CHECKING:
    from hunch_kvstore.commands.context import Context

Handler: TypeAlias = Callable[["Context", Sequence[bytes]], Reply]
"""A handler takes the arguments without the command's name."""

FLAGS: Final = frozenset(
    {
        *("write", "readonly", "denyoom", "admin", "pubsub", "noscript", "blocking"),
        *("loading", "stale", "skip_monitor", "skip_slowlog", "asking", "fast"),
        *("no_auth", "may_replicate", "no_multi", "movablekeys", "allow_busy"),
        *("no_async_loading", "no_mandatory_keys", "sort_for_script"),
    }
)


@dataclass(slots=True)
class Command:
    """One command, or one subcommand of a container such as CLIENT.

    Attributes:
        name: As users write it; a subcommand is named ``CLIENT|SETNAME``.
        handler: What runs it.
        arity: Number of words including the name; negative means "at least".
        flags: Words of `FLAGS`; ``write`` and ``readonly`` decide about the transaction.
        keys: First key, last key, step, in words counted from the name; zeros if none.
        group: Section of the reference page.
        since: The Redis version this command appeared in.
        summary: One sentence.
        complexity: As Redis states it, or ours where the store differs.
        acl: Categories beyond those that follow from flags and group; a leading minus
            takes one away.
        arguments: Usage after the name, for people.
        subcommands: Rows by upper-case subcommand name, for containers.
        is_write: Whether the command runs in a transaction that commits.
        calls: Number of calls since the start, for INFO and the metrics.
        spent_us: Microseconds spent in the handler since the start.
        failed: Calls that answered an error.
    """

    name: str
    handler: Handler
    arity: int
    flags: frozenset[str]
    keys: tuple[int, int, int]
    group: str
    since: str
    summary: str
    complexity: str
    acl: tuple[str, ...] = ()
    arguments: str = ""
    subcommands: dict[bytes, Command] = field(default_factory=dict)
    is_write: bool = False
    calls: int = 0
    spent_us: int = 0
    failed: int = 0

    def accepts(self, words: int) -> bool:
        """Tell whether a call of that many words (name included) fits the arity."""
        return words == self.arity if self.arity > 0 else words >= -self.arity


TABLE: Final[dict[bytes, Command]] = {}
"""Commands by upper-case name."""


def command(
    name: str,
    *,
    arity: int,
    flags: str = "",
    keys: tuple[int, int, int] = (0, 0, 0),
    group: str,
    since: str,
    summary: str,
    complexity: str = "O(1)",
    acl: str = "",
    arguments: str = "",
) -> Callable[[Handler], Handler]:
    """Register the decorated handler; ``"CLIENT|ID"`` goes under its container.

    Raises:
        ValueError: On a flag that does not exist or a name taken twice.
    """
    words = frozenset(flags.split())
    if words - FLAGS:
        raise ValueError(f"{name}: unknown flags {sorted(words - FLAGS)}")

    def register(handler: Handler) -> Handler:
        row = Command(
            name=name,
            handler=handler,
            arity=arity,
            flags=words,
            keys=keys,
            group=group,
            since=since,
            summary=summary,
            complexity=complexity,
            acl=tuple(acl.split()),
            arguments=arguments,
            is_write="write" in words,
        )
        parent, _, child = name.upper().encode().partition(b"|")
        rows = TABLE[parent].subcommands if child else TABLE
        if (child or parent) in rows:
            raise ValueError(f"command {name} is registered twice")
        rows[child or parent] = row
        return handler

    return register


def lookup(name: bytes) -> Command | None:
    """Return the command of that name in any case, or None."""
    return TABLE.get(name) or TABLE.get(name.upper())
