"""`hunch run`: keep the stream up to date until told to stop."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
import threading
from pathlib import Path

from hunch_aggregator.intake import Report
from hunch_aggregator.owner import owner_name
from hunch_aggregator.pipeline import Pipeline
from hunch_aggregator.scheduler import Scheduler
from hunch_aggregator.site import assembled
from hunch_stream.config import Config, ConfigError, load
from hunch_stream.store import StoreError

from .session import OK, Session
from .sync import copy_photo, line

NAME = "run"
HELP = "keep the stream up to date until told to stop"
_WATCH_S = 1.0


def arguments(_parser: argparse.ArgumentParser) -> None:
    """Declare the arguments: none."""


def run(session: Session) -> int:
    """Run the scheduler until SIGTERM or SIGINT; a changed hunch.toml is taken up."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    config = session.config()
    with owner_name(session.store_url, config.site.id) as owner:
        while True:
            watch = _Watch(session, session.config_path, config, stop)
            ended = _follow(session, config, watch, owner)
            # WHY: after the first round, leases under the name may be its own
            owner = (owner[0], False)
            if watch.changed is None:
                break
            config = watch.changed
            session.progress("hunch: the configuration changed")
    session.progress("hunch: stopped")
    if not ended:
        # WHY: threads that wait for slow hosts would hold the process up; every commit
        # is whole or absent, so nothing is lost by leaving them
        sys.stdout.flush()
        os._exit(OK)
    return OK


def _follow(
    session: Session, config: Config, watch: _Watch, owner: tuple[str, bool]
) -> bool:
    def tell(report: Report) -> None:
        if session.as_json:
            session.emit(report)
        elif report.outcome != "unchanged":
            session.say(line(report))

    with assembled(config, session.store(config), session.media) as pipeline, watch:
        count = len(config.sources)
        session.progress(f"hunch: following {count} sources of “{config.site.title}”")
        threading.Thread(target=_photo, args=(pipeline,), daemon=True).start()
        return Scheduler(pipeline, watch.ended, tell, owner).run()


def _photo(pipeline: Pipeline) -> None:
    with contextlib.suppress(StoreError):
        copy_photo(pipeline)


class _Watch:
    """Ends a round of following on a signal or when the configuration changed.

    A changed file that is wrong is complained about, and the old one stays in force.
    """

    def __init__(
        self, session: Session, path: Path, config: Config, stop: threading.Event
    ) -> None:
        self.ended = threading.Event()
        self.changed: Config | None = None
        self._session = session
        self._path = path
        self._config = config
        self._stop = stop
        self._stamp = self._read()
        self._left = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> _Watch:
        self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._left.set()
        self._thread.join()

    def _read(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ino

    def _watch(self) -> None:
        since_look_s = 0.0
        while not self._left.wait(0.1):
            if self._stop.is_set():
                self.ended.set()
                return
            since_look_s += 0.1
            if since_look_s < _WATCH_S:
                continue
            since_look_s = 0.0
            stamp = self._read()
            if stamp is None or stamp == self._stamp:
                continue
            self._stamp = stamp
            try:
                found = load(self._path, self._session.environ)
            except ConfigError as error:
                self._session.complain(f"the old configuration stays in force: {error}")
                continue
            if found != self._config:
                self.changed = found
                self.ended.set()
                return
