"""A thundering herd: everyone who follows fetches within seconds after a post.

    locust -f loadtest/herd.py --headless --host … -u 10000 -r 2000 --herd-seconds 10

Needs as many descriptors as there are followers (`ulimit -n`), here and at the edge.
"""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path
from typing import Any

import gevent
from locust import events, task
from locust.contrib.fasthttp import FastHttpUser
from locust.exception import StopUser
from locust.runners import LocalRunner

sys.path.insert(0, str(Path(__file__).parent))

from scenarios import threshold as threshold


class Follower(FastHttpUser):
    """One of many who are told of a post, and fetch it within seconds.

    All wait until everyone is there; then each asks once for the feed, half of them for
    the front page, too, spread over `--herd-seconds`, and leaves.
    """

    network_timeout = 60.0
    connection_timeout = 60.0

    @task
    def fetch(self) -> None:
        """Wait for the post, then fetch."""
        assert self.environment.parsed_options is not None
        seconds = float(self.environment.parsed_options.herd_seconds)
        while not _post.made:
            gevent.sleep(0.1)
        gevent.sleep(max(0.0, _post.made + random.random() * seconds - time.time()))
        self.client.get("/feed", name="herd /feed")
        if random.random() < 0.5:
            self.client.get("/", name="herd /")
        _post.fetched += 1
        raise StopUser


class _Post:
    """When the post was made, and how many have it."""

    made = 0.0
    fetched = 0
    expected = 0


_post = _Post()


@events.spawning_complete.add_listener  # type: ignore[untyped-decorator]
def post(user_count: int, **_: Any) -> None:
    """Everyone is there: the post is made."""
    _post.expected = user_count
    _post.made = _post.made or time.time()


@events.test_start.add_listener  # type: ignore[untyped-decorator]
def begin(environment: Any, **_: Any) -> None:
    """A herd ends when everyone has fetched, not when the clock says so."""
    _post.made, _post.fetched = 0.0, 0
    if not isinstance(environment.runner, LocalRunner):
        return

    def watch() -> None:
        while not _post.made or _post.fetched < _post.expected:
            gevent.sleep(0.2)
        environment.runner.quit()

    gevent.spawn(watch)
