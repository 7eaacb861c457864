"""JSON Feed 1.1."""

from __future__ import annotations

import json
from typing import Any

from hunch_web.feed.document import Attachment, Document, Entry
from hunch_web.view.when import iso

MEDIA_TYPE = "application/feed+json"
VERSION = "https://jsonfeed.org/version/1.1"


def write(document: Document) -> bytes:
    """Return a feed as a JSON Feed document in UTF-8."""
    text = json.dumps(feed(document), ensure_ascii=False, separators=(",", ":"))
    return text.encode()


def feed(document: Document) -> dict[str, Any]:
    """Return a feed as the plain data that JSON Feed describes."""
    author = {"name": document.site.author, "url": document.site.url}
    if document.photo:
        author["avatar"] = document.photo
    data: dict[str, Any] = {
        "version": VERSION,
        "title": document.title,
        "home_page_url": document.home,
        "feed_url": document.address("json"),
        "language": document.site.language,
        "authors": [author],
    }
    if document.site.about:
        data["description"] = document.site.about
    if older := document.next("json"):
        data["next_url"] = older
    if document.photo:
        data["icon"] = document.photo
    data["items"] = [_item(entry) for entry in document.entries]
    return data


def _item(entry: Entry) -> dict[str, Any]:
    item: dict[str, Any] = {
        "id": entry.id,
        "url": entry.address,
        # SPEC JSON Feed 1.1: content_html or content_text must be there.
        "content_html": entry.html,
        "date_published": iso(entry.published),
    }
    optional = {
        "external_url": entry.original,
        "title": entry.title,
        "summary": entry.summary,
        "image": entry.image,
        "language": entry.language,
        "tags": list(entry.tags),
        "attachments": [_attachment(one) for one in entry.attachments],
    }
    item.update({name: value for name, value in optional.items() if value})
    if entry.updated > entry.published:
        item["date_modified"] = iso(entry.updated)
    return item


def _attachment(one: Attachment) -> dict[str, Any]:
    row: dict[str, Any] = {"url": one.address, "mime_type": one.media_type}
    if one.title:
        row["title"] = one.title
    if one.size_bytes:
        row["size_in_bytes"] = one.size_bytes
    if one.duration_s:
        row["duration_in_seconds"] = one.duration_s
    return row
