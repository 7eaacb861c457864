"""Spellings that count as one word.

WHY both sides are folded, and only folded forms are kept: a visitor who types "cafe" on
a foreign keyboard means the post that says "Café", and one posting list per word is half
the writes of two. So fold is: compatibility forms made plain (NFKC: full-width letters,
ligatures), case folded, Latin, Greek and Cyrillic accents taken off. Marks that make
another sound or word (Japanese dakuten, Indic vowels, Thai tones) stay.

This is wider than RediSearch 2.10, which lowers ASCII only: whatever it finds, we find.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Final

_ACCENTS: Final = dict.fromkeys(range(0x300, 0x370))


@lru_cache(maxsize=8192)
def _fold(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).casefold()
    bare = unicodedata.normalize("NFD", plain).translate(_ACCENTS)
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

    Maps to one of four characters: a space for what separates, ``w`` for what makes
    words, ``s`` for a sign that is a word by itself (emoji), ``r`` for unspaced scripts.
    """

    def __missing__(self, code: int) -> str:
        """Classify a character on first sight."""
        char = chr(code)
        kind = unicodedata.category(char)
        if code < 0x80:
            found = "w" if char.isalnum() or char == "_" else " "
        elif is_unspaced(char) and kind[0] in "LMN":
            found = "r"
        elif kind[0] in "LMN" or kind in ("Pc", "Cf"):
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
