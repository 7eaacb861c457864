"""Finds out what a document is and hands it to its format.

Content decides, not its label: half of all feeds are served under the wrong type.
"""

from __future__ import annotations

import json
import re

from . import bluesky, jsonfeed, mastodon
from .entry import DocumentJob, Links, Parsed, ParsedFeed, Unreadable
from .feed import parse_feed
from .hfeed import parse_hfeed
from .page import feed_links

_BOMS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
_XML_ROOT = re.compile(
    r"<\s*(?:[A-Za-z][\w.-]*:)?(rss|feed|rdf|channel)\b", re.IGNORECASE
)
_HTML_ROOT = re.compile(
    r"<\s*(?:!doctype\s+html|html|head|body|title|meta|div|p)\b", re.IGNORECASE
)
_SNIFFED_CHARS = 20_000


def parse_document(job: DocumentJob) -> Parsed:
    """Read a document, whatever it is."""
    if not job.body.strip(b"\x00 \t\r\n\xef\xbb\xbf"):
        return Unreadable(
            "The answer was empty.",
            "Nothing needs doing if it happens once; otherwise check the address.",
        )
    beginning = _text(job.body[: _SNIFFED_CHARS * 2], job.content_type).lstrip()
    if _is_binary(beginning):
        return _neither(job)
    if beginning[:1] in "{[":
        return _json(job)
    root = _XML_ROOT.search(beginning)
    page = _HTML_ROOT.search(beginning)
    if root and (page is None or root.start() < page.start()):
        return parse_feed(job)
    if page:
        return _page(job)
    if beginning.startswith("<"):
        return parse_feed(job)
    return _neither(job)


def _is_binary(beginning: str) -> bool:
    """Tell whether decoded bytes are no text: too many signs that no text has."""
    sample = beginning[:4000]
    odd = sum(c == "\ufffd" or (c < " " and c not in "\t\r\n\f") for c in sample)
    return odd * 10 > len(sample)


def _neither(job: DocumentJob) -> Unreadable:
    return Unreadable(
        "What came is neither a feed nor a web page"
        + (
            f" (it is labelled {_label(job.content_type)})."
            if job.content_type
            else "."
        ),
        "Check the address in a browser.",
    )


def _label(content_type: str) -> str:
    label = content_type.split(";")[0].strip()[:60]
    return label if re.fullmatch(r"[\w.+/-]+", label) else "wrongly"


def _charset(content_type: str) -> str:
    found = re.search(r"charset\s*=\s*\"?([\w.:-]{1,40})", content_type)
    return found[1] if found else ""


def _text(body: bytes, content_type: str) -> str:
    """Decode a document; what cannot be decoded becomes replacement characters."""
    for bom, encoding in _BOMS:
        if body.startswith(bom):
            return body[len(bom) :].decode(encoding, "replace")
    named = re.search(
        rb"<meta[^>]{0,200}charset\s*=\s*[\"']?([\w.:-]{1,40})", body[:2048]
    )
    for encoding in (_charset(content_type), named[1].decode() if named else ""):
        if encoding:
            try:
                return body.decode(encoding, "replace")
            except LookupError:
                continue
    return body.decode("utf-8", "replace")


def _json(job: DocumentJob) -> Parsed:
    try:
        # SPEC RFC 8259 8.1: JSON is UTF-8, whatever the header says
        document = json.loads(_text(job.body, ""))
    except (ValueError, RecursionError) as error:
        where = (
            f" at line {error.lineno}"
            if isinstance(error, json.JSONDecodeError)
            else ""
        )
        return Unreadable(
            f"The document begins like JSON but is broken{where}.",
            "The source must repair its feed; it will be tried again.",
        )
    if jsonfeed.is_jsonfeed(document):
        return jsonfeed.parse_jsonfeed(document, job)
    if bluesky.is_author_feed(document):
        return bluesky.parse_author_feed(document, job)
    if mastodon.is_statuses(document):
        return mastodon.parse_statuses(document, job)
    if document == [] and "/api/v1/accounts/" in job.url:
        return ParsedFeed(format="mastodon", service="mastodon")
    if mastodon.is_account(document):
        return mastodon.parse_account(document, job)
    if isinstance(document, dict) and isinstance(document.get("error"), str):
        return Unreadable(
            "The service answered with an error instead of entries.",
            "Check the name of the account in the address.",
        )
    return Unreadable(
        "The document is JSON, but no feed that is known.",
        "JSON Feed, Mastodon's statuses and Bluesky's author feed can be read.",
    )


def _page(job: DocumentJob) -> Parsed:
    html = _text(job.body, job.content_type)
    if links := feed_links(html, job.url):
        return Links(links)
    if feed := parse_hfeed(html, job):
        return feed
    return Unreadable(
        "The address is a web page that names no feed and holds no h-feed.",
        "Look for “RSS”, “Atom” or “feed” on the page and use that address.",
    )
