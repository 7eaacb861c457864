"""Serializers: what turns a leaf's data into bytes, and a body into parameters."""

from smisk.core.exchange import Exchange
from smisk.serialization.feed import RSS, Atom
from smisk.serialization.html import HTML
from smisk.serialization.json import JSON, JSONP
from smisk.serialization.serializer import Registry, Serializer, Unsuitable

__all__ = [
    "HTML",
    "JSON",
    "JSONP",
    "RSS",
    "Atom",
    "Exchange",
    "Registry",
    "Serializer",
    "Unsuitable",
    "defaults",
]


def defaults() -> Registry:
    """Return a registry of every serializer that needs nothing installed."""
    return Registry([HTML(), JSON(), JSONP(), Atom(), RSS()])
