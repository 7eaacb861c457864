"""Everything put together: the site as a Smisk application.

python -m fcgi 'hunch_web.app:create()' --bind unix:/run/web.sock --processes 2
"""

from __future__ import annotations

import datetime as dt
import os
import time
from typing import Any

from hunch_stream.store import Store
from hunch_web import asset, security
from hunch_web.controller import Root
from hunch_web.drawer import Drawer
from hunch_web.metric import Metrics
from hunch_web.reading import Reading
from hunch_web.serializer import Opml, StreamAtom, StreamJson, StreamRss
from hunch_web.settings import Settings
from hunch_web.shelf import Shelf
from hunch_web.view import mark
from hunch_web.view.site import SiteView
from smisk.core.request import Request
from smisk.core.response import Response
from smisk.mvc import Application
from smisk.serialization import XSPF, Plist

_ERROR_WORDS = {
    400: "This address cannot be read",
    404: "There is nothing here",
    405: "This cannot be done here",
    406: "Not in this format",
    410: "This is gone",
    500: "Something broke",
    503: "Back in a moment",
}


class Site(Application):
    """The person's site.

    Attributes:
        settings: What the environment said.
        view: Whose site it is.
        store: For the few things that a request writes.
        reading: For everything that a page asks.
        shelf: Copies of finished pages.
        assets: Style sheet, script, icon.
        metrics: Numbers.
    """

    root = Root
    template_folders = (asset.TEMPLATES,)
    default_format = "html"

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        site = settings.config.site
        self.settings = settings
        self.view = SiteView.of(site)
        self.metrics = Metrics(settings.metrics)
        self.store = Store.connect(
            settings.store, site.id, zone=site.zone, timeout_s=settings.timeout_s
        )
        self.reading = Reading(
            self.store,
            {one.slug: one.title for one in settings.config.sources if one.title},
            observe=self.metrics.store_seconds.observe,
        )
        folder = settings.copies / site.id if settings.copies else None
        self.shelf = Shelf(Drawer(folder))
        self.assets = asset.Assets()
        self._headers = security.headers(site.url)
        # WHY: the first would take `.js` off the path of our script and answer any site's
        # scripts; the second speaks of procedures, and there are none.
        for name in ("jsonp", "xmlrpc"):
            self.serializers.unregister(name)
        for serializer in (StreamAtom, StreamRss, StreamJson, Opml, Plist, XSPF):
            self.serializers.register(serializer())
        environment: Any = self.templates.environment
        environment.globals.update(
            site=self.view,
            asset=self.assets.address,
            sign_path=mark.path,
            error_words=lambda status: _ERROR_WORDS.get(status, ""),
        )

    def now(self) -> dt.datetime:
        """Return the present moment; the one place that reads the clock for pages."""
        return dt.datetime.now(dt.UTC)

    def render(self, template: str, variables: dict[str, Any]) -> bytes:
        """Return a template filled in."""
        found = self.templates.find(template)
        assert found is not None, template
        return self.templates.render(found, variables).encode("utf-8", "replace")

    def service(self) -> None:
        """Answer one request, and note how long it took."""
        self.request.notes["started"] = time.perf_counter()
        super().service()

    def response_will_begin(self, response: Response) -> None:
        """Give every response, errors included, the headers that protect readers."""
        for name, value in self._headers.items():
            response.headers[name] = value
        content_type = response.headers.get("Content-Type", "")
        if content_type.partition(";")[0] not in ("text/html", ""):
            response.headers.update(security.OPEN_TO_ALL)
        if response.status >= 400:
            response.headers.setdefault("Cache-Control", "no-store")

    def request_did_end(self, request: Request, response: Response) -> None:
        """Count the request."""
        serializer = response.exchange.serializer
        self.metrics.requests.labels(
            request.method if request.method in _VERBS else "other",
            serializer.extension if serializer else "none",
            str(response.status),
        ).inc()
        started = request.notes.get("started")
        if started is not None:
            self.metrics.seconds.observe(time.perf_counter() - started)


# LIMIT: a verb that a client makes up must not become a label of its own.
_VERBS = frozenset({"GET", "HEAD", "POST", "OPTIONS"})


def create() -> Site:
    """Make the site from the environment; for `python -m fcgi` and its like."""
    return Site(Settings.read(os.environ))
