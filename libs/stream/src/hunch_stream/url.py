"""Addresses on the web, as configuration and feeds write them."""

from __future__ import annotations

import re
from urllib.parse import urlsplit, urlunsplit

# LIMIT: longer addresses are no addresses of pages; browsers and servers cut them.
MAX_LENGTH = 4096

_CONTROL = re.compile(r"[\x00-\x20\x7f]")


def web_address(value: object) -> str:
    """Return an http or https address, or raise.

    Raises:
        ValueError: If it is no text, has another scheme, no host, or control signs.
    """
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no address; put it in quotes")
    text = value.strip()
    if len(text) > MAX_LENGTH:
        raise ValueError(f"the address is longer than {MAX_LENGTH} characters")
    if _CONTROL.search(text):
        raise ValueError(f"{value!r} has spaces or control signs in it")
    try:
        parts = urlsplit(text)
        host, _port = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError(f"{value!r} is no address: {error}") from error
    if parts.scheme not in {"http", "https"} or not host:
        raise ValueError(f"{value!r} is no address; it must begin with https://")
    if parts.username is not None or parts.password is not None:
        raise ValueError("the address holds a user name; secrets go elsewhere")
    return urlunsplit(parts)


def slug_of(address: str) -> str:
    """Return a short name for a source, made from its host and account.

    `https://mastodon.example/@ada` becomes `mastodon-ada`.
    """
    parts = urlsplit(address)
    labels = [x for x in (parts.hostname or "source").split(".") if x]
    host = (
        labels[-2]
        if len(labels) > 1 and labels[0] in {"www", "feeds", "rss"}
        else labels[0]
    )
    account = re.search(r"/(?:@|u:|users?/|~)([\w.-]+)", parts.path)
    name = f"{host}-{account.group(1)}" if account else host
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40] or "source"
