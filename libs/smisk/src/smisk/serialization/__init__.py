"""Serializers: what turns a leaf's data into bytes, and a body into parameters."""

from smisk.core.exchange import Exchange
from smisk.serialization.extra import YAML, MessagePack
from smisk.serialization.feed import RSS, Atom
from smisk.serialization.json import JSON, JSONP
from smisk.serialization.php import PHP
from smisk.serialization.serializer import Registry, Serializer, Unsuitable
from smisk.serialization.text import HTML, PlainText
from smisk.serialization.xml import XML, Plist
from smisk.serialization.xmlrpc import XMLRPC
from smisk.serialization.xspf import XSPF

__all__ = [
    "HTML", "JSON", "JSONP", "PHP", "RSS", "XML", "XMLRPC", "XSPF", "YAML", "Atom",
    "Exchange", "MessagePack", "PlainText", "Plist", "Registry", "Serializer",
    "Unsuitable", "all_serializers", "defaults",
]  # fmt: skip


def defaults() -> Registry:
    """Return the serializers an application starts with."""
    return Registry([HTML(), JSON(), JSONP(), PlainText(), Atom(), RSS(), XMLRPC()])


def all_serializers() -> Registry:
    """Return every serializer that needs nothing installed."""
    return Registry([*defaults(), XML(), Plist(), XSPF(), PHP()])
