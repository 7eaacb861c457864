"""The body of an item, made fit for our page.

The aggregator has cleaned it already. This is the second wall: only elements and
attributes listed here are written out again, every element is closed, and pictures
come from our own copies, so that a reader's browser asks no stranger for anything.
"""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Mapping
from html.parser import HTMLParser
from urllib.parse import urlsplit

_PLAIN = re.findall(
    r"\w+",
    """b br caption cite code dd del dfn dl dt em figcaption figure h2 h3 h4 h5 h6 hr i ins
    kbd li mark pre rp rt ruby s samp small strong sub sup table tbody tfoot thead tr u
    ul var wbr""",
)
_KEPT: Mapping[str, frozenset[str]] = {
    "a": frozenset({"href", "hreflang", "lang", "title"}),
    "abbr": frozenset({"title"}),
    "blockquote": frozenset({"cite", "lang"}),
    "img": frozenset({"alt", "height", "src", "title", "width"}),
    "ol": frozenset({"start"}),
    "p": frozenset({"dir", "lang"}),
    "q": frozenset({"cite", "lang"}),
    "span": frozenset({"dir", "lang"}),
    "td": frozenset({"colspan", "rowspan"}),
    "th": frozenset({"colspan", "rowspan", "scope"}),
    "time": frozenset({"datetime"}),
    **dict.fromkeys(_PLAIN, frozenset()),
}
_VOID = frozenset({"br", "hr", "img", "wbr"})
_SILENT = frozenset(
    {
        "iframe",
        "math",
        "noembed",
        "noscript",
        "object",
        "script",
        "style",
        "svg",
        "template",
        "textarea",
        "title",
        "xmp",
    }
)
_PARAGRAPHS = frozenset({"p", "li", "dd", "dt", "td", "th", "tr"})
# LIMIT: deeper nesting than this is no text; browsers slow down on it.
_DEPTH = 40
_MARKUP = re.compile(r"<[^>]*>")


def safe_address(address: str) -> str:
    """Return an address a page may link to, or an empty string."""
    address = address.strip()
    try:
        scheme = urlsplit(address).scheme.lower()
    except ValueError:
        return ""
    if scheme in ("http", "https", "mailto") or address.startswith(("/media/", "#")):
        return address
    return ""


def clean(
    source: str,
    copies: Mapping[str, str] | None = None,
    *,
    pictures: bool = True,
    remote: bool = False,
    demote: int = 0,
) -> str:
    """Return a body with nothing in it but listed elements, all of them closed.

    Args:
        source: Body as stored.
        copies: Our own copies by original address.
        pictures: Whether pictures may stay.
        remote: Whether pictures without a copy may stay; right for feeds, where the
            reader's program decides, and wrong for pages.
        demote: Levels by which headings go down, to fit under the page's own.
    """
    writer = _Writer(copies or {}, pictures=pictures, remote=remote, demote=demote)
    writer.feed(source)
    writer.close()
    return writer.finish()


def without_hashtags(body: str, tags: Collection[str]) -> str:
    """Return a body without a last paragraph that only repeats the tags.

    Where hashtags stand in a line of their own, the list of tags under the item says
    the same and leads to our own pages.
    """
    start = body.rfind("<p>")
    if start <= 0 or not body.endswith("</p>"):
        return body
    words = _MARKUP.sub("", body[start:]).split()
    known = {tag.lower() for tag in tags}
    if all(w.startswith("#") and html.unescape(w)[1:].lower() in known for w in words):
        return body[:start].rstrip()
    return body


class _Writer(HTMLParser):
    def __init__(
        self, copies: Mapping[str, str], *, pictures: bool, remote: bool, demote: int
    ) -> None:
        super().__init__(convert_charrefs=True)
        self._copies = copies
        self._pictures = pictures
        self._remote = remote
        self._demote = demote
        self._open: list[str] = []
        self._silent = 0
        self._out: list[str] = []

    def finish(self) -> str:
        self._close_to(0)
        return "".join(self._out).strip()

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._out.append(html.escape(data, quote=False))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self._silent += 1
            return
        tag = self._renamed(tag)
        if self._silent or tag not in _KEPT:
            return
        if tag == "img":
            self._picture(dict(attrs))
            return
        if tag in _VOID:
            self._out.append(f"<{tag} />")
            return
        if tag in _PARAGRAPHS and self._open and self._open[-1] == tag:
            self._close_to(len(self._open) - 1)
        if len(self._open) >= _DEPTH:
            return
        self._open.append(tag)
        self._out.append(f"<{tag}{self._attributes(tag, attrs)}>")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _VOID:
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
            return
        tag = self._renamed(tag)
        if not self._silent and tag in self._open:
            self._close_to(len(self._open) - 1 - self._open[::-1].index(tag))

    def _renamed(self, tag: str) -> str:
        if tag == "h1":
            tag = "h2"
        if self._demote and len(tag) == 2 and tag[0] == "h" and tag[1].isdigit():
            return f"h{min(6, int(tag[1]) + self._demote)}"
        return tag

    def _close_to(self, depth: int) -> None:
        while len(self._open) > depth:
            self._out.append(f"</{self._open.pop()}>")

    def _attributes(self, tag: str, attrs: list[tuple[str, str | None]]) -> str:
        parts: list[str] = []
        for name, value in dict(attrs).items():
            if name not in _KEPT[tag]:
                continue
            text = value or ""
            if name in ("href", "cite"):
                text = safe_address(text)
                if not text:
                    continue
            parts.append(f' {name}="{html.escape(text)}"')
        if tag == "a":
            parts.append(' rel="noopener nofollow ugc"')
        return "".join(parts)

    def _picture(self, attrs: dict[str, str | None]) -> None:
        source = safe_address(attrs.get("src") or "")
        copy = self._copies.get(source, "")
        address = copy or (source if self._remote else "")
        alt = attrs.get("alt") or ""
        if not self._pictures or not source.startswith(("http", "/media/")):
            return
        if source.startswith("/media/"):
            address = source
        if address:
            size = "".join(
                f' {name}="{attrs[name]}"'
                for name in ("width", "height")
                if (attrs.get(name) or "").isdigit()
            )
            lazy = "" if self._remote else ' loading="lazy" decoding="async"'
            self._out.append(
                f'<img src="{html.escape(address)}" alt="{html.escape(alt)}"{size}{lazy} />'
            )
        elif "a" not in self._open:
            label = html.escape(
                alt or "Picture at " + (urlsplit(source).hostname or "")
            )
            self._out.append(
                f'<a href="{html.escape(source)}" rel="noopener nofollow">{label}</a>'
            )
