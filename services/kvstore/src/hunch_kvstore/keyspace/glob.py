"""Redis's glob patterns over bytes: stars, question marks, brackets."""

from __future__ import annotations

import re
from functools import lru_cache

_SPECIAL = re.compile(rb"[*?\[\\]")


def literal_prefix(pattern: bytes) -> bytes:
    """Return the bytes every match begins with."""
    found = _SPECIAL.search(pattern)
    return pattern if found is None else pattern[: found.start()]


@lru_cache(maxsize=256)
def compile_glob(pattern: bytes) -> re.Pattern[bytes]:
    """Return an expression that fully matches what the pattern matches.

    Runs of stars become one, and each star after the first anchors lazily at the
    next literal.

    LIMIT: stars are matched with atomic groups where possible, so ``*a*a*a*b`` takes
    time in the product of lengths at worst, never exponential.
    """
    out: list[bytes] = []
    at = 0
    size = len(pattern)
    segments: list[bytes] = []
    while at < size:
        char = pattern[at : at + 1]
        at += 1
        if char == b"*":
            segments.append(b"".join(out))
            out = []
        elif char == b"?":
            out.append(b".")
        elif char == b"[":
            text, at = _char_class(pattern, at)
            out.append(text)
        else:
            if char == b"\\" and at < size:
                char = pattern[at : at + 1]
                at += 1
            out.append(re.escape(char))
    segments.append(b"".join(out))
    if len(segments) == 1:
        return re.compile(segments[0], re.DOTALL)
    first, *middle, last = segments
    # WHY: a literal between two stars may always take its first place, so each is an
    # atomic group and matching never goes back over it.
    body = b"".join(b"(?>.*?" + segment + b")" for segment in middle if segment)
    return re.compile(first + body + b".*" + last, re.DOTALL)


def _char_class(pattern: bytes, at: int) -> tuple[bytes, int]:
    """Translate a bracket that opened before `at`; return it and where it ends."""
    size = len(pattern)
    negated = pattern[at : at + 1] == b"^"
    if negated:
        at += 1
    members: set[int] = set()
    while at < size:
        char = pattern[at]
        if char == 92 and at + 1 < size:  # a backslash
            at += 1
            members.add(pattern[at])
        elif char == 93:  # "]"
            break
        elif at + 2 < size and pattern[at + 1] == 45:  # a range
            low, high = sorted((char, pattern[at + 2]))
            members.update(range(low, high + 1))
            at += 2
        else:
            members.add(char)
        at += 1
    at += 1
    if not members:
        return (b"." if negated else b"(?!)"), at
    text = b"".join(b"\\x%02x" % member for member in sorted(members))
    return (b"[^" if negated else b"[") + text + b"]", at


def matches(pattern: bytes, text: bytes) -> bool:
    """Tell whether the whole of `text` matches."""
    return compile_glob(pattern).fullmatch(text) is not None
