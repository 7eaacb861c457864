"""COMMAND: the table told to clients."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hunch_kvstore.commands.context import Context
from hunch_kvstore.commands.table import TABLE, Command, command, lookup
from hunch_kvstore.keyspace.glob import matches
from hunch_kvstore.resp.reply import CommandError, Reply, Simple

_FLAGS = "loading stale"


def categories(row: Command) -> list[str]:
    """Return the ACL categories that follow from flags and group, and the row's own."""
    if row.subcommands and row.name != "COMMAND":
        return ["slow"]
    flags = row.flags
    found = [
        name
        for name, holds in (
            ("write", "write" in flags),
            ("read", "readonly" in flags),
            ("keyspace", row.group == "generic"),
            ("sortedset", row.group == "sorted_set"),
            ("hash", row.group == "hash"),
            ("string", row.group == "string"),
            ("pubsub", "pubsub" in flags),
            ("admin", "admin" in flags),
            ("dangerous", "admin" in flags),
            ("blocking", "blocking" in flags),
            ("connection", row.group == "connection"),
            ("transaction", row.group == "transactions"),
            ("fast", "fast" in flags),
            ("slow", "fast" not in flags),
        )
        if holds
    ]
    more = [name for name in row.acl if name not in found and name[0] != "-"]
    return [name for name in found if "-" + name not in row.acl] + more


def describe(row: Command) -> Reply:
    """Return a row as COMMAND INFO has it."""
    return [
        row.name.lower().encode(),
        row.arity,
        {Simple(flag) for flag in row.flags},
        *row.keys,
        {Simple("@" + name) for name in categories(row)},
        [],
        [],
        [describe(child) for child in row.subcommands.values()],
    ]


def docs(row: Command) -> Reply:
    """Return a row as COMMAND DOCS has it."""
    found: dict[bytes, Reply] = {
        b"summary": row.summary.encode(),
        b"since": row.since.encode(),
        b"group": row.group.replace("_", "-").encode(),
        b"complexity": row.complexity.encode(),
    }
    if row.subcommands:
        found[b"subcommands"] = {
            child.name.lower().encode(): docs(child)
            for child in row.subcommands.values()
        }
    return found


def find(name: bytes) -> Command | None:
    """Return the row of ``get`` or ``client|id`` in any case."""
    parent, _, child = name.upper().partition(b"|")
    row = lookup(parent)
    return row.subcommands.get(child) if row is not None and child else row


@command(
    "COMMAND",
    arity=-1,
    acl="connection",
    flags=_FLAGS,
    group="server",
    since="2.8.13",
    summary="Returns detailed information about all commands.",
    complexity="O(N)",
)
def command_(_ctx: Context, _args: Sequence[bytes]) -> Reply:
    """Answer the whole table."""
    return [describe(row) for row in TABLE.values()]


@command(
    "COMMAND|COUNT",
    arity=2,
    acl="connection",
    flags=_FLAGS,
    group="server",
    since="2.8.13",
    summary="Returns a count of commands.",
)
def command_count(_ctx: Context, _args: Sequence[bytes]) -> Reply:
    """Count the commands."""
    return len(TABLE)


@command(
    "COMMAND|INFO",
    arity=-2,
    acl="connection",
    flags=_FLAGS,
    group="server",
    since="2.8.13",
    summary="Returns information about one, multiple or all commands.",
    complexity="O(N)",
    arguments="[command-name [command-name ...]]",
)
def command_info(_ctx: Context, args: Sequence[bytes]) -> Reply:
    """Answer rows of the table, null for names that are not in it."""
    rows = [find(name) for name in args] if args else list(TABLE.values())
    return [None if row is None else describe(row) for row in rows]


@command(
    "COMMAND|DOCS",
    arity=-2,
    acl="connection",
    flags=_FLAGS,
    group="server",
    since="7.0.0",
    summary="Returns documentary information about one, multiple or all commands.",
    complexity="O(N)",
    arguments="[command-name [command-name ...]]",
)
def command_docs(_ctx: Context, args: Sequence[bytes]) -> Reply:
    """Answer what the reference page says."""
    rows = [find(name) for name in args] if args else list(TABLE.values())
    return {row.name.lower().encode(): docs(row) for row in rows if row is not None}


@command(
    "COMMAND|LIST",
    arity=-2,
    acl="connection",
    flags=_FLAGS,
    group="server",
    since="7.0.0",
    summary="Returns a list of command names.",
    complexity="O(N)",
    arguments="[FILTERBY MODULE module-name | ACLCAT category | PATTERN pattern]",
)
def command_list(_ctx: Context, args: Sequence[bytes]) -> Reply:
    """Answer names, or those that pass a filter."""
    if not args:
        return [name for name, _ in _all()]
    if len(args) != 3 or args[0].upper() != b"FILTERBY":
        raise CommandError("ERR syntax error")
    how, what = args[1].upper(), args[2]
    return [name for name, row in _all() if _passes(name, row, how, what)]


def _all() -> Iterator[tuple[bytes, Command]]:
    for row in TABLE.values():
        yield row.name.lower().encode(), row
        for child in row.subcommands.values():
            yield child.name.lower().encode(), child


def _passes(name: bytes, row: Command, how: bytes, what: bytes) -> bool:
    if how == b"PATTERN":
        return matches(what.lower(), name)
    if how == b"ACLCAT":
        return what.decode("utf-8", "replace").lower() in categories(row)
    if how == b"MODULE":
        return False
    raise CommandError("ERR syntax error")


@command(
    "COMMAND|GETKEYS",
    arity=-4,
    acl="connection",
    flags=_FLAGS,
    group="server",
    since="2.8.13",
    summary="Extracts the key names from an arbitrary command.",
    complexity="O(N)",
    arguments="command [arg [arg ...]]",
)
def command_getkeys(_ctx: Context, args: Sequence[bytes]) -> Reply:
    """Answer which of these words are keys."""
    row = lookup(args[0])
    if row is None:
        raise CommandError("ERR Invalid command specified")
    if row.subcommands and len(args) > 1:
        row = row.subcommands.get(args[1].upper(), row)
    if not row.accepts(len(args)):
        raise CommandError("ERR Invalid number of arguments specified for command")
    names = keys_of(row, args)
    if not names:
        raise CommandError("ERR The command has no key arguments")
    return list(names)


def keys_of(row: Command, words: Sequence[bytes]) -> list[bytes]:
    """Return the words of a call that are keys."""
    first, last, step = row.keys
    found: list[bytes] = []
    if first:
        stop = last if last >= 0 else len(words) + last
        found = list(words[first : stop + 1 : step])
    if "movablekeys" in row.flags:
        at = {"BZMPOP": 2}.get(row.name, 2 if first else 1)
        if words[at].isdigit():
            found += words[at + 1 : at + 1 + int(words[at])]
    return found
