"""A client in process: calls an application as a WSGI server would, and checks both.

Every call goes through ``wsgiref.validate``, so a test that passes here has also
shown that the application keeps its side of PEP 3333.
"""

import io
import json
import sys
import uuid
from collections.abc import Callable, Iterable, Mapping
from functools import partialmethod
from typing import Any
from urllib.parse import unquote_to_bytes
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

from smisk.core.cookie import parse_cookies
from smisk.core.headers import Headers
from smisk.core.url import compose_query

File = tuple[str, bytes, str]


class Reply:
    """What an application answered."""

    def __init__(
        self, status_line: str, headers: list[tuple[str, str]], body: bytes
    ) -> None:
        self.status_line = status_line
        self.status = int(status_line[:3])
        self.headers = Headers(headers)
        self.body = body

    @property
    def text(self) -> str:
        """The body as text, in the charset it says."""
        _, _, charset = self.headers.get("Content-Type", "").partition("charset=")
        return self.body.decode(charset or "utf-8")

    def json(self) -> Any:
        """The body read as JSON."""
        return json.loads(self.body)

    def __repr__(self) -> str:
        return f"<Reply {self.status_line} {len(self.body)} bytes>"


class Client:
    """Calls a WSGI application; keeps cookies between calls.

    Args:
        application: Any WSGI application.
        base: Added to the environ of every call.
        validate: Check both sides with ``wsgiref.validate``.
    """

    def __init__(
        self,
        application: Callable[..., Iterable[bytes]],
        base: Mapping[str, Any] | None = None,
        *,
        validate: bool = True,
    ) -> None:
        self.application = validator(application) if validate else application
        self.base = dict(base or {})
        self.cookies: dict[str, str] = {}

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, object] | str | None = None,
        accept: str | None = None,
        headers: Mapping[str, str] | None = None,
        form: Mapping[str, object] | None = None,
        files: Mapping[str, File] | None = None,
        json: object = None,
        body: bytes | None = None,
    ) -> Reply:
        """Call the application and return its reply.

        Args:
            method: The verb.
            path: Percent-encoded, optionally with a query.
            query: The query, as fields or as sent.
            accept: The Accept header.
            headers: More headers.
            form: Fields of a form in the body.
            files: Files of that form: name to (filename, content, media type).
            json: Data sent as JSON.
            body: The body as it is.
        """
        raw_path, _, own_query = path.partition("?")
        if isinstance(query, Mapping):
            query = compose_query(dict(query))
        content_type, content = _encode_body(form, files, json, body)
        sent = {"Content-Type": content_type, "Accept": accept}
        if content is not None:
            sent["Content-Length"] = str(len(content))
        if self.cookies:
            pairs = (f"{name}={value}" for name, value in self.cookies.items())
            sent["Cookie"] = "; ".join(pairs)
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method, "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(raw_path).decode("latin-1"),
            "QUERY_STRING": query or own_query, "SERVER_NAME": "localhost",
            "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "127.0.0.1",
            "wsgi.input": io.BytesIO(content or b""), "wsgi.errors": sys.stderr,
        }  # fmt: skip
        for name, value in {**sent, **(headers or {})}.items():
            if value is not None:
                key = "HTTP_" + name.upper().replace("-", "_")
                environ[key.replace("HTTP_CONTENT_", "CONTENT_")] = value
        environ.update(self.base)
        setup_testing_defaults(environ)
        return self._call(environ)

    def _call(self, environ: dict[str, Any]) -> Reply:
        started: list[tuple[str, list[tuple[str, str]]]] = []
        written: list[bytes] = []

        def start_response(
            status: str,
            headers: list[tuple[str, str]],
            exc_info: object = None,  # noqa: ARG001 - part of the interface
        ) -> Callable[[bytes], object]:
            started.append((status, headers))
            return written.append

        chunks = self.application(environ, start_response)
        try:
            written.extend(chunks)
        finally:
            if (close := getattr(chunks, "close", None)) is not None:
                close()
        reply = Reply(*started[-1], b"".join(written))
        for line in reply.headers.get_all("Set-Cookie"):
            pair, _, attributes = line.partition(";")
            for name, value in parse_cookies(pair).items():
                if "max-age=0" in attributes.lower():
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = value
        return reply

    get = partialmethod(request, "GET")
    head = partialmethod(request, "HEAD")
    post = partialmethod(request, "POST")
    put = partialmethod(request, "PUT")
    delete = partialmethod(request, "DELETE")
    options = partialmethod(request, "OPTIONS")


def _encode_body(
    form: Mapping[str, object] | None,
    files: Mapping[str, File] | None,
    data: object,
    body: bytes | None,
) -> tuple[str | None, bytes | None]:
    if body is not None:
        return None, body
    if data is not None:
        return "application/json", json.dumps(data).encode()
    if files:
        return _multipart(form or {}, files)
    if form is not None:
        text = compose_query(dict(form))
        return "application/x-www-form-urlencoded", text.encode()
    return None, None


def _multipart(
    form: Mapping[str, object], files: Mapping[str, File]
) -> tuple[str, bytes]:
    heads = [(f'name="{k}"', str(v).encode()) for k, v in form.items()]
    for name, (filename, content, kind) in files.items():
        head = f'name="{name}"; filename="{filename}"\r\nContent-Type: {kind}'
        heads.append((head, content))
    boundary = uuid.uuid4().hex
    start = f"--{boundary}\r\nContent-Disposition: form-data; "
    parts = [f"{start}{h}\r\n\r\n".encode() + part + b"\r\n" for h, part in heads]
    raw = b"".join(parts) + f"--{boundary}--\r\n".encode()
    return f"multipart/form-data; boundary={boundary}", raw
