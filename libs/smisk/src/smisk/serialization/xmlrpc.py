"""XML-RPC: a call names its leaf, ``a.b`` being the path ``/a/b``."""

import base64
from collections.abc import Callable
from datetime import UTC, datetime
from xml.etree.ElementTree import Element

from smisk import http
from smisk.core.exchange import Exchange
from smisk.core.xml import escape, parse_xml
from smisk.serialization.plain import simplify
from smisk.serialization.serializer import Serializer


class XMLRPC(Serializer):
    """XML-RPC. The application routes a POST of it by its ``methodName``."""

    name = "XML-RPC"
    extensions = ("xmlrpc",)
    media_types = ("application/rpc+xml", "application/xml-rpc+xml")
    can_deserialize = True
    names_leaf = True

    def serialize(self, data: object, exchange: Exchange) -> str:
        value = _write(simplify(data))
        return _response(f"<params><param><value>{value}</value></param></params>")

    def serialize_error(self, error: http.HTTPError, exchange: Exchange) -> str:
        exchange.response.status = 200  # as XML-RPC has it: a fault is an answer
        text = error.description or error.title
        fault = _write({"faultCode": error.status, "faultString": text})
        return _response(f"<fault><value>{fault}</value></fault>")

    def route(self, exchange: Exchange) -> tuple[str, object]:
        raw = exchange.request.read_document()
        name, values = read_call(raw, exchange.request.limits.max_depth)
        return "/" + name.replace(".", "/"), _parameters(values)

    def deserialize(self, raw: bytes, exchange: Exchange) -> object:
        return _parameters(read_call(raw, exchange.request.limits.max_depth)[1])


def read_call(raw: bytes, max_depth: int = 64) -> tuple[str, list[object]]:
    """Read a call: the name of its method and its parameters.

    Raises:
        ValueError: If it is none.
    """
    root = parse_xml(raw, max_depth)
    name = (root.findtext("methodName") or "").strip()
    if root.tag != "methodCall" or not name:
        raise ValueError("not a methodCall")
    return name, [_read(value) for value in root.findall("params/param/value")]


def _parameters(values: list[object]) -> object:
    # One struct alone gives the parameters their names.
    if len(values) == 1 and isinstance(values[0], dict):
        return values[0]
    return values


def _response(inner: str) -> str:
    return f'<?xml version="1.0"?>\n<methodResponse>{inner}</methodResponse>\n'


def _write(value: object) -> str:
    if isinstance(value, dict):
        pairs = [(escape(k), _write(v)) for k, v in value.items()]
        inner = [f"<name>{name}</name><value>{v}</value>" for name, v in pairs]
        return f"<struct>{''.join(f'<member>{one}</member>' for one in inner)}</struct>"
    if isinstance(value, list):
        items = "".join(f"<value>{_write(v)}</value>" for v in value)
        return f"<array><data>{items}</data></array>"
    if value is None:
        return "<nil/>"
    kind, text = "string", escape(str(value))
    if isinstance(value, bool):
        kind, text = "boolean", f"{value:d}"
    elif isinstance(value, int):
        # SPEC XML-RPC: an int has four bytes; larger ones go as the common extension.
        kind = "int" if -(2**31) <= value < 2**31 else "i8"
    elif isinstance(value, float):
        kind = "double"
    elif isinstance(value, datetime):
        when = value.astimezone(UTC) if value.tzinfo else value
        kind, text = "dateTime.iso8601", f"{when:{_TIME}}"
    elif isinstance(value, bytes):
        kind, text = "base64", base64.b64encode(value).decode()
    return f"<{kind}>{text}</{kind}>"


_TIME = "%Y%m%dT%H:%M:%S"
_READ: dict[str, Callable[[str], object]] = {
    "int": int,
    "i4": int,
    "i8": int,
    "double": float,
    "boolean": lambda text: text.strip() == "1",
    "string": str,
    "base64": base64.b64decode,
    "nil": lambda _: None,
    "dateTime.iso8601": lambda text: datetime.strptime(text.strip(), _TIME).replace(
        tzinfo=UTC
    ),
}


def _read(value: Element | None) -> object:
    if value is None:
        raise ValueError("a member without a value")
    if not len(value):
        return value.text or ""
    element = value[0]
    if element.tag == "array":
        return [_read(item) for item in element.findall("data/value")]
    if element.tag == "struct":
        members = element.findall("member")
        return {m.findtext("name") or "": _read(m.find("value")) for m in members}
    if element.tag not in _READ:
        raise ValueError(f"not a type of XML-RPC: {element.tag}")
    return _READ[element.tag](element.text or "")
