"""Files, for where no edge stands in front: `/static/…`, `/media/…`."""

from __future__ import annotations

import re

from hunch_web import asset
from hunch_web.controller.stream import Root
from smisk import http
from smisk.mvc import expose

# LIMIT: the form in which the aggregator names copies; no other path is looked at.
_COPY = re.compile(r"[0-9a-z]{2}/[0-9a-z]{8,64}\.[a-z]{3,4}\Z")
_YEAR = "public, max-age=31536000, immutable"


# Of the endless questions that can be asked, no search engine needs the answers.
_ROBOTS = (
    b"User-agent: *\nDisallow: /search\nDisallow: /explain\nDisallow: /*?before=\n"
)


class Files(Root):
    """What a browser loads beside the page."""

    @expose(None, route="/robots", formats=("txt",), methods=("GET",))
    def robots(self) -> bytes:
        """Tell search engines what to leave alone."""
        self.response.content_type = "text/plain; charset=utf-8"
        self.response.cache_control = "public, max-age=86400"
        return _ROBOTS

    @expose(None, route="/favicon.ico", methods=("GET",))
    def favicon(self) -> bytes:
        """Lead those who do not read the page to its icon."""
        raise http.MovedPermanently(self.site.assets.address("icon.svg"))

    @expose(None, route="/static/<name>", methods=("GET",))
    def static(self, name: str) -> bytes:
        """Send a file that belongs to the pages."""
        # A registered extension was taken off the path; files keep theirs.
        name = self.request.path.rpartition("/")[2]
        body = self.site.assets.body(name)
        media_type = asset.media_type(name)
        if body is None or not media_type:
            raise http.NotFound
        self.response.content_type = media_type
        self.response.cache_control = _YEAR if self.request.query_string else "no-cache"
        return body

    @expose(None, route="/media/<name:path>", methods=("GET",))
    def media(self, name: str) -> bytes:
        """Send a copy of a picture."""
        folder = self.site.settings.media
        media_type = asset.media_type(name)
        if folder is None or not media_type or not _COPY.match(name):
            raise http.NotFound
        try:
            body = (folder / name).read_bytes()
        except OSError as error:
            raise http.NotFound from error
        self.response.content_type = media_type
        self.response.cache_control = _YEAR
        return body
