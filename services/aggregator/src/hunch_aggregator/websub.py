"""Asks hubs to tell of news at once (WebSub), and asks again before that ends.

The site's own pages take the pushes; a push only makes a source due. So all that is
done here is to ask: under an address that nobody can guess, with a secret by which the
site knows the hub's pushes.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import logging
import secrets
from urllib.parse import urlsplit

from hunch_stream.source import SourceState
from hunch_stream.store import Store

from .fetch import Failed, Fetcher

log = logging.getLogger("hunch.websub")
LEASE_S = 10 * 86_400
# Renewed when less than this is left, and asked again after so long without an answer.
_MARGIN_S = 2 * 86_400
_PATIENCE_S = 86_400


def is_reachable(site_url: str) -> bool:
    """Tell whether hubs in the world could reach a site at its address."""
    host = (urlsplit(site_url).hostname or "").lower()
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host and not host.endswith((".local", ".localhost", ".internal"))


class Subscriber:
    """Keeps the subscriptions of one site.

    Args:
        store: Where subscriptions are remembered.
        fetcher: The guarded way out.
        site_url: Where the site is for the world, with a slash at the end.
    """

    def __init__(self, store: Store, fetcher: Fetcher, site_url: str) -> None:
        self._store = store
        self._fetcher = fetcher
        self._site_url = site_url

    def keep(self, state: SourceState, now: dt.datetime) -> bool:
        """Subscribe to a source's hub if needed; tells whether the hub has agreed.

        Args:
            state: The source as it was just read.
            now: The instant.
        """
        if not (state.hub and state.topic and is_reachable(self._site_url)):
            return False
        # WHY a slash: no address of the site leads to this record
        record = self._store.websub(f"source/{state.slug}")
        is_same = (record.get("hub"), record.get("topic")) == (state.hub, state.topic)
        token = record.get("token", "") if is_same else ""
        known = self._store.websub(token) if token else {}
        left_s = _number(known.get("expires")) - now.timestamp()
        is_active = known.get("state") == "active" and left_s > 0
        asked_s = now.timestamp() - _number(record.get("asked"))
        if (is_active and left_s > _MARGIN_S) or (is_same and asked_s < _PATIENCE_S):
            return is_active
        self._ask(state, token or secrets.token_urlsafe(24), known.get("secret"), now)
        return is_active

    def _ask(
        self, state: SourceState, token: str, secret: str | None, now: dt.datetime
    ) -> None:
        secret = secret or secrets.token_urlsafe(32)
        fields = {
            "source": state.slug,
            "hub": state.hub,
            "topic": state.topic,
            "secret": secret,
            "mode": "subscribe",
        }
        # WHY first: the hub may verify before it answers
        self._store.subscribe_websub(token, fields)
        self._store.subscribe_websub(
            f"source/{state.slug}",
            {
                "token": token,
                "hub": state.hub,
                "topic": state.topic,
                "asked": str(int(now.timestamp())),
            },
        )
        # SPEC W3C WebSub 5.1: the subscription request
        failed = self._fetcher.post(
            state.hub,
            {
                "hub.mode": "subscribe",
                "hub.topic": state.topic,
                "hub.callback": f"{self._site_url}websub/{token}",
                "hub.secret": secret,
                "hub.lease_seconds": str(LEASE_S),
            },
        )
        if isinstance(failed, Failed):
            log.info("%s: its hub did not agree: %s", state.slug, failed.reason)


def _number(text: str | None) -> float:
    return float(text) if text and text.isdecimal() and len(text) < 16 else 0.0
