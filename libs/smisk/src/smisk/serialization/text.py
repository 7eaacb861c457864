"""Plain text: data as an outline a person reads without effort. Written only."""

from datetime import datetime

from smisk import http
from smisk.core.exchange import Exchange
from smisk.serialization.plain import format_time, simplify
from smisk.serialization.serializer import Serializer


class PlainText(Serializer):
    """Plain text, looking much like YAML."""

    name = "Plain text"
    extensions = ("txt",)
    media_types = ("text/plain",)
    negotiates_charset = True
    autoescape = False

    def serialize(self, data: object, exchange: Exchange) -> str:  # noqa: ARG002
        """Write `data` as an outline."""
        return "\n".join(_lines(simplify(data))) + "\n"

    def serialize_error(self, error: http.HTTPError, exchange: Exchange) -> str:
        """Write the error as an outline."""
        return self.serialize(error.to_dict(), exchange)


def _lines(value: object) -> list[str]:
    if isinstance(value, dict):
        pairs = [(f"{key}:", item) for key, item in value.items()]
    elif isinstance(value, list):
        pairs = [("-", item) for item in value]
    else:
        return _scalar(value).split("\n")
    lines = []
    for head, item in pairs:
        inner = _lines(item)
        if len(inner) == 1 and not isinstance(item, dict | list):
            lines.append(f"{head} {inner[0]}".rstrip())
        elif head == "-" and inner:
            lines.append(f"- {inner[0]}")
            lines += ["  " + line for line in inner[1:]]
        else:
            lines += [head, *("  " + line for line in inner)]
    return lines


def _scalar(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return format_time(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str(value)
