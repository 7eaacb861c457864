"""Pushes from WebSub hubs: `/websub/<token>`.

SPEC W3C WebSub 5.3 (verification) and 7 (distribution). A push is only taken as word
that something is new: the source becomes due, and the aggregator reads it from where
it lives. What a push says is never stored, so a forged or replayed one gains nothing.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping

from hunch_stream.store import StoreError
from hunch_web.controller.stream import Root
from smisk import http
from smisk.mvc import expose

# LIMIT: hubs push whole feeds; more than this is none.
MAX_PUSH_BYTES = 1024 * 1024
_METHODS = ("sha512", "sha384", "sha256", "sha1")


class Websub(Root):
    """One address for each subscription, unguessable."""

    slug = "websub"

    @expose(None, route="/websub/<token>", methods=("GET",), formats=("json",))
    def verify(self, token: str, **parameters: str) -> bytes:
        """Confirm to a hub that we asked for this subscription."""
        known = self._subscription(token)
        mode = parameters.get("hub.mode", "")
        if mode == "denied" and known:
            self._count("denied")
            return self._plain("")
        topic, challenge = parameters.get("hub.topic"), parameters.get("hub.challenge")
        wanted = known.get("mode", "subscribe")
        if not known or topic != known.get("topic") or mode != wanted or not challenge:
            self._count("refused")
            raise http.NotFound
        self._confirm(token, known, parameters.get("hub.lease_seconds", ""))
        self._count("verified")
        return self._plain(challenge)

    @expose(
        None, route="/websub/<token>", methods=("POST",), formats=("json",), raw=True
    )
    def push(self, token: str) -> bytes:
        """Take a hub's word that something is new."""
        known = self._subscription(token)
        if not known:
            self._count("unknown")
            # SPEC 7: 410 tells the hub that the subscription is over.
            raise http.Gone
        body = self._body()
        signature = self.request.headers.get("X-Hub-Signature", "")
        if not is_signed(body, signature, known.get("secret", "")):
            self._count("forged")
            raise http.Forbidden("The signature does not fit.")
        now = self.site.now()
        self._ask(lambda: self.site.store.wake(known.get("source", ""), now))
        self._count("accepted")
        self.response.status = 202
        return self._plain("")

    def _body(self) -> bytes:
        if (self.request.content_length or 0) > MAX_PUSH_BYTES:
            raise http.ContentTooLarge
        body: bytes = self.request.input.read(MAX_PUSH_BYTES + 1)
        if len(body) > MAX_PUSH_BYTES:
            raise http.ContentTooLarge
        return body

    def _subscription(self, token: str) -> Mapping[str, str]:
        if not (16 <= len(token) <= 128 and token.isascii()) or "/" in token:
            return {}
        try:
            return self.site.reading.ask(lambda one: one.websub(token))
        except StoreError as error:
            raise _away() from error

    def _confirm(self, token: str, known: Mapping[str, str], lease: str) -> None:
        fields = {"state": "active"}
        if lease.isdecimal() and len(lease) < 10:
            expires = self.site.now().timestamp() + int(lease)
            fields["expires"] = str(int(expires))
        if any(known.get(name) != value for name, value in fields.items()):
            self._ask(lambda: self.site.store.subscribe_websub(token, fields))

    def _ask(self, write: object) -> None:
        assert callable(write)
        try:
            write()
        except StoreError as error:
            # A hub tries again later; then the store will be back.
            raise _away() from error

    def _plain(self, text: str) -> bytes:
        # WHY text/plain with nosniff: the challenge is the hub's text, sent back.
        self.response.content_type = "text/plain; charset=utf-8"
        self.response.cache_control = "no-store"
        return text.encode()

    def _count(self, outcome: str) -> None:
        self.site.metrics.pushes.labels(outcome).inc()


def is_signed(body: bytes, signature: str, secret: str) -> bool:
    """Return whether a push was made by who knows the secret.

    Args:
        body: The bytes as they came.
        signature: The header: a method and a hex digest, `sha256=…`.
        secret: What we gave to the hub; without one nothing is accepted.
    """
    method, _, digest = signature.strip().partition("=")
    if not secret or method.lower() not in _METHODS or not digest.isascii():
        return False
    expected = hmac.new(secret.encode(), body, method.lower()).hexdigest()
    return hmac.compare_digest(expected, digest.strip().lower())


def _away() -> http.HTTPError:
    return http.ServiceUnavailable(headers={"Retry-After": "5"})
