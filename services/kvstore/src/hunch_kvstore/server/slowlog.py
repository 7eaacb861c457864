"""The newest commands that took long."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass
from typing import Final

_WORDS: Final = 32
_WORD_BYTES: Final = 128
_SECRET: Final = b"(redacted)"


@dataclass(frozen=True, slots=True)
class SlowCall:
    """One entry: its number, when (seconds since 1970), how long, what and who."""

    number: int
    when_s: int
    spent_us: int
    words: list[bytes]
    address: str
    name: bytes


class SlowLog:
    """Entries, the newest first, `limit` of them at most."""

    def __init__(self, limit: int = 128) -> None:
        self.limit = limit
        self.entries: deque[SlowCall] = deque()
        self._next = 0

    def note(
        self, words: list[bytes], spent_us: int, address: str, name: bytes
    ) -> None:
        """Add an entry; long words and many of them are cut as Redis cuts them."""
        shown = [
            word
            if len(word) <= _WORD_BYTES
            else word[:_WORD_BYTES] + b"... (%d more bytes)" % (len(word) - _WORD_BYTES)
            for word in words[:_WORDS]
        ]
        if len(words) > _WORDS:
            left = len(words) - _WORDS + 1
            shown[-1] = b"... (%d more arguments)" % left
        self.entries.appendleft(
            SlowCall(self._next, int(time.time()), spent_us, shown, address, name)
        )
        self._next += 1
        while len(self.entries) > self.limit:
            self.entries.pop()


def redacted(name: str, words: list[bytes]) -> list[bytes]:
    """Return a command without the passwords in it."""
    if name == "AUTH":
        return [words[0], *[_SECRET] * (len(words) - 1)]
    if name in ("HELLO", "CONFIG|SET"):
        kept = list(words)
        for at, word in enumerate(words):
            if word.upper() == b"AUTH":
                kept[at + 1 : at + 3] = [_SECRET] * len(kept[at + 1 : at + 3])
            elif word.lower() == b"requirepass":
                kept[at + 1 : at + 2] = [_SECRET] * len(kept[at + 1 : at + 2])
        return kept
    return words
