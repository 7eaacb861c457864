"""Mends documents that would otherwise be lost as a whole for one bad byte.

feedparser raises, instead of shrugging, on bytes that are in no encoding, on NUL and on
references to characters that do not exist. Each is mended in place, so that one broken
entry costs a few characters and never the feed.
"""

from __future__ import annotations

import codecs
import re

_DECLARATION = re.compile(r"^\s*<\?xml[^>]{0,200}\?>")
_DECLARED = re.compile(rb"^\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([\w.:-]{1,40})")
_REFERENCE = re.compile(r"&#(?:[xX]([0-9a-fA-F]+)|([0-9]+));?")
# SPEC XML 1.0 2.2: every other control character is no character of a document
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def _as_windows(error: UnicodeError) -> tuple[str, int]:
    """Read bytes that are no UTF-8 as the encoding they most likely are."""
    assert isinstance(error, UnicodeDecodeError)
    bad = error.object[error.start : error.end]
    return bad.decode("cp1252", "replace"), error.end


codecs.register_error("hunch-windows", _as_windows)


def declared_encoding(body: bytes, content_type: str) -> str:
    """Return the encoding a document claims, in lower case; empty if it is silent."""
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if found := _DECLARED.match(body[:400]):
        return found[1].decode("ascii").lower()
    charset = re.search(r"charset\s*=\s*\"?([\w.:-]{1,40})", content_type)
    return charset[1].lower() if charset else ""


def needs_mending(body: bytes, content_type: str) -> bool:
    """Tell whether a document that claims or implies UTF-8 is not in UTF-8."""
    if declared_encoding(body, content_type) not in ("", "utf-8", "utf8"):
        return False
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return True
    return False


def mended(body: bytes, content_type: str) -> bytes:
    """Return the document in UTF-8, without what no parser can read."""
    encoding = declared_encoding(body, content_type) or "utf-8"
    is_utf8 = encoding in ("utf-8", "utf8")
    try:
        text = body.decode(encoding, "hunch-windows" if is_utf8 else "replace")
    except (LookupError, UnicodeError):
        text = body.decode("utf-8", "hunch-windows")
    text = _DECLARATION.sub("", text.lstrip("\ufeff"), count=1)
    text = _CONTROL.sub("", text)
    return _REFERENCE.sub(_existing, text).encode("utf-8", "replace")


def _existing(match: re.Match[str]) -> str:
    # LIMIT: int() of a long number is slow; no character needs more than seven digits
    digits = (match[1] or match[2]).lstrip("0") or "0"
    number = int(digits, 16 if match[1] else 10) if len(digits) <= 7 else 0x110000
    is_character = number in (9, 10, 13) or 32 <= number < 0xD800
    is_character = is_character or 0xE000 <= number < 0xFFFE
    is_character = is_character or 0x10000 <= number <= 0x10FFFF
    return match[0] if is_character else "\ufffd"
