"""One entry of a feed, out of feedparser's dictionaries."""

from __future__ import annotations

import hashlib
import re
from html import unescape
from typing import Any

import msgspec

from hunch_aggregator.parse.clean import (
    CleanHTML,
    clean_html,
    clean_tags,
    clean_text,
    clean_url,
    drop_images,
    paragraphs,
    text_of_html,
)
from hunch_aggregator.parse.date import parse_date
from hunch_aggregator.parse.entry import ParsedEntry, ParsedMedia
from hunch_aggregator.parse.service import type_of

from .media import entry_media

Raw = Any  # feedparser has no types; everything out of it is checked here


def parse_entry(
    raw: Raw, url: str, service: str, feed_language: str, *, is_rss: bool
) -> ParsedEntry | None:
    """Return the entry, or None if it is empty.

    Args:
        raw: feedparser's entry.
        url: Where the document came from.
        service: Of the feed, perhaps empty.
        feed_language: As the feed declares it.
        is_rss: RSS does not say what relative addresses in texts relate to; it is the
            entry's own page more often than the feed's.
    """
    link = _alternate(raw, url)
    body = _body(raw, url, link if is_rss and link else url)
    is_apart = service in PICTURE_APART
    shown = _without_own_picture(body.html) if is_apart else body.html
    title = _text(raw, "title")
    guid = _guid(raw, link, title, body.html)
    if not guid or not (title or body.html or link or raw.get("links")):
        return None
    media = entry_media(raw, url, body.pictures, is_apart=is_apart)
    summary = _summary(raw, body, title)
    published = _published(raw)
    updated = parse_date(
        # WHY dict.get: feedparser's own answers a missing `updated` with `published`
        dict.get(raw, "updated"),
        dict.get(raw, "updated_parsed"),
    )
    entry = ParsedEntry(
        guid=guid,
        url=link,
        title="" if _repeats(title, shown, summary) else title,
        summary=summary,
        content_html=shown,
        tags=clean_tags(_terms(raw, service)),
        published=published,
        updated=updated if updated != published else None,
        author=clean_text(text_of_html(raw.get("author")), 200),
        media=media,
        syndication=_rels(raw, url, "syndication"),
        canonical=next(iter(_rels(raw, url, "canonical")), ""),
        in_reply_to=_reply(raw, url),
        language=_language(raw, feed_language),
        rating=_rating(raw),
    )
    return _of_kind(entry, raw, service)


def _guid(raw: Raw, link: str, title: str, html: str) -> str:
    guid = str(raw.get("id") or "").strip()
    if guid:
        if len(guid) > 1024:
            return "sha256:" + hashlib.sha256(guid.encode()).hexdigest()
        return guid
    if link:
        return link
    if title or html:
        seed = f"{title}\0{html}".encode("utf-8", "surrogatepass")
        return "sha256:" + hashlib.sha256(seed).hexdigest()
    return ""


# Services that put all tags of an entry into one element.
SPACED_TAGS = frozenset({"pinboard", "linkding"})
# Services that put the picture into the text only because feeds had no place for it.
PICTURE_APART = frozenset({"flickr", "letterboxd", "pixelfed", "youtube", "vimeo"})
_POSTED = re.compile(
    r"^\s*<p>\s*<a [^>]*>[^<]{1,200}</a> posted an? (?:photo|video):\s*</p>"
)
_EMPTIED = re.compile(r"<(p|a|figure|div)(?: [^>]*)?>(?:\s|&nbsp;)*</\1>")


def _without_own_picture(html: str) -> str:
    """Return the text of a post whose picture is shown beside it anyway."""
    html = drop_images(_POSTED.sub("", html), keep=set())
    before = ""
    while before != html:
        before, html = html, _EMPTIED.sub("", html)
    return html.strip()


def _detail_type(raw: Raw, name: str) -> str:
    detail = raw.get(f"{name}_detail")
    return str(detail.get("type", "")) if isinstance(detail, dict) else ""


def _text(raw: Raw, name: str) -> str:
    value = raw.get(name)
    if _detail_type(raw, name) == "text/plain":
        return clean_text(value, 500)
    return text_of_html(value, 500)


def _body(raw: Raw, url: str, page: str) -> CleanHTML:
    """Return the fullest HTML of the entry, cleaned."""

    def base_of(holder: object) -> str:
        named = holder.get("base") if isinstance(holder, dict) else None
        return str(named) if named and named != url else page

    contents = [c for c in raw.get("content", []) if isinstance(c, dict)]
    contents = [c for c in contents if c.get("value")]
    rich = [c for c in contents if "html" in str(c.get("type", ""))] or contents
    if rich:
        best = max(rich, key=lambda c: len(str(c["value"])))
        if best.get("type") == "text/plain":
            return clean_html(paragraphs(str(best["value"])), page)
        return clean_html(best["value"], base_of(best))
    summary = raw.get("summary")
    base = base_of(raw.get("summary_detail"))
    if not isinstance(summary, str):
        return CleanHTML()
    if _detail_type(raw, "summary") == "text/plain" or "<" not in summary:
        return clean_html(paragraphs(unescape(summary)), base)
    return clean_html(summary, base)


