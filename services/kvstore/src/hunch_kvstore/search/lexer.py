"""The words and signs of a query.

Rules (query dialect 2)

* A word is a run of characters that are neither ASCII punctuation, space nor control
  signs; ``_`` belongs to words, and a backslash takes the next sign into the word.
* The longest reading wins: ``12`` is a number, ``12abc`` a word. ``-5`` is a number.
* A quoted phrase is one token, also with a ``*`` right at either end; a quote that never
  closes is a sign.
* ``@field>=5`` and its like are one token.
* Punctuation that means nothing separates words and is dropped.
* `Token.near` is the last thing that had a text when the token was read: that is what an
  error message shows after "near", so signs carry the text of what stands before them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from math import inf
from typing import Final


class Kind(Enum):
    """What a token is; the value is its precedence in the grammar.

    WHY: "a b*" groups differently from "a b" because the grammar's precedences say so
    (`parser`); members that share a precedence differ in the fraction only.
    """

    END = 0.0
    OR = 3.0
    MODIFIER = 5.0
    COMPARE = 5.1
    RP = 6.0
    RB = 6.1
    RSQB = 6.2
    TERM = 7.0
    QUOTE = 8.0
    LP = 9.0
    LB = 9.1
    LSQB = 9.2
    TILDE = 10.0
    MINUS = 10.1
    ARROW = 14.0
    COLON = 15.0
    SEMICOLON = 15.1
    NUMBER = 16.0
    STAR = 18.0
    PREFIX = 21.0
    SUFFIX = 21.1
    CONTAINS = 21.2
    PERCENT = 22.0
    ATTRIBUTE = 23.0
    WILDCARD = 24.0
    VERBATIM = 24.1


@dataclass(slots=True, frozen=True)
class Token:
    """One word or sign.

    Attributes:
        at: Where it begins, in characters.
        text: The word without what marks its kind.
        near: What an error message at this token shows.
        value: Of a number.
        is_whole: For a quote: whether it is a closed phrase.
    """

    kind: Kind
    at: int
    text: str
    near: str
    value: float = 0.0
    is_whole: bool = True


_WORD: Final = r"(?:[^\x00-\x20\x7f!-/:-@\[-`{-~]|_|\\[!-/:-@\[-`{-~\s])+"
_QUOTED: Final = r'"(?:[^"\\]|\\.)+"'
_NUMBER: Final = r"[+-]?inf|-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"
_READINGS: Final = {
    kind: re.compile(pattern, re.IGNORECASE | re.DOTALL)
    for kind, pattern in (
        (Kind.NUMBER, _NUMBER),
        (Kind.MODIFIER, "@" + _WORD),
        (Kind.ATTRIBUTE, r"\$" + _WORD),
        (Kind.ARROW, "=>"),
        (Kind.COMPARE, rf"@{_WORD}\s*(?:==|!=|>=|<=|>|<)\s*(?:{_NUMBER}|\${_WORD})"),
        (Kind.CONTAINS, rf"\*(?:\$?{_WORD}|{_QUOTED})\*"),
        (Kind.PREFIX, rf"(?:{_NUMBER}|\$?{_WORD}|{_QUOTED})\*"),
        (Kind.SUFFIX, rf"\*(?:{_NUMBER}|\$?{_WORD}|{_QUOTED})"),
        (Kind.QUOTE, r'"(?:[^"\\]|\\.)*"'),
        (Kind.WILDCARD, r"w'(?:[^'\\]|\\.)+'"),
        (Kind.VERBATIM, r"'(?:[^'\\]|\\.)+'"),
        (Kind.TERM, _WORD),
    )
}


def _candidates(*kinds: Kind) -> list[tuple[Kind, re.Pattern[str]]]:
    return [(kind, _READINGS[kind]) for kind in kinds]


# What can begin with a sign, in the order in which readings of one length win.
_BY_SIGN: Final = {
    '"': _candidates(Kind.QUOTE, Kind.PREFIX),
    "@": _candidates(Kind.MODIFIER, Kind.COMPARE),
    "$": _candidates(Kind.ATTRIBUTE, Kind.PREFIX),
    "=": _candidates(Kind.ARROW),
    "*": _candidates(Kind.CONTAINS, Kind.SUFFIX),
    "'": _candidates(Kind.VERBATIM),
    "w": _candidates(Kind.PREFIX, Kind.WILDCARD, Kind.TERM),
    **dict.fromkeys("+-", _candidates(Kind.NUMBER, Kind.PREFIX)),
    **dict.fromkeys("0123456789iI", _candidates(Kind.NUMBER, Kind.PREFIX, Kind.TERM)),
}
_OTHERS: Final = _candidates(Kind.PREFIX, Kind.TERM)
_SIGNS: Final = {
    '"': Kind.QUOTE,
    "|": Kind.OR,
    "(": Kind.LP,
    ")": Kind.RP,
    "{": Kind.LB,
    "}": Kind.RB,
    ":": Kind.COLON,
    ";": Kind.SEMICOLON,
    "-": Kind.MINUS,
    "~": Kind.TILDE,
    "*": Kind.STAR,
    "%": Kind.PERCENT,
    "[": Kind.LSQB,
    "]": Kind.RSQB,
}
_DRESS: Final = {
    Kind.MODIFIER: (1, 0),
    Kind.ATTRIBUTE: (1, 0),
    Kind.CONTAINS: (1, 1),
    Kind.PREFIX: (0, 1),
    Kind.SUFFIX: (1, 0),
    Kind.WILDCARD: (2, 1),
    Kind.VERBATIM: (1, 1),
    Kind.QUOTE: (1, 1),
    Kind.COMPARE: (1, 0),
}
_ESCAPED: Final = re.compile(r"\\([!-/:-@\[-`{-~\s])")


_PHRASE_WORD: Final = re.compile(r"\$?" + _WORD)


def phrase_words(text: str) -> list[str]:
    """Return the words between two quotes; all signs but escaped ones separate them."""
    return [unescape(word) for word in _PHRASE_WORD.findall(text)]


def unescape(text: str) -> str:
    """Return a word without the backslashes that took signs into it."""
    return _ESCAPED.sub(r"\1", text) if "\\" in text else text


def tokens(query: str) -> Iterator[Token]:
    """Yield the tokens of a query, the last one an END."""
    at, near, last = 0, "", 0
    while at < len(query):
        kind, stop = _longest(query, at)
        if kind is None:
            at += 1
            continue
        text, value = "", 0.0
        if stop - at > 1 or kind not in _SIGN_KINDS:
            head, tail = _DRESS.get(kind, (0, 0))
            text = query[at + head : stop - tail]
            if kind is Kind.ARROW:
                near = query[at + 1 : at + 3]
            elif kind in _AFFIXES:
                near = text.removeprefix("$")
                if text[0] == '"':
                    near = text[1:-1]
                    # WHY: between quotes a dollar names no parameter.
                    text = "\\" * near.startswith("$") + near
            elif kind is not Kind.COMPARE:
                near = text
            if kind is Kind.NUMBER:
                value = number_of(text)
        shown = split_comparison(text)[0] if kind is Kind.COMPARE else near
        if kind is Kind.WILDCARD:
            at += 2
        yield Token(kind, at, text, shown, value, stop - at > 1)
        if kind is not Kind.COMPARE:
            last = at
        at = stop
    yield Token(Kind.END, last, "", near)


_AFFIXES: Final = (Kind.PREFIX, Kind.SUFFIX, Kind.CONTAINS)
_SIGN_KINDS: Final = frozenset(_SIGNS.values())


def is_number(text: str) -> bool:
    """Tell whether a text reads as one number."""
    return _READINGS[Kind.NUMBER].fullmatch(text) is not None


_COMPARISON: Final = re.compile(rf"({_WORD})\s*([=!<>]+)\s*(.+)", re.DOTALL)


def split_comparison(text: str) -> tuple[str, str, str]:
    """Return field, sign and number of a COMPARE token's text."""
    found = _COMPARISON.fullmatch(text)
    assert found is not None
    return unescape(found[1]), found[2], found[3]


def _longest(query: str, at: int) -> tuple[Kind | None, int]:
    sign = query[at]
    kind, stop = _SIGNS.get(sign), at + 1
    for candidate, pattern in _BY_SIGN.get(sign, _OTHERS):
        found = pattern.match(query, at)
        if found is not None and (found.end() > stop or kind is None):
            kind, stop = candidate, found.end()
    return kind, stop


def number_of(text: str) -> float:
    """Return the value of a number as queries write it."""
    low = text.lower()
    if low.endswith("inf"):
        return -inf if low[0] == "-" else inf
    return float(text)
