"""The command table: every command is a row of data and a handler.

`COMMAND`, the checks before a call (arity, flags), the reference page and `INFO
commandstats` all read this table; nothing about a command is written down twice. What
Redis says of its own commands is in `redis_commands.json`, taken from redis-server; a
handler says beside itself what is otherwise here. Commands that Redis 7.0 does not have
say everything there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from hunch_kvstore.commands._durations import Durations
from hunch_kvstore.commands.usage import usage_of
from hunch_kvstore.resp.reply import Reply

if TYPE_CHECKING:
    from hunch_kvstore.commands.context import Context

Handler: TypeAlias = Callable[["Context", Sequence[bytes]], Reply]
"""A handler takes the arguments without the command's name."""

Data: TypeAlias = Mapping[str, Any]
"""A row of `redis_commands.json`, as COMMAND INFO and COMMAND DOCS name its parts."""

REDIS: Final[dict[str, Data]] = json.loads(
    Path(__file__).with_name("redis_commands.json").read_text(encoding="utf-8")
)


@dataclass(slots=True)
class Command:
    """One command, or one subcommand of a container such as CLIENT.

    Attributes:
        name: As users write it; a subcommand is named ``CLIENT|SETNAME``.
        handler: What runs it.
        arity: Number of words including the name; negative means "at least".
        flags: Words such as ``write`` and ``readonly``, in Redis's order.
        range: First key, last key, step, in words counted from the name; zeros if none.
        group: Section of the reference page.
        since: The Redis version this command appeared in.
        summary: One sentence.
        complexity: As Redis states it, or ours where the store differs; may be empty.
        acl: Categories, in Redis's order.
        usage: The arguments after the name, for people.
        more: What else Redis says of it: key specifications, arguments, history.
        subcommands: Rows by upper-case subcommand name, for containers.
        is_write: Whether the command runs in a transaction that commits.
        is_read: Whether it looks keys up and changes none.
        calls: Number of calls since the start, for INFO and the metrics.
        spent_us: Microseconds spent in the handler since the start.
        failed: Calls that answered an error.
        rejected: Calls refused before they began.
        durations: How long the calls took.
    """

    name: str
    handler: Handler
    arity: int
    flags: tuple[str, ...]
    range: tuple[int, int, int]
    group: str
    since: str
    summary: str
    complexity: str
    acl: tuple[str, ...]
    usage: str
    more: Data
    subcommands: dict[bytes, Command] = field(default_factory=dict)
    is_write: bool = False
    is_read: bool = False
    calls: int = 0
    spent_us: int = 0
    failed: int = 0
    rejected: int = 0
    durations: Durations = field(default_factory=Durations)

    def forget_calls(self) -> None:
        """Begin to count anew."""
        self.calls = self.spent_us = self.failed = self.rejected = 0
        self.durations.clear()

    def accepts(self, words: int) -> bool:
        """Tell whether a call of that many words (name included) fits the arity."""
        return words == self.arity if self.arity > 0 else words >= -self.arity


TABLE: Final[dict[bytes, Command]] = {}
"""Commands by upper-case name."""


def command(
    name: str,
    *,
    arity: int = 0,
    flags: str = "",
    keys: tuple[int, int, int] = (0, 0, 0),
    group: str = "",
    since: str = "",
    summary: str = "",
    complexity: str = "",
    acl: str = "",
    arguments: str = "",
) -> Callable[[Handler], Handler]:
    """Register the decorated handler; ``"CLIENT|ID"`` goes under its container.

    A command of Redis needs nothing but its name. One of our own gives at least arity,
    group, since and summary; its categories are those of its flags and `acl`.

    Raises:
        ValueError: On a name taken twice, or without the row it needs.
    """
    data = REDIS.get(name) or _own(name, arity, flags, keys, group, since, acl)

    def register(handler: Handler) -> Handler:
        row = Command(
            name=name,
            handler=handler,
            arity=data["arity"],
            flags=tuple(data["flags"]),
            range=tuple(data["range"]),
            group=data["group"],
            since=data["since"],
            summary=summary or data["summary"],
            complexity=complexity or data.get("complexity", ""),
            acl=tuple(data["acl"]),
            usage=arguments or usage_of(data.get("arguments", ())),
            more=data,
            is_write="write" in data["flags"],
            is_read="readonly" in data["flags"],
        )
        parent, _, child = name.upper().encode().partition(b"|")
        rows = TABLE[parent].subcommands if child else TABLE
        if (child or parent) in rows:
            raise ValueError(f"command {name} is registered twice")
        rows[child or parent] = row
        return handler

    return register


def _own(
    name: str,
    arity: int,
    flags: str,
    keys: tuple[int, int, int],
    group: str,
    since: str,
    acl: str,
) -> Data:
    """Return the row of a command that Redis does not have."""
    if not (arity and group and since):
        raise ValueError(f"{name} is no command of Redis: say what it is")
    words = flags.split()
    found = [("write", "@write"), ("readonly", "@read"), ("admin", "@admin")]
    return {
        "arity": arity,
        "flags": words,
        "range": keys,
        "group": group,
        "since": since,
        "complexity": "O(1)",
        "acl": [
            *(category for flag, category in found if flag in words),
            "@fast" if "fast" in words else "@slow",
            *(["@dangerous"] if "admin" in words else []),
            *(f"@{category}" for category in acl.split()),
        ],
    }


def lookup(name: bytes) -> Command | None:
    """Return the command of that name in any case, or None."""
    return TABLE.get(name) or TABLE.get(name.upper())
