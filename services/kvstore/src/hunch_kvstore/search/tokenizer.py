r"""Text to words, with the place of each in the text.

Rules

* Separators are RediSearch's for ASCII (everything but letters, digits and ``_``) and,
  beyond ASCII, everything Unicode calls space, punctuation or mathematics. RediSearch
  takes “ or — or the ideographic full stop as parts of words; we do not.
* A backslash takes the sign behind it into the word: ``hello\-world`` is one word.
* A symbol such as an emoji is a word by itself, and takes its joiners with it.
* A run of a script without spaces is one token here; `folding.bigrams` makes it findable.
* Stop words take no place: "state of the art" holds the phrase "state art".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from .folding import CLASSES, fold

_ASCII_WORD: Final = re.compile(r"[A-Za-z0-9_]+")
_CLASS_RUN: Final = re.compile(r"w[wj]*|r[rj]*|sj*")
_ESCAPED: Final = re.compile(r"\\([!-/:-@\[-`{-~\s])")
_ESCAPED_WORD: Final = re.compile(r"(?:\w|\\[!-/:-@\[-`{-~\s])+")
# LIMIT: a word longer than this is cut, as RediSearch cuts it.
MAX_WORD: Final = 128


class Token(NamedTuple):
    """One word: its folded form, where it stands in the text, whether it is a run."""

    text: str
    start: int
    stop: int
    is_run: bool


def tokenize(text: str) -> Iterator[Token]:
    """Yield the words of a text; stop words are not told apart here."""
    if "\\" in text:
        yield from _with_escapes(text)
    elif text.isascii():
        for found in _ASCII_WORD.finditer(text):
            yield Token(found[0][:MAX_WORD].lower(), found.start(), found.end(), False)
    else:
        for found in _CLASS_RUN.finditer(text.translate(CLASSES)):
            start, stop = found.span()
            if found[0][0] == "r":
                yield Token(fold(text[start:stop]), start, stop, True)
            else:
                folded = fold(text[start : min(stop, start + MAX_WORD)])
                if folded:
                    yield Token(folded, start, stop, False)


def unseparated(text: str) -> str:
    r"""Write a query's word so that it is taken whole: signs in it were escaped."""
    if text.isalnum():
        return text
    return "".join(
        "\\" + sign if sign.isascii() and not (sign.isalnum() or sign == "_") else sign
        for sign in text
    )


def _with_escapes(text: str) -> Iterator[Token]:
    at = 0
    for found in _ESCAPED_WORD.finditer(text):
        if "\\" not in found[0]:
            continue
        for token in tokenize(text[at : found.start()]):
            yield token._replace(start=token.start + at, stop=token.stop + at)
        plain = fold(_ESCAPED.sub(r"\1", found[0]))[:MAX_WORD]
        yield Token(plain, found.start(), found.end(), False)
        at = found.end()
    for token in tokenize(text[at:].replace("\\", " ")):
        yield token._replace(start=token.start + at, stop=token.stop + at)
