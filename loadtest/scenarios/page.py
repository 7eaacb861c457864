"""What every visitor does with an answer."""

from __future__ import annotations

import re
from typing import Any

from locust.contrib.fasthttp import FastHttpUser, FastResponse

_LINK = re.compile(r'href="(/(?:item|tags)/[^"#]+)"')
_NEXT = re.compile(r'rel="next"[^>]*href="([^"]+)"|href="([^"]+)"[^>]*rel="next"')
_FILE = re.compile(r'(?:src|href)="(/(?:media|static)/[^"]+)"')


def text_of(reply: FastResponse) -> str:
    """Return the body as text, whatever it is."""
    return reply.text or ""


def validators(reply: FastResponse) -> dict[str, str]:
    """Return the headers that ask again for an answer only if it has changed."""
    pairs = (("ETag", "If-None-Match"), ("Last-Modified", "If-Modified-Since"))
    headers: Any = reply.headers or {}
    return {ask: str(headers[given]) for given, ask in pairs if headers.get(given)}


class Visitor(FastHttpUser):
    """Someone with a browser: a cache of files, and links on the last page."""

    abstract = True

    def on_start(self) -> None:
        """Come with an empty cache."""
        self.seen: set[str] = set()
        self.links: list[str] = []
        self.older = ""

    def page(self, path: str, name: str, *, none_is_fine: bool = False) -> str:
        """Open a page and the files that it needs; return its text."""
        with self.client.get(path, name=name, catch_response=True) as reply:
            text = text_of(reply)
            if none_is_fine and reply.status_code == 404:
                reply.success()
                return ""
            if reply.status_code != 200:
                return ""
            if "<main" not in text:
                reply.failure("no page of the stream")
                return ""
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
        return text
