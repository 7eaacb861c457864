"""XML-RPC: a call names its leaf, ``a.b`` being the path ``/a/b``."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from smisk import http
from smisk.core.exchange import Exchange
from smisk.core.xml import FORBIDDEN, parse_xml
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
        return _response((simplify(data),))

    def serialize_error(self, error: http.HTTPError, exchange: Exchange) -> str:
        from xmlrpc.client import Fault

        exchange.response.status = 200  # as XML-RPC has it: a fault is an answer
        return _response(Fault(error.status, error.description or error.title))

    def route(self, exchange: Exchange) -> tuple[str, object]:
        raw = exchange.request.read_document()
        name, values = _read_call(raw, exchange)
        return "/" + name.replace(".", "/"), values

    def deserialize(self, raw: bytes, exchange: Exchange) -> object:
        return _read_call(raw, exchange)[1]


def _read_call(raw: bytes, exchange: Exchange) -> tuple[str, object]:
    """Return the name a call has, and its parameters."""
    from xmlrpc.client import loads

    parse_xml(raw, exchange.request.limits.max_depth)
    try:
        values, name = loads(raw, use_builtin_types=True)
    except Exception as error:  # whatever its handlers trip over
        raise ValueError("not a call") from error
    if not name:
        raise ValueError("a call without a name")
    # One struct alone gives the parameters their names.
    is_named = len(values) == 1 and isinstance(values[0], dict)
    return name, values[0] if is_named else list(values)


def _response(values: Any) -> str:
    from xmlrpc.client import Marshaller  # takes long to import, and is rarely needed

    writer = Marshaller("utf-8", allow_none=True)
    # What it would refuse.
    writer.dispatch = {**writer.dispatch, int: _write_int, datetime: _write_time}
    inner = FORBIDDEN.sub("", writer.dumps(values))
    return f'<?xml version="1.0"?>\n<methodResponse>{inner}</methodResponse>\n'


def _write_int(_: object, value: int, write: Callable[[str], object]) -> None:
    # SPEC XML-RPC: an int has four bytes; larger ones go as the common extension.
    kind = "int" if -(2**31) <= value < 2**31 else "i8"
    write(f"<value><{kind}>{value}</{kind}></value>\n")


def _write_time(_: object, value: datetime, write: Callable[[str], object]) -> None:
    when = value.astimezone(UTC) if value.tzinfo else value
    text = f"{when:%Y%m%dT%H:%M:%S}"
    write(f"<value><dateTime.iso8601>{text}</dateTime.iso8601></value>\n")
