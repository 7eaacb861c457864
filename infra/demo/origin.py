"""The demo's origin: one small web server that plays a dozen services.

It serves the trail of an invented person in the formats of the services where people
publish, with validators, so that the aggregator has real documents to fetch and the
first page is full without the internet.

    python origin.py --state FOLDER [--bind 127.0.0.1] [--port 0]
"""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import http.server
import io
import math
import pathlib
import re
import signal
import struct
import sys
import wave
from collections.abc import Callable
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

import trail
from formats import atom, json, page, rss
from paint import paint

Document = tuple[str, bytes]

# Path -> media type, place, how the posts become bytes.
_FEEDS: dict[str, tuple[str, str, Callable[[list[trail.Post], str], bytes]]] = {
    "/blog/feed/": ("application/rss+xml", "blog", rss.wordpress),
    "/journal/atom.xml": ("application/atom+xml", "journal", atom.journal),
    "/micro/feed.json": ("application/feed+json", "micro", json.jsonfeed),
    "/photos/atom": ("application/atom+xml", "photos", atom.flickr),
    "/videos/feed.xml": ("text/xml", "videos", atom.youtube),
    "/code/inesfalk.atom": ("application/atom+xml", "code", atom.github),
    "/bookmarks/rss": ("application/rdf+xml", "bookmarks", rss.pinboard),
    "/films/rss/": ("application/rss+xml", "films", rss.letterboxd),
    "/podcast/feed.xml": ("application/rss+xml", "podcast", rss.podcast),
    "/recipes/": ("text/html; charset=utf-8", "recipes", page.hfeed),
    "/xrpc/app.bsky.feed.getAuthorFeed": ("application/json", "bluesky", json.bluesky),
}
_PLACES = {place for _, place, _ in _FEEDS.values()} | {"mastodon"}
_HOMES = {
    "/@ines": ("Ines Falk (@ines)",),
    "/blog/": ("Slow Post", "/blog/feed/", "application/rss+xml"),
    "/journal/": ("Marginal Notes", "/journal/atom.xml", "application/atom+xml"),
    "/micro/": ("Ines, briefly", "/micro/feed.json", "application/feed+json"),
    "/photos/": ("Photos", "/photos/atom", "application/atom+xml"),
    "/videos/": ("Videos", "/videos/feed.xml", "application/atom+xml"),
    "/bookmarks/": ("Bookmarks", "/bookmarks/rss", "application/rss+xml"),
    "/films/": ("Films", "/films/rss/", "application/rss+xml"),
    "/podcast/": ("Small Hours", "/podcast/feed.xml", "application/rss+xml"),
}
_PICTURE = re.compile(r"/pictures/([a-z]+-[a-z0-9]+\.jpg)\Z")
_SOUND = re.compile(r"/podcast/[0-9a-f]+\.wav\Z")


