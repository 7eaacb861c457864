"""`hunch query` and `hunch explain`: ask the stream."""

from __future__ import annotations

import argparse

from hunch_stream.query import Query, QueryError, parse

from .session import OK, WRONG_CONFIG, Session

NAME = "query"
HELP = "list the items that match, newest first"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "query", nargs="*", help="such as: source:flickr color -draft after:2026-01"
    )
    parser.add_argument("--limit", type=int, default=30, help="how many (default 30)")


def read_query(session: Session) -> Query | None:
    """Return the query of the command line, or None after a complaint."""
    text = "+".join(session.arguments.query)
    try:
        return parse(text)
    except QueryError as error:
        session.complain(f"{text!r}: {error}")
        return None


def run(session: Session) -> int:
    """Print matching items."""
    query = read_query(session)
    if query is None:
        return WRONG_CONFIG
    config = session.config()
    store = session.store(config)
    left, before = max(1, session.arguments.limit), None
    while left > 0:
        page = store.page(query, before=before, limit=min(left, 100))
        for item in page.items:
            if session.as_json:
                session.emit(item)
                continue
            when = item.effective.astimezone(config.site.zone)
            words = item.title or item.text.replace("\n", " ")[:70] or item.url
            session.say(f"{when:%Y-%m-%d %H:%M}  {item.source:<16} {words}")
        left -= len(page.items)
        before = page.next_cursor
        if before is None:
            break
    return OK
