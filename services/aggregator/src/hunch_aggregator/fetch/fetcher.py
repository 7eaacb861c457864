"""One polite, bounded, guarded GET, redirects included.

Reads as the story of a fetch: the host's turn, the request with what we know already,
each redirect checked like a first address, the body within bounds, a value back.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import requests
from urllib3.exceptions import HTTPError

from . import explain
from .body import BadEncoding, TooBig, read_body
from .caching import fresh_for_s, retry_after_s
from .door import Deadline, Door, GuardedAdapter
from .host import Hosts
from .result import Failed, Fetched, NotModified, Result, Validators, Why
from .url import BadURL, checked, host_of, joined, port_of

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PERMANENT = frozenset({301, 308})
_PIECE_BYTES = 64 * 1024
# How long a request waits for others to the same host.
_PATIENCE_S = 60.0
ACCEPT_FEED = (
    "application/atom+xml, application/rss+xml, application/feed+json;q=0.9, "
    "application/rdf+xml;q=0.9, application/json;q=0.8, application/xml;q=0.8, "
    "text/xml;q=0.8, text/html;q=0.6, */*;q=0.1"
)
ACCEPT_PICTURE = "image/avif, image/webp, image/jpeg, image/png, image/gif;q=0.9"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one fetch may cost.

    Attributes:
        body_bytes: Decoded size of a body.
        total_s: Everything together, redirects and waiting for bytes included.
        connect_s: One connection attempt.
        read_s: Silence between two bytes.
        redirects: Hops followed.
    """

    body_bytes: int = 10 * 1024 * 1024
    total_s: float = 30.0
    connect_s: float = 10.0
    read_s: float = 15.0
    redirects: int = 5


@dataclass(frozen=True, slots=True)
class _Hop:
    """What one request of a chain brought: a redirect, or the end."""

    location: str = ""
    permanent: bool = False
    result: Result | None = None


