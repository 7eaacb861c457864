"""What comes back from a fetch: values, never exceptions.

A source that is down, moved or unchanged is an everyday event, so each outcome is a
value whose text can be shown to the owner as it stands: what happened, and what helps.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Validators:
    """What lets the next request ask "changed since?".

    Attributes:
        etag: The entity tag as sent, quotes included.
        last_modified: The Last-Modified value as sent.
        body_sha256: Hash of the decoded body, for servers that send neither.
    """

    etag: str = ""
    last_modified: str = ""
    body_sha256: str = ""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A document that is new or may be.

    Attributes:
        url: The address it finally came from.
        body: Decoded bytes.
        content_type: As sent, lower case, perhaps empty.
        validators: For the next conditional request.
        moved_to: The new address when every redirect on the way was permanent.
        fresh_for_s: How long the publisher asks to be left alone; None if silent.
        link: The Link header, for paging APIs and WebSub hubs.
    """

    url: str
    body: bytes = field(repr=False)
    content_type: str
    validators: Validators
    moved_to: str | None = None
    fresh_for_s: float | None = None
    link: str = ""


@dataclass(frozen=True, slots=True)
class NotModified:
    """The document is as it was: a 304, or the same bytes again."""

    url: str
    validators: Validators
    moved_to: str | None = None
    fresh_for_s: float | None = None


class Why(StrEnum):
    """The kinds of failure, for counters and for deciding what to try next."""

    BAD_URL = "bad-url"
    REFUSED_ADDRESS = "refused-address"
    NOT_FOUND_HOST = "host-not-found"
    UNREACHABLE = "unreachable"
    TLS = "tls"
    TIMEOUT = "timeout"
    TOO_BIG = "too-big"
    BROKEN = "broken-response"
    REDIRECTS = "redirects"
    DENIED = "denied"
    MISSING = "missing"
    GONE = "gone"
    BUSY = "busy"
    RESTING = "host-resting"
    SERVER = "server-error"
    EMPTY = "empty"
    CONTENT = "content"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Failed:
    """A fetch that brought nothing.

    Attributes:
        why: The kind of failure.
        reason: What happened, one plain sentence.
        remedy: What the owner can do, or that nothing needs doing.
        retry_after_s: The publisher's wish, when it sent one.
        moved_to: The new address, when the failure came after permanent redirects.
    """

    why: Why
    reason: str
    remedy: str = ""
    retry_after_s: float | None = None
    moved_to: str | None = None

    @property
    def text(self) -> str:
        """Reason and remedy as one line."""
        return f"{self.reason} {self.remedy}".strip()


Result = Fetched | NotModified | Failed
