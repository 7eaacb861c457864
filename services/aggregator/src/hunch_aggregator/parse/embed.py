"""Before cleaning: keep what would be lost, as links and plain pictures.

Players in frames and pictures that wait for a script to load them are how posts look
today. A cleaned page can hold neither, so frames become links to what they show, and
waiting pictures get their address. Runs on hostile text; whatever it makes of it goes
through the sanitiser afterwards, so it need not be safe, only useful and linear.
"""

from __future__ import annotations

import re
from html import escape, unescape
from urllib.parse import urlsplit

_PLAYER = re.compile(
    r"<(iframe|embed|video|audio|source)\b([^<>]{0,2000})>", re.IGNORECASE
)
_IMAGE = re.compile(r"<img\b([^<>]{0,4000})>", re.IGNORECASE)
_ATTRIBUTE = re.compile(
    r"([a-zA-Z][\w-]{0,40})\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))"
)
_WAITING = ("data-src", "data-lazy-src", "data-original", "data-orig-file")
# Address of a player -> address of the page it plays. `{1}` is the first group.
_PAGES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), page)
    for pattern, page in (
        (
            r"(?:https?:)?//(?:www\.)?youtube(?:-nocookie)?\.com/embed/([\w-]{6,20}).*",
            "https://www.youtube.com/watch?v={1}",
        ),
        (r"(?:https?:)?//player\.vimeo\.com/video/(\d+).*", "https://vimeo.com/{1}"),
        (
            r"(?:https?:)?//www\.openstreetmap\.org/export/embed\.html\?(.*)",
            "https://www.openstreetmap.org/?{1}",
        ),
    )
)


def without_embeds(html: str) -> str:
    """Return HTML with players turned into links and waiting pictures shown."""
    lower = html.lower()
    if "<img" in lower and "data-" in lower:
        html = _IMAGE.sub(_shown, html)
    if any(f"<{name}" in lower for name in ("iframe", "embed", "video", "audio")):
        html = _PLAYER.sub(_linked, html)
    return html


def _attributes(text: str) -> dict[str, str]:
    return {
        m[1].lower(): unescape(m[2] or m[3] or m[4] or "")
        for m in _ATTRIBUTE.finditer(text)
    }


def _shown(match: re.Match[str]) -> str:
    attributes = _attributes(match[1])
    source = attributes.get("src", "")
    if source and not source.startswith("data:"):
        return match[0]
    waiting = next((attributes[n] for n in _WAITING if attributes.get(n)), "")
    if not waiting:
        return match[0]
    alt = escape(attributes.get("alt", ""))
    return f'<img src="{escape(waiting)}" alt="{alt}">'


def page_of_player(source: str) -> str:
    """Return the address of the page that an embedded player shows."""
    for pattern, page in _PAGES:
        if match := pattern.fullmatch(source):
            return page.replace("{1}", match[1])
    return f"https:{source}" if source.startswith("//") else source


def _linked(match: re.Match[str]) -> str:
    attributes = _attributes(match[2])
    source = attributes.get("src", "") or attributes.get("data-src", "")
    if not source:
        return match[0]
    page = page_of_player(source)
    try:
        host = (urlsplit(page).hostname or "").removeprefix("www.")
    except ValueError:
        return match[0]
    words = attributes.get("title") or host or page.rsplit("/", 1)[-1]
    return f'<a href="{escape(page)}">{escape(words)}</a>'
