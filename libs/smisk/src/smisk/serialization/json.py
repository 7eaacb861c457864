"""JSON (RFC 8259), and JSONP for pages that still load data as a script."""

import json
import re

from smisk import http
from smisk.core.exchange import Exchange
from smisk.serialization.plain import plain
from smisk.serialization.serializer import Serializer

_encode, _encode_ascii = (
    json.JSONEncoder(
        ensure_ascii=is_ascii,
        check_circular=False,
        separators=(",", ":"),
        default=plain,
    ).encode
    for is_ascii in (False, True)
)
# LIMIT: what stands before the bracket runs as a script: names and dots, nothing else.
_CALLBACK = re.compile(
    r"[A-Za-z_$][\w$]{0,63}(?:\.[A-Za-z_$][\w$]{0,63}){0,7}\Z", re.ASCII
).match


class JSON(Serializer):
    """JSON."""

    name = "JSON"
    extensions: tuple[str, ...] = ("json",)
    media_types: tuple[str, ...] = ("application/json",)
    # SPEC RFC 8259 8.1 and 11: always UTF-8, and no charset parameter says so.
    charset: str | None = None
    can_deserialize = True
    autoescape = False

    def serialize(self, data: object, exchange: Exchange) -> bytes:  # noqa: ARG002
        """Write `data` as JSON."""
        try:
            return _encode(data).encode()
        except UnicodeEncodeError:  # half a surrogate pair has no UTF-8
            return _encode_ascii(data).encode()

    def serialize_error(self, error: http.HTTPError, exchange: Exchange) -> bytes:
        """Write ``{"error": {"status": …, "title": …, "description": …}}``."""
        return self.serialize({"error": error.to_dict()}, exchange)

    def deserialize(self, raw: bytes, exchange: Exchange) -> object:
        """Read JSON."""
        text = raw.decode("utf-8-sig")
        check_depth(text, exchange.request.limits.max_depth)
        try:
            data: object = json.loads(text, parse_constant=_refuse)
        except RecursionError as error:
            raise ValueError from error
        return data


class JSONP(JSON):
    """JSON as an argument of a function the page names by ``callback``."""

    name = "JSONP"
    extensions = ("js", "jsonp")
    media_types = ("text/javascript", "application/javascript")
    charset = "utf-8"
    can_deserialize = False

    def serialize(self, data: object, exchange: Exchange) -> bytes:
        """Write a call of the function named by the parameter ``callback``.

        Raises:
            http.BadRequest: If the callback is not a plain name.
        """
        callback = exchange.request.get.get("callback") or "jsonp_callback"
        if not (isinstance(callback, str) and _CALLBACK(callback)):
            msg = "callback is not the name of a function"
            raise http.BadRequest(msg)
        # The line separators of Unicode end a string in older scripts; "</" ends one
        # in a page that includes us; the comment keeps the start out of our hands.
        text = _encode_ascii(data).replace("</", "<\\/")
        exchange.response.headers["X-Content-Type-Options"] = "nosniff"
        return f"/**/{callback}({text});".encode()

    def serialize_error(self, error: http.HTTPError, exchange: Exchange) -> bytes:
        """Write the error as JSON does; a broken callback is not repeated."""
        callback = exchange.request.get.get("callback")
        if callback and not (isinstance(callback, str) and _CALLBACK(callback)):
            return b"/**/" + JSON().serialize_error(error, exchange)
        return self.serialize({"error": error.to_dict()}, exchange)


def _refuse(name: str) -> object:
    msg = f"{name} is not JSON"
    raise ValueError(msg)


def check_depth(text: str, max_depth: int) -> None:
    """Refuse JSON nested too deeply, before anything is built of it.

    Raises:
        ValueError: If brackets outside of strings nest deeper than `max_depth`.
    """
    if text.count("[") + text.count("{") <= max_depth:
        return
    depth = 0
    for match in re.finditer(r'"(?:[^"\\]|\\.)*"?|[\[{]|[\]}]', text, re.DOTALL):
        found = match[0]
        if found in "[{":
            depth += 1
            if depth > max_depth:
                msg = f"nested deeper than {max_depth}"
                raise ValueError(msg)
        elif found in "]}":
            depth -= 1
