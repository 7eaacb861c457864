"""Addresses as the fetcher takes them: http or https, a host, nothing hidden."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit, urlunsplit

# LIMIT: longer ones are attacks or mistakes; servers cut off at 8 KiB.
LONGEST_URL = 8192


class BadURL(ValueError):  # noqa: N818 - reads as what it is
    """An address that cannot be fetched; the message says why."""


def checked(url: str) -> str:
    """Return `url` without fragment, or say what is wrong with it.

    Raises:
        BadURL: If it is no http(s) address with a host, or carries a user name.
    """
    text = url.strip()
    if not text:
        msg = "the address is empty"
        raise BadURL(msg)
    if len(text) > LONGEST_URL:
        msg = f"the address is longer than {LONGEST_URL} characters"
        raise BadURL(msg)
    if any(ord(c) <= 0x20 or ord(c) == 0x7F for c in text) or "\\" in text:
        msg = "the address holds blanks, control characters or a backslash"
        raise BadURL(msg)
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        msg = f"the address cannot be read ({error})"
        raise BadURL(msg) from error
    if parts.scheme not in ("http", "https"):
        if not parts.scheme:
            msg = "the address does not begin with https:// or http://"
        else:
            msg = f"“{parts.scheme}:” addresses are not fetched"
        raise BadURL(msg)
    if not parts.hostname:
        msg = "the address names no host"
        raise BadURL(msg)
    if "@" in parts.netloc:
        msg = "the address holds a user name or password"
        raise BadURL(msg)
    if port == 0:
        msg = "the address names port 0"
        raise BadURL(msg)
    return urlunsplit((parts.scheme, parts.netloc, parts.path or "/", parts.query, ""))


def joined(base: str, reference: str) -> str:
    """Return `reference` resolved against `base` and checked.

    Raises:
        BadURL: As `checked`.
    """
    try:
        return checked(urljoin(base, reference.strip()))
    except BadURL:
        raise
    except ValueError as error:
        msg = f"the address cannot be read ({error})"
        raise BadURL(msg) from error


def host_of(url: str) -> str:
    """Return the host of a checked address, lower case."""
    return urlsplit(url).hostname or ""


def port_of(url: str) -> int:
    """Return the port of a checked address."""
    parts = urlsplit(url)
    return parts.port or (443 if parts.scheme == "https" else 80)
