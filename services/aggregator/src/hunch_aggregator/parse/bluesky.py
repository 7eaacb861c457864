"""Bluesky's public interface: `app.bsky.feed.getAuthorFeed`, which needs no login."""

from __future__ import annotations

import datetime as dt
from html import escape
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from .clean import clean_html, clean_tags, clean_text, clean_url
from .date import parse_date
from .entry import DocumentJob, ParsedEntry, ParsedFeed, ParsedMedia


def is_author_feed(document: object) -> bool:
    """Tell whether a JSON document is an author's feed."""
    if not isinstance(document, dict) or not isinstance(document.get("feed"), list):
        return False
    return all(
        isinstance(f, dict) and isinstance(f.get("post"), dict)
        for f in document["feed"]
    )


def parse_author_feed(document: dict[str, Any], job: DocumentJob) -> ParsedFeed:
    """Read an author's feed; reposts of others and replies are passed over."""
    entries: dict[str, ParsedEntry] = {}
    title, home = "", ""
    for row in document["feed"]:
        reason = row.get("reason")
        post, record = row["post"], row["post"].get("record")
        if not isinstance(record, dict):
            continue
        if isinstance(reason, dict) and "reasonRepost" in str(reason.get("$type")):
            continue
        author = post.get("author") if isinstance(post.get("author"), dict) else {}
        handle = clean_text(author.get("handle"), 253)
        if handle and not home:
            home = f"https://bsky.app/profile/{quote(handle)}"
            title = clean_text(author.get("displayName"), 200) or handle
        if isinstance(record.get("reply"), dict):
            continue
        entry = _entry(post, record, author, handle, job.url)
        if entry is not None:
            entries.setdefault(entry.guid, entry)
    return ParsedFeed(
        format="bluesky",
        title=title,
        home=home,
        service="bluesky",
        entries=tuple(entries.values()),
        older=_older(document.get("cursor"), job.url) if document["feed"] else "",
    )


def _older(cursor: object, url: str) -> str:
    if not isinstance(cursor, str) or not cursor:
        return ""
    parts = urlsplit(url)
    query = [(k, v) for k, v in parse_qsl(parts.query) if k != "cursor"]
    return urlunsplit(parts._replace(query=urlencode([*query, ("cursor", cursor)])))


def _entry(
    post: dict[str, Any],
    record: dict[str, Any],
    author: dict[str, Any],
    handle: str,
    url: str,
) -> ParsedEntry | None:
    uri = clean_text(post.get("uri"), 1024)
    if not uri.startswith("at://"):
        return None
    key = uri.rsplit("/", 1)[-1]
    owner = handle or uri.split("/")[2]
    html, tags = _rich_text(record)
    media, more = _embed(post.get("embed"), url)
    created = _date(record.get("createdAt"))
    indexed = _date(post.get("indexedAt"))
    # WHY: the author's program sets createdAt and may be wrong; no post is indexed
    # before it was written
    published = min(created, indexed) if created and indexed else created or indexed
    body = clean_html(html + more, url)
    languages = record.get("langs")
    text = clean_text(record.get("text"), 3000)
    return ParsedEntry(
        guid=uri,
        url=f"https://bsky.app/profile/{quote(owner)}/post/{quote(key)}",
        content_html=body.html,
        tags=clean_tags([*tags, *_strings(record.get("tags"))]),
        published=published,
        author=clean_text(author.get("displayName"), 200) or handle,
        media=media,
        language=clean_text(_strings(languages)[0], 35) if _strings(languages) else "",
        kind="picture"
        if any(m.is_picture for m in media) and len(text) < 60
        else "note",
    )


def _date(value: object) -> dt.datetime | None:
    return parse_date(value) if isinstance(value, str) else None


def _dicts(value: object) -> list[dict[str, Any]]:
    return [v for v in value if isinstance(v, dict)] if isinstance(value, list) else []


def _strings(value: object) -> list[str]:
    return [v for v in value if isinstance(v, str)] if isinstance(value, list) else []


