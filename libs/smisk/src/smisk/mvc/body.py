"""From query, body and route to the parameters of a leaf."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from smisk import http
from smisk.core.exchange import Exchange
from smisk.core.request import FORM

if TYPE_CHECKING:
    from smisk.mvc.application import Application
    from smisk.mvc.leaf import Leaf
    from smisk.serialization.serializer import Serializer

_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_FORMS = frozenset({FORM, "multipart/form-data"})


def parameters_of(
    application: "Application", exchange: Exchange, leaf: "Leaf", groups: dict[str, str]
) -> Mapping[str, Any]:
    """Collect what a client sent for `leaf`.

    Of one name the body's value counts, then the query's, then the route's.

    Raises:
        http.UnsupportedMediaType: Nothing reads the body.
        http.BadRequest: The body is malformed.
    """
    request = exchange.request
    given: Mapping[str, Any] = groups
    if request.env.get("QUERY_STRING"):
        given = {**groups, **request.get}
    if request.method in _WITH_BODY and not leaf.raw:
        given = {**given, **_body(application, exchange, leaf)}
    return given


def _body(
    application: "Application", exchange: Exchange, leaf: "Leaf"
) -> Mapping[str, Any]:
    request = exchange.request
    if exchange.document is not None:
        return _by_name(exchange.document, leaf)
    kind, _ = request.content_type
    if kind in _FORMS:
        return {**request.post, **request.files} if request.files else request.post
    if request.content_length == 0 or not (kind or request.content_length):
        return {}
    serializers = application.serializers
    reader = serializers.by_media_type.get(kind)
    if reader is None and not kind:
        reader = exchange.serializer if exchange.extension else None
    if reader is None or not reader.can_deserialize:
        readable = ", ".join(m for s in serializers.readers() for m in s.media_types)
        msg = f"a body of type {kind or 'unknown'} cannot be read here"
        raise http.UnsupportedMediaType(msg, headers={"Accept": readable})
    raw = request.read_document()
    if not raw:
        return {}
    try:
        return _by_name(reader.deserialize(raw, exchange), leaf)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _malformed(reader, error) from error


def _malformed(reader: "Serializer", error: Exception) -> http.BadRequest:
    if isinstance(error, UnicodeDecodeError):
        return http.BadRequest(f"the body is not {reader.charset or 'utf-8'} text")
    return http.BadRequest(f"the body is not well-formed {reader.name}")


def _by_name(data: object, leaf: "Leaf") -> Mapping[str, Any]:
    if isinstance(data, Mapping):
        return {str(k): v for k, v in data.items()}
    # A list is given to the parameters in their order.
    values = data if isinstance(data, list) else [data]
    return dict(zip(leaf.parameters.by_name, values, strict=False))


def route_by_body(application: "Application", exchange: Exchange) -> None:
    """Let a body that names its leaf decide the path.

    Raises:
        http.BadRequest: If it should and does not.
    """
    kind, _ = exchange.request.content_type
    reader = exchange.serializer or application.serializers.by_media_type.get(kind)
    if reader is None or not reader.names_leaf:
        return
    exchange.serializer, exchange.extension = reader, reader.extension
    exchange.media_type = reader.media_types[0]
    try:
        exchange.cn_path, exchange.document = reader.route(exchange)
    except (ValueError, KeyError, TypeError) as error:
        raise _malformed(reader, error) from error
