"""HELP of every container of subcommands: Redis's lines about those that are here."""

from __future__ import annotations

from collections.abc import Sequence

from hunch_kvstore.commands.context import Context
from hunch_kvstore.commands.table import REDIS, TABLE, Command, Handler, command
from hunch_kvstore.resp.reply import Reply, Simple


def lines(container: Command) -> list[str]:
    """Return the help of CLIENT and its like in the form Redis gives it."""
    theirs = REDIS[f"{container.name}|HELP"]["help"]
    found = [theirs[0]]
    names = {name.decode() for name in container.subcommands} | {"(no"}
    is_ours = False
    for line in theirs[1:-2]:
        if not line.startswith(" "):
            is_ours = line.split(" ", 1)[0] in names
        if is_ours:
            found.append(line)
    for row in container.subcommands.values():
        if row.name not in REDIS:
            found += [f"{row.name.partition('|')[2]} {row.usage}", f"    {row.summary}"]
    return [*found, *theirs[-2:]]


def _teller(container: Command) -> Handler:
    def help_(_ctx: Context, _args: Sequence[bytes]) -> Reply:
        return [Simple(line) for line in lines(container)]

    return help_


def add_help() -> None:
    """Give every container in the table its HELP; may be called again."""
    for container in TABLE.values():
        if container.subcommands and b"HELP" not in container.subcommands:
            command(f"{container.name}|HELP")(_teller(container))
