"""Older entries: the pages behind the first one.

Formats name their next page themselves (RFC 5005 prev-archive, JSON Feed next_url,
Mastodon's max_id, Bluesky's cursor); WordPress counts them in `?paged=`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from hunch_stream.source import SourceState

from .fetch import Failed, Why
from .intake import Report
from .locate import Found, Locator
from .parse import ParsedFeed
from .pipeline import Pipeline

# Formats and services whose own way to page is known when the document is silent.
_PAGED = frozenset({"wordpress"})


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the archive, taken in."""

    number: int
    url: str
    report: Report


def older_page(feed: ParsedFeed, url: str, service: str, number: int) -> str:
    """Return the address of the page after this one, or an empty string.

    Args:
        feed: This page.
        url: Where it came from.
        service: Of the source.
        number: Of this page, from 1.
    """
    if feed.older:
        return feed.older
    if service in _PAGED and feed.entries:
        parts = urlsplit(url)
        query = [(k, v) for k, v in parse_qsl(parts.query) if k != "paged"]
        query.append(("paged", str(number + 1)))
        return urlunsplit(parts._replace(query=urlencode(query)))
    return ""


def backfill(
    pipeline: Pipeline,
    locator: Locator,
    slug: str,
    most_pages: int,
    progress: Callable[[str], None],
) -> Iterator[Page | Failed]:
    """Take in a source's older pages one by one; a `Failed` comes last if one fails.

    Stops at the end of the archive, at a page that brings nothing that was not on an
    earlier one, or after `most_pages`.
    """
    source = pipeline.source(slug)
    state = pipeline.store.source(slug)
    if state is None or not state.feed_url:
        report = pipeline.sync(slug)
        state = pipeline.store.source(slug)
        if not report.is_ok or state is None:
            yield Failed(Why.CONTENT, report.reason, report.remedy)
            return
    url, seen, guids = state.feed_url, set[str](), set[str]()
    for number in range(1, most_pages + 1):
        if not url or url in seen:
            return
        seen.add(url)
        progress(f"page {number}: {url}")
        found = locator.again(url, None)
        if isinstance(found, Failed):
            # WHY: WordPress says 404 for the page behind the last one
            if not (found.why is Why.MISSING and number > 1):
                yield found
            return
        assert isinstance(found, Found)
        fresh = {entry.guid for entry in found.feed.entries} - guids
        if not fresh:
            return
        guids |= fresh
        now = dt.datetime.now(dt.UTC)
        current = pipeline.store.source(slug) or SourceState(slug=slug)
        report = pipeline.intake.take(source, found.feed, current, now, is_archive=True)
        yield Page(number, url, report)
        url = older_page(found.feed, found.fetched.url, state.service, number)
