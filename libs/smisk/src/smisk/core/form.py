"""Bodies of forms: urlencoded ones into memory, multipart ones straight to disk.

`MultipartParser` owns the grammar and knows no stream: bytes in, events out.
`read_multipart` feeds it and keeps what comes out. A file never stands in memory:
however large, it goes to a temporary file piece by piece.
"""

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


@dataclass(slots=True)
class PartBegin:
    """The headers of a part have been read; names are in lower case."""

    headers: dict[str, str]


@dataclass(slots=True)
class PartData:
    """A piece of the part's content."""

    data: bytes


class PartEnd:
    """The part is complete."""


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


class MultipartParser:
    """The grammar of multipart/form-data (RFC 7578): bytes in, events out.

    Args:
        boundary: The boundary parameter of the Content-Type.
        limits: How much of what is allowed.

    Raises:
        http.BadRequest: On a boundary or a body that breaks the grammar.
        http.ContentTooLarge: Beyond a limit.
    """

    def __init__(self, boundary: str, limits: RequestLimits) -> None:
        if not _BOUNDARY.match(boundary):
            raise http.BadRequest("multipart body without a usable boundary")
        self._delimiter = b"\r\n--" + boundary.encode("ascii")
        # The first delimiter may stand at the very start: lend it its line break.
        self._buffer = bytearray(b"\r\n")
        self._limits = limits
        self._state = "preamble"
        self._parts = 0
        self.is_complete = False

    def feed(self, data: bytes) -> Iterator[PartBegin | PartData | PartEnd]:
        """Take `data`, yield what it completes."""
        self._buffer += data
        while True:
            if self._state == "epilogue":
                self._buffer.clear()
                return
            if self._state == "delimiter":
                if not self._after_delimiter():
                    return
            elif self._state == "headers":
                headers = self._headers()
                if headers is None:
                    return
                yield PartBegin(headers)
            else:
                at = self._buffer.find(self._delimiter)
                # What could be the head of a delimiter waits for more.
                end = at if at >= 0 else len(self._buffer) - len(self._delimiter) + 1
                if end > 0:
                    if self._state == "content":
                        yield PartData(bytes(self._buffer[:end]))
                    del self._buffer[:end]
                if at < 0:
                    return
                if self._state == "content":
                    yield PartEnd()
                del self._buffer[: len(self._delimiter)]
                self._state = "delimiter"

    def _after_delimiter(self) -> bool:
        if len(self._buffer) < 2:
            return False
        if self._buffer[:2] == b"--":
            self._state = "epilogue"
            self.is_complete = True
            return True
        end = self._buffer.find(b"\r\n")
        if end < 0 and len(self._buffer) <= 128:
            return False
        # SPEC RFC 2046 5.1.1: white space may follow the boundary, nothing else.
        if end < 0 or self._buffer[:end].strip(b" \t"):
            raise http.BadRequest("malformed multipart delimiter")
        self._parts += 1
        if self._parts > self._limits.max_fields:
            raise http.ContentTooLarge(f"more than {self._limits.max_fields} parts")
        # Keep the line break: headers end at the first empty line.
        del self._buffer[:end]
        self._state = "headers"
        return True

    def _headers(self) -> dict[str, str] | None:
        end = self._buffer.find(b"\r\n\r\n")
        if end > self._limits.max_part_header_size or (
            end < 0 and len(self._buffer) > self._limits.max_part_header_size
        ):
            raise http.BadRequest("headers of a part are too long")
        if end < 0:
            return None
        headers: dict[str, str] = {}
        for line in self._buffer[:end].decode("utf-8", "replace").split("\r\n"):
            name, colon, value = line.partition(":")
            if line and not colon:
                raise http.BadRequest("malformed header of a part")
            headers.setdefault(name.strip().lower(), value.strip())
        del self._buffer[: end + 4]
        self._state = "content"
        return headers


class _Part:
    """One part being received: a text field, or a file with a place on disk."""

    def __init__(self, headers: dict[str, str], folder: Path | None) -> None:
        kind, options = parse_options(headers.get("content-disposition", ""))
        if kind != "form-data" or "name" not in options:
            raise http.BadRequest("a part of the form has no name")
        self.name = options["name"]
        self.text = bytearray()
        self.upload: UploadedFile | None = None
        if (filename := options.get("filename")) is not None:
            content_type = headers.get("content-type", "application/octet-stream")
            self._file = tempfile.NamedTemporaryFile(  # noqa: SIM115 - outlives this
                prefix="smisk-upload.", dir=folder, delete=False
            )
            path = Path(self._file.name)
            self.upload = UploadedFile(self.name, filename, content_type, path, 0)

    def take(self, data: bytes) -> None:
        if self.upload is None:
            self.text += data
        else:
            self.upload.size += len(data)
            self._file.write(data)

    def close(self) -> None:
        if self.upload is not None:
            self._file.close()

    def discard(self) -> None:
        self.close()
        if self.upload is not None:
            self.upload.discard()


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
    kept: list[_Part] = []
    try:
        for part in _parts(stream, content_type, limits):
            kept.append(part)
            if part.upload is None:
                collect(fields, part.name, decode_text(bytes(part.text)))
            elif part.upload.filename or part.upload.size:
                collect(files, part.name, part.upload)
            else:
                part.discard()
    except BaseException:
        for part in kept:
            part.discard()
        raise
    return fields, files


def _parts(stream: Stream, content_type: str, limits: RequestLimits) -> Iterator[_Part]:
    parser = MultipartParser(parse_options(content_type)[1].get("boundary", ""), limits)
    part: _Part | None = None
    total = text_total = 0
    try:
        while raw := stream.read_some():
            total += len(raw)
            if 0 <= limits.max_multipart_size < total:
                msg = f"the form is larger than {limits.max_multipart_size} bytes"
                raise http.ContentTooLarge(msg)
            for event in parser.feed(raw):
                if isinstance(event, PartBegin):
                    part = _Part(event.headers, limits.upload_folder)
                elif part is not None and isinstance(event, PartData):
                    part.take(event.data)
                    text_total += len(event.data) if part.upload is None else 0
                    if text_total > limits.max_formdata_size:
                        msg = f"fields hold more than {limits.max_formdata_size} bytes"
                        raise http.ContentTooLarge(msg)
                elif part is not None:
                    part.close()
                    done, part = part, None
                    yield done
        if not parser.is_complete:
            raise http.BadRequest("the form ends before its last boundary")
    finally:
        if part is not None:
            part.discard()
