"""Fetching: one guarded, bounded, polite GET; its outcome is a value.

Knows HTTP and nothing of feeds, items or the store.
"""

from .address import parse_networks
from .door import Door
from .fetcher import ACCEPT_PICTURE, Fetcher, Limits
from .result import Failed, Fetched, NotModified, Result, Validators, Why

__all__ = [
    "ACCEPT_PICTURE",
    "Door",
    "Failed",
    "Fetched",
    "Fetcher",
    "Limits",
    "NotModified",
    "Result",
    "Validators",
    "Why",
    "parse_networks",
]
