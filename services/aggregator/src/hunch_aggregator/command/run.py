"""`hunch run`: keep the stream up to date until told to stop."""

from __future__ import annotations

import argparse
import signal
import threading

from hunch_aggregator.pipeline import Report
from hunch_aggregator.scheduler import Scheduler
from hunch_aggregator.site import assembled
from hunch_stream.store import StoreError

from .session import OK, Session
from .sync import copy_photo, line

NAME = "run"
HELP = "keep the stream up to date until told to stop"


def arguments(_parser: argparse.ArgumentParser) -> None:
    """Declare the arguments: none."""


def run(session: Session) -> int:
    """Run the scheduler; SIGTERM and SIGINT end it after what is under way."""
    config = session.config()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())

    def tell(report: Report) -> None:
        if session.as_json:
            session.emit(report)
        elif report.outcome != "unchanged":
            session.say(line(report))

    with assembled(config, session.store(config), session.media) as pipeline:
        count = len(config.sources)
        session.progress(f"hunch: following {count} sources of “{config.site.title}”")
        photo = threading.Thread(target=_photo, args=(pipeline,), daemon=True)
        photo.start()
        Scheduler(pipeline, stop, tell).run()
    session.progress("hunch: stopped")
    return OK


def _photo(pipeline: object) -> None:
    from contextlib import suppress

    from hunch_aggregator.pipeline import Pipeline

    assert isinstance(pipeline, Pipeline)
    with suppress(StoreError):
        copy_photo(pipeline)
