"""Spellings that count as one word.

WHY both sides are folded, and only folded forms are kept: a visitor who types "cafe" on
a foreign keyboard means the post that says "Café", and one posting list per word is half
the writes of two. So fold is: compatibility forms made plain (NFKC: full-width letters,
ligatures), case folded, Latin, Greek and Cyrillic accents taken off, and what no keyboard
has but its own: Łódź is lodz, Øresund oresund, ışık isik. Arabic and Hebrew lose their
points, as they are mostly written, Arabic its tatweel, and letters that are typed for each
other there are one. All digits are 0 to 9. Signs nobody sees (soft hyphens, joiners,
directions, the choice between ❤ and ❤️) are nothing. Marks that make another sound or word
(Japanese dakuten, Indic vowels, Thai tones) stay.

This is wider than RediSearch 2.10, which lowers ASCII only: whatever it finds, we find.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Final

FOLDING: Final = 2
"""Moves when a word may be folded otherwise than before; then indexes are made anew."""

_OTHERS: Final = dict(
    pair.split("=")
    for pair in [
        "ł=l",
        "ø=o",
        "đ=d",
        "ð=d",
        "þ=th",
        "æ=ae",
        "œ=oe",
        "ħ=h",
        "ŧ=t",
        "ı=i",
        "ٱ=ا",
        "ة=ه",
        "ى=ي",
        "ی=ي",
        "ک=ك",
    ]
)
_DROPPED: Final = (
    (0x0300, 0x036F),  # accents
    (0x0591, 0x05C7),  # Hebrew points
    (0x0610, 0x061A),  # Arabic points, and those of the Quran
    (0x064B, 0x065F),
    (0x0670, 0x0670),
    (0x06D6, 0x06ED),
    (0x20DD, 0x20E4),  # circles and keys around a sign
    (0xFE00, 0xFE0F),  # how a sign is drawn
    (0xE0100, 0xE01EF),
)
_ZERO_WIDTH_SPACE: Final = 0x200B
_TATWEEL: Final = 0x0640


def _is_dropped(code: int, kind: str) -> bool:
    if kind == "Cf":
        return code != _ZERO_WIDTH_SPACE
    is_mark = kind[0] == "M" and any(low <= code <= high for low, high in _DROPPED)
    return is_mark or code == _TATWEEL


class _Folded(dict[int, str]):
    """What each character becomes, as a table for `str.translate`."""

    def __missing__(self, code: int) -> str:
        """Look a character up on first sight."""
        char = chr(code)
        kind = unicodedata.category(char)
        found = _OTHERS.get(char, char)
        if _is_dropped(code, kind):
            found = ""
        elif kind == "Nd":
            found = str(unicodedata.digit(char))
        self[code] = found
        return found


_FOLDED: Final = _Folded()


@lru_cache(maxsize=8192)
def _fold(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).casefold()
    bare = unicodedata.normalize("NFD", plain).translate(_FOLDED)
    return unicodedata.normalize("NFC", bare)


def fold(text: str) -> str:
    """Return the form under which a word is indexed and looked up."""
    return text.lower() if text.isascii() else _fold(text)


# Blocks whose text has no spaces between words, or (Korean) is searched by part of word.
_RUNS: Final = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Myanmar
    (0x1100, 0x11FF),  # Hangul jamo
    (0x1780, 0x17FF),  # Khmer
    (0x2E80, 0x2FDF),  # Han radicals
    (0x3005, 0x3007),  # iteration mark, closing mark, zero
    (0x3021, 0x312F),  # Han numerals, Hiragana, Katakana, Bopomofo
    (0x3131, 0x318F),  # Hangul compatibility jamo
    (0x31A0, 0x31FF),  # Bopomofo and Katakana extensions
    (0x3400, 0x4DBF),  # Han extension A
    (0x4E00, 0x9FFF),  # Han
    (0xA960, 0xA97F),  # Hangul jamo extended
    (0xAC00, 0xD7FF),  # Hangul syllables
    (0xF900, 0xFAFF),  # Han compatibility
    (0xFF66, 0xFF9F),  # half-width Katakana
    (0x1B000, 0x1B16F),  # Kana supplements
    (0x20000, 0x323AF),  # Han extensions B to H
)


def is_unspaced(char: str) -> bool:
    """Tell whether a character belongs to a script written without spaces."""
    code = ord(char)
    return code >= 0x0E00 and any(low <= code <= high for low, high in _RUNS)


class Classes(dict[int, str]):
    """What each character is, as a table for `str.translate`, filled as text comes.

    Maps to one of five characters: a space for what separates, ``w`` for what makes
    words, ``s`` for a sign that is a word by itself (emoji), ``r`` for unspaced scripts,
    ``j`` for what nobody sees and belongs to what stands before it.
    """

    def __missing__(self, code: int) -> str:
        """Classify a character on first sight."""
        char = chr(code)
        kind = unicodedata.category(char)
        if code < 0x80:
            found = "w" if char.isalnum() or char == "_" else " "
        elif (kind == "Cf" or code >= 0x20DD) and _is_dropped(code, kind):
            found = "j"
        elif is_unspaced(char) and kind[0] in "LMN" and kind != "Nd":
            found = "r"
        elif kind[0] in "LMN" or kind == "Pc":
            found = "w"
        elif kind in ("So", "Sk"):
            found = "s"
        else:
            found = " "
        self[code] = found
        return found


CLASSES: Final = Classes()


def bigrams(run: str) -> list[str]:
    """Return the pairs of neighbouring characters, and the last character alone.

    WHY the last one: a search for one character looks for all pairs that begin with it,
    and only the last character of a run begins no pair.
    """
    pairs = [run[at : at + 2] for at in range(len(run) - 1)]
    pairs.append(run[-1])
    return pairs
