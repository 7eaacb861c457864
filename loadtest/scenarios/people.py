"""People: those who read, those who look for something, those who go back in time."""

from __future__ import annotations

import datetime as dt
import random
import re

from locust import between, task

from scenarios.page import Visitor

WORDS = ("bread", "night", "train", "harbour", "frost")
QUERIES = (
    "/search?q={word}",
    "/search?q=%22{word}+{other}%22",
    "/search?q={word}+type:picture",
    "/search?q={word}+-{other}",
)
_DAY = re.compile(r'href="(/\d{4}/\d{2}/\d{2}/)"')


class Reader(Visitor):
    """Someone who reads for a while."""

    weight = 30
    wait_time = between(0.5, 2)

    def on_start(self) -> None:
        """Come to the front page with an empty cache."""
        super().on_start()
        self.front()

    @task(4)
    def front(self) -> None:
        """Open the newest page, and the files it needs."""
        self.page("/", "/")

    @task(3)
    def back(self) -> None:
        """Page back in time."""
        if self.older:
            self.page(self.older, "/?before=")

    @task(5)
    def follow(self) -> None:
        """Open an item or a tag that stood on the last page."""
        if self.links:
            link = random.choice(self.links)
            self.page(link, "/item/<id>" if link.startswith("/item") else "/tags/<q>")

    @task(1)
    def search(self) -> None:
        """Look for a word."""
        self.page(f"/search?q={random.choice(WORDS)}", "/search?q=")


class Searcher(Visitor):
    """Someone who wants to find a certain thing: words, phrases, tags, all at once."""

    weight = 4
    wait_time = between(0.5, 3)

    @task(6)
    def search(self) -> None:
        """Ask in one of several ways, then look at what was found."""
        word, other = random.sample(WORDS, 2)
        form = random.choice(QUERIES)
        self.page(form.format(word=word, other=other), f"search {form[10:]}")
        if self.links and random.random() < 0.5:
            self.page(random.choice(self.links), "found")

    @task(2)
    def narrow(self) -> None:
        """Narrow a tag by a kind, as the page offers."""
        kind = random.choice(("picture", "text", "note", "link"))
        self.page(f"/tags/type:{kind}+{random.choice(WORDS)}", "/tags/type:…+…")

    @task(1)
    def explain(self) -> None:
        """See how a query is carried out."""
        self.page(f"/explain/{random.choice(WORDS)}", "/explain/<q>", none_is_fine=True)


class Explorer(Visitor):
    """Someone who wanders through the years on the timeline."""

    weight = 3
    wait_time = between(1, 3)

    def on_start(self) -> None:
        """Open the timeline."""
        super().on_start()
        self.days: list[str] = []
        self.timeline()

    @task(2)
    def timeline(self) -> None:
        """Look at all of it."""
        text = self.page("/timeline/", "/timeline/")
        self.days = list(dict.fromkeys(_DAY.findall(text))) or self.days

    @task(5)
    def day(self) -> None:
        """Open a day that stood on the timeline, or any day."""
        if self.days and random.random() < 0.8:
            self.page(random.choice(self.days), "/<year>/<month>/<day>/")
            return
        some = dt.date(2026, 11, 1) - dt.timedelta(days=random.randrange(900))
        self.page(f"/{some:%Y/%m/%d}/", "/<year>/<month>/<day>/", none_is_fine=True)

    @task(2)
    def month(self) -> None:
        """Open a month."""
        month = random.randrange(1, 12)
        self.page(f"/2026/{month:02d}/", "/<year>/<month>/", none_is_fine=True)
