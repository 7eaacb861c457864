"""From what an application gives `start_response` to the header that is sent."""

from collections.abc import Iterable
from typing import Final

HEADER_LIMIT: Final = 32768
"""Bytes a response's header may have; edges take 8 KiB to 64 KiB."""

# Headers that were encoded before. LIMIT: emptied when it is full, and only short ones
# get in, so an application whose headers always differ fills a few hundred KiB.
_BLOCKS_LIMIT: Final = 256
_blocks: dict[object, tuple[bytes, int | None]] = {}


def encode_headers(
    status: str, headers: Iterable[tuple[str, str]]
) -> tuple[bytes, int | None]:
    """Return a CGI header without its final empty line, and the Content-Length in it.

    Raises:
        ValueError: If the header would not be what the application thinks it is.
        TypeError: If anything in it is not text.
    """
    # PERF: most answers of an application have the header of one before (2026-11).
    key = None
    if type(headers) is list and len(headers) < 8:
        key = (status, *headers)
        try:
            found = _blocks.get(key)
        except TypeError:
            key = None  # a field that is a list; judged below
        else:
            if found is not None:
                return found
    if len(status) < 4 or not status[:3].isdecimal() or status[3] != " ":
        raise ValueError(f"status {status!r} is not like '200 OK'")
    length: int | None = None
    lines = ["Status: ", status, "\r\n"]
    for name, value in headers:
        lines += (name, ": ", value, "\r\n")
        size = len(name)
        if size == 14 and name.lower() == "content-length":
            if not (value.isascii() and value.isdigit()):
                raise ValueError(f"Content-Length {value!r} is not a number")
            length = int(value)
        elif size == 10 and name.lower() == "connection":
            raise ValueError("Connection belongs to the web server")
        elif not size or ":" in name:
            raise ValueError(f"header name {name!r}")
    block = "".join(lines).encode("latin-1")
    # LIMIT: response splitting. Only our own line ends may be in the block.
    ends = len(lines) // 4 + 1
    if block.count(b"\r") != ends or block.count(b"\n") != ends or 0 in block:
        raise ValueError("line break or NUL in a header")
    if len(block) > HEADER_LIMIT:
        raise ValueError(f"header of {len(block)} bytes; the limit is {HEADER_LIMIT}")
    if key is not None and len(block) < 1024:
        if len(_blocks) >= _BLOCKS_LIMIT:
            _blocks.clear()
        _blocks[key] = block, length
    return block, length
