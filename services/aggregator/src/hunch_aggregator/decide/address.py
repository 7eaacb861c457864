"""One spelling for addresses that lead to the same page."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import parse_qsl, urlencode, urlsplit

_TRACKING = re.compile(
    r"(utm_\w+|fbclid|gclid|mc_[ce]id|igshid|ref_src)\Z", re.IGNORECASE
)
_HREF = re.compile(r'<a\s[^>]*?href="(https?://[^"]{1,2000})"')
# LIMIT: a note that announces a post has its link among the first few.
MOST_LINKS = 3


def address_key(url: str) -> str:
    """Return the address without what does not tell pages apart.

    The scheme, `www.`, a closing slash, the fragment and parameters that count readers
    are dropped; the rest stays, since for some sites the query is the page.
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").lower().removeprefix("www.")
    if parts.port and parts.port not in (80, 443):
        host += f":{parts.port}"
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    query = urlencode([(k, v) for k, v in pairs if not _TRACKING.match(k)])
    return host + parts.path.rstrip("/") + (f"?{query}" if query else "")


def links_of(html: str) -> list[str]:
    """Return the first addresses that cleaned HTML links to."""
    found = (unescape(m[1]) for m in _HREF.finditer(html[:20_000]))
    return list(dict.fromkeys(found))[:MOST_LINKS]
