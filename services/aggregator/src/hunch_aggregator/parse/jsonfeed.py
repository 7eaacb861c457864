"""JSON Feed 1.0 and 1.1."""

from __future__ import annotations

from typing import Any

from .clean import clean_html, clean_tags, clean_text, clean_url, paragraphs
from .date import parse_date
from .entry import DocumentJob, ParsedEntry, ParsedFeed, ParsedMedia
from .feed.document import MOST_ENTRIES
from .feed.media import media_type
from .service import service_of_host, type_of


def is_jsonfeed(document: object) -> bool:
    """Tell whether a JSON document is a JSON Feed."""
    if not isinstance(document, dict):
        return False
    version = str(document.get("version", ""))
    # SPEC JSON Feed 1.1: version is this address; some writers put "1.1" alone
    if version.startswith(
        ("https://jsonfeed.org/version/", "http://jsonfeed.org/version/")
    ):
        return True
    return isinstance(document.get("items"), list) and "feed_url" in document


def parse_jsonfeed(document: dict[str, Any], job: DocumentJob) -> ParsedFeed:
    """Read a JSON Feed. Items without an id are passed over, as the format asks."""
    home = clean_url(document.get("home_page_url"), job.url)
    service = service_of_host(home) or service_of_host(job.url)
    items = document.get("items")
    entries: dict[str, ParsedEntry] = {}
    feed_author = _author(document)
    for item in items[:MOST_ENTRIES] if isinstance(items, list) else []:
        if not isinstance(item, dict):
            continue
        entry = _entry(item, job.url, service, feed_author, document.get("language"))
        if entry is not None:
            entries.setdefault(entry.guid, entry)
    hubs = document.get("hubs")
    hub = ""
    for one in hubs if isinstance(hubs, list) else []:
        if isinstance(one, dict) and str(one.get("type", "")).lower() == "websub":
            hub = hub or clean_url(one.get("url"), job.url)
    return ParsedFeed(
        format="jsonfeed",
        title=clean_text(document.get("title"), 300),
        home=home,
        service=service,
        entries=tuple(entries.values()),
        hub=hub,
        topic=clean_url(document.get("feed_url"), job.url),
        older=clean_url(document.get("next_url"), job.url),
    )


def _entry(
    item: dict[str, Any], url: str, service: str, feed_author: str, language: object
) -> ParsedEntry | None:
    # SPEC JSON Feed 1.1: an id that is a number is to be made a string
    guid = item.get("id")
    if isinstance(guid, (int, float)) and not isinstance(guid, bool):
        guid = str(guid)
    link = clean_url(item.get("url"), url) or clean_url(item.get("external_url"), url)
    if not isinstance(guid, str) or not guid.strip():
        guid = link
    if not guid:
        return None
    html, text = item.get("content_html"), item.get("content_text")
    body = clean_html(html, link or url)
    if not body.html and isinstance(text, str):
        body = clean_html(paragraphs(text), url)
    title = clean_text(item.get("title"), 500)
    media = _attachments(item, url)
    known = {m.url for m in media}
    for field in ("image", "banner_image"):
        address = clean_url(item.get(field), url)
        if address and address not in known:
            known.add(address)
            media.insert(0, ParsedMedia(url=address, type="image/*"))
    media += [
        ParsedMedia(url=address, type="image/*", alt=alt)
        for address, alt in body.pictures
        if address not in known
    ]
    kind = type_of(service, bool(title))
    if kind in ("text", "note"):
        if any(m.type.startswith("audio/") for m in media):
            kind = "sound"
        elif any(m.type.startswith("video/") for m in media):
            kind = "video"
        elif clean_url(item.get("external_url"), url) and title:
            kind = "link"
    tags = item.get("tags")
    syndication = item.get("_syndication") or item.get("syndication")
    return ParsedEntry(
        guid=guid.strip()[:1024],
        url=link,
        title=title,
        summary=clean_text(item.get("summary"), 500),
        content_html=body.html,
        tags=clean_tags([t for t in tags if isinstance(t, str)])
        if isinstance(tags, list)
        else (),
        published=parse_date(_string(item.get("date_published"))),
        updated=parse_date(_string(item.get("date_modified"))),
        author=_author(item) or feed_author,
        media=tuple(media[:20]),
        syndication=tuple(found for s in syndication if (found := clean_url(s, url)))
        if isinstance(syndication, list)
        else (),
        in_reply_to=clean_url(item.get("in_reply_to"), url),
        language=clean_text(item.get("language") or language, 35),
        kind=kind,
    )


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""


def _author(holder: dict[str, Any]) -> str:
    authors = holder.get("authors")
    if isinstance(authors, list):
        names = [clean_text(a.get("name"), 200) for a in authors if isinstance(a, dict)]
        return ", ".join(n for n in names if n)[:300]
    author = holder.get("author")
    return clean_text(author.get("name"), 200) if isinstance(author, dict) else ""


def _attachments(item: dict[str, Any], url: str) -> list[ParsedMedia]:
    found: list[ParsedMedia] = []
    attachments = item.get("attachments")
    for one in attachments if isinstance(attachments, list) else []:
        if not isinstance(one, dict):
            continue
        address = clean_url(one.get("url"), url)
        kind = media_type(one.get("mime_type"), address)
        if address and kind:
            found.append(
                ParsedMedia(
                    url=address,
                    type=kind,
                    alt=clean_text(one.get("title"), 1000),
                    size_bytes=_count(one.get("size_in_bytes")),
                    duration_s=_count(one.get("duration_in_seconds")),
                )
            )
    return found


def _count(value: object) -> int:
    if isinstance(value, (int, float)) and 0 < value < 10**13:
        return int(value)
    return 0
