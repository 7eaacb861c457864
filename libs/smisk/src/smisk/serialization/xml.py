"""Data as XML: elements that say their type, and Apple's property lists."""

import base64
import plistlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from xml.etree.ElementTree import Element

from smisk.core.exchange import Exchange
from smisk.core.xml import escape, parse_xml
from smisk.serialization.plain import format_time, simplify
from smisk.serialization.serializer import Serializer


class XML(Serializer):
    """``<data type="map"><item key="a" type="int">1</item></data>``."""

    name = "XML"
    extensions = ("xml",)
    media_types = ("application/xml", "text/xml")
    errors_are_data = True
    can_deserialize = True

    def serialize(self, data: object, exchange: Exchange) -> str:
        head = '<?xml version="1.0" encoding="utf-8"?>\n'
        return head + _write("data", "", simplify(data)) + "\n"

    def deserialize(self, raw: bytes, exchange: Exchange) -> object:
        return _read(parse_xml(raw, exchange.request.limits.max_depth))


def _write(name: str, key: str, value: object) -> str:
    if value is None:
        return f'<{name}{key} type="null"/>'
    kind = {int: "int", float: "float"}.get(type(value), "text")
    if isinstance(value, dict):
        items = [_write("item", f' key="{escape(k)}"', v) for k, v in value.items()]
        kind, inner = "map", "".join(items)
    elif isinstance(value, list):
        kind, inner = "list", "".join(_write("item", "", item) for item in value)
    elif isinstance(value, bool):
        kind, inner = "bool", "true" if value else "false"
    elif isinstance(value, datetime):
        kind, inner = "time", format_time(value)
    elif isinstance(value, bytes):
        kind, inner = "bytes", base64.b64encode(value).decode()
    else:
        inner = escape(str(value))
    return f'<{name}{key} type="{kind}">{inner}</{name}>'


_READ: dict[str, Callable[[str], object]] = {
    "null": lambda _: None,
    "int": int,
    "float": float,
    "bool": lambda text: text == "true",
    "time": datetime.fromisoformat,
    "bytes": lambda text: base64.b64decode(text, validate=True),
}


def _read(element: Element) -> object:
    kind = element.get("type", "text")
    if kind == "map":
        return {child.get("key", ""): _read(child) for child in element}
    if kind == "list":
        return [_read(child) for child in element]
    if len(element):
        raise ValueError(f"elements inside of type {kind}")
    return _READ.get(kind, str)(element.text or "")


class Plist(Serializer):
    """XML property lists; None has no place in one and is left out."""

    name = "XML property list"
    extensions = ("plist",)
    media_types = ("application/plist+xml", "application/x-plist")
    errors_are_data = True
    can_deserialize = True

    def serialize(self, data: object, exchange: Exchange) -> bytes:
        return plistlib.dumps(_for_plist(simplify(data)), sort_keys=False)

    def deserialize(self, raw: bytes, exchange: Exchange) -> object:
        # LIMIT: every list names a document type; one with a body of its own, or
        # anything nested too deeply, is not read.
        head, _, rest = raw.partition(b"<plist")
        if b"[" in head or b"<!ENTITY" in raw:
            raise ValueError("a document type of its own")
        parse_xml(b"<plist" + rest, exchange.request.limits.max_depth)
        try:
            data: object = plistlib.loads(raw, fmt=plistlib.FMT_XML)
        except Exception as error:  # whatever its handlers trip over
            raise ValueError("not a property list") from error
        return data


def _for_plist(value: object) -> Any:
    if isinstance(value, dict):
        return {k: _for_plist(v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [_for_plist(v) for v in value if v is not None]
    if isinstance(value, datetime) and value.tzinfo:
        return value.astimezone(UTC).replace(tzinfo=None)
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return str(value)
    return value