class Fetcher:
    """Fetches documents. Thread-safe.

    Args:
        door: Where connections may go.
        user_agent: Who asks.
        limits: For documents; pictures bring their own.
        clock: The wall clock, for dates in headers.
    """

    def __init__(
        self,
        door: Door,
        user_agent: str,
        limits: Limits | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.door = door
        self.user_agent = user_agent
        self.limits = limits or Limits()
        self.hosts = Hosts()
        self._clock = clock

    def get(
        self,
        url: str,
        known: Validators | None = None,
        *,
        accept: str = ACCEPT_FEED,
        limits: Limits | None = None,
    ) -> Result:
        """Fetch `url`.

        Args:
            url: Where to begin.
            known: What an earlier fetch left, for a conditional request.
            accept: The Accept header.
            limits: Instead of the fetcher's own.

        Returns:
            `Fetched`, `NotModified`, or `Failed` with a sentence for the owner.
        """
        limits = limits or self.limits
        try:
            here = checked(url)
        except BadURL as error:
            return explain.bad_url(url, error)
        chain_is_permanent = True
        moved_to: str | None = None
        with Deadline(limits.total_s) as deadline:
            for _hop in range(limits.redirects + 1):
                hop = self._hop(here, known, accept, limits, deadline, moved_to)
                if hop.result is not None:
                    return hop.result
                try:
                    there = joined(here, hop.location)
                except BadURL as error:
                    return explain.bad_redirect(here, hop.location, error)
                chain_is_permanent = chain_is_permanent and hop.permanent
                if chain_is_permanent:
                    moved_to = there
                here = there
        return explain.too_many_redirects(url, limits.redirects)

    def post(self, url: str, form: Mapping[str, str]) -> Failed | None:
        """Send a form; returns why it was not taken, or None.

        Redirects are not followed: what is sent is meant for one place.
        """
        try:
            here = checked(url)
        except BadURL as error:
            return explain.bad_url(url, error)
        limits = self.limits
        headers = {"User-Agent": self.user_agent, "Connection": "close"}
        request = requests.Request("POST", here, headers=headers, data=dict(form))
        with Deadline(limits.total_s) as deadline:
            deadline.start()
            adapter = GuardedAdapter(self.door, deadline, limits.connect_s)
            try:
                response = adapter.send(
                    request.prepare(),
                    stream=True,
                    timeout=(limits.connect_s, limits.read_s),
                )
                with response:
                    if 200 <= response.status_code < 300:
                        return None
                    code, headers_got = response.status_code, response.headers
                    return explain.status(here, code, headers_got, None)
            except (requests.RequestException, HTTPError, OSError, ValueError) as error:
                if deadline.expired:
                    return explain.too_slow(here, limits.total_s)
                return explain.failure(here, error)
            finally:
                adapter.close()

    def _hop(
        self,
        url: str,
        known: Validators | None,
        accept: str,
        limits: Limits,
        deadline: Deadline,
        moved_to: str | None,
    ) -> _Hop:
        host = host_of(url)
        resting_s = self.hosts.resting_s(host)
        if resting_s > 0:
            return _Hop(result=explain.host_rests(host, resting_s))
        # WHY: the wait for one's turn is no fault of the host
        patience_s = deadline.left_s if deadline.is_running else _PATIENCE_S
        with self.hosts.turn(host, patience_s) as got:
            if not got:
                return _Hop(result=explain.host_rests(host, _PATIENCE_S))
            deadline.start()
            try:
                return self._ask(url, known, accept, limits, deadline, moved_to)
            except (requests.RequestException, HTTPError, OSError, ValueError) as error:
                if deadline.expired:
                    return _Hop(result=explain.too_slow(url, limits.total_s))
                return _Hop(result=explain.failure(url, error))
            except TooBig:
                return _Hop(result=explain.too_big(url, limits.body_bytes))
            except BadEncoding as error:
                return _Hop(result=explain.bad_encoding(url, error))

    def _ask(
        self,
        url: str,
        known: Validators | None,
        accept: str,
        limits: Limits,
        deadline: Deadline,
        moved_to: str | None,
    ) -> _Hop:
        # WHY the adapter and no session: a session follows redirects in its head even
        # when told not to, reading their bodies whole, and takes proxies and passwords
        # from the environment.
        headers = self._headers(known, accept)
        request = requests.Request("GET", url, headers=headers).prepare()
        adapter = GuardedAdapter(self.door, deadline, limits.connect_s)
        try:
            response = adapter.send(
                request, stream=True, timeout=(limits.connect_s, limits.read_s)
            )
            try:
                return self._answer(url, response, known, limits, deadline, moved_to)
            finally:
                response.close()
        finally:
            adapter.close()

    def _headers(self, known: Validators | None, accept: str) -> dict[str, str]:
        headers = {
            "User-Agent": self.user_agent,
            "Accept": accept,
            "Accept-Encoding": "gzip, deflate",
            "Connection": "close",
        }
        if known and known.etag:
            headers["If-None-Match"] = known.etag
        if known and known.last_modified:
            headers["If-Modified-Since"] = known.last_modified
        return headers

    def _answer(
        self,
        url: str,
        response: requests.Response,
        known: Validators | None,
        limits: Limits,
        deadline: Deadline,
        moved_to: str | None,
    ) -> _Hop:
        status, headers, now = response.status_code, response.headers, self._clock()
        if status in _REDIRECTS and headers.get("Location"):
            permanent = status in _PERMANENT
            return _Hop(location=_text(headers, "Location"), permanent=permanent)
        if status == 304 and known is not None:
            return _Hop(
                result=NotModified(
                    url,
                    Validators(
                        _text(headers, "ETag") or known.etag,
                        _text(headers, "Last-Modified") or known.last_modified,
                        known.body_sha256,
                    ),
                    moved_to,
                    fresh_for_s(headers, now),
                )
            )
        if status != 200:
            return _Hop(result=self._refusal(url, response, now, moved_to))
        body = read_body(
            response.raw.stream(_PIECE_BYTES, decode_content=False),
            headers.get("Content-Encoding", ""),
            limits.body_bytes,
        )
        if deadline.expired:
            return _Hop(result=explain.too_slow(url, limits.total_s))
        found = Validators(
            _text(headers, "ETag"),
            _text(headers, "Last-Modified"),
            hashlib.sha256(body).hexdigest(),
        )
        fresh = fresh_for_s(headers, now)
        if known is not None and known.body_sha256 == found.body_sha256:
            return _Hop(result=NotModified(url, found, moved_to, fresh))
        return _Hop(
            result=Fetched(
                url=url,
                body=body,
                content_type=_text(headers, "Content-Type").lower(),
                validators=found,
                moved_to=moved_to,
                fresh_for_s=fresh,
                link=_text(headers, "Link"),
            )
        )

    def _refusal(
        self, url: str, response: requests.Response, now: datetime, moved: str | None
    ) -> Failed:
        failed = explain.status(url, response.status_code, response.headers, moved)
        wish_s = retry_after_s(response.headers, now)
        if failed.why is Why.BUSY and wish_s and not self._is_local(url):
            # WHY: on a public host the limit counts for all of its addresses; a local
            # bridge answers for many hosts, of which only one is tired.
            self.hosts.rest(host_of(url), wish_s)
        return Failed(failed.why, failed.reason, failed.remedy, wish_s, moved)

    def _is_local(self, url: str) -> bool:
        return self.door.is_local(host_of(url), port_of(url))


def _text(headers: Mapping[str, str], name: str) -> str:
    """Return a header as text that can be stored and sent back."""
    value = headers.get(name, "").strip()
    if len(value) > 2048:
        return ""
    try:
        # WHY: http.client reads headers as latin-1; addresses in them are often UTF-8
        return value.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return value
