"""COMMAND: the table told to clients."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from hunch_kvstore.commands.context import Context
from hunch_kvstore.commands.keys import KeysError, key_places
from hunch_kvstore.commands.table import TABLE, Command, command, lookup
from hunch_kvstore.keyspace.glob import matches
from hunch_kvstore.resp.reply import CommandError, Members, Reply, Simple

_FLAG_SETS: Final = frozenset(("flags", "doc_flags"))
_TEXT_SETS: Final = frozenset(("history", "notes"))
_DOCS: Final = (
    *("doc_flags", "deprecated_since", "replaced_by", "history", "arguments"),
)


def told(value: Any, name: str = "") -> Reply:
    """Return a part of a row as COMMAND tells it; its name says what is a set."""
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, dict):
        return {key.encode(): told(part, key) for key, part in value.items()}
    if isinstance(value, int):
        return value
    if name in _FLAG_SETS:
        return Members(map(Simple, value))
    items = [told(part) for part in value]
    return Members(items) if name in _TEXT_SETS else items


def describe(row: Command) -> Reply:
    """Return a row as COMMAND INFO has it."""
    return [
        row.name.lower().encode(),
        row.arity,
        Members(map(Simple, row.flags)),
        *row.range,
        Members(map(Simple, row.acl)),
        Members(told(tip) for tip in row.more.get("tips", ())),
        Members(told(spec) for spec in row.more.get("keys", ())),
        Members(describe(child) for child in row.subcommands.values()),
    ]


def docs(row: Command) -> Reply:
    """Return a row as COMMAND DOCS has it."""
    found: dict[bytes, Reply] = {
        b"summary": row.summary.encode(),
        b"since": row.since.encode(),
        b"group": row.group.encode(),
    }
    if row.complexity:
        found[b"complexity"] = row.complexity.encode()
    found |= {
        name.encode(): told(row.more[name], name) for name in _DOCS if name in row.more
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


@command("COMMAND")
def command_(_ctx: Context, _args: Sequence[bytes]) -> Reply:
    """Answer the whole table."""
    return [describe(row) for row in TABLE.values()]


@command("COMMAND|COUNT")
def command_count(_ctx: Context, _args: Sequence[bytes]) -> Reply:
    """Count the commands."""
    return len(TABLE)


@command("COMMAND|INFO")
def command_info(_ctx: Context, args: Sequence[bytes]) -> Reply:
    """Answer rows of the table, null for names that are not in it."""
    rows = [find(name) for name in args] if args else list(TABLE.values())
    return [None if row is None else describe(row) for row in rows]


@command("COMMAND|DOCS")
def command_docs(_ctx: Context, args: Sequence[bytes]) -> Reply:
    """Answer what the reference page says."""
    rows = [find(name) for name in args] if args else list(TABLE.values())
    return {row.name.lower().encode(): docs(row) for row in rows if row is not None}


@command("COMMAND|LIST")
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
        return "@" + what.decode("utf-8", "replace").lower() in row.acl
    if how == b"MODULE":
        return False
    raise CommandError("ERR syntax error")


@command("COMMAND|GETKEYS")
def command_getkeys(_ctx: Context, args: Sequence[bytes]) -> Reply:
    """Answer which of these words are keys."""
    return [args[place] for place, _ in _keys_of(args)]


@command("COMMAND|GETKEYSANDFLAGS")
def command_getkeysandflags(_ctx: Context, args: Sequence[bytes]) -> Reply:
    """Answer which of these words are keys, and what the call does to each."""
    return [
        [args[place], Members(map(Simple, flags))] for place, flags in _keys_of(args)
    ]


def _keys_of(args: Sequence[bytes]) -> list[tuple[int, list[str]]]:
    row = lookup(args[0])
    if row is not None and row.subcommands and len(args) > 1:
        row = row.subcommands.get(args[1].upper())
    if row is None:
        raise CommandError("ERR Invalid command specified")
    if not row.more.get("keys") and not any(row.range):
        raise CommandError("ERR The command has no key arguments")
    if not row.accepts(len(args)):
        raise CommandError("ERR Invalid number of arguments specified for command")
    try:
        return key_places(row, args)
    except KeysError:
        raise CommandError("ERR Invalid arguments specified for command") from None
