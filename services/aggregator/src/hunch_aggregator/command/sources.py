"""`hunch sources`: how each source is doing."""

from __future__ import annotations

import argparse
import datetime as dt

from hunch_stream.source import SourceState

from .session import OK, Session

NAME = "sources"
HELP = "list the sources and how they are doing"


def arguments(_parser: argparse.ArgumentParser) -> None:
    """Declare the arguments: none."""


def run(session: Session) -> int:
    """List all configured sources, those never fetched included."""
    config = session.config()
    store = session.store(config)
    now = dt.datetime.now(dt.UTC)
    for source in config.sources:
        state = store.source(source.slug)
        if state is None or state.config_url != source.url:
            state = SourceState(slug=source.slug, config_url=source.url)
        if session.as_json:
            session.emit(state)
            continue
        name = source.title or state.title or source.url
        session.say(f"{source.slug:<20} {state.health:<8} {state.items:>6}  {name}")
        if state.reason:
            session.say(f"{'':<20} {state.reason} {state.remedy}".rstrip())
        if state.next_due:
            session.say(
                f"{'':<20} last read {_ago(state.succeeded, now)}, "
                f"next {_ahead(state, now)}"
            )
    return OK


def _span(seconds: float) -> str:
    for size, word in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {word}"
    return f"{max(0, seconds):.0f} s"


def _ago(moment: dt.datetime | None, now: dt.datetime) -> str:
    return f"{_span((now - moment).total_seconds())} ago" if moment else "never"


def _ahead(state: SourceState, now: dt.datetime) -> str:
    assert state.next_due is not None
    if state.health == "gone":
        return "only when asked"
    return f"in {_span((state.next_due - now).total_seconds())} ({state.wait_reason})"
