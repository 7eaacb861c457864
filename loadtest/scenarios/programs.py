"""Programs that ask for feeds on their rounds."""

from __future__ import annotations

import random

from locust import constant_pacing, task
from locust.contrib.fasthttp import FastHttpUser

from scenarios.page import validators

FEEDS = ("/feed", "/.rss", "/.json", "/feed/type:picture", "/feed/type:text")


class Poller(FastHttpUser):
    """A feed reader that asks politely."""

    weight = 10
    wait_time = constant_pacing(2)

    def on_start(self) -> None:
        """Subscribe to one of the feeds."""
        self.feed = random.choice(FEEDS)
        self.known: dict[str, str] = {}

    @task
    def poll(self) -> None:
        """Ask for the feed with the validators of the last answer."""
        with self.client.get(
            self.feed,
            headers=self.known,
            name=f"poll {self.feed}",
            catch_response=True,
        ) as reply:
            if reply.status_code == 304:
                reply.success()
            elif reply.status_code == 200:
                self.known = validators(reply)
                if not self.known:
                    reply.failure("a feed without validators")
