"""Reading a response body within bounds.

LIMIT: ten megabytes of gzip can hold ten gigabytes of zeros. Decoding happens here,
piece by piece with a ceiling on each piece, and stops at the cap; what an attacker
gains is one cap's worth of memory and a fraction of a second.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Protocol

# LIMIT: nobody needs more than one; chains of encodings exist only as bombs.
_MOST_ENCODINGS = 2
_PIECE_BYTES = 64 * 1024
_MEMBER = b"\x1f\x8b"


class TooBig(Exception):  # noqa: N818 - reads as what it is
    """The decoded body passed the cap."""


class BadEncoding(Exception):  # noqa: N818 - reads as what it is
    """The body is not in the encoding its header names."""


class _Decoder(Protocol):
    def pieces(self, raw: bytes) -> Iterable[bytes]: ...


class _Inflate:
    """gzip, zlib or bare deflate, at most `_PIECE_BYTES` out at a time."""

    def __init__(self, encoding: str) -> None:
        self._encoding = encoding
        self._stream = zlib.decompressobj(
            16 + zlib.MAX_WBITS if encoding == "gzip" else zlib.MAX_WBITS
        )
        self._began = False
        self._held = b""

    def pieces(self, raw: bytes) -> Iterable[bytes]:
        while raw:
            if self._stream.eof:
                # SPEC RFC 1952 2.2: members may follow each other; trailing zeros may too
                raw = self._held + raw
                self._held = b""
                if self._encoding != "gzip" or raw[:1] != _MEMBER[:1]:
                    return
                if len(raw) < len(_MEMBER):
                    self._held = raw
                    return
                if not raw.startswith(_MEMBER):
                    return
                self._stream = zlib.decompressobj(16 + zlib.MAX_WBITS)
            try:
                piece = self._stream.decompress(raw, _PIECE_BYTES)
            except zlib.error as error:
                if self._encoding == "deflate" and not self._began:
                    # WHY: some servers send raw deflate under the name "deflate"
                    self._stream = zlib.decompressobj(-zlib.MAX_WBITS)
                    self._began = True
                    continue
                raise BadEncoding(str(error)) from error
            self._began = True
            raw = (
                self._stream.unused_data
                if self._stream.eof
                else self._stream.unconsumed_tail
            )
            if piece:
                yield piece


def _decoders(content_encoding: str) -> list[_Decoder]:
    names = [n.strip().lower() for n in content_encoding.split(",") if n.strip()]
    names = [n.removeprefix("x-") for n in names if n != "identity"]
    if len(names) > _MOST_ENCODINGS:
        msg = f"the body is encoded {len(names)} times over"
        raise BadEncoding(msg)
    for name in names:
        if name not in ("gzip", "deflate"):
            msg = f"the body is encoded as “{name}”, which was not asked for"
            raise BadEncoding(msg)
    return [_Inflate(name) for name in reversed(names)]


def read_body(raw: Iterable[bytes], content_encoding: str, cap_bytes: int) -> bytes:
    """Return the decoded body.

    Args:
        raw: The body's bytes as they arrive, still encoded.
        content_encoding: The header's value, perhaps empty.
        cap_bytes: How much decoded body is accepted.

    Raises:
        TooBig: As soon as the cap is passed.
        BadEncoding: If it cannot be decoded.
    """
    decoders = _decoders(content_encoding)
    whole = bytearray()

    def take(piece: bytes, level: int) -> None:
        if level == len(decoders):
            whole.extend(piece)
            if len(whole) > cap_bytes:
                raise TooBig
            return
        for decoded in decoders[level].pieces(piece):
            take(decoded, level + 1)

    for piece in raw:
        take(piece, 0)
    return bytes(whole)
