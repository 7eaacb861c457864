"""Mastodon's public interface (and those who speak it: Pixelfed, GoToSocial, Pleroma).

Its RSS has neither titles nor boosts nor descriptions of pictures, so the JSON is read.
Two documents: an account (answer of `accounts/lookup`), which leads to its statuses,
and a list of statuses.
"""

from __future__ import annotations

import datetime as dt
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from hunch_stream.markup import plain_text

from .clean import clean_html, clean_tags, clean_text, clean_url, text_of_html
from .date import parse_date
from .entry import DocumentJob, Links, ParsedEntry, ParsedFeed, ParsedMedia

_KINDS = {
    "image": "image/*",
    "gifv": "video/*",
    "video": "video/*",
    "audio": "audio/*",
}
PAGE = 40


def is_account(document: object) -> bool:
    """Tell whether a JSON document is an account."""
    return isinstance(document, dict) and {"id", "acct", "url"} <= document.keys()


def is_statuses(document: object) -> bool:
    """Tell whether a JSON document is a list of statuses (an empty one is not)."""
    return (
        isinstance(document, list)
        and bool(document)
        and all(
            isinstance(s, dict) and {"id", "created_at", "account"} <= s.keys()
            for s in document
        )
    )


def parse_account(document: dict[str, Any], job: DocumentJob) -> Links:
    """Return where the account's own statuses are."""
    parts = urlsplit(job.url)
    query = urlencode(
        {"limit": PAGE, "exclude_replies": "true", "exclude_reblogs": "true"}
    )
    path = f"/api/v1/accounts/{clean_text(str(document['id']), 64)}/statuses"
    return Links((urlunsplit((parts.scheme, parts.netloc, path, query, "")),))


def parse_statuses(document: list[dict[str, Any]], job: DocumentJob) -> ParsedFeed:
    """Read a list of statuses; boosts and non-public ones are passed over."""
    entries: dict[str, ParsedEntry] = {}
    home, title = "", ""
    for status in document:
        if status.get("reblog") or status.get("visibility") in ("private", "direct"):
            continue
        account = status.get("account")
        if isinstance(account, dict):
            home = home or clean_url(account.get("url"), job.url)
            name = clean_text(account.get("display_name"), 200)
            title = title or name or clean_text(account.get("acct"), 200)
        entry = _entry(status, job.url)
        entries.setdefault(entry.guid, entry)
    return ParsedFeed(
        format="mastodon",
        title=title,
        home=home,
        service="mastodon",
        entries=tuple(entries.values()),
        older=_older(document, job.url) if len(document) > 1 else "",
    )


def _older(document: list[dict[str, Any]], url: str) -> str:
    # SPEC Mastodon API: ids are numbers in strings; the page below ends at max_id
    ids = [str(s["id"]) for s in document]
    last = min(ids, key=lambda i: (len(i), i))
    parts = urlsplit(url)
    query = [(k, v) for k, v in parse_qsl(parts.query) if k not in ("max_id", "min_id")]
    return urlunsplit(parts._replace(query=urlencode([*query, ("max_id", last)])))


def _entry(status: dict[str, Any], url: str) -> ParsedEntry:
    body = clean_html(status.get("content"), url)
    warning = clean_text(status.get("spoiler_text"), 300)
    names = [str(tag.get("name", "")) for tag in _list(status.get("tags"))]
    media = tuple(
        one for m in _list(status.get("media_attachments")) if (one := _media(m, url))
    )
    text_length = len(plain_text(body.html))
    pictures = [m for m in media if m.is_picture]
    account = status.get("account")
    author = account if isinstance(account, dict) else {}
    html = body.html + _card(status.get("card"), body.html, url)
    return ParsedEntry(
        guid=clean_text(status.get("uri"), 1024) or clean_text(str(status["id"]), 64),
        url=clean_url(status.get("url"), url) or clean_url(status.get("uri"), url),
        title="",
        summary=warning,
        content_html=html,
        tags=clean_tags(names),
        published=_date(status.get("created_at")),
        updated=_date(status.get("edited_at")),
        author=clean_text(author.get("display_name"), 200)
        or clean_text(author.get("acct"), 200),
        media=media,
        language=clean_text(status.get("language"), 35),
        in_reply_to="",
        # WHY: a picture with a line of text is a picture; a text with one is a note
        kind="picture" if pictures and text_length < 60 else "note",
    )


def _date(value: object) -> dt.datetime | None:
    return parse_date(value) if isinstance(value, str) else None


def _list(value: object) -> list[dict[str, Any]]:
    return [v for v in value if isinstance(v, dict)] if isinstance(value, list) else []


def _media(attachment: dict[str, Any], url: str) -> ParsedMedia | None:
    kind = _KINDS.get(str(attachment.get("type")), "")
    address = clean_url(attachment.get("url"), url)
    address = address or clean_url(attachment.get("remote_url"), url)
    if not kind or not address:
        return None
    meta = attachment.get("meta")
    original = meta.get("original") if isinstance(meta, dict) else None
    size = original if isinstance(original, dict) else {}
    preview = clean_url(attachment.get("preview_url"), url)
    return ParsedMedia(
        url=address,
        type=kind,
        alt=clean_text(attachment.get("description"), 1500),
        width=_pixels(size.get("width")),
        height=_pixels(size.get("height")),
        duration_s=_pixels(size.get("duration")),
        thumbnail=preview if preview != address else "",
    )


def _pixels(value: object) -> int:
    return int(value) if isinstance(value, (int, float)) and 0 < value < 10**5 else 0


def _card(card: object, html: str, url: str) -> str:
    """Return a line that names the page a status links to."""
    if not isinstance(card, dict):
        return ""
    from html import escape

    address = clean_url(card.get("url"), url)
    title = text_of_html(card.get("title"), 200)
    if not address or not title or title in plain_text(html):
        return ""
    line = f'<p>→ <a href="{escape(address)}">{escape(title)}</a></p>'
    return clean_html(line, url).html