def _summary(raw: Raw, body: CleanHTML, title: str) -> str:
    if not raw.get("content"):
        return ""
    summary = text_of_html(raw.get("summary"), 500)
    whole = text_of_html(body.html)
    # WHY: many feeds put the beginning of the text, or all of it, there once more
    beginning = summary.rstrip("…[] .")[:80]
    if not summary or summary == title or whole.startswith(beginning):
        return ""
    return summary


def _repeats(title: str, html: str, summary: str) -> bool:
    """Tell whether the title is only the beginning of the text (untitled posts)."""
    if not title:
        return False
    if title.endswith(("…", "...")):
        beginning = title.rstrip(".… ")
        return len(beginning) > 10 and text_of_html(html or summary).startswith(
            beginning
        )
    return len(title) > 10 and text_of_html(html) == title


def _alternate(raw: Raw, url: str) -> str:
    links = [x for x in raw.get("links", []) if isinstance(x, dict)]
    pages = [x for x in links if x.get("rel", "alternate") == "alternate"]
    html = [x for x in pages if str(x.get("type", "text/html")).startswith("text/html")]
    for link in (*html, *pages):
        if found := clean_url(link.get("href"), url):
            return found
    return clean_url(raw.get("link"), url)


def _rels(raw: Raw, url: str, rel: str) -> tuple[str, ...]:
    links = [x for x in raw.get("links", []) if isinstance(x, dict)]
    found = [
        clean_url(x.get("href"), url)
        for x in links
        if rel in str(x.get("rel", "")).split()
    ]
    return tuple(dict.fromkeys(x for x in found if x))[:20]


def _reply(raw: Raw, url: str) -> str:
    reply = raw.get("thr_in-reply-to") or raw.get("in-reply-to")
    if isinstance(reply, dict):
        return clean_url(reply.get("href") or reply.get("ref"), url)
    return ""


def _terms(raw: Raw, service: str) -> list[str]:
    terms: list[str] = []
    for tag in raw.get("tags", []):
        if not isinstance(tag, dict):
            continue
        scheme = str(tag.get("scheme") or "")
        word = tag.get("label") or tag.get("term") or ""
        if "schemas.google.com/g/2005#kind" in scheme:
            continue
        if "flickr.com/photos/tags" in scheme or scheme.startswith("urn:flickr:tags"):
            word = tag.get("term") or ""
        if service in SPACED_TAGS or "urn:flickr:tags" in scheme:
            terms += str(word).split()
        else:
            terms.append(str(word))
    if isinstance(raw.get("media_keywords"), str):
        terms.append(raw["media_keywords"])
    return terms


def _published(raw: Raw) -> Any:
    for name in ("published", "created", "letterboxd_watcheddate"):
        if found := parse_date(raw.get(name), raw.get(f"{name}_parsed")):
            return found
    return None


def _language(raw: Raw, feed_language: str) -> str:
    details = [
        raw.get("title_detail"),
        *raw.get("content", []),
        raw.get("summary_detail"),
    ]
    for detail in details:
        if isinstance(detail, dict) and detail.get("language"):
            return _tag(str(detail["language"]))
    return _tag(feed_language)


def _tag(language: str) -> str:
    return (
        language if re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*", language) else ""
    )


def _rating(raw: Raw) -> float:
    """Return stars from 0 to 5: Letterboxd's, Goodreads' or Media RSS's."""
    for name in ("letterboxd_memberrating", "user_rating"):
        try:
            stars = float(raw.get(name, ""))
        except (TypeError, ValueError):
            continue
        if 0 < stars <= 5:
            return stars
    return 0.0


def _of_kind(entry: ParsedEntry, raw: Raw, service: str) -> ParsedEntry:
    kind = type_of(service, bool(entry.title))
    if not service or kind in ("text", "note"):
        kind = _kind_by_media(entry.media) or kind
    if film := clean_text(raw.get("letterboxd_filmtitle"), 300):
        # WHY: the feed's title carries the stars as characters; the rating has them
        year = clean_text(raw.get("letterboxd_filmyear"), 10)
        film = f"{film} ({year})" if year else film
        return msgspec.structs.replace(entry, title=film, kind="recommendation")
    return msgspec.structs.replace(entry, kind=kind)


def _kind_by_media(media: tuple[ParsedMedia, ...]) -> str:
    for one in media:
        if one.type.startswith("audio/"):
            return "sound"
        if one.type.startswith("video/"):
            return "video"
    return ""
