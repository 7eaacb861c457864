"""Commands: one file per group, each registering its rows in `table`."""

from hunch_kvstore.commands.table import TABLE, Command, command, lookup

__all__ = ["TABLE", "Command", "command", "lookup"]
