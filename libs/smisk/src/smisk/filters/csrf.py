"""Refuse requests another site makes a browser send."""

import hmac
import secrets
from collections.abc import Callable
from typing import Any

from smisk import http
from smisk.core.exchange import current
from smisk.core.request import Request

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_KEY = "_csrf"
FIELD = "csrf_token"


def csrf_token() -> str:
    """Return the token of this session, for a hidden field called ``csrf_token``."""
    slot = current().request.session_slot
    token = slot.fields.get(_KEY)
    if not isinstance(token, str):
        token = secrets.token_urlsafe(24)
        slot.put(_KEY, token)
    return token


def csrf(leaf: Callable[..., Any], *args: object, **parameters: object) -> Any:
    """Answer 403 to what changes something and was not meant by our own pages.

    A filter for ``expose(filters=[csrf])`` or ``Application.leaf_filters``. A request
    passes when its method is safe; else it must not come from another site, as
    ``Sec-Fetch-Site`` and ``Origin`` tell, and must bring the token of its session, in
    the field ``csrf_token`` or the header ``X-CSRF-Token``.
    """
    request = current().request
    if request.method not in SAFE:
        if not comes_from_here(request):
            raise http.Forbidden("This request came from another site.")
        given = request.headers.get("X-CSRF-Token") or request.post.get(FIELD)
        expected = request.session_slot.fields.get(_KEY)
        if not (
            isinstance(given, str)
            and isinstance(expected, str)
            and hmac.compare_digest(given.encode(), expected.encode())
        ):
            msg = "The form is too old, or not ours. Load the page again."
            raise http.Forbidden(msg)
    parameters.pop(FIELD, None)
    return leaf(*args, **parameters)


def comes_from_here(request: Request) -> bool:
    """Return whether nothing says that another site made the browser send this."""
    site = request.env.get("HTTP_SEC_FETCH_SITE")
    if site is not None and site not in ("same-origin", "none"):
        return False
    origin = request.env.get("HTTP_ORIGIN")
    if origin is None:
        return True
    here = request.url.to_s(path=False, query=False, fragment=False, user=False)
    return bool(origin == here)
