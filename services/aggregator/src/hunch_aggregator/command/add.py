"""`hunch add URL`: find the feed of an address and follow it."""

from __future__ import annotations

import argparse

from hunch_aggregator.fetch import Failed, Fetcher
from hunch_aggregator.locate import Found, Locator
from hunch_aggregator.parse import ParsePool
from hunch_aggregator.site import door, user_agent
from hunch_stream.item import TYPES
from hunch_stream.source import SourceConfig
from hunch_stream.url import web_address

from .session import FAILED, OK, Session
from .toml_text import append, free_slug, source_text

NAME = "add"
HELP = "find the feed of an address and add it to hunch.toml"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("url", help="a feed, a page that names its feed, or a profile")
    parser.add_argument("--slug", default="", help="short name (default: made up)")
    parser.add_argument("--type", default="", choices=("", *TYPES), metavar="TYPE")
    parser.add_argument("--tag", action="append", default=[], help="tag for all items")
    parser.add_argument(
        "--dry-run", action="store_true", help="only show what would be added"
    )


def run(session: Session) -> int:
    """Add a source; 1 if no feed is found or it is followed already."""
    config = session.config()
    try:
        url = web_address(_with_scheme(session.arguments.url))
    except ValueError as error:
        session.complain(str(error))
        return FAILED
    for source in config.sources:
        if source.url == url:
            session.complain(f"{url} is followed already, as {source.slug}")
            return FAILED
    with ParsePool(1) as parser:
        fetcher = Fetcher(door(config, url), user_agent(config))
        found = Locator(fetcher, parser).first(
            url, lambda tried: session.progress(f"looking at {tried}")
        )
    if not isinstance(found, Found):
        reason = found.text if isinstance(found, Failed) else "nothing new"
        session.complain(reason)
        return FAILED
    taken = [source.slug for source in config.sources]
    source = SourceConfig(
        slug=free_slug(url, taken, session.arguments.slug),
        url=url,
        type=session.arguments.type,
        tags=tuple(session.arguments.tag),
    )
    feed = found.feed
    if not session.arguments.dry_run:
        append(session.config_path, [source])
    if session.as_json:
        session.emit(
            {
                "slug": source.slug,
                "url": url,
                "feed": found.url,
                "title": feed.title,
                "service": feed.service or "web",
                "entries": len(feed.entries),
            }
        )
        return OK
    session.say(f"Found “{feed.title or found.url}”: {len(feed.entries)} entries")
    session.say(f"at {found.url}.")
    if session.arguments.dry_run:
        session.say(source_text(source).rstrip())
    else:
        session.say(f"Added to {session.config_path} as {source.slug}.")
    return OK


def _with_scheme(url: str) -> str:
    return url if "://" in url else f"https://{url}"
