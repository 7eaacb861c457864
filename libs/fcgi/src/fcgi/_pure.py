"""The record and parameter codec in plain Python.

`_speed.pyx` is its compiled twin: the same functions, the same results, the same
errors, held together by one test suite. Both know bytes only; who reads and writes
them is no business of this file.
"""

from collections.abc import Iterable
from typing import Final

from fcgi.errors import RefusedError, RemoteProtocolError
from fcgi.records import (
    BEGIN_BODY,
    CHUNK,
    END_BODY,
    HEADER,
    HEADER_SIZE,
    KEEP_CONN,
    Type,
)

Environ = dict[str, object]
Buffer = bytes | memoryview

# A name seen once needs no second check. LIMIT: the table stops growing here, so
# made-up header names cannot fill the memory of a worker.
_NAMES_LIMIT: Final = 1024
_names: dict[bytes, str] = {}

# Names only an edge may set, in the spelling they get when a client sends a header of
# that name, or one that differs only in "-" and "_".
_FORGED: Final = frozenset(
    "HTTP_" + name
    for name in (
        "REMOTE_USER",
        "REMOTE_ADDR",
        "REMOTE_HOST",
        "REMOTE_IDENT",
        "AUTH_TYPE",
    )
)
_DOUBLED: Final = (
    ("HTTP_CONTENT_LENGTH", "CONTENT_LENGTH"),
    ("HTTP_CONTENT_TYPE", "CONTENT_TYPE"),
)
_SUSPECT: Final = _FORGED | {"HTTP_CONTENT_LENGTH", "HTTP_CONTENT_TYPE", "HTTP_PROXY"}

_BEGIN: Final = 24  # BEGIN_REQUEST record and the header of the first PARAMS record
_EMPTY_TAIL: Final = HEADER.pack(1, Type.PARAMS, 1, 0, 0) + HEADER.pack(
    1, Type.STDIN, 1, 0, 0
)


def encode_record(kind: int, request_id: int, content: Buffer = b"") -> bytes:
    """Return one whole record, padded to a multiple of eight bytes."""
    size = len(content)
    padding = -size & 7
    return b"".join(
        (HEADER.pack(1, kind, request_id, size, padding), content, bytes(padding))
    )


def encode_stream(kind: int, request_id: int, content: Buffer) -> list[Buffer]:
    """Return `content` as records, in pieces for one gathering write.

    The content itself is not copied. Empty content gives no record: the end of a
    stream is a record of its own.
    """
    size = len(content)
    if size <= CHUNK:
        return [HEADER.pack(1, kind, request_id, size, 0), content] if size else []
    view = memoryview(content)
    pieces: list[Buffer] = []
    for start in range(0, size, CHUNK):
        piece = view[start : start + CHUNK]
        pieces += (HEADER.pack(1, kind, request_id, len(piece), 0), piece)
    return pieces


def encode_end(request_id: int, app_status: int = 0, protocol_status: int = 0) -> bytes:
    """Return an END_REQUEST record."""
    return HEADER.pack(1, Type.END_REQUEST, request_id, 8, 0) + END_BODY.pack(
        app_status & 0xFFFFFFFF, protocol_status
    )


