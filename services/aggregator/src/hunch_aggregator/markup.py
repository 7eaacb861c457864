"""Pictures inside cleaned HTML: shown from our own copy, or left as a link.

Works on the sanitiser's output only, whose serialisation is known: attributes in double
quotes with quotes escaped. Nothing here needs to understand HTML in the wild.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape, unescape

# Where the edge serves the media folder.
MEDIA_PATH = "/media/"
_IMG = re.compile(r'<img((?:\s+[a-z-]+="[^"]*")*)\s*/?>')
_ATTRIBUTE = re.compile(r'([a-z-]+)="([^"]*)"')
_LEFT_LINK = re.compile(r'<a href="[^"]*" class="picture"[^>]*>.*?</a>', re.DOTALL)


def with_copies(html: str, copies: Mapping[str, str]) -> str:
    """Return the HTML without any picture of a third party.

    Args:
        html: Cleaned HTML.
        copies: Picture's address -> path of our copy in the media folder.
    """

    def one(match: re.Match[str]) -> str:
        attributes = {k: unescape(v) for k, v in _ATTRIBUTE.findall(match[1])}
        source = attributes.get("src", "")
        if source.startswith(MEDIA_PATH):
            return match[0]
        path = copies.get(source)
        alt = attributes.get("alt", "")
        if path is None:
            return _link(source, alt) if source else ""
        kept = {k: v for k, v in attributes.items() if k != "src"}
        rest = "".join(f' {k}="{escape(v)}"' for k, v in kept.items())
        return f'<img src="{escape(MEDIA_PATH + path)}"{rest} loading="lazy">'

    return _IMG.sub(one, html)


def _link(source: str, alt: str) -> str:
    words = escape(alt or source.rsplit("/", 1)[-1].partition("?")[0] or "picture")
    return (
        f'<a href="{escape(source)}" class="picture" '
        f'rel="nofollow noopener noreferrer ugc">{words}</a>'
    )


def without_pictures(html: str) -> str:
    """Return the HTML without pictures and without the links left in their place."""
    return _LEFT_LINK.sub("", _IMG.sub("", html))
