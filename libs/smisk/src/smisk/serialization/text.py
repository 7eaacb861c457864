"""For people: HTML for data without a template, and plain text. Written only."""

from html import escape

from smisk import http
from smisk.core.exchange import Exchange
from smisk.core.page import error_page, page
from smisk.serialization.plain import simplify, text_of
from smisk.serialization.serializer import Serializer


class HTML(Serializer):
    """HTML as nested lists, and XHTML for those who ask for that alone."""

    name = "XHTML"
    extensions = ("html",)
    media_types = ("text/html", "application/xhtml+xml")
    negotiates_charset = True
    unencodable = "xmlcharrefreplace"

    def serialize(self, data: object, exchange: Exchange) -> str:
        title = exchange.cn_path or "/"
        return page(title, f"<h1>{escape(title)}</h1>\n" + _markup(simplify(data)))

    def serialize_error(self, error: http.HTTPError, exchange: Exchange) -> str:
        return error_page(error)


def _markup(value: object) -> str:
    if isinstance(value, dict):
        pairs = [(escape(str(k)), _markup(v)) for k, v in value.items()]
        rows = "".join(f"<dt>{key}</dt>\n<dd>{inner}</dd>\n" for key, inner in pairs)
        return f"<dl>\n{rows}</dl>\n" if rows else "<p>(empty)</p>\n"
    if isinstance(value, list):
        rows = "".join(f"<li>{_markup(v)}</li>\n" for v in value)
        return f"<ol>\n{rows}</ol>\n" if rows else "<p>(empty)</p>\n"
    return escape(text_of(value))


class PlainText(Serializer):
    """Plain text, an outline looking much like YAML."""

    name = "Plain text"
    extensions = ("txt",)
    media_types = ("text/plain",)
    negotiates_charset = True
    autoescape = False

    def serialize(self, data: object, exchange: Exchange) -> str:
        return "\n".join(_lines(simplify(data))) + "\n"

    def serialize_error(self, error: http.HTTPError, exchange: Exchange) -> str:
        return self.serialize(error.to_dict(), exchange)


def _lines(value: object) -> list[str]:
    if isinstance(value, dict):
        pairs = [(f"{key}:", item) for key, item in value.items()]
    elif isinstance(value, list):
        pairs = [("-", item) for item in value]
    elif isinstance(value, bool):
        return ["true" if value else "false"]
    else:
        return text_of(value).split("\n")
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
