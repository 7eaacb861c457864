"""Imports every file of commands, which fills the table."""

from __future__ import annotations

import importlib

from hunch_kvstore.commands.help import add_help
from hunch_kvstore.commands.table import TABLE, Command

MODULES = (
    "hunch_kvstore.commands.strings",
    "hunch_kvstore.commands.counters",
    "hunch_kvstore.commands.generic",
    "hunch_kvstore.commands.expire",
    "hunch_kvstore.commands.hashes",
    "hunch_kvstore.commands.zsets",
    "hunch_kvstore.commands.zset_ranges",
    "hunch_kvstore.commands.zset_algebra",
    "hunch_kvstore.commands.zset_pop",
    "hunch_kvstore.commands.transactions",
    "hunch_kvstore.commands.pubsub",
    "hunch_kvstore.commands.connection",
    "hunch_kvstore.commands.acl",
    "hunch_kvstore.commands.client",
    "hunch_kvstore.commands.tracking",
    "hunch_kvstore.commands.introspection",
    "hunch_kvstore.commands.server",
    "hunch_kvstore.commands.debug",
    "hunch_kvstore.commands.inspection",
    "hunch_kvstore.commands.memory",
    "hunch_kvstore.search.commands",
)


def load() -> dict[bytes, Command]:
    """Fill the command table once and return it."""
    for name in MODULES:
        importlib.import_module(name)
    add_help()
    return TABLE
