"""Pages that are feeds themselves: microformats2 h-feed and h-entry."""

from __future__ import annotations

from typing import Any

import mf2py

from .clean import clean_html, clean_tags, clean_text, clean_url
from .date import parse_date
from .entry import DocumentJob, ParsedEntry, ParsedFeed, ParsedMedia
from .service import service_of_host

# LIMIT: html5lib is slow (a megabyte takes seconds); h-feeds are small pages.
LARGEST_PAGE = 2_000_000
MOST_ENTRIES = 500


def parse_hfeed(html: str, job: DocumentJob) -> ParsedFeed | None:
    """Read the entries of a page, or return None if it has none."""
    if "h-entry" not in html or len(html) > LARGEST_PAGE:
        return None
    document: dict[str, Any] = mf2py.parse(doc=html, url=job.url)
    feed = _first(document.get("items", []), "h-feed")
    holders = feed.get("children", []) if feed else document.get("items", [])
    found = [i for i in holders if "h-entry" in i.get("type", [])]
    if not found and feed:
        found = [i for i in document["items"] if "h-entry" in i.get("type", [])]
    entries: dict[str, ParsedEntry] = {}
    for item in found[:MOST_ENTRIES]:
        entry = _entry(item, job.url)
        if entry is not None:
            entries.setdefault(entry.guid, entry)
    if not entries:
        return None
    properties = feed.get("properties", {}) if feed else {}
    rels = document.get("rels", {})
    return ParsedFeed(
        format="hfeed",
        title=clean_text(_plain(properties.get("name")), 300),
        home=clean_url(_plain(properties.get("url")), job.url) or job.url,
        service=service_of_host(job.url),
        entries=tuple(entries.values()),
        hub=clean_url(_plain(rels.get("hub")), job.url),
        topic=clean_url(_plain(rels.get("self")), job.url),
        older=clean_url(_plain(rels.get("prev") or rels.get("next")), job.url),
    )


def _first(items: list[dict[str, Any]], kind: str) -> dict[str, Any] | None:
    for item in items:
        if kind in item.get("type", []):
            return item
        if found := _first(item.get("children", []), kind):
            return found
    return None


def _values(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _plain(values: object) -> str:
    """Return the first value as text: a string, an address, or a nested item's name."""
    for value in _values(values):
        if isinstance(value, str):
            return value
        if isinstance(value, dict):
            inner = value.get("value")
            if isinstance(inner, str):
                return inner
    return ""


def _address(value: object) -> object:
    if isinstance(value, dict):
        properties = value.get("properties")
        if isinstance(properties, dict) and properties.get("url"):
            return properties["url"][0]
        return value.get("value")
    return value


def _addresses(values: object, url: str) -> tuple[str, ...]:
    found = (clean_url(_address(v), url) for v in _values(values))
    return tuple(dict.fromkeys(f for f in found if f))[:20]


def _entry(item: dict[str, Any], url: str) -> ParsedEntry | None:
    p = item.get("properties", {})
    link = next(iter(_addresses(p.get("url"), url)), "")
    guid = clean_text(_plain(p.get("uid")), 1024) or link
    published = parse_date(_plain(p.get("published")))
    content = next((c for c in _values(p.get("content")) if isinstance(c, dict)), None)
    markup = content.get("html", "") if content else _plain(p.get("content"))
    body = clean_html(markup, url)
    if not guid:
        return None
    name = clean_text(_plain(p.get("name")), 500)
    text = clean_text(_plain(p.get("content")), 4000)
    # SPEC microformats2 implied properties: without p-name, the name is all the text
    title = "" if not name or (text and name.startswith(text[:40])) else name
    media = _media(p, body.pictures, url)
    target, verb = _response(p, url)
    if verb in ("Liked", "Shared") and not body.html:
        title = ""
    if target and verb and not body.html:
        body = clean_html(f'<p>{verb} <a href="{target}">{target}</a></p>', url)
    return ParsedEntry(
        guid=guid,
        url=link,
        title=title,
        summary=clean_text(_plain(p.get("summary")), 500) if content else "",
        content_html=body.html,
        tags=clean_tags([c for c in _values(p.get("category")) if isinstance(c, str)]),
        published=published,
        updated=parse_date(_plain(p.get("updated"))),
        author=clean_text(_plain(p.get("author")), 200),
        media=media,
        syndication=_addresses(p.get("syndication"), url),
        in_reply_to=next(iter(_addresses(p.get("in-reply-to"), url)), ""),
        kind=_kind(p, title, text),
    )


def _response(p: dict[str, Any], url: str) -> tuple[str, str]:
    for name, verb in (
        ("like-of", "Liked"),
        ("repost-of", "Shared"),
        ("bookmark-of", "Bookmarked"),
    ):
        if found := _addresses(p.get(name), url):
            return found[0], verb
    return "", ""


def _kind(p: dict[str, Any], title: str, text: str) -> str:
    # SPEC indieweb post type discovery, in its order
    if p.get("rsvp") or p.get("start"):
        return "event"
    if p.get("like-of") or p.get("repost-of") or p.get("bookmark-of"):
        return "link"
    if p.get("checkin"):
        return "place"
    if p.get("video"):
        return "video"
    if p.get("audio"):
        return "sound"
    if p.get("photo") and (not title or len(text) < 60):
        return "picture"
    return "text" if title else "note"


def _media(
    p: dict[str, Any], in_text: list[tuple[str, str]], url: str
) -> tuple[ParsedMedia, ...]:
    found: dict[str, ParsedMedia] = {}
    for name, kind in (
        ("video", "video/*"),
        ("audio", "audio/*"),
        ("photo", "image/*"),
    ):
        for value in _values(p.get(name)):
            address = clean_url(_address(value), url)
            alt = value.get("alt", "") if isinstance(value, dict) else ""
            if address and address not in found:
                found[address] = ParsedMedia(
                    url=address, type=kind, alt=clean_text(alt, 1000)
                )
    for address, alt in in_text:
        found.setdefault(address, ParsedMedia(url=address, type="image/*", alt=alt))
    return tuple(found.values())[:20]
