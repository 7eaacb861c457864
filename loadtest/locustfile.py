"""Readers and feed pollers, as a site meets them on an ordinary day.

    make load                          30 s against http://127.0.0.1:8080
    make load HOST=http://other:8080
    locust -f loadtest/locustfile.py --host …    with locust's own page

A reader opens the stream, looks at pictures, pages back, follows a tag or an item, and
goes away. A poller asks for a feed again and again with the validators it was given, as
feed readers should; most of its answers are 304.
"""

from __future__ import annotations

import random
import re
from typing import Any

from locust import between, constant_pacing, events, task
from locust.contrib.fasthttp import FastHttpUser, FastResponse

_LINK = re.compile(r'href="(/(?:item|tags)/[^"#]+)"')
_NEXT = re.compile(r'rel="next"[^>]*href="([^"]+)"|href="([^"]+)"[^>]*rel="next"')
_FILE = re.compile(r'(?:src|href)="(/(?:media|static)/[^"]+)"')

_FEEDS = ("/feed", "/.rss", "/.json", "/feed/type:picture", "/feed/type:text")


class Reader(FastHttpUser):
    """Someone who reads for a while."""

    weight = 3
    wait_time = between(0.5, 2)

    def on_start(self) -> None:
        """Come to the front page with an empty cache."""
        self.seen: set[str] = set()
        self.links: list[str] = []
        self.older = ""
        self.front()

    @task(4)
    def front(self) -> None:
        """Open the newest page, and the files it needs."""
        self._page("/", "/")

    @task(3)
    def back(self) -> None:
        """Page back in time."""
        if self.older:
            self._page(self.older, "/?before=")

    @task(5)
    def follow(self) -> None:
        """Open an item or a tag that stood on the last page."""
        if self.links:
            link = random.choice(self.links)
            self._page(link, "/item/<id>" if link.startswith("/item") else "/tags/<q>")

    @task(1)
    def search(self) -> None:
        """Look for a word."""
        word = random.choice(("bread", "night", "train", "harbour", "frost"))
        self._page(f"/search?q={word}", "/search?q=")

    def _page(self, path: str, name: str) -> None:
        with self.client.get(path, name=name, catch_response=True) as reply:
            text = _text(reply)
            if "<main" not in text and reply.status_code == 200:
                reply.failure("no page of the stream")
                return
        if reply.status_code != 200:
            return
        self.links = list(dict.fromkeys(_LINK.findall(text))) or self.links
        found = _NEXT.search(text)
        self.older = (
            next(filter(None, found.groups()), "").replace("&amp;", "&")
            if found
            else ""
        )
        for file in dict.fromkeys(_FILE.findall(text)):
            if file not in self.seen:
                self.seen.add(file)
                self.client.get(file, name=f"/{file.split('/')[1]}/…")


class Poller(FastHttpUser):
    """A feed reader that asks politely."""

    weight = 1
    wait_time = constant_pacing(2)

    def on_start(self) -> None:
        """Subscribe to one of the feeds."""
        self.feed = random.choice(_FEEDS)
        self.validators: dict[str, str] = {}

    @task
    def poll(self) -> None:
        """Ask for the feed with the validators of the last answer."""
        with self.client.get(
            self.feed,
            headers=self.validators,
            name=f"poll {self.feed}",
            catch_response=True,
        ) as reply:
            if reply.status_code == 304:
                reply.success()
            elif reply.status_code == 200:
                self.validators = _validators(reply)
                if not self.validators:
                    reply.failure("a feed without validators")


def _text(reply: FastResponse) -> str:
    return reply.text or ""


def _validators(reply: FastResponse) -> dict[str, str]:
    pairs = (("ETag", "If-None-Match"), ("Last-Modified", "If-Modified-Since"))
    headers = reply.headers or {}
    return {ask: str(headers[given]) for given, ask in pairs if headers.get(given)}


@events.quitting.add_listener
def judge(environment: Any, **_: Any) -> None:
    """Fail the run when more than one request in a hundred failed."""
    total = environment.stats.total
    if total.num_requests == 0 or total.fail_ratio > 0.01:
        environment.process_exit_code = 1
