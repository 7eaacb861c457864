"""Conditional requests (RFC 9110 13): does the client's version settle the matter?

Pure: header text in, verdict out.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from smisk import http

#: Where a request states its conditions.
CONDITIONS = frozenset(
    f"HTTP_IF_{name}"
    for name in ("MATCH", "NONE_MATCH", "MODIFIED_SINCE", "UNMODIFIED_SINCE")
)
_TAG = re.compile(r'\s*((?:W/)?"[\x21\x23-\x7e\x80-\xff]*")\s*(?:,|\Z)')
_UNSAFE_IN_TAG = re.compile(r"[^\x21\x23-\x7e]")
# lighttpd, Apache and nginx mark the tag of what they compress.
_COMPRESSED = re.compile(r"[-;.](?:gzip|br|deflate|bzip2|zstd|compress)(?=\"\Z)")


def format_etag(value: str) -> str:
    """Quote `value` as an entity tag, unless it is one already."""
    if _TAG.fullmatch(value):
        return value
    return '"' + _UNSAFE_IN_TAG.sub(lambda m: f"%{ord(m[0]):x}", value) + '"'


def parse_etags(header: str) -> list[str]:
    """Read a list of entity tags; what is none ends the list."""
    tags = []
    at = 0
    while match := _TAG.match(header, at):
        tags.append(match[1])
        at = match.end()
        if at >= len(header) or len(tags) >= 100:
            break
    return tags


def _opaque(tag: str) -> str:
    return _COMPRESSED.sub("", tag.removeprefix("W/"))


def _matching(header: str, etag: str | None, *, strong: bool) -> str | None:
    if header.strip() == "*":
        return etag or ""
    if etag is None or (strong and etag.startswith("W/")):
        return None
    for tag in parse_etags(header):
        if strong and tag.startswith("W/"):
            continue
        if _opaque(tag) == _opaque(etag):
            return tag
    return None


def _date(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        when = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def check_preconditions(
    method: str, env: Mapping[str, Any], etag: str | None, last_modified: str | None
) -> str | None:
    """Evaluate the conditions in `env` in the order of RFC 9110 13.2.2.

    Returns:
        None: go on. Otherwise 304: the tag that matched, empty if it was a date.

    Raises:
        http.PreconditionFailed: The answer is 412.
    """
    is_safe = method in ("GET", "HEAD")
    if_match = env.get("HTTP_IF_MATCH")
    if if_match is not None:
        if _matching(if_match, etag, strong=True) is None:
            raise http.PreconditionFailed
    elif (limit := _date(env.get("HTTP_IF_UNMODIFIED_SINCE"))) is not None:
        changed = _date(last_modified)
        if changed is not None and changed > limit:
            raise http.PreconditionFailed
    none_match = env.get("HTTP_IF_NONE_MATCH")
    if none_match is not None:
        tag = _matching(none_match, etag, strong=False)
        if tag is None:
            return None
        if not is_safe:
            raise http.PreconditionFailed
        return tag
    if is_safe and (since := _date(env.get("HTTP_IF_MODIFIED_SINCE"))) is not None:
        changed = _date(last_modified)
        if changed is not None and changed <= since:
            return ""
    return None
