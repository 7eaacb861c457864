"""DEBUG: to try what clients do when the server stands still."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from typing import Final

from hunch_kvstore.commands.arguments import wrong_subcommand
from hunch_kvstore.commands.context import Context
from hunch_kvstore.commands.table import command
from hunch_kvstore.resp.reply import OK, CommandError, Reply, Simple

_LONGEST_S: Final = 3600.0
_NUMBER: Final = re.compile(rb"\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)
_HELP: Final = (
    "DEBUG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
    "SLEEP <seconds>",
    "    Stop the server for <seconds>. Decimals allowed.",
    "HELP",
    "    Prints this help.",
)


@command(
    "DEBUG",
    summary="Stops the server for a time; only if enable-debug-command says so.",
    arguments="SLEEP seconds | HELP",
)
def debug(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Stand still, or tell how to ask for it."""
    if not ctx.server.settings["enable-debug-command"]:
        raise CommandError(
            "ERR DEBUG command not allowed. If the enable-debug-command option is set "
            'to "local", you can run it from a local connection, otherwise you need to '
            "set this option in the configuration file, and then restart the server."
        )
    word = args[0].upper()
    if word == b"HELP" and len(args) == 1:
        return [Simple(line) for line in _HELP]
    if word != b"SLEEP" or len(args) != 2:
        raise wrong_subcommand(b"DEBUG", args[0])
    # SPEC: as C's strtod, which makes 0 of what is no number.
    said = _NUMBER.match(args[1])
    seconds = float(said[0]) if said is not None else 0.0
    time.sleep(min(max(seconds, 0.0), _LONGEST_S))
    return OK
