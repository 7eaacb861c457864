"""MONITOR: clients that are shown every command as it is run."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from hunch_kvstore.resp.reply import Encoded
from hunch_kvstore.server.slowlog import redacted

if TYPE_CHECKING:
    from hunch_kvstore.commands.table import Command
    from hunch_kvstore.server.client import Client
    from hunch_kvstore.server.core import Core

_HIDDEN: Final = frozenset(("skip_monitor", "admin"))
_NAMED: Final = {
    **{char: b"%c" % char for char in range(32, 127)},
    **dict(zip(b'\\"\n\r\t\a\b', rb"\\ \" \n \r \t \a \b".split(), strict=True)),
}
_SHOWN: Final = [_NAMED.get(char, b"\\x%02x" % char) for char in range(256)]


class Monitors:
    """Who is shown the commands.

    Attributes:
        clients: In the order they came.
    """

    def __init__(self, core: Core) -> None:
        self._core = core
        self.clients: dict[Client, None] = {}

    def join(self, client: Client) -> None:
        """Show everything to a client from now on."""
        client.is_monitor = True
        self.clients[client] = None
        self._core.choose_lane()

    def leave(self, client: Client) -> None:
        """Show a client nothing more."""
        if self.clients.pop(client, self) is None:
            client.is_monitor = False
            self._core.choose_lane()

    def show(self, client: Client, row: Command, words: list[bytes]) -> None:
        """Tell all of them of a command that has run; admin's are not for their eyes."""
        if _HIDDEN.intersection(row.flags):
            return
        now_us = time.time_ns() // 1000
        who = client.address.encode(errors="replace")
        if client.is_local:
            who = b"unix:" + who.removesuffix(b":0")
        line = Encoded(
            b"+%d.%06d [0 %b] %b\r\n"
            % (
                *divmod(now_us, 1_000_000),
                who,
                b" ".join(map(_quoted, redacted(row.name, words))),
            )
        )
        for monitor in self.clients:
            monitor.out.append(line)
            self._core.ready.add(monitor)


def _quoted(word: bytes) -> bytes:
    return b'"%b"' % b"".join([_SHOWN[char] for char in word])