class Origin:
    """What the server knows: the day on which the trail ends, and painted pictures."""

    def __init__(self, state: pathlib.Path) -> None:
        self._state = state
        state.mkdir(parents=True, exist_ok=True)
        self.today = self._anchor()

    def document(
        self, path: str, query: dict[str, list[str]], base: str
    ) -> Document | None:
        """Return media type and bytes of a path, or None if there is no such thing."""
        if feed := _FEEDS.get(path):
            kind, place, render = feed
            return kind, render(trail.read(place, self.today), base)
        if picture := _PICTURE.match(path):
            return "image/jpeg", self._painted(picture.group(1))
        if _SOUND.match(path):
            return "audio/x-wav", _chime()
        if path.startswith("/api/v1/accounts/"):
            return self._mastodon(path, query, base)
        if post := self._post(path):
            return "text/html; charset=utf-8", page.post(post)
        if path == "/videos/watch":
            return self.document(f"/videos/{query.get('v', [''])[0]}", {}, base)
        if home := _HOMES.get(path):
            return "text/html; charset=utf-8", page.landing(*home)
        if path.startswith("/code/"):
            return "text/html; charset=utf-8", page.landing(path.removeprefix("/code/"))
        return None

    def _mastodon(
        self, path: str, query: dict[str, list[str]], base: str
    ) -> Document | None:
        if path.endswith("/lookup"):
            known = query.get("acct", [""])[0].split("@")[0] == "ines"
            return (
                ("application/json", json.dump(json.mastodon_account(base)))
                if known
                else None
            )
        if path != f"/api/v1/accounts/{json.ACCOUNT}/statuses":
            return None
        statuses = json.mastodon_statuses(trail.read("mastodon", self.today), base)
        if "max_id" in query:
            statuses = [s for s in statuses if int(s["id"]) < int(query["max_id"][0])]
        if query.get("exclude_replies", ["false"])[0] in {"true", "1", ""}:
            statuses = [s for s in statuses if s["in_reply_to_id"] is None]
        limit = min(40, int(query.get("limit", ["20"])[0]))
        return "application/json", json.dump(statuses[:limit])

    def _post(self, path: str) -> trail.Post | None:
        """Return the post behind a permalink, by its key, number or slug."""
        place, _, rest = path.strip("/").partition("/")
        place = {"@ines": "mastodon"}.get(place, place)
        if place not in _PLACES or not rest:
            return None
        name = rest.rstrip("/").rsplit("/", 1)[-1].removesuffix(".html")
        posts = trail.read(place, self.today)
        return next((p for p in posts if name in _names(p)), None)

    def _painted(self, name: str) -> bytes:
        kept = self._state / name
        if not kept.exists():
            fresh = kept.with_suffix(".tmp")
            fresh.write_bytes(paint(name))
            fresh.rename(kept)
        return kept.read_bytes()

    def _anchor(self) -> dt.date:
        """The first day on this folder, kept: the trail must not move afterwards."""
        kept = self._state / "today"
        if not kept.exists():
            # WHY 18 h: the newest posts are of the afternoon and must not be ahead.
            moment = dt.datetime.now(dt.UTC) - dt.timedelta(hours=18)
            kept.write_text(moment.date().isoformat())
        return dt.date.fromisoformat(kept.read_text().strip())


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers GET and HEAD, with ETag and 304."""

    protocol_version = "HTTP/1.1"
    server_version = "origin"
    sys_version = ""
    origin: ClassVar[Origin]

    def do_GET(self) -> None:
        """Send the document of a path, or 304, or 404."""
        parts = urlsplit(self.path)
        base = f"http://{self.headers.get('Host', 'origin.invalid')}"
        try:
            found = self.origin.document(parts.path, parse_qs(parts.query), base)
        except (KeyError, ValueError):
            found = None
        if found is None:
            self._reply(404, "text/plain", b"nothing here\n", None)
            return
        kind, body = found
        etag = f'"{hashlib.sha256(body).hexdigest()[:20]}"'
        if self.headers.get("If-None-Match") == etag:
            self._reply(304, kind, b"", etag)
        else:
            self._reply(200, kind, body, etag)

    do_HEAD = do_GET  # noqa: N815 - the base class wants these names

    def _reply(self, status: int, kind: str, body: bytes, etag: str | None) -> None:
        self.send_response(status)
        if etag:
            self.send_header("ETag", etag)
            self.send_header("Cache-Control", "max-age=60")
        if status != 304:
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET" and body:
            self.wfile.write(body)


def _names(post: trail.Post) -> set[str]:
    numbers = {str(post.number % 10**10), str(json.status_id(post))}
    return {post.key, post.slug, *numbers}


def _chime(seconds: float = 1.0, rate: int = 22050) -> bytes:
    """A bell, so that the podcast's player has something to play."""
    samples = (
        int(
            9000
            * math.exp(-3 * t / rate)
            * sum(math.sin(6.283 * f * t / rate) for f in (523, 784, 1318))
        )
        for t in range(int(seconds * rate))
    )
    out = io.BytesIO()
    with wave.open(out, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(rate)
        sound.writeframes(
            b"".join(struct.pack("<h", max(-32767, min(32767, s))) for s in samples)
        )
    return out.getvalue()


def main() -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(description="The demo's origin server.")
    parser.add_argument(
        "--state",
        type=pathlib.Path,
        required=True,
        help="folder for what is remembered between starts",
    )
    parser.add_argument("--bind", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0: one that is free")
    arguments = parser.parse_args()
    Handler.origin = Origin(arguments.state)
    server = http.server.ThreadingHTTPServer((arguments.bind, arguments.port), Handler)
    server.daemon_threads = True
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print(f"listening on {arguments.bind}:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
