"""JSON (RFC 8259), and JSONP for pages that still load data as a script."""

import json
import json.encoder as json_encoder
import math
import re
from collections.abc import Callable, Iterable
from typing import Any

from smisk import http
from smisk.core.exchange import Exchange
from smisk.serialization.plain import plain, simplify
from smisk.serialization.serializer import Serializer


def _encoder(escape: Callable[[str], str]) -> Callable[[object, int], Iterable[str]]:
    make: Any = getattr(json_encoder, "c_make_encoder", None)
    if make is None:  # an interpreter without the C module
        encode = json.JSONEncoder(allow_nan=False, default=plain).encode
        return lambda data, _: (encode(data),)
    # PERF: made once; JSONEncoder makes one for every call (2026-11).
    made: Callable[[object, int], Iterable[str]]
    made = make(None, plain, escape, None, ":", ",", False, False, False)
    return made


_chunks = _encoder(json_encoder.encode_basestring)
_ascii_chunks = _encoder(json_encoder.encode_basestring_ascii)
# LIMIT: what stands before the bracket runs as a script: names and dots, nothing else.
_CALLBACK = re.compile(
    r"[A-Za-z_$][\w$]{0,63}(?:\.[A-Za-z_$][\w$]{0,63}){0,7}\Z", re.ASCII
).match


class JSON(Serializer):
    """JSON."""

    name = "JSON"
    extensions: tuple[str, ...] = ("json",)
    media_types: tuple[str, ...] = ("application/json",)
    errors_are_data = True
    # SPEC RFC 8259 8.1 and 11: always UTF-8, and no charset parameter says so.
    charset: str | None = None
    can_deserialize = True
    autoescape = False

    def serialize(self, data: object, exchange: Exchange) -> bytes:
        try:
            return "".join(_chunks(data, 0)).encode()
        except ValueError:  # half a surrogate pair, a number that is none
            return _in_ascii(data).encode()

    def deserialize(self, raw: bytes, exchange: Exchange) -> object:
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
    errors_are_data = True
    charset = "utf-8"
    can_deserialize = False

    def serialize(self, data: object, exchange: Exchange) -> bytes:
        """Write a call of the function named by the parameter ``callback``.

        Raises:
            http.BadRequest: If the callback is not a plain name.
        """
        callback = exchange.request.get.get("callback") or "jsonp_callback"
        if not (isinstance(callback, str) and _CALLBACK(callback)):
            raise http.BadRequest("callback is not the name of a function")
        # The line separators of Unicode end a string in older scripts; "</" ends one
        # in a page that includes us; the comment keeps the start out of our hands.
        text = _in_ascii(data).replace("</", "<\\/")
        exchange.response.headers["X-Content-Type-Options"] = "nosniff"
        return f"/**/{callback}({text});".encode()

    def serialize_error(self, error: http.HTTPError, exchange: Exchange) -> bytes:
        data = {"error": error.to_dict()}
        try:
            return self.serialize(data, exchange)
        except http.BadRequest:  # a broken callback is not repeated
            return b"/**/" + super().serialize(data, exchange)


def _in_ascii(data: object) -> str:
    return "".join(_ascii_chunks(_without_nan(simplify(data)), 0))


def _without_nan(value: object) -> object:
    """Return plain data with null for what JSON has no number for."""
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _refuse(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


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
                raise ValueError(f"nested deeper than {max_depth}")
        elif found in "]}":
            depth -= 1
