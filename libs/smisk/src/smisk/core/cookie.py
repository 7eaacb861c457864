"""Cookies: read what a client sends, write what it should keep (RFC 6265)."""

import re
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Literal, TypedDict, Unpack

_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z").match
# SPEC RFC 6265 4.1.1: cookie-octet.
_VALUE = re.compile(r"[!#-+\--:<-\[\]-~]*\Z").match
_ATTRIBUTE = re.compile(r"[ -:<-~]*\Z").match
# LIMIT: browsers keep about 50 cookies of 4 KiB for a site; more is not a browser.
MAX_COOKIES = 100

SameSite = Literal["Strict", "Lax", "None"]


def parse_cookies(header: str) -> dict[str, str]:
    """Read a Cookie header; the first of two cookies of one name counts.

    WHY the first: a client sends the cookie of the more specific path first, and a
    neighbouring host can only add one behind it. What is not a cookie is passed over.
    """
    cookies: dict[str, str] = {}
    for part in header.split(";", MAX_COOKIES)[:MAX_COOKIES]:
        name, equals, value = part.strip().partition("=")
        if not equals or name in cookies or not _NAME(name):
            continue
        if len(value) >= 2 and value[0] == value[-1] == '"':
            value = value[1:-1]
        cookies[name] = value
    return cookies


class CookieAttributes(TypedDict, total=False):
    """What a cookie may say beside its value."""

    domain: str | None
    path: str | None
    max_age: int | None
    secure: bool
    http_only: bool
    same_site: SameSite | None


def format_cookie(name: str, value: str, **given: Unpack[CookieAttributes]) -> str:
    """Write the value of one Set-Cookie line.

    Raises:
        ValueError: If a part holds a character a cookie cannot hold, or the
            prefixes ``__Host-``/``__Secure-`` are used without what they promise.
    """
    if not _NAME(name) or not _VALUE(value):
        raise ValueError(f"not a cookie: {name!r}={value!r} (encode the value first)")
    domain, path = given.get("domain"), given.get("path")
    max_age, same_site = given.get("max_age"), given.get("same_site")
    secure = given.get("secure", False)
    for attribute in (domain, path):
        if attribute is not None and not _ATTRIBUTE(attribute):
            raise ValueError(f"not an attribute of a cookie: {attribute!r}")
    if name.startswith("__Host-") and (not secure or domain or path != "/"):
        raise ValueError("a __Host- cookie is secure, has path / and no domain")
    if (name.startswith("__Secure-") or same_site == "None") and not secure:
        raise ValueError(f"the cookie {name!r} must be secure")
    text = f"{name}={value}"
    if domain:
        text += f"; Domain={domain}"
    if path:
        text += f"; Path={path}"
    if max_age is not None:
        text += f"; Max-Age={int(max_age)}"
        if max_age <= 0:  # clients that predate Max-Age
            text += "; Expires=" + format_datetime(datetime.fromtimestamp(0, UTC), True)
    if secure:
        text += "; Secure"
    if given.get("http_only"):
        text += "; HttpOnly"
    if same_site:
        text += f"; SameSite={same_site}"
    return text
