"""The application: a WSGI callable that answers one request at a time.

It owns the life of a request (begin, service, error, end) and of itself (start,
stop). What is answered is up to ``service``; how requests arrive is up to the server.
"""

import atexit
import contextlib
import html
import logging
import re
import traceback
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from smisk import http
from smisk.core.exchange import InExchange, current, exchange_var
from smisk.core.life import answer, prepare
from smisk.core.limits import RequestLimits
from smisk.core.page import error_page
from smisk.core.request import Request
from smisk.core.response import Response, StartResponse

if TYPE_CHECKING:
    from smisk.session import Sessions, Store

log = logging.getLogger("smisk.application")

_HAS_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:").match
# SPEC RFC 9110 15.4.5: what a 304 repeats of the headers of the 200.
_KEPT_BY_304 = (
    "cache-control", "content-location", "date", "etag", "expires", "last-modified",
    "set-cookie", "vary",
)  # fmt: skip
_KEPT_BY_REDIRECT = ("cache-control", "set-cookie", "vary")
_KEPT_BY_ERROR: tuple[str, ...] = ("vary",)


class _Current:
    """The application that answers right now; between requests the one made last."""

    made: "Application | None" = None

    def __get__(self, _: object, owner: type) -> "Application | None":
        exchange = exchange_var.get(None)
        return self.made if exchange is None else exchange.application


