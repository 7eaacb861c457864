"""`hunch backfill SLUG`: take in what a source published before its feed begins."""

from __future__ import annotations

import argparse
from secrets import token_hex

from hunch_aggregator.archive import backfill
from hunch_aggregator.fetch import Failed
from hunch_aggregator.scheduler import LEASE_S, prepare
from hunch_aggregator.site import assembled

from .session import FAILED, OK, Session
from .sync import wanted

NAME = "backfill"
HELP = "take in what a source published before its feed begins"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("slug", help="the source")
    parser.add_argument(
        "--pages", type=int, default=200, help="pages at most (default 200)"
    )


def run(session: Session) -> int:
    """Page back until the archive ends; 1 if a page could not be read."""
    config = session.config()
    slugs = wanted(config, [session.arguments.slug], session)
    if slugs is None:
        return FAILED
    slug = slugs[0]
    added, failed, owner = 0, False, token_hex(8)
    with assembled(config, session.store(config), session.media) as pipeline:
        prepare(pipeline)
        pages = backfill(
            pipeline, pipeline.locator, slug, session.arguments.pages, session.progress
        )
        held = pipeline.store.lease(slug, owner, LEASE_S)
        if not held:
            session.complain(f"{slug} is being synced by another process; try later")
            return FAILED
        try:
            for page in pages:
                if isinstance(page, Failed):
                    session.complain(page.text)
                    failed = True
                    break
                added += page.report.added
                session.progress(f"page {page.number}: {page.report.added} new")
        finally:
            pipeline.store.release(slug, owner)
    if session.as_json:
        session.emit({"slug": slug, "added": added, "complete": not failed})
    else:
        session.say(f"{slug}: {added} older items taken in")
    return FAILED if failed else OK
