"""Generic XML: any data as elements that say their type, and back."""

import base64
from datetime import datetime
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

    def serialize(self, data: object, exchange: Exchange) -> str:  # noqa: ARG002
        """Write `data`."""
        head = '<?xml version="1.0" encoding="utf-8"?>\n'
        return head + _write("data", "", simplify(data)) + "\n"

    def deserialize(self, raw: bytes, exchange: Exchange) -> object:
        """Read what `serialize` writes."""
        return _read(parse_xml(raw, exchange.request.limits.max_depth))


def _write(name: str, key: str, value: object) -> str:
    head = f"<{name}{key} type="
    if isinstance(value, dict):
        inner = "".join(
            _write("item", f' key="{escape(k)}"', v) for k, v in value.items()
        )
        return f'{head}"map">{inner}</{name}>'
    if isinstance(value, list):
        inner = "".join(_write("item", "", v) for v in value)
        return f'{head}"list">{inner}</{name}>'
    if value is None:
        return f'{head}"null"/>'
    if isinstance(value, bool):
        return f'{head}"bool">{"true" if value else "false"}</{name}>'
    if isinstance(value, datetime):
        return f'{head}"time">{format_time(value)}</{name}>'
    if isinstance(value, bytes):
        return f'{head}"bytes">{base64.b64encode(value).decode()}</{name}>'
    kind = {int: "int", float: "float"}.get(type(value), "text")
    return f'{head}"{kind}">{escape(str(value))}</{name}>'


def _read(element: Element) -> object:
    kind = element.get("type", "text")
    text = element.text or ""
    if kind == "map":
        return {child.get("key", ""): _read(child) for child in element}
    if kind == "list":
        return [_read(child) for child in element]
    if len(element):
        msg = f"elements inside of type {kind}"
        raise ValueError(msg)
    if kind == "null":
        return None
    if kind == "int":
        return int(text)
    if kind == "float":
        return float(text)
    if kind == "bool":
        return text == "true"
    if kind == "time":
        return datetime.fromisoformat(text)
    return base64.b64decode(text, validate=True) if kind == "bytes" else text
