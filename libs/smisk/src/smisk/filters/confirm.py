"""Ask before doing: a leaf learns whether its client has confirmed, once."""

import hmac
import secrets
from collections.abc import Callable
from typing import Any

from smisk.core.exchange import current
from smisk.mvc.decorators import leaf_filter

_KEY = "_confirm"


@leaf_filter
def confirm(leaf: Callable[..., Any], *args: object, **parameters: object) -> Any:
    """Give the leaf ``confirmed``: whether its client sent back the token it was given.

    The token is good once, for this path, and kept in the session. When not confirmed, the
    answer (a dict) gets ``confirm_token``; send it back with the same request::

        @confirm
        def delete(self, id: str, confirmed: bool = False):
            if confirmed:
                del entries[id]
            return {"deleted": confirmed}
    """
    exchange = current()
    request = exchange.request
    slot = request.session_slot
    path = exchange.cn_path
    expected = slot.fields.get(_KEY, {}).get(path, "")
    given = request.post.get("confirm_token") or request.get.get("confirm_token")
    confirmed = (
        bool(expected)
        and isinstance(given, str)
        and hmac.compare_digest(expected.encode(), given.encode())
    )
    parameters["confirmed"] = confirmed
    answer = leaf(*args, **parameters)
    # LIMIT: tokens kept for paths that were asked for and never confirmed.
    tokens = dict(list(slot.fields.get(_KEY, {}).items())[-20:])
    tokens.pop(path, None)
    if not confirmed and isinstance(answer, dict):
        tokens[path] = secrets.token_urlsafe(24)
        answer = {**answer, "confirm_token": tokens[path]}
    slot.put(_KEY, tokens)
    return answer
