"""Headers that every response carries, whatever its status."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit


def headers(site_url: str) -> Mapping[str, str]:
    """Return the headers for a site at an address.

    Nothing is allowed that our own pages do not need: style, script and pictures of our
    own, sounds from wherever the person publishes them (fetched when a reader presses
    play), and forms that lead back to us.
    """
    secure = urlsplit(site_url).scheme == "https"
    # WHY http: too when the site itself has no TLS: sounds of a home network.
    sounds = "https:" if secure else "https: http:"
    policy = (
        "default-src 'none'; "
        "base-uri 'none'; "
        "connect-src 'self'; "
        "form-action 'self'; "
        "frame-ancestors 'none'; "
        "img-src 'self'; "
        f"media-src 'self' {sounds}; "
        "script-src 'self'; "
        "style-src 'self'"
    )
    found = {
        "Content-Security-Policy": policy,
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
        "Referrer-Policy": "strict-origin-when-cross-origin",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }
    if secure:
        found["Strict-Transport-Security"] = "max-age=31536000"
    return found


# Feeds are for anyone's program, also one that runs in a browser on another site.
OPEN_TO_ALL = {
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
