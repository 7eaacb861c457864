"""WSGI both ways: every smisk application is a callable; this hosts one of others."""

from collections.abc import Callable, Iterable
from typing import Any

from smisk.core.application import Application
from smisk.core.response import StartResponse

WSGIApplication = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]


class Gateway(Application):
    """Runs any WSGI application where a smisk application runs.

    Args:
        wsgi_app: The callable.
    """

    def __init__(self, wsgi_app: WSGIApplication) -> None:
        super().__init__()
        self.wsgi_app = wsgi_app

    def __call__(
        self, environ: dict[str, Any], start_response: StartResponse
    ) -> Iterable[bytes]:
        """Pass the request on."""
        if not self._is_started:
            self.start()
        return self.wsgi_app(environ, start_response)


def main(wsgi_app: WSGIApplication, bind: str | None = None) -> int:
    """Run a WSGI application until told to stop."""
    return Gateway(wsgi_app).run(bind)
