"""Deciding: what a document changes. Pure; data and `now` in, intents out."""

from .address import address_key
from .decide import Decision, Intent, Known, decide, gone_intent, ids_of, service_of
from .fingerprint import fingerprint, recipe
from .same import addresses_of, entry_addresses

__all__ = [
    "Decision",
    "Intent",
    "Known",
    "address_key",
    "addresses_of",
    "decide",
    "entry_addresses",
    "fingerprint",
    "gone_intent",
    "ids_of",
    "recipe",
    "service_of",
]
