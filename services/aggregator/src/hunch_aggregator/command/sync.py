"""`hunch sync`: fetch sources now."""

from __future__ import annotations

import argparse
import difflib
from concurrent.futures import ThreadPoolExecutor, as_completed
from secrets import token_hex

from hunch_aggregator.intake import Report
from hunch_aggregator.pipeline import Pipeline
from hunch_aggregator.scheduler import LEASE_S, prepare
from hunch_aggregator.site import assembled
from hunch_stream.config import Config

from .session import FAILED, OK, Session

NAME = "sync"
HELP = "fetch sources now, whether due or not"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("slug", nargs="*", help="sources to fetch (default: all)")
    parser.add_argument(
        "--once", action="store_true", help="one round and out (the default here)"
    )
    parser.add_argument(
        "--full", action="store_true", help="read documents again even if unchanged"
    )


def run(session: Session) -> int:
    """Sync the named sources; 1 if any could not be read."""
    config = session.config()
    slugs = wanted(config, session.arguments.slug, session)
    if slugs is None:
        return FAILED
    with assembled(config, session.store(config), session.media) as pipeline:
        prepare(pipeline)
        copy_photo(pipeline)
        reports = _all(pipeline, slugs, session)
    return OK if all(r.is_ok for r in reports) else FAILED


def wanted(config: Config, named: list[str], session: Session) -> list[str] | None:
    """Return the slugs to work on, or None after a complaint."""
    known = [source.slug for source in config.sources]
    for slug in named:
        if slug not in known:
            near = difflib.get_close_matches(slug, known, 1)
            hint = f" Did you mean {near[0]}?" if near else ""
            session.complain(f"there is no source called {slug!r}.{hint}")
            return None
    return named or known


def _all(pipeline: Pipeline, slugs: list[str], session: Session) -> list[Report]:
    reports: list[Report] = []
    owner = token_hex(8)

    def one(slug: str) -> Report:
        if not pipeline.store.lease(slug, owner, LEASE_S):
            return Report(slug, "unchanged", reason="being synced by another process")
        try:
            return pipeline.sync(slug, forced=session.arguments.full)
        finally:
            pipeline.store.release(slug, owner)

    with ThreadPoolExecutor(pipeline.config.fetch.concurrency, "sync") as threads:
        jobs = [threads.submit(one, slug) for slug in slugs]
        for number, job in enumerate(as_completed(jobs), 1):
            report = job.result()
            reports.append(report)
            if session.as_json:
                session.emit(report)
            else:
                session.say(f"[{number}/{len(slugs)}] {line(report)}")
    return reports


def line(report: Report) -> str:
    """Return a report as a line for people."""
    if not report.is_ok:
        return f"{report.slug}: {report.reason} {report.remedy}".rstrip()
    if report.outcome == "unchanged":
        return f"{report.slug}: " + (report.reason or "nothing new")
    parts = [
        f"{count} {word}"
        for count, word in (
            (report.added, "new"),
            (report.changed, "changed"),
            (report.gone, "gone"),
            (report.merged, "tied to other posts"),
        )
        if count
    ]
    return f"{report.slug}: {', '.join(parts)}"


def copy_photo(pipeline: Pipeline) -> None:
    """Copy the author's photo, so that readers load it from the site."""
    url = pipeline.config.site.author.photo
    if url and (path := pipeline.copy_photo(url)):
        pipeline.store.set_photo(path)
