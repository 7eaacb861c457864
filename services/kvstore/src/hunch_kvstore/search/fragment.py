"""SUMMARIZE: the places of a text where words were found, with what stands around them.

Theory of operation, which is RediSearch's

* Found words at most `_NEAR` words apart (stop words do not count) make one fragment.
* A fragment is worth the sum of the rarities of its different words. The best FRAGS of
  them, of equals the first, come in the order of the text, each with the separator.
* Around a fragment comes context: half on either side of what LEN words (of `_WORD_BYTES`
  bytes) leave when the fragment's own other words are taken off. It ends between words,
  and a word that the first byte of the context falls into is left out even if it begins
  there. The contexts of neighbours may overlap, but a context holds no other fragment.
* A text without a found word is cut after so many bytes, between words.

Text without spaces is cut between any two of its characters, which RediSearch never does;
two of them count as a word.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from .folding import CLASSES
from .marks import Summary

_NEAR: Final = 8
_WORD_BYTES: Final = 6
_SPACES: Final = re.compile(r"[ \t-\r]+")


@dataclass(slots=True)
class Found:
    """A found word.

    Attributes:
        term: What it is indexed by.
        place: Its number among the words of the text.
        start: Where it begins in the text.
        stop: Where it ends.
    """

    term: str
    place: int
    start: int
    stop: int


@dataclass(slots=True)
class Fragment:
    """Found words that stand together, in order."""

    found: list[Found]

    @property
    def start(self) -> int:
        """Where the first of them begins."""
        return self.found[0].start

    @property
    def stop(self) -> int:
        """Where the last of them ends."""
        return self.found[-1].stop

    @property
    def others(self) -> int:
        """How many other words stand between them."""
        words = self.found[-1].place - self.found[0].place + 1
        return max(0, words - len(self.found))


def fragments(found: Sequence[Found]) -> list[Fragment]:
    """Return the fragments that found words make, which come in the order of the text."""
    made: list[Fragment] = []
    stop = 0
    for one in found:
        if one.start < stop:
            continue
        if made and one.place - made[-1].found[-1].place <= _NEAR:
            made[-1].found.append(one)
        else:
            made.append(Fragment([one]))
        stop = one.stop
    return made


def best(
    made: Sequence[Fragment], count: int, rarity: Callable[[str], float]
) -> list[Fragment]:
    """Return so many fragments, those with the rarest words, in the order of the text."""
    if count >= len(made):
        return list(made)
    known = {one.term: 0.0 for part in made for one in part.found}
    for term in known:
        known[term] = rarity(term)
    worth = [sum(known[t] for t in {one.term for one in p.found}) for p in made]
    ranked = sorted(range(len(made)), key=lambda at: -worth[at])
    return [made[at] for at in sorted(ranked[:count])]


class Text:
    """A text that is cut into pieces."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._kinds = text.translate(CLASSES)
        self._is_ascii = text.isascii()

    def pieces(self, made: Sequence[Fragment], length: int) -> list[tuple[int, int]]:
        """Return where fragments with their contexts of `length` words begin and end.

        A context stops at the fragments before and behind, but not at their contexts.
        """
        pieces = []
        low = 0
        for at, one in enumerate(made, 1):
            start, stop = one.start, one.stop
            high = made[at].start if at < len(made) else len(self.text) - 1
            if length > one.others:
                size_bytes = (length - one.others) // 2 * _WORD_BYTES
                start = self._before(start, low, size_bytes)
                stop = self._after(stop, high, size_bytes)
            pieces.append((start, stop))
            low = one.stop
        return pieces

    def head(self, summary: Summary) -> str:
        """Return the beginning of a text in which nothing was found."""
        words = summary.length * summary.fragments + 1
        at = min(self._forward(0, words * _WORD_BYTES), len(self.text))
        while at > 1 and self._kinds[at - 1] == "w":
            at -= 1
        while at > 1 and _SPACES.match(self.text, at - 1):
            at -= 1
        return self.text[:at]

    def _before(self, stop: int, low: int, size_bytes: int) -> int:
        at = max(low, self._back(stop, size_bytes))
        while at < stop and self._kinds[at] == "w":
            at += 1
        while at < stop and self._kinds[at] == " ":
            at += 1
        return at

    def _after(self, start: int, high: int, size_bytes: int) -> int:
        kinds = self._kinds
        reach = self._forward(start, size_bytes)
        at = min(reach, high)
        if start < at and kinds[at] == "r":
            at += reach > at and at == len(kinds) - 1
            return start + len(kinds[start:at].rstrip())
        while at > start and kinds[at] == "w":
            at -= 1
        while at > start and kinds[at] == " ":
            at -= 1
        # WHY the sign behind the fragment comes along even if the context is empty: it
        # separates; RediSearch has it, too.
        is_taken = start <= at < len(kinds) and (at > start or kinds[at] == " ")
        return at + 1 if is_taken else start

    def _forward(self, at: int, size_bytes: int) -> int:
        """Return the character that so many bytes behind another one lie in."""
        if self._is_ascii:
            return at + size_bytes
        while at < len(self.text):
            size_bytes -= _width(self.text[at])
            if size_bytes < 0:
                break
            at += 1
        return at

    def _back(self, at: int, size_bytes: int) -> int:
        """Return the first character that begins at most so many bytes before another."""
        if self._is_ascii:
            return max(0, at - size_bytes)
        while at and size_bytes >= (width := _width(self.text[at - 1])):
            size_bytes -= width
            at -= 1
        return at


def single_spaced(text: str) -> str:
    """Return a piece of a text with one space for all between two words."""
    return _SPACES.sub(" ", text)


def _width(sign: str) -> int:
    """Return how many bytes a character takes; those that were no UTF-8 take one."""
    code = ord(sign)
    if code < 0x80 or 0xDC80 <= code <= 0xDCFF:
        return 1
    return 2 if code < 0x800 else 3 if code < 0x10000 else 4
