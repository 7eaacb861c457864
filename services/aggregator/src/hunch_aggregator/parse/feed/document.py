"""A feed document through feedparser, its strings treated as hostile.

feedparser facts that this file rests on: it wants header names in lower case and both
`content-location` and `content-type`; "bozo" means "not well-formed", which real feeds
often are not, and is no failure; its strings come out unescaped and unsanitised.
"""

from __future__ import annotations

import io
import logging
import re
from typing import Any

import feedparser

from hunch_aggregator.parse.clean import clean_text, clean_url, text_of_html
from hunch_aggregator.parse.entry import (
    DocumentJob,
    ParsedEntry,
    ParsedFeed,
    Unreadable,
)
from hunch_aggregator.parse.service import service_of_host, service_of_signs

from .base import placeless, replace_bases
from .element import parse_entry
from .repair import mended, needs_mending

log = logging.getLogger("hunch.parse")
_MENDED = "application/xml; charset=utf-8"

# LIMIT: entries kept of one document; items cost about 0.1 ms each to read.
MOST_ENTRIES = 5_000
_PERIODS_S = {
    "hourly": 3_600,
    "daily": 86_400,
    "weekly": 604_800,
    "monthly": 2_592_000,
    "yearly": 31_536_000,
}


def parse_feed(job: DocumentJob) -> ParsedFeed | Unreadable:
    """Read an XML feed."""
    body = _without_tombstones(job.body)
    content_type = job.content_type or "application/xml"
    if needs_mending(body, content_type):
        body, content_type = mended(body, content_type), _MENDED
    try:
        found = _read(body, job.url, content_type)
    except Exception as error:  # noqa: BLE001 - feedparser promises nothing
        log.debug("mending after %r", error)
        found = _read(mended(body, content_type), job.url, _MENDED)
    if not found.get("version") and not found.get("entries"):
        return Unreadable(
            "The document is XML, but no feed that is known." + _bozo(found, " "),
            "Check the address: it should be an RSS, Atom or JSON feed.",
        )
    if not found.get("entries") and _bozo(found):
        return Unreadable(
            "The feed breaks off or is damaged before its first entry."
            + _bozo(found, " "),
            "The source must repair its feed; it will be tried again.",
        )
    feed = found.get("feed", {})
    links = [link for link in feed.get("links", []) if isinstance(link, dict)]
    home = clean_url(feed.get("link"), job.url)
    raw_entries = found.get("entries", [])[:MOST_ENTRIES]
    first_guid = str(raw_entries[0].get("id", "")) if raw_entries else ""
    service = (
        service_of_signs(str(feed.get("generator", "")), home, first_guid)
        or service_of_host(job.url)
        or _podcast(raw_entries, feed)
    )
    language = str(feed.get("language") or "")
    is_rss = not str(found.get("version", "")).startswith("atom")
    entries: dict[str, ParsedEntry] = {}
    for raw in raw_entries:
        entry = parse_entry(raw, job.url, service, language, is_rss=is_rss)
        if entry is not None:
            # WHY: a document that names an entry twice means the first, newest one
            entries.setdefault(entry.guid, entry)
    for guid in _tombstones(job.body):
        entries.setdefault(guid, ParsedEntry(guid=guid, gone=True))
    return ParsedFeed(
        format="feed",
        title=text_of_html(feed.get("title"), 300),
        home=home,
        service=service,
        entries=tuple(entries.values()),
        ttl_s=_ttl_s(feed),
        hub=_link(links, "hub", job.url) or _header_link(job, "hub"),
        topic=_link(links, "self", job.url) or _header_link(job, "self"),
        older=_link(links, "prev-archive", job.url) or _link(links, "next", job.url),
        complete="fh_complete" in feed,
        note=_bozo(found),
    )


def _read(body: bytes, url: str, content_type: str) -> Any:
    found = feedparser.parse(
        io.BytesIO(body),
        response_headers={
            "content-location": placeless(url),
            "content-type": content_type,
        },
        sanitize_html=False,
        resolve_relative_uris=False,
    )
    replace_bases(found, url)
    return found


def _bozo(found: Any, before: str = "") -> str:
    if not found.get("bozo"):
        return ""
    problem = found.get("bozo_exception")
    text = clean_text(str(problem), 120)
    kind = type(problem).__name__
    if kind in ("CharacterEncodingOverride", "NonXMLContentType"):
        return ""
    return f"{before}Not well-formed: {text}"


def _podcast(raw_entries: list[Any], feed: Any) -> str:
    has_sound = any(
        str(enclosure.get("type", "")).startswith("audio/")
        for raw in raw_entries[:20]
        for enclosure in raw.get("enclosures", [])
    )
    is_itunes = any(str(k).startswith("itunes_") for k in feed) or "image" in feed
    return "podcast" if has_sound and is_itunes else ""


def _link(links: list[dict[str, Any]], rel: str, base: str) -> str:
    for link in links:
        if rel in str(link.get("rel", "")).split():
            return clean_url(link.get("href"), base)
    return ""


def _header_link(job: DocumentJob, rel: str) -> str:
    # SPEC WebSub 4: the Link header comes first, yet feeds name the hub inside as well
    for match in re.finditer(r"<([^>]*)>([^,<]*)", job.link[:4096]):
        found = re.search(r"rel\s*=\s*\"?([^\";]*)", match[2], re.IGNORECASE)
        if found and rel in found[1].lower().split():
            return clean_url(match[1], job.url)
    return ""


def _ttl_s(feed: Any) -> float:
    ttl = str(feed.get("ttl", "")).strip()
    if re.fullmatch(r"\d{1,6}", ttl):
        return float(ttl) * 60
    period = _PERIODS_S.get(str(feed.get("sy_updateperiod", "")).strip().lower())
    if period is None:
        return 0.0
    times = str(feed.get("sy_updatefrequency", "1")).strip()
    often = int(times) if re.fullmatch(r"[1-9]\d{0,4}", times) else 1
    return period / often


# SPEC RFC 6721: deleted-entry elements name what is gone; feedparser passes over them.
_TOMBSTONE = re.compile(
    rb"<(?:[A-Za-z][\w.-]*:)?deleted-entry\b[^>]{0,2000}?\bref\s*=\s*[\"']([^\"']{1,2000})"
)
_TOMBSTONE_BLOCK = re.compile(
    rb"<([A-Za-z][\w.-]*:)?deleted-entry\b[^>]{0,2000}?"
    rb"(?:/>|>(?:(?!</\1?deleted-entry).){0,5000}?</\1?deleted-entry\s*>)",
    re.DOTALL,
)


def _tombstones(body: bytes) -> list[str]:
    from html import unescape

    if b"deleted-entry" not in body:
        return []
    return [
        unescape(m[1].decode("utf-8", "replace")) for m in _TOMBSTONE.finditer(body)
    ][:MOST_ENTRIES]


def _without_tombstones(body: bytes) -> bytes:
    # WHY: the elements inside a tombstone would be taken for the feed's own
    if b"deleted-entry" not in body:
        return body
    return _TOMBSTONE_BLOCK.sub(b"", body)
