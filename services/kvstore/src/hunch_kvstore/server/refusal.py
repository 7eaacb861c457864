"""Why a command may not run, in Redis's words and in its order of looking."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hunch_kvstore.resp.reply import CommandError

if TYPE_CHECKING:
    from hunch_kvstore.commands.table import Command
    from hunch_kvstore.server.client import Client

_SUBSCRIBED: Final = frozenset(
    ("SUBSCRIBE", "UNSUBSCRIBE", "PSUBSCRIBE", "PUNSUBSCRIBE", "PING", "QUIT", "RESET")
)
_KEYSPACE: Final = frozenset(("write", "readonly", "may_replicate"))
_SHOWN_BYTES: Final = 128


def unknown(words: list[bytes]) -> CommandError:
    """Return the error for a command that does not exist."""
    parts: list[bytes] = []
    size = 0
    for word in words[1:]:
        if size >= _SHOWN_BYTES:
            break
        part = b"'" + word.split(b"\0")[0][: _SHOWN_BYTES - size] + b"' "
        parts.append(part)
        size += len(part)
    return CommandError(
        b"ERR unknown command '%b', with args beginning with: %b"
        % (words[0].split(b"\0")[0][:_SHOWN_BYTES], b"".join(parts))
    )


def checked(client: Client, row: Command, words: list[bytes]) -> Command:
    """Return the row to run, a subcommand's for a container.

    Raises:
        CommandError: If the command may not run as it stands.
    """
    count = len(words)
    if row.subcommands and count > 1:
        child = row.subcommands.get(words[1].upper())
        if child is None:
            raise CommandError(
                b"ERR unknown subcommand '%b'. Try %b HELP."
                % (words[1].split(b"\0")[0][:_SHOWN_BYTES], words[0].upper())
            )
        row = child
    arity = row.arity
    if count != arity if arity > 0 else count < -arity:
        raise CommandError(
            f"ERR wrong number of arguments for '{_spoken(row)}' command"
        )
    if not client.authenticated and "no_auth" not in row.flags:
        raise CommandError("NOAUTH Authentication required.")
    if client.queue is not None and "no_multi" in row.flags:
        raise CommandError("ERR Command not allowed inside a transaction")
    if (
        (client.channels or client.patterns)
        and client.resp == 2
        and row.name not in _SUBSCRIBED
    ):
        raise CommandError(
            f"ERR Can't execute '{_spoken(row)}': only (P|S)SUBSCRIBE / "
            "(P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context"
        )
    if client.is_monitor and _KEYSPACE.intersection(row.flags):
        raise CommandError("ERR Replica can't interact with the keyspace")
    return row


def rejected(row: Command, words: list[bytes]) -> Command:
    """Return the row that a refused call counts for."""
    return row.subcommands.get(words[1].upper(), row) if len(words) > 1 else row


def _spoken(row: Command) -> str:
    """Return a command's name as errors say it: a module's as it was registered."""
    return row.name if row.group == "search" else row.name.lower()
