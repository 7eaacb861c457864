"""What a handler is given besides its arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hunch_kvstore.engine import Transaction
    from hunch_kvstore.keyspace.keyspace import Keyspace
    from hunch_kvstore.server.client import Client
    from hunch_kvstore.server.core import Core


class Context:
    """The surroundings of one call.

    One object serves every call (PERF: no allocation per command), so a handler must
    not keep it.

    Attributes:
        said: The name of the command, or of its subcommand, as the client wrote it.
        tx: The engine transaction of this command, or of the whole EXEC. A command
            without the ``write`` flag gets a read-only view with the same `get` and
            `scan`.
        keys: The typed keyspace over `tx`.
        now_ms: The instant of the call, milliseconds since 1970; the same for every
            command of an EXEC.
        client: Who asks.
        server: The process-wide state: configuration, pub/sub, search catalog.
    """

    __slots__ = ("client", "keys", "now_ms", "said", "server", "tx")

    tx: Transaction
    keys: Keyspace
    now_ms: int
    said: bytes
    client: Client
    server: Core