class Application(InExchange):
    """Subclass, define ``service``, and hand an instance to any WSGI server.

    Settings are attributes of the class; once the application has started, those of
    the instance count.

    Attributes:
        charset: What text is written in, and what a client's text is read as.
        tolerant: Read a client's text that is not ``charset`` as ISO-8859-1; otherwise
            it is answered 400.
        show_traceback: Show the traceback of an unexpected error to the client.
        signature: What is appended to the server's name in the Server header; None
            leaves that header to the server.
        forks: Worker processes `run` adds to the first.
        limits: How much a client may send.
        current: The application that answers right now, or was made last.
        request_class: What a request becomes; another may be put here, as for the
            response and for the store of sessions (default: files).
    """

    current = _Current()

    request_class: type[Request] = Request
    response_class: type[Response] = Response
    sessions_class: "Callable[[], Store] | None" = None
    charset = "utf-8"
    tolerant = True
    show_traceback = False
    signature: str | None = None
    forks = 0
    limits = RequestLimits()
    _read_at_each_request: tuple[str, ...] = (
        "charset", "limits", "request_class", "response_class", "signature", "tolerant",
    )  # fmt: skip

    def __init__(self) -> None:
        self._is_started = False
        _Current.made = self
        self._sessions: Sessions | None = None

    # -- for subclasses ------------------------------------------------------------

    def service(self) -> None:
        """Answer `request` by means of `response`."""
        raise NotImplementedError(f"{type(self).__name__} does not define service()")

    def application_will_start(self) -> None:
        """Called once in each process, before its first request."""

    def application_did_stop(self) -> None:
        """Called once in each process that served, when it ends."""

    def response_will_begin(self, response: Response) -> None:
        """Called once for each answer, errors included, before its headers go."""

    def request_did_end(self, request: Request, response: Response) -> None:
        """Called after each request."""

    @property
    def sessions(self) -> "Sessions":
        """Where sessions are kept: files, unless you assign another."""
        if self._sessions is None:
            from smisk.session import FileStore, Sessions

            self._sessions = Sessions((self.sessions_class or FileStore)())
        return self._sessions

    @sessions.setter
    def sessions(self, sessions: "Sessions") -> None:
        self._sessions = sessions

    # -- WSGI ----------------------------------------------------------------------

    def __call__(
        self, environ: dict[str, Any], start_response: StartResponse
    ) -> Iterable[bytes]:
        """Answer one request (PEP 3333)."""
        if not self._is_started:
            self.start()
        return answer(self, environ, start_response)

    def prepare(self, response: Response) -> None:
        """Give a complete response what every answer has; headers go after this."""
        prepare(self, response)

    def _prepare_failed(self, response: Response, error: Exception) -> None:
        response.exchange.request._slot = None
        self._answer(self._unexpected(error))
        response.headers.setdefault("Content-Type", "text/plain")
        with contextlib.suppress(Exception):
            self.response_will_begin(response)

    # -- errors ----------------------------------------------------------------------

    def _unexpected(self, error: Exception) -> http.HTTPError:
        request = current().request
        log.critical(
            "unexpected %s at %s %r",
            type(error).__name__,
            request.method,
            request.env.get("PATH_INFO", ""),
            exc_info=error,
        )
        answer = http.InternalServerError()
        answer.__cause__ = error
        if self.show_traceback:
            answer.traceback = "".join(traceback.format_exception(error))
        return answer

    def _answer(self, error: http.HTTPError) -> None:
        response = current().response
        if response.has_begun:
            # Too late for a status: say it where the reader is.
            response.write(f"\n<pre>{html.escape(str(error))}</pre>\n")
            return
        response.discard()
        response.status = error.status
        kept: tuple[str, ...] = _KEPT_BY_ERROR
        if error.status == 304:
            kept = _KEPT_BY_304
        elif error.status < 400:
            kept = _KEPT_BY_REDIRECT
        response.headers.keep_only(kept)
        try:
            for name, value in error.headers.items():
                response.headers[name] = value
            if isinstance(error, http.Redirect):
                response.headers["Location"] = self.absolute(error.location)
            if error.status not in http.BODILESS:
                self.error(error)
        except Exception:  # an answer about an error must not fail
            log.exception("the answer with status %d failed", error.status)
            response.discard()
            if error.status < 400:
                response.status = 500
                error = http.InternalServerError()
            self.plain_error(error)

    def error(self, error: http.HTTPError) -> None:
        """Write the body of an error; status and headers are set already."""
        self.plain_error(error)

    def plain_error(self, error: http.HTTPError) -> None:
        """Write the page that needs nothing to work."""
        response = current().response
        response.content_type = "text/html; charset=utf-8"
        text = error_page(error, response.headers.get("Location", ""))
        response.body = [text.encode()]

    def absolute(self, location: str) -> str:
        """Make `location` absolute as seen from the current request."""
        from smisk.core.url import URL, escape

        location = escape(location.replace("\\", "%5C"))
        if _HAS_SCHEME(location):
            return location
        try:
            base = current().request.url
        except http.BadRequest:  # a Host that is none must not stand in an answer
            base = URL("/")
        if location.startswith("/"):  # and never //elsewhere
            location = "/" + location.lstrip("/")
        return urljoin(base.to_s(query=False, fragment=False), location)

    # -- life --------------------------------------------------------------------------

    def start(self) -> None:
        """Get ready in this process; called before the first request at the latest."""
        if not self._is_started:
            self._is_started = True
            self.application_will_start()
            # PERF: read from the class they take ten times as long, at each request.
            for name in self._read_at_each_request:
                with contextlib.suppress(AttributeError):  # a property stays one
                    setattr(self, name, getattr(self, name))
            atexit.register(self.stop)

    def stop(self) -> None:
        """Undo `start`."""
        if self._is_started:
            self._is_started = False
            atexit.unregister(self.stop)
            self.application_did_stop()

    def run(self, bind: str | None = None, *, forks: int | None = None) -> int:
        """Serve FastCGI until told to stop.

        Args:
            bind: ``host:port``, ``:port`` or the path of a unix socket; None: the
                socket a web server started us with, or the one of `smisk.core.bind`.
            forks: Worker processes beside the first; default ``self.forks``.

        Returns:
            An exit code.
        """
        from smisk.core.running import run

        return run(self, bind, self.forks if forks is None else forks)

    def exit(self) -> None:
        """Let `run` end once the requests being answered are."""
        from smisk.core.running import leave

        leave()
