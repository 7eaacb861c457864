"""Relative addresses and relative names, kept apart.

feedparser resolves both against the address of the document. For links that is right;
for guids it is not: `<guid>17</guid>` would become another name, and its item another
item, when the feed moves. So the document is read as if it came from a host that does
not exist; afterwards links get the real host, and guids lose the invented one.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urljoin, urlsplit, urlunsplit

# SPEC RFC 2606: nothing will ever live there.
_NOWHERE = "relative.invalid"


def placeless(url: str) -> str:
    """Return the address with the host that stands for "relative"."""
    return urlunsplit(urlsplit(url)._replace(netloc=_NOWHERE))


def replace_bases(found: Any, url: str) -> None:
    """Put links in their real place and guids out of the invented one, in place.

    Args:
        found: feedparser's result for a document read as from `placeless(url)`.
        url: Where it really came from.
    """
    parts = urlsplit(url)
    nowhere = f"{parts.scheme}://{_NOWHERE}"
    real = f"{parts.scheme}://{parts.netloc}"
    folder = urljoin(placeless(url), ".")

    def mend(key: str, value: str) -> str:
        if not value.startswith(nowhere):
            return value
        if key == "id":
            return value.removeprefix(folder).removeprefix(nowhere)
        return real + value[len(nowhere) :]

    def walk(holder: Any) -> None:
        pairs = holder.items() if isinstance(holder, dict) else enumerate(holder)
        for key, value in list(pairs):
            if isinstance(value, str):
                mended = mend(str(key), value)
                if mended is not value:
                    # WHY dict's own: feedparser's gives keys other names
                    kind = dict if isinstance(holder, dict) else list
                    kind.__setitem__(holder, key, mended)
            elif isinstance(value, (dict, list)):
                walk(value)

    for name in ("feed", "entries"):
        if name in found:
            walk(found[name])
