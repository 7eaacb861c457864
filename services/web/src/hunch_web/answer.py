"""How a request gets its page: kept, new, or stale.

One GET tells the store's version, and the version with the address and the release of
our own files is the page's ETag. So most requests end early: the client has this
version (304), or this process made it before. Only a page that is neither costs
searching and rendering. When the store is away, the last copy that any worker made is
sent with its age and a word to the reader; without a copy it is a 503.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import html
import logging
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from hunch_stream.store import StoreError, StoreUnavailable
from hunch_web.copy import Copy, Key
from hunch_web.feed import jsonfeed
from hunch_web.feed.document import Document
from hunch_web.feed.playlist import playlist
from hunch_web.serializer import STREAM_FORMATS
from hunch_web.view.site import Chrome
from hunch_web.view.when import ago
from smisk import http
from smisk.core.exchange import Exchange, current
from smisk.core.response import Response
from smisk.serialization import XSPF

if TYPE_CHECKING:
    from hunch_web.app import Site

log = logging.getLogger("hunch_web.answer")

PAGES = "public, no-cache, stale-if-error=86400"
FEEDS = "public, max-age=60, stale-while-revalidate=600, stale-if-error=86400"
RETRY_AFTER_S = 5
# PERF: compressing 43 KB takes the edge 0.3 to 1 ms each time; here it is done once,
# and a fifth of the bytes goes through the socket.
_WORTH_PACKING = 1024
_GZIP = re.compile(r"\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|\Z))").search
# Stands in every page where the word about its age goes.
BANNER = b"<!-- banner -->"


@dataclasses.dataclass(frozen=True, slots=True)
class Moment:
    """What a page may know of the time and the state it is made in."""

    version: int
    now: dt.datetime
    today: dt.date
    chrome: Chrome


@dataclasses.dataclass(frozen=True, slots=True)
class Recipe:
    """How to make one page, in every format that it has.

    Attributes:
        template: Name of the template of its HTML.
        page: Makes what the template shows.
        data: Makes what every other format writes.
        key: What of the query matters to the page.
        is_lasting: Whether it changes only with the stream, so that the version
            tells; otherwise its bytes do.
        is_feed: Whether it is polled rather than looked at.
    """

    template: str
    page: Callable[[Moment], object]
    data: Callable[[Moment], object]
    key: str = ""
    is_lasting: bool = True
    is_feed: bool = False


def answer(site: Site, recipe: Recipe) -> bytes:
    """Return the body of a page and set the headers that go with it.

    Raises:
        http.HTTPError: Among them 304, and 503 if there is nothing to show.
    """
    exchange = current()
    key: Key = (exchange.cn_path, recipe.key, exchange.media_type or "")
    if site.reading.is_slow and (old := site.shelf.latest(key)) is not None:
        return _stale(site, exchange, old)
    try:
        copy = _fresh(site, recipe, exchange, key)
    except StoreUnavailable as error:
        return _stale(site, exchange, _any_copy(site, key, error))
    except StoreError as error:
        log.exception("the store refused %s", exchange.cn_path)
        return _stale(site, exchange, _any_copy(site, key, error))
    exchange.response.content_type = copy.content_type
    exchange.response.headers.merge_tokens("Vary", "Accept-Encoding")
    if copy.packed and _GZIP(exchange.request.env.get("HTTP_ACCEPT_ENCODING", "")):
        return _packed(exchange.response, copy)
    return copy.body


def _packed(response: Response, copy: Copy) -> bytes:
    """Send the compressed form: another representation, so under another tag."""
    response.headers["Content-Encoding"] = "gzip"
    if response.etag:
        response.headers["ETag"] = response.etag[:-1] + '-gzip"'
    return copy.packed


def _fresh(site: Site, recipe: Recipe, exchange: Exchange, key: Key) -> Copy:
    version = site.reading.version()
    now = site.now()
    today = now.astimezone(site.view.zone).date()
    tag = ""
    response = exchange.response
    response.cache_control = FEEDS if recipe.is_feed else PAGES
    if recipe.is_lasting:
        # WHY today: a page says "Today" and "Yesterday", and those move at midnight.
        tag = f"{version}-{_digest(*key, str(today), site.assets.release)}"
        response.validate(etag=tag)
        kept = site.shelf.fresh(key, tag)
        if kept is not None:
            site.metrics.pages.labels("kept").inc()
            if not kept.packed and len(kept.body) > _WORTH_PACKING:
                kept = kept.with_packed()
                site.shelf.keep(key, kept)
            return kept
    moment = Moment(version, now, today, site.reading.chrome(version))
    copy = Copy(tag, *_written(site, recipe, exchange, moment), now.timestamp())
    site.shelf.put(key, copy)
    site.metrics.pages.labels("made").inc()
    return copy


def _written(
    site: Site, recipe: Recipe, exchange: Exchange, moment: Moment
) -> tuple[str, bytes]:
    if _extension(exchange) == "html":
        page = recipe.page(moment)
        return "text/html; charset=utf-8", site.render(
            recipe.template, {"page": page, "chrome": moment.chrome}
        )
    serializer = exchange.serializer
    assert serializer is not None
    data = recipe.data(moment)
    if isinstance(data, Document) and not isinstance(serializer, STREAM_FORMATS):
        is_list = isinstance(serializer, XSPF)
        data = playlist(data) if is_list else jsonfeed.feed(data)
    written = serializer.serialize(data, exchange)
    body = written.encode() if isinstance(written, str) else written
    # WHY of the exchange: a serializer with two media types knows which it wrote.
    media_type = exchange.media_type or serializer.media_types[0]
    charset = "; charset=utf-8" if serializer.charset else ""
    return media_type + charset, body


def _any_copy(site: Site, key: Key, error: StoreError) -> Copy:
    copy = site.shelf.latest(key)
    if copy is None:
        site.metrics.pages.labels("missing").inc()
        raise http.ServiceUnavailable(
            "The store of this stream does not answer. It usually takes a moment; "
            "please try again.",
            headers={"Retry-After": str(RETRY_AFTER_S), "Cache-Control": "no-store"},
        ) from error
    return copy


def _stale(site: Site, exchange: Exchange, copy: Copy) -> bytes:
    site.metrics.pages.labels("stale").inc()
    age_s = max(0, int(site.now().timestamp() - copy.made))
    response = exchange.response
    response.content_type = copy.content_type
    response.cache_control = "no-cache"
    response.headers.pop("ETag", None)
    response.headers["Age"] = str(age_s)
    # SPEC RFC 7234 5.5.1: obsolete in RFC 9111, but still what tells a cache.
    response.headers["Warning"] = '110 hunch "Response is Stale"'
    return copy.body.replace(BANNER, _banner(site, age_s), 1)


def _banner(site: Site, age_s: int) -> bytes:
    now = site.now()
    age = ago(now - dt.timedelta(seconds=age_s), now)
    words = f"This page was made {age}. What is newer will show again in a moment."
    return f'<p class="banner" role="status">{html.escape(words)}</p>'.encode()


def _extension(exchange: Exchange) -> str:
    return exchange.serializer.extension if exchange.serializer else "html"


def _digest(*parts: str) -> str:
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=8).hexdigest()