def _rich_text(record: dict[str, Any]) -> tuple[str, list[str]]:
    """Return the text as HTML with its facets applied, and its hashtags."""
    text = record.get("text")
    raw = (text if isinstance(text, str) else "").encode("utf-8", "replace")
    spans: list[tuple[int, int, str]] = []
    tags: list[str] = []
    for facet in _dicts(record.get("facets")):
        if not isinstance(facet.get("index"), dict):
            continue
        # SPEC app.bsky.richtext.facet: offsets count UTF-8 bytes
        start, end = facet["index"].get("byteStart"), facet["index"].get("byteEnd")
        if not (isinstance(start, int) and isinstance(end, int)):
            continue
        for feature in _dicts(facet.get("features")):
            kind = str(feature.get("$type", ""))
            if kind.endswith("#tag"):
                tags.append(str(feature.get("tag", "")))
            address = ""
            if kind.endswith("#link"):
                address = clean_url(feature.get("uri"))
            elif kind.endswith("#mention"):
                address = (
                    f"https://bsky.app/profile/{quote(str(feature.get('did', '')))}"
                )
            if address and 0 <= start < end <= len(raw):
                spans.append((start, end, address))
    pieces: list[str] = []
    at = 0
    for start, end, address in sorted(spans):
        if start < at:
            continue
        inside = escape(raw[start:end].decode("utf-8", "replace"))
        pieces.append(escape(raw[at:start].decode("utf-8", "replace")))
        pieces.append(f'<a href="{escape(address)}">{inside}</a>')
        at = end
    pieces.append(escape(raw[at:].decode("utf-8", "replace")))
    html = "".join(pieces).replace("\n", "<br>")
    return (f"<p>{html}</p>" if html.strip() else ""), tags


def _embed(embed: object, url: str) -> tuple[tuple[ParsedMedia, ...], str]:
    """Return media of an embed view, and HTML for a linked page or quoted post."""
    if not isinstance(embed, dict):
        return (), ""
    kind = str(embed.get("$type", ""))
    if "recordWithMedia" in kind:
        media, html = _embed(embed.get("media"), url)
        return media, html + _quoted(embed.get("record"))
    if "embed.images" in kind:
        images = _dicts(embed.get("images"))
        return tuple(m for i in images if (m := _image(i, url))), ""
    if "embed.video" in kind:
        playlist = clean_url(embed.get("playlist"), url)
        if not playlist:
            return (), ""
        return (
            ParsedMedia(
                url=playlist,
                type="video/*",
                alt=clean_text(embed.get("alt"), 1500),
                thumbnail=clean_url(embed.get("thumbnail"), url),
            ),
        ), ""
    if "embed.external" in kind and isinstance(embed.get("external"), dict):
        page = embed["external"]
        address = clean_url(page.get("uri"), url)
        title = clean_text(page.get("title"), 300) or address
        if address:
            return (), f'<p>→ <a href="{escape(address)}">{escape(title)}</a></p>'
    if "embed.record" in kind:
        return (), _quoted(embed)
    return (), ""


def _image(image: dict[str, Any], url: str) -> ParsedMedia | None:
    address = clean_url(image.get("fullsize"), url)
    if not address:
        return None
    ratio = image.get("aspectRatio")
    size = ratio if isinstance(ratio, dict) else {}
    width, height = size.get("width"), size.get("height")
    thumb = clean_url(image.get("thumb"), url)
    return ParsedMedia(
        url=address,
        type="image/*",
        alt=clean_text(image.get("alt"), 1500),
        width=width if isinstance(width, int) and 0 < width < 10**5 else 0,
        height=height if isinstance(height, int) and 0 < height < 10**5 else 0,
        thumbnail=thumb if thumb != address else "",
    )


def _quoted(view: object) -> str:
    record = view.get("record") if isinstance(view, dict) else None
    if isinstance(record, dict) and isinstance(record.get("record"), dict):
        record = record["record"]
    if not isinstance(record, dict) or not isinstance(record.get("value"), dict):
        return ""
    author = record.get("author") if isinstance(record.get("author"), dict) else {}
    assert isinstance(author, dict)
    text = clean_text(record["value"].get("text"), 3000)
    if not text:
        return ""
    name = clean_text(author.get("displayName") or author.get("handle"), 200)
    return f"<blockquote><p>{escape(text)}</p><p>— {escape(name)}</p></blockquote>"
