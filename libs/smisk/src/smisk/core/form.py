"""Bodies of forms: urlencoded ones into memory, multipart ones straight to disk.

A file never stands in memory: however large, it goes to a temporary file piece by piece.
"""

import collections
import itertools
import re
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from smisk import http
from smisk.core.limits import RequestLimits
from smisk.core.stream import Stream
from smisk.core.url import Query, collect

_PARAMETER = re.compile(
    r';\s*([!#$%&\'*+\-.^_`|~\w]+)=(?:"((?:[^"\\]|\\.)*)"|([^;"\s]*))'
)
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]\Z")


@dataclass(slots=True)
class UploadedFile:
    """A file of a form, on disk until its request ends.

    ``filename`` is what the client called it: a name to show, never a path to open.
    """

    name: str
    filename: str
    content_type: str
    path: Path
    size: int

    def open(self) -> IO[bytes]:
        """Open the temporary file to read."""
        return self.path.open("rb")

    def discard(self) -> None:
        """Remove the temporary file, if it is still where it was put."""
        self.path.unlink(missing_ok=True)


def parse_options(value: str) -> tuple[str, dict[str, str]]:
    """Take ``form-data; name="a"`` apart into its value and its parameters."""
    head = value.partition(";")[0].strip().lower()
    options: dict[str, str] = {}
    for match in _PARAMETER.finditer(value):
        name, quoted, plain = match.groups()
        # WHY only these two: browsers of old send C:\path\file without escaping.
        text = plain if quoted is None else re.sub(r'\\(["\\])', r"\1", quoted)
        options.setdefault(name.lower(), text)
    return head, options


class _Body:
    """A multipart body, cut where a mark stands; no more of it is held than is read."""

    def __init__(self, stream: Stream, max_size: int) -> None:
        self._stream = stream
        self._max_size = max_size
        self._size = 0
        # The first delimiter may stand at the very start: lend it its line break.
        self._ahead = bytearray(b"\r\n")

    def _read_on(self) -> None:
        raw = self._stream.read_some()
        if not raw:
            raise http.BadRequest("the form ends before its last boundary")
        self._size += len(raw)
        if 0 <= self._max_size < self._size:
            raise http.ContentTooLarge(f"the form has more than {self._max_size} bytes")
        self._ahead += raw

    def goes_on_with(self, mark: bytes) -> bool:
        while len(self._ahead) < len(mark):
            self._read_on()
        return self._ahead.startswith(mark)

    def until(self, mark: bytes) -> Iterator[bytes]:
        """Yield what stands before the next `mark`, then step over that."""
        while (at := self._ahead.find(mark)) < 0:
            # What could be the head of a mark waits for more.
            ready = max(0, len(self._ahead) - len(mark) + 1)
            yield bytes(self._ahead[:ready])
            del self._ahead[:ready]
            self._read_on()
        yield bytes(self._ahead[:at])
        del self._ahead[: at + len(mark)]


def parts(
    stream: Stream, boundary: str, limits: RequestLimits
) -> Iterator[tuple[dict[str, str], Iterator[bytes]]]:
    """Yield each part of a multipart body (RFC 7578): its headers, and its content.

    The names of headers are in lower case. Content is to be read, or what is left of it
    is lost, before the next part.

    Raises:
        http.BadRequest: On a boundary or a body that breaks the grammar.
        http.ContentTooLarge: Beyond a limit.
    """
    if not _BOUNDARY.match(boundary):
        raise http.BadRequest("multipart body without a usable boundary")
    delimiter = b"\r\n--" + boundary.encode("ascii")
    body = _Body(stream, limits.max_multipart_size)
    content = body.until(delimiter)  # what precedes the first part is nobody's
    for count in itertools.count():
        collections.deque(content, maxlen=0)
        if body.goes_on_with(b"--"):
            return
        if count >= limits.max_fields:
            raise http.ContentTooLarge(f"more than {limits.max_fields} parts")
        head = bytearray()
        for piece in body.until(b"\r\n\r\n"):
            head += piece
            if len(head) > limits.max_part_header_size:
                raise http.BadRequest("headers of a part are too long")
        content = body.until(delimiter)
        yield _headers(head.decode("utf-8", "replace")), content


def _headers(head: str) -> dict[str, str]:
    # SPEC RFC 2046 5.1.1: white space may follow the boundary, nothing else.
    after_boundary, *lines = head.split("\r\n")
    if after_boundary.strip(" \t") or not all(":" in line for line in lines):
        raise http.BadRequest("malformed headers of a part")
    pairs = [line.partition(":") for line in reversed(lines)]
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def read_multipart(
    stream: Stream,
    content_type: str,
    limits: RequestLimits,
    decode_text: Callable[[bytes], str],
) -> tuple[Query, dict[str, UploadedFile | list[UploadedFile]]]:
    """Read a multipart/form-data body: text fields, and files on disk.

    An empty file field, which is what a browser sends when none was chosen, is dropped.

    Raises:
        http.BadRequest: If the body is malformed or ends early.
        http.ContentTooLarge: Beyond one of `limits`.
    """
    fields: Query = {}
    files: dict[str, UploadedFile | list[UploadedFile]] = {}
    uploads: list[UploadedFile] = []
    text_left = limits.max_formdata_size
    boundary = parse_options(content_type)[1].get("boundary", "")
    try:
        for headers, content in parts(stream, boundary, limits):
            kind, options = parse_options(headers.get("content-disposition", ""))
            if kind != "form-data" or "name" not in options:
                raise http.BadRequest("a part of the form has no name")
            name = options["name"]
            if "filename" not in options:
                text = bytearray()
                for piece in content:
                    text += piece
                    text_left -= len(piece)
                    if text_left < 0:
                        raise http.ContentTooLarge("the fields hold too much")
                collect(fields, name, decode_text(bytes(text)))
                continue
            with tempfile.NamedTemporaryFile(
                prefix="smisk-upload.", dir=limits.upload_folder, delete=False
            ) as file:
                kind = headers.get("content-type", "application/octet-stream")
                path = Path(file.name)
                upload = UploadedFile(name, options["filename"], kind, path, 0)
                uploads.append(upload)
                for piece in content:
                    upload.size += file.write(piece)
            if upload.filename or upload.size:
                collect(files, name, upload)
            else:
                upload.discard()
    except BaseException:
        for upload in uploads:
            upload.discard()
        raise
    return fields, files
