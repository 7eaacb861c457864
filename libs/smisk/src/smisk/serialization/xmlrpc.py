"""XML-RPC: a call names its leaf, ``a.b`` being the path ``/a/b``."""

import base64
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

    def serialize(self, data: object, exchange: Exchange) -> str:  # noqa: ARG002
        """Write `data` as the one parameter of a response."""
        value = _write(simplify(data))
        return _response(f"<params><param><value>{value}</value></param></params>")

    def serialize_error(self, error: http.HTTPError, exchange: Exchange) -> str:
        """Write a fault; the answer is 200, as XML-RPC has it."""
        exchange.response.status = 200
        text = error.description or error.title
        fault = _write({"faultCode": error.status, "faultString": text})
        return _response(f"<fault><value>{fault}</value></fault>")

    def route(self, exchange: Exchange) -> tuple[str, object]:
        """Read a call; one struct alone gives the parameters their names."""
        raw = exchange.request.read_document()
        name, values = read_call(raw, exchange.request.limits.max_depth)
        return "/" + name.replace(".", "/"), _parameters(values)

    def deserialize(self, raw: bytes, exchange: Exchange) -> object:
        """Read the parameters of a call whose leaf the URL has named."""
        return _parameters(read_call(raw, exchange.request.limits.max_depth)[1])


def read_call(raw: bytes, max_depth: int = 64) -> tuple[str, list[object]]:
    """Read a call: the name of its method and its parameters.

    Raises:
        ValueError: If it is none.
    """
    root = parse_xml(raw, max_depth)
    name = (root.findtext("methodName") or "").strip()
    if root.tag != "methodCall" or not name:
        msg = "not a methodCall"
        raise ValueError(msg)
    return name, [_read(value) for value in root.findall("params/param/value")]


def _parameters(values: list[object]) -> object:
    if len(values) == 1 and isinstance(values[0], dict):
        return values[0]
    return values


def _response(inner: str) -> str:
    return f'<?xml version="1.0"?>\n<methodResponse>{inner}</methodResponse>\n'


def _write(value: object) -> str:
    if isinstance(value, dict):
        members = "".join(
            f"<member><name>{escape(k)}</name><value>{_write(v)}</value></member>"
            for k, v in value.items()
        )
        return f"<struct>{members}</struct>"
    if isinstance(value, list):
        items = "".join(f"<value>{_write(v)}</value>" for v in value)
        return f"<array><data>{items}</data></array>"
    if value is None:
        return "<nil/>"
    if isinstance(value, bool):
        return f"<boolean>{value:d}</boolean>"
    # SPEC XML-RPC: an int has four bytes; larger ones go as the common extension.
    if isinstance(value, int):
        kind = "int" if -(2**31) <= value < 2**31 else "i8"
        return f"<{kind}>{value}</{kind}>"
    if isinstance(value, float):
        return f"<double>{value!r}</double>"
    if isinstance(value, datetime):
        when = value.astimezone(UTC) if value.tzinfo else value
        return f"<dateTime.iso8601>{when:%Y%m%dT%H:%M:%S}</dateTime.iso8601>"
    if isinstance(value, bytes):
        return f"<base64>{base64.b64encode(value).decode()}</base64>"
    return f"<string>{escape(str(value))}</string>"


def _read(value: Element) -> object:
    if not len(value):
        return value.text or ""
    element = value[0]
    text = element.text or ""
    kind = element.tag
    if kind == "struct":
        return {
            member.findtext("name") or "": _read(_child(member, "value"))
            for member in element.findall("member")
        }
    if kind == "array":
        return [_read(item) for item in element.findall("data/value")]
    if kind in ("int", "i4", "i8"):
        return int(text)
    if kind == "double":
        return float(text)
    if kind == "boolean":
        return text.strip() == "1"
    if kind == "dateTime.iso8601":
        return datetime.strptime(text.strip(), "%Y%m%dT%H:%M:%S").replace(tzinfo=UTC)
    if kind == "base64":
        return base64.b64decode(text)
    if kind == "nil":
        return None
    if kind == "string":
        return text
    msg = f"not a type of XML-RPC: {kind}"
    raise ValueError(msg)


def _child(element: Element, name: str) -> Element:
    found = element.find(name)
    if found is None:
        msg = f"no {name} in {element.tag}"
        raise ValueError(msg)
    return found
