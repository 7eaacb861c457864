"""From what the owner wrote to a document: where a source's feed is.

A source may be given as a feed, as a page that names its feed, or as a profile. Each
try yields an address to fetch; a document that only links to feeds yields more tries.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .fetch import Failed, Fetched, Fetcher, NotModified, Validators, Why
from .parse import DocumentJob, Links, ParsedFeed, ParsePool, Unreadable
from .parse.service import profile_feeds

# LIMIT: page -> profile -> list; longer ways do not exist.
_MOST_STEPS = 6


@dataclass(frozen=True, slots=True)
class Found:
    """A feed, read.

    Attributes:
        url: The address to ask next time.
        feed: What it says.
        fetched: How it came.
    """

    url: str
    feed: ParsedFeed
    fetched: Fetched


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The feed is as it was."""

    url: str
    answer: NotModified


Located = Found | Unchanged | Failed


class Locator:
    """Fetches and parses until a feed is found."""

    def __init__(self, fetcher: Fetcher, parser: ParsePool) -> None:
        self._fetcher = fetcher
        self._parser = parser

    def again(self, url: str, known: Validators | None) -> Located:
        """Fetch a feed whose address is known from last time."""
        return self._walk([url], known)

    def first(
        self, url: str, progress: Callable[[str], None] = lambda _url: None
    ) -> Located:
        """Find the feed of an address for the first time."""
        return self._walk([*profile_feeds(url), url], None, progress)

    def _walk(
        self,
        tries: list[str],
        known: Validators | None,
        progress: Callable[[str], None] = lambda _url: None,
    ) -> Located:
        seen: set[str] = set()
        last: Failed | None = None
        for _step in range(_MOST_STEPS):
            while tries and tries[0] in seen:
                tries.pop(0)
            if not tries:
                break
            url = tries.pop(0)
            seen.add(url)
            progress(url)
            # WHY: validators belong to one address only
            got = self._fetcher.get(url, known if len(seen) == 1 else None)
            if isinstance(got, NotModified):
                return Unchanged(got.moved_to or url, got)
            if isinstance(got, Failed):
                last = got
                if got.why in (Why.BUSY, Why.RESTING):
                    return got
                continue
            parsed = self._parser.parse(
                DocumentJob(got.url, got.body, got.content_type, got.link)
            )
            if isinstance(parsed, ParsedFeed):
                return Found(got.moved_to or url, parsed, got)
            if isinstance(parsed, Links):
                tries = [*parsed.urls, *tries]
                last = last or _no_feed(url)
            else:
                last = _unreadable(parsed)
        return last or _no_feed(tries[0] if tries else "")


def _unreadable(parsed: Unreadable) -> Failed:
    return Failed(Why.CONTENT, parsed.reason, parsed.remedy)


def _no_feed(_url: str) -> Failed:
    return Failed(
        Why.CONTENT,
        "The page names feeds, but none of them could be read.",
        "Use the address of the feed itself.",
    )
