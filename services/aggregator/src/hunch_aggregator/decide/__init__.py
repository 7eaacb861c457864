"""Deciding: what a document changes. Pure; data and `now` in, intents out."""

from .address import address_key
from .decide import Decision, Intent, Known, decide, ids_of, service_of
from .fingerprint import fingerprint, recipe
from .same import addresses_of, copy_key, entry_addresses

__all__ = [
    "Decision",
    "Intent",
    "Known",
    "address_key",
    "addresses_of",
    "copy_key",
    "decide",
    "entry_addresses",
    "fingerprint",
    "ids_of",
    "recipe",
    "service_of",
]