def encode_pairs(pairs: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Return name-value pairs as the content of a stream (SPEC 3.4)."""
    out: list[bytes] = []
    for pair in pairs:
        for part in pair:
            size = len(part)
            out.append(
                bytes((size,)) if size < 128 else (size | 1 << 31).to_bytes(4, "big")
            )
        out += pair
    return b"".join(out)


def spans(raw: Buffer, i: int, stop: int) -> Iterable[tuple[int, int, int]]:
    """Yield where each name starts, its value starts, and its value ends."""
    while i < stop:
        name_size = raw[i]
        i += 1
        if name_size & 128:
            if i + 3 > stop:
                raise RemoteProtocolError("name length cut short")
            name_size = int.from_bytes(raw[i - 1 : i + 3], "big") & 0x7FFFFFFF
            i += 3
        if i >= stop:
            raise RemoteProtocolError("value length missing")
        value_size = raw[i]
        i += 1
        if value_size & 128:
            if i + 3 > stop:
                raise RemoteProtocolError("value length cut short")
            value_size = int.from_bytes(raw[i - 1 : i + 3], "big") & 0x7FFFFFFF
            i += 3
        middle = i + name_size
        end = middle + value_size
        if end > stop:
            raise RemoteProtocolError("name or value longer than its stream")
        yield i, middle, end
        i = end


def decode_pairs(raw: bytes) -> list[tuple[bytes, bytes]]:
    """Return the name-value pairs of a whole stream, in order, doubles included.

    Raises:
        RemoteProtocolError: If a length reaches beyond the end of the stream.
    """
    return [(raw[a:b], raw[b:c]) for a, b, c in spans(raw, 0, len(raw))]


def _name(raw: bytes) -> str:
    """Return the environ key of a parameter name never seen before."""
    name = raw.decode("latin-1")
    if name.startswith("HTTP_"):
        # WHY: an edge that leaves the CGI mapping to us must not get two keys for
        # what an application would read as one header.
        name = "".join(c if c.isascii() and c.isalnum() else "_" for c in name.upper())
    elif not name or name.startswith(("wsgi.", "fcgi.")) or not name.isprintable():
        raise RefusedError(f"parameter name {name!r}")
    if len(_names) < _NAMES_LIMIT and name not in _SUSPECT and len(name) < 64:
        _names[raw] = name
    return name


def known_name(raw: bytes) -> str | None:
    """Return the environ key of a parameter name that needs no second check."""
    return _names.get(raw)


def _weigh(environ: Environ) -> None:
    """Judge the names that a client can form and an application may trust."""
    for name in _FORGED:
        if name in environ:
            raise RefusedError(f"a client's header took the name {name}")
    for name, original in _DOUBLED:
        value = environ.pop(name, None)
        if value is not None and value != environ.get(original, ""):
            raise RefusedError(f"{name} contradicts {original}")
    # LIMIT: httpoxy. No client has business naming our proxy.
    environ.pop("HTTP_PROXY", None)


def decode_environ(
    raw: bytes, base: Environ, start: int = 0, stop: int = -1
) -> Environ:
    """Return a copy of `base` with the parameters in `raw[start:stop]` added.

    Args:
        raw: Holds the content of a whole PARAMS stream.
        base: The keys every environ shares, all in lower case with a dot.
        start: Where the stream begins in `raw`.
        stop: Where it ends; negative for the end of `raw`.

    Raises:
        RemoteProtocolError: If a length reaches beyond the end of the stream.
        RefusedError: If a name comes twice, or could pass for one the edge sets.
    """
    if stop < 0:
        stop = len(raw)
    environ = base.copy()
    before = len(environ)
    names = _names
    # PERF: one decoding for all values, and slices of it for each (2026-11).
    text = raw.decode("latin-1")
    suspect = False
    count = 0
    i = start
    # PERF: `spans` written out; a generator costs a third more here (2026-11).
    while i < stop:
        name_size = raw[i]
        i += 1
        if name_size > 127:
            if i + 3 > stop:
                raise RemoteProtocolError("name length cut short")
            name_size = int.from_bytes(raw[i - 1 : i + 3], "big") & 0x7FFFFFFF
            i += 3
        if i >= stop:
            raise RemoteProtocolError("value length missing")
        end = raw[i]
        i += 1
        if end > 127:
            if i + 3 > stop:
                raise RemoteProtocolError("value length cut short")
            end = int.from_bytes(raw[i - 1 : i + 3], "big") & 0x7FFFFFFF
            i += 3
        middle = i + name_size
        end += middle
        if end > stop:
            raise RemoteProtocolError("name or value longer than its stream")
        name = raw[i:middle]
        if name in names:
            environ[names[name]] = text[middle:end]
        else:
            key = _name(name)
            suspect = suspect or key in _SUSPECT
            environ[key] = text[middle:end]
        count += 1
        i = end
    if len(environ) - before != count:
        # SPEC: none. LIMIT: X-Forwarded-For beside X_Forwarded_For reaches us as two
        # parameters of one name; whichever won, one of client and edge would be a liar.
        raise RefusedError("a parameter name came twice")
    if suspect:
        _weigh(environ)
    return environ


def read_request(raw: bytes, base: Environ) -> tuple[int, bool, Environ, bytes] | None:
    """Read a responder's request that arrived as a whole, the way lighttpd writes it.

    Returns:
        Request id, whether to keep the connection, environ, body; or None when `raw`
        is anything else, and only the full state machine can tell what.

    Raises:
        RemoteProtocolError: If the parameters are malformed.
        RefusedError: If the parameters must not reach an application.
    """
    total = len(raw)
    if total < _BEGIN + 16 or raw[:2] != b"\1\1" or raw[16:18] != b"\1\4":
        return None
    request_id = raw[2] << 8 | raw[3]
    if raw[4:7] != b"\0\x08\0" or raw[8:10] != b"\0\1" or raw[18:20] != raw[2:4]:
        return None
    stop = _BEGIN + (raw[20] << 8 | raw[21])
    i = stop + raw[22]
    if stop == _BEGIN or request_id == 0:
        return None
    keep = bool(raw[10] & KEEP_CONN)
    if request_id == 1 and raw[i:] == _EMPTY_TAIL:
        return 1, keep, decode_environ(raw, base, _BEGIN, stop), b""
    if i + HEADER_SIZE > total:
        return None
    if HEADER.unpack_from(raw, i) != (1, Type.PARAMS, request_id, 0, 0):
        return None
    i += HEADER_SIZE
    body: list[bytes] = []
    while i + HEADER_SIZE <= total:
        version, kind, owner, size, padding = HEADER.unpack_from(raw, i)
        i += HEADER_SIZE
        if version != 1 or kind != Type.STDIN or owner != request_id:
            return None
        if size == 0:
            if i + padding != total:
                return None
            environ = decode_environ(raw, base, _BEGIN, stop)
            return request_id, keep, environ, b"".join(body)
        body.append(raw[i : i + size])
        i += size + padding
    return None


def encode_begin(request_id: int, role: int, flags: int) -> bytes:
    """Return a BEGIN_REQUEST record."""
    return HEADER.pack(1, Type.BEGIN_REQUEST, request_id, 8, 0) + BEGIN_BODY.pack(
        role, flags
    )
