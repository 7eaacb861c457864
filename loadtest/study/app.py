"""What the servers under study serve: WSGI applications of the standard library only.

Every server is given the same objects, so that nothing but the server differs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

StartResponse = Callable[..., Any]
App = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]

HELLO = b"Hello World\n"
PAGE = (b"<p>" + b"All work and no play makes a dull page. " * 12 + b"</p>\n") * 42
SLOW_S = 0.05


def _fixed(body: bytes, media_type: str) -> App:
    headers = [("Content-Type", media_type), ("Content-Length", str(len(body)))]

    def app(_environ: dict[str, Any], start_response: StartResponse) -> list[bytes]:
        start_response("200 OK", headers)
        return [body]

    return app


hello = _fixed(HELLO, "text/plain")
page = _fixed(PAGE, "text/html; charset=utf-8")


def slow(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    """Wait as for a slow neighbour, then answer."""
    time.sleep(SLOW_S)
    return hello(environ, start_response)
