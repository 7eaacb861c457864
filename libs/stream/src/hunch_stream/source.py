"""The source: one account or feed that the person follows of themself."""

from __future__ import annotations

import datetime as dt
from typing import Literal

import msgspec

Health = Literal["new", "ok", "failing", "gone"]


class SourceConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What the owner wrote about a source in `[[source]]`.

    Attributes:
        slug: Short name, unique in the site; stands in addresses (`source:blog`).
        url: A feed, a page that names its feed, or a profile address.
        title: Name shown to readers; the feed's own title if empty.
        interval_s: Wish for seconds between fetches; the `[fetch]` default if None.
        type: Item type to use instead of the one found out from the service.
        service: Service name to use instead of the one found out from the address.
        tags: Tags added to every item of this source.
    """

    slug: str
    url: str
    title: str = ""
    interval_s: int | None = None
    type: str = ""
    service: str = ""
    tags: tuple[str, ...] = ()


class SourceState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is known of a source from earlier fetches; stored with its items.

    Attributes:
        slug: The source.
        config_url: The address in the configuration when this was recorded.
        feed_url: Where the feed was found at last (after discovery and moves).
        title: As the feed calls itself.
        home: Page of the account that the feed belongs to.
        service: As found out.
        kind: How it was read (`feed`, `jsonfeed`, `mastodon`, `bluesky`, `hfeed`).
        etag: Validator to send back.
        last_modified: Validator to send back.
        body_sha256: Of the last body that was parsed to the end.
        health: `new` before the first fetch; `failing` while fetches fail.
        reason: Why it fails, in plain words; empty when well.
        remedy: What the owner can do about it.
        failures: Failed fetches in a row.
        items: Live items kept from it.
        checked: When it was last tried.
        succeeded: When it was last read well (including `not modified`).
        changed: When it last brought something new.
        next_due: When it will be tried again.
        wait_reason: Why then: `interval`, `retry-after`, `max-age`, `backoff` ….
        hub: WebSub hub that the feed names.
        topic: WebSub topic that the feed names.
    """

    slug: str
    config_url: str = ""
    feed_url: str = ""
    title: str = ""
    home: str = ""
    service: str = ""
    kind: str = ""
    etag: str = ""
    last_modified: str = ""
    body_sha256: str = ""
    health: Health = "new"
    reason: str = ""
    remedy: str = ""
    failures: int = 0
    items: int = 0
    checked: dt.datetime | None = None
    succeeded: dt.datetime | None = None
    changed: dt.datetime | None = None
    next_due: dt.datetime | None = None
    wait_reason: str = ""
    hub: str = ""
    topic: str = ""


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(SourceState)


def encode(state: SourceState) -> bytes:
    """Return the state as JSON, as it is stored."""
    return _encoder.encode(state)


def decode(raw: bytes) -> SourceState:
    """Read a state back from its stored JSON.

    Raises:
        msgspec.ValidationError: If it is no source state of this version.
    """
    return _decoder.decode(raw)
