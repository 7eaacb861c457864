"""The request: what a client sent, parsed when it is first looked at and not before."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from smisk import http
from smisk.core.cookie import parse_cookies
from smisk.core.form import UploadedFile, parse_options, read_multipart
from smisk.core.headers import Headers
from smisk.core.lazy import lazy
from smisk.core.limits import RequestLimits
from smisk.core.stream import Stream
from smisk.core.url import URL, Query, decompose_query, escape

if TYPE_CHECKING:
    from smisk.session.session import SessionSlot

# LIMIT: Host ends up in redirects and links; anything but a name and a port is refused.
_HOST = re.compile(r"(?:[A-Za-z0-9._\-]+|\[[0-9A-Fa-f:.]+\])(?::\d{0,5})?\Z").match
FORM = "application/x-www-form-urlencoded"
#: A path in which there is nothing to decode and nothing to escape.
PLAIN_PATH = re.compile(r"/[A-Za-z0-9/._~\-]*\Z").match


class Request:
    """One request.

    Attributes:
        env: The WSGI environ.
        method: The verb, as sent.
        charset: What text of the client is read as.
        tolerant: Read text that is not `charset` as ISO-8859-1; otherwise it is a 400.
        limits: How much of what is allowed.
    """

    def __init__(
        self,
        env: dict[str, Any],
        charset: str = "utf-8",
        tolerant: bool = True,
        limits: RequestLimits = RequestLimits(),  # noqa: B008 - frozen
    ) -> None:
        self.env = env
        self.charset = charset
        self.tolerant = tolerant
        self.limits = limits
        self.method: str = env["REQUEST_METHOD"]
        self.is_active = True
        self._slot: SessionSlot | None = None
        self._has_files = False

    @lazy
    def notes(self) -> dict[str, Any]:
        """A dict of the application's own, gone with the request."""
        return {}

    @lazy
    def headers(self) -> Mapping[str, str]:
        """Headers by name, in any case."""
        found = Headers()
        for key, value in self.env.items():
            if key.startswith("HTTP_") or key in ("CONTENT_TYPE", "CONTENT_LENGTH"):
                name = key.removeprefix("HTTP_").replace("_", "-").title()
                found.lines[name.lower()] = (name, value)
        return found

    def _text(self, raw: bytes) -> str:
        try:
            return raw.decode(self.charset)
        except UnicodeDecodeError as error:
            if self.tolerant:
                return raw.decode("iso-8859-1")
            raise http.BadRequest(f"text that is not {self.charset}") from error

    @lazy
    def path(self) -> str:
        """The path below the application's root, decoded; starts with a slash."""
        raw: str = self.env.get("PATH_INFO") or "/"
        if len(raw) > self.limits.max_path_size:
            raise http.URITooLong
        text = raw if raw.isascii() else self._text(raw.encode("latin-1"))
        # LIMIT: a NUL never belongs to a path; it ends strings in what lies beneath.
        if "\0" in text:
            raise http.BadRequest("NUL in the path")
        return text if text.startswith("/") else "/" + text

    @lazy
    def query_string(self) -> str:
        """The query as sent, without the question mark."""
        query: str = self.env.get("QUERY_STRING", "")
        if len(query) > self.limits.max_query_size:
            raise http.URITooLong
        return query

    @lazy
    def url(self) -> URL:
        """The whole URL of this request, put together again."""
        env = self.env
        url = URL()
        url.scheme = env.get("wsgi.url_scheme", "http")
        host = env.get("HTTP_HOST", "")
        if not host:
            host = env.get("SERVER_NAME", "localhost")
            if ":" in host and not host.startswith("["):
                host = f"[{host}]"
            port = env.get("SERVER_PORT", "")
            if port and port != {"http": "80", "https": "443"}.get(url.scheme or ""):
                host += f":{port}"
        if not _HOST(host):
            raise http.BadRequest("malformed Host")
        parsed = URL("//" + host)
        url.host, url.port = parsed.host, parsed.port
        url.path = escape_path(env.get("SCRIPT_NAME", "") + env.get("PATH_INFO", ""))
        url.path = url.path or "/"
        url.query = escape(self.query_string, "latin-1") or None
        return url

    @lazy
    def referring_url(self) -> URL | None:
        """Where the client came from, if it says so intelligibly."""
        text = self.env.get("HTTP_REFERER")
        if not text:
            return None
        try:
            return URL(text)
        except ValueError:
            return None

    @property
    def remote_address(self) -> str:
        """The address the server sees; never what a header claims."""
        address: str = self.env.get("REMOTE_ADDR", "")
        return address

    @lazy
    def get(self) -> Query:
        """The parameters of the query."""
        return self._decompose(self.query_string)

    def _decompose(self, text: str) -> Query:
        try:
            return decompose_query(
                text, self.charset, self.tolerant, self.limits.max_fields
            )
        except ValueError as error:  # UnicodeDecodeError is one
            raise http.BadRequest(str(error)) from error

    @lazy
    def content_type(self) -> tuple[str, dict[str, str]]:
        """Media type of the body in lower case, and its parameters."""
        text = self.env.get("CONTENT_TYPE") or ""
        return (text, {}) if text == FORM else parse_options(text)

    @lazy
    def content_length(self) -> int | None:
        """Bytes of the body; None if the client did not say."""
        text = self.env.get("CONTENT_LENGTH") or ""
        if not text:
            return None
        if not (text.isascii() and text.isdigit() and len(text) < 19):
            raise http.BadRequest("malformed Content-Length")
        return int(text)

    @lazy
    def input(self) -> Stream:
        """The body, as it comes in."""
        length = self.content_length
        if length is None and not self.env.get("wsgi.input_terminated"):
            length = 0
        time_s = self.limits.max_body_time_s
        return Stream(self.env.get("wsgi.input"), length, time_s=time_s)

    def read_document(self) -> bytes:
        """Read the whole body into memory.

        Raises:
            http.ContentTooLarge: If it is larger than ``limits.max_document_size``.
        """
        return self._read_at_most(self.limits.max_document_size)

    def _read_at_most(self, size: int) -> bytes:
        length = size + 1 if self.content_length is None else self.content_length
        if length > size + 1:
            raise http.ContentTooLarge
        raw = self.input.read(length)
        if len(raw) > size:
            raise http.ContentTooLarge
        return raw

    @lazy
    def _form(self) -> tuple[Query, dict[str, UploadedFile | list[UploadedFile]]]:
        kind, _ = self.content_type
        if kind == FORM:
            raw = self._read_at_most(self.limits.max_formdata_size)
            return self._decompose(raw.decode("latin-1")), {}
        if kind == "multipart/form-data" and self.limits.max_multipart_size:
            limit = self.limits.max_multipart_size
            if 0 <= limit < (self.content_length or 0):
                raise http.ContentTooLarge
            form = read_multipart(
                self.input, self.env["CONTENT_TYPE"], self.limits, self._text
            )
            self._has_files = bool(form[1])
            return form
        return {}, {}

    @property
    def post(self) -> Query:
        """The fields of the form in the body; empty if it holds none."""
        return self._form[0]

    @property
    def files(self) -> dict[str, UploadedFile | list[UploadedFile]]:
        """The files of the form in the body."""
        return self._form[1]

    @lazy
    def cookies(self) -> dict[str, str]:
        """What cookies the client sent."""
        header = self.env.get("HTTP_COOKIE", "")
        if len(header) > self.limits.max_cookie_size:
            raise http.RequestHeaderFieldsTooLarge("cookies are too large")
        return parse_cookies(header)

    @lazy
    def errors(self) -> Stream:
        """The server's error log."""
        log = self.env["wsgi.errors"]
        return Stream(write=lambda raw: log.write(raw.decode("utf-8", "replace")))

    def log_error(self, message: str) -> None:
        """Write one line to the server's error log, line breaks neutralised."""
        # LIMIT: what a client sent cannot forge a line of the log or steer a terminal.
        safe = "".join(c if c.isprintable() else repr(c)[1:-1] for c in message)
        self.errors.write(safe + "\n")

    @property
    def session_slot(self) -> "SessionSlot":
        """Where this request's session is found and changed."""
        if self._slot is None:
            from smisk.core.exchange import current  # a session needs its application

            self._slot = current().application.sessions.slot(self)
        return self._slot

    @property
    def session(self) -> Any:
        """What is kept between the requests of one client; None ends it."""
        return self.session_slot.data

    @session.setter
    def session(self, data: object) -> None:
        self.session_slot.data = data

    @property
    def session_id(self) -> str | None:
        """The id of the session; None before there is one."""
        return self.session_slot.id

    def close(self) -> None:
        """End the request: temporary files go."""
        self.is_active = False
        if self._has_files:
            for entry in self.files.values():
                for file in entry if isinstance(entry, list) else (entry,):
                    file.discard()


def escape_path(path: str) -> str:
    """Write a path of the environ (bytes as Latin-1) as it stands in a URL."""
    if PLAIN_PATH(path):
        return path
    return quote(path.encode("latin-1", "replace"), safe="/!$&'()*+,;=:@")
