"""Imports every file of commands, which fills the table."""

from __future__ import annotations

import importlib
import importlib.util

from hunch_kvstore.commands.table import TABLE, Command

MODULES = ("strings",)


def load() -> dict[bytes, Command]:
    """Fill the command table once and return it."""
    for name in MODULES:
        importlib.import_module(f"hunch_kvstore.commands.{name}")
    if importlib.util.find_spec("hunch_kvstore.search") is not None:
        importlib.import_module("hunch_kvstore.search.commands")
    return TABLE
