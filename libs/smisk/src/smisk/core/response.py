"""The response: status, headers, validators, and bytes on their way out."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from email.utils import format_datetime
from mimetypes import guess_type
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar, Unpack

from smisk import http
from smisk.core.condition import check_preconditions, format_etag
from smisk.core.cookie import CookieAttributes, format_cookie
from smisk.core.headers import Headers

if TYPE_CHECKING:
    from smisk.core.exchange import Exchange

T = TypeVar("T")
StartResponse = Callable[..., Callable[[bytes], object]]


def format_http_date(when: datetime) -> str:
    """Write `when` as HTTP does; without a time zone it is taken as UTC."""
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return format_datetime(when.astimezone(UTC), usegmt=True)


class _Header(Generic[T]):
    """A header as an attribute of the response; None while it is not set."""

    def __init__(self, name: str, write: Callable[[T], str]) -> None:
        self._name = name
        self._write = write

    def __get__(self, response: "Response", _: type) -> str | None:
        return response.headers.get(self._name)

    def __set__(self, response: "Response", value: T) -> None:
        response.headers[self._name] = self._write(value)


class Response:
    """What is sent back.

    Text and bytes that are written are held until the answer is complete, or until
    ``begin``, or until there is more than ``buffer_size``; until then headers and
    status can still change and an error can still replace everything.

    Attributes:
        status: The number.
        headers: A case-insensitive mapping (see `Headers`).
        body: What is sent in place of what was written, if not None.
        format: Extension of the serializer that must be used, if not None.
    """

    buffer_size = 64 * 1024

    def __init__(self, charset: str = "utf-8") -> None:
        self.exchange: Exchange
        # PERF: reading a default from the class takes ten times as long (2026-11).
        self.charset = charset
        self.status = 200
        self.body: Iterable[bytes] | None = None
        self.format: str | None = None
        self.has_begun = False
        #: The lines of the headers, checked, as `Headers.lines`.
        self.lines: dict[str, tuple[str, str]] = {}
        self._headers: Headers | None = None
        self._chunks: list[bytes] = []
        self._held = 0
        self._start_response: StartResponse | None = None
        self._send: Callable[[bytes], object] | None = None

    @property
    def headers(self) -> Headers:
        """The headers; a list of ``Name: value`` lines may be assigned."""
        if self._headers is None:
            # PERF: most answers are written without this object (2026-11).
            self._headers = Headers()
            self._headers.lines = self.lines
        return self._headers

    @headers.setter
    def headers(self, lines: Headers | Iterable[str | tuple[str, str]]) -> None:
        self._headers = lines if isinstance(lines, Headers) else Headers(lines)
        self.lines = self._headers.lines

    def find_header(self, prefix: str) -> int:
        """Return the place of the first header line starting so; -1 for none."""
        wanted = prefix.lower()
        for index, (name, value) in enumerate(self.headers.pairs()):
            if f"{name}: {value}".lower().startswith(wanted):
                return index
        return -1

    # -- writing ----------------------------------------------------------------

    def write(self, data: bytes | str) -> None:
        """Write `data`; text is encoded with the response's charset."""
        raw = data.encode(self.charset) if isinstance(data, str) else data
        if not raw:
            return
        if self._send is not None:
            self._send(raw)
            return
        self._chunks.append(raw)
        self._held += len(raw)
        if self._held > self.buffer_size:
            self.begin()

    def writelines(self, lines: Iterable[bytes | str]) -> None:
        """Write each of `lines`."""
        for line in lines:
            self.write(line)

    def __call__(self, *data: bytes | str) -> "Response":
        """Write each of `data`."""
        self.writelines(data)
        return self

    def begin(self) -> None:
        """Send status and headers, and from now on everything as it is written."""
        if self.has_begun or self._start_response is None:
            return
        self.exchange.application.prepare(self)
        self.has_begun = True
        status = http.status_line(self.status)
        self._send = self._start_response(status, self.headers.pairs())
        for chunk in self._chunks:
            self._send(chunk)
        self._chunks.clear()

    def discard(self) -> None:
        """Forget what was written, as long as nothing was sent."""
        self._chunks.clear()
        self._held = 0
        self.body = None

    # -- headers with meaning -----------------------------------------------------

    content_type = _Header[str]("Content-Type", str)
    cache_control = _Header[str]("Cache-Control", str)
    etag = _Header[str]("ETag", format_etag)
    last_modified = _Header[datetime]("Last-Modified", format_http_date)

    def validate(
        self, etag: object = None, last_modified: datetime | None = None
    ) -> None:
        """Say which version this answer is, and end here if that settles it.

        Args:
            etag: Anything whose text differs between versions; the format of the
                representation becomes part of the tag.
            last_modified: When this version came to be.

        Raises:
            http.NotModified: The client of a GET has this version already.
            http.PreconditionFailed: The client wanted to change another version.
        """
        exchange = self.exchange
        if etag is not None:
            self.etag = f"{etag}{exchange.representation}"
        if last_modified is not None:
            self.last_modified = last_modified
        self.check_preconditions()

    def check_preconditions(self) -> None:
        """Answer 304 or 412 if the request's conditions and our validators say so."""
        request = self.exchange.request
        matched = check_preconditions(
            request.method, request.env, self.etag, self.last_modified
        )
        if matched is not None:
            if matched:
                # WHY: an edge that compresses has changed the tag it passed on; the
                # client must find the one it knows.
                self.headers["ETag"] = matched
            raise http.NotModified

    def set_cookie(
        self,
        name: str,
        value: str = "",
        *,
        comment: str | None = None,  # noqa: ARG002 - of 2008; RFC 6265 has none
        version: int = 1,  # noqa: ARG002 - as comment
        **attributes: Unpack[CookieAttributes],
    ) -> None:
        """Ask the client to keep a cookie; for every path unless one is given.

        Raises:
            ValueError: If name or value cannot be written (see `format_cookie`).
        """
        attributes.setdefault("path", "/")
        self.headers.add("Set-Cookie", format_cookie(name, value, **attributes))

    def delete_cookie(self, name: str, *, path: str = "/") -> None:
        """Ask the client to forget a cookie."""
        secure = name.startswith(("__Host-", "__Secure-"))
        self.set_cookie(name, "", path=path, max_age=0, secure=secure)

    def send_file(self, path: str | Path) -> None:
        """Let the server in front send a file (see `smisk.core.sendfile`).

        Its name tells the Content-Type, unless that is set already.

        Raises:
            OSError: If that server has no way to do so that we know.
        """
        from smisk.core.sendfile import sendfile_header  # rarely needed

        env = self.exchange.request.env
        name, value = sendfile_header(env.get("SERVER_SOFTWARE", ""), Path(path))
        self.discard()
        self.body = []  # and nothing a leaf returns
        self.headers[name] = value
        self.headers.pop("Content-Location", None)
        if "content-type" not in self.lines:
            self.content_type = guess_type(path)[0] or "application/octet-stream"

    # -- WSGI --------------------------------------------------------------------

    def finish(self, start_response: StartResponse) -> Iterable[bytes]:
        """Complete the answer and return the iterable WSGI asks for."""
        if self.has_begun:
            return self.body or ()
        status = self.status
        lines = self.lines
        body: Any = self._chunks if self.body is None else self.body
        if status in http.BODILESS:
            for name in ("content-type", "content-length"):
                lines.pop(name, None)
            body = ()
        elif type(body) is list and "content-length" not in lines:
            size = len(body[0]) if len(body) == 1 else sum(map(len, body))
            lines["content-length"] = ("Content-Length", str(size))
        line = http.STATUS_LINES.get(status) or http.status_line(status)
        if self._headers is None:
            start_response(line, list(lines.values()))
        else:
            start_response(line, self._headers.pairs())
        if self.exchange.request.method == "HEAD":
            if (close := getattr(body, "close", None)) is not None:
                close()
            return ()
        chunks: Iterable[bytes] = body
        return chunks
