"""HELP of every container of subcommands, told from the table."""

from __future__ import annotations

from collections.abc import Sequence

from hunch_kvstore.commands.context import Context
from hunch_kvstore.commands.table import TABLE, Command, Handler, command
from hunch_kvstore.resp.reply import Reply, Simple


def lines(container: Command) -> list[str]:
    """Return the help of CLIENT and its like in the form Redis gives it."""
    found = [
        f"{container.name} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"
    ]
    for row in sorted(container.subcommands.values(), key=lambda row: row.name):
        name = row.name.partition("|")[2]
        if name != "HELP":
            found += [f"{name} {row.arguments}".rstrip(), f"    {row.summary}"]
    return [*found, "HELP", "    Prints this help."]


def _teller(container: Command) -> Handler:
    def help_(_ctx: Context, _args: Sequence[bytes]) -> Reply:
        return [Simple(line) for line in lines(container)]

    return help_


def add_help() -> None:
    """Give every container in the table its HELP; may be called again."""
    for container in TABLE.values():
        if container.subcommands and b"HELP" not in container.subcommands:
            command(
                f"{container.name}|HELP",
                arity=2,
                flags="loading stale",
                group=container.group,
                acl="connection" if container.name == "COMMAND" else "",
                since="5.0.0",
                summary="Returns helpful text about the different subcommands.",
            )(_teller(container))
