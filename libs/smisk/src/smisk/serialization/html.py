"""HTML for data that has no template: readable, and well-formed as XHTML."""

from collections.abc import Mapping
from html import escape

from smisk import http
from smisk.core.exchange import Exchange
from smisk.serialization.plain import simplify
from smisk.serialization.serializer import Serializer


class HTML(Serializer):
    """HTML, and XHTML for those who ask for that alone."""

    name = "XHTML"
    extensions = ("html",)
    media_types = ("text/html", "application/xhtml+xml")
    negotiates_charset = True
    unencodable = "xmlcharrefreplace"

    def serialize(self, data: object, exchange: Exchange) -> str:
        """Write `data` as nested lists of definitions."""
        title = exchange.cn_path or "/"
        return _page(title, f"<h1>{escape(title)}</h1>\n" + _markup(simplify(data)))

    def serialize_error(self, error: http.HTTPError, exchange: Exchange) -> str:  # noqa: ARG002
        """Write a page about the error."""
        text = f"<h1>{escape(error.title)}</h1>\n<p>{escape(error.description)}</p>\n"
        if error.traceback:
            text += f"<pre>{escape(error.traceback)}</pre>\n"
        return _page(f"{error.status} {error.title}", text)


def _page(title: str, body: str) -> str:
    return (
        '<!DOCTYPE html>\n<html xmlns="http://www.w3.org/1999/xhtml" lang="en">\n'
        f"<head><title>{escape(title)}</title></head>\n<body>\n{body}</body>\n</html>\n"
    )


def _markup(value: object) -> str:
    if isinstance(value, Mapping):
        rows = "".join(
            f"<dt>{escape(str(k))}</dt>\n<dd>{_markup(v)}</dd>\n"
            for k, v in value.items()
        )
        return f"<dl>\n{rows}</dl>\n" if rows else "<p>(empty)</p>\n"
    if isinstance(value, list):
        rows = "".join(f"<li>{_markup(v)}</li>\n" for v in value)
        return f"<ol>\n{rows}</ol>\n" if rows else "<p>(empty)</p>\n"
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    return "" if value is None else escape(str(value))
