"""English stems: the Snowball English ("Porter 2") algorithm.

SPEC: snowballstem.org/algorithms/english/stemmer.html; step names are its own. R1 and R2
are where the first and second vowel-then-consonant region ends; a short syllable is what
"hop" ends in, and "how" does not.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

_VOWELS: Final = frozenset("aeiouy")
_REGION: Final = re.compile(r"[aeiouy][^aeiouy]")
_FIXED: Final = {
    "skis": "ski",
    "skies": "sky",
    "dying": "die",
    "lying": "lie",
    "tying": "tie",
    "idly": "idl",
    "gently": "gentl",
    "ugly": "ugli",
    "early": "earli",
    "only": "onli",
    "singly": "singl",
    **{w: w for w in ["sky", "news", "howe", "atlas", "cosmos", "bias", "andes"]},
}
_FIXED_AFTER_1A: Final = frozenset(
    [
        "inning",
        "outing",
        "canning",
        "herring",
        "earring",
        "proceed",
        "exceed",
        "succeed",
    ]
)
_DOUBLES: Final = ("bb", "dd", "ff", "gg", "mm", "nn", "pp", "rr", "tt")
_LI_ENDS: Final = frozenset("cdeghkmnrt")
# Longest first, as the algorithm takes the longest suffix that fits.
_STEP_2: Final = (
    ("ization", "ize"),
    ("ational", "ate"),
    ("fulness", "ful"),
    ("ousness", "ous"),
    ("iveness", "ive"),
    ("tional", "tion"),
    ("biliti", "ble"),
    ("lessli", "less"),
    ("entli", "ent"),
    ("ation", "ate"),
    ("alism", "al"),
    ("aliti", "al"),
    ("ousli", "ous"),
    ("iviti", "ive"),
    ("fulli", "ful"),
    ("enci", "ence"),
    ("anci", "ance"),
    ("abli", "able"),
    ("izer", "ize"),
    ("ator", "ate"),
    ("alli", "al"),
    ("bli", "ble"),
    ("ogi", "og"),
    ("li", ""),
)
_STEP_3: Final = (
    ("ational", "ate"),
    ("tional", "tion"),
    ("alize", "al"),
    ("icate", "ic"),
    ("iciti", "ic"),
    ("ative", ""),
    ("ical", "ic"),
    ("ness", ""),
    ("ful", ""),
)
_STEP_4: Final = (
    "ement",
    "ance",
    "ence",
    "able",
    "ible",
    "ment",
    "ant",
    "ent",
    "ism",
    "ate",
    "iti",
    "ous",
    "ive",
    "ize",
    "ion",
    "al",
    "er",
    "ic",
)


# PERF: for queries; `_analysis` remembers what it asks for.
@lru_cache(maxsize=4096)
def stem(word: str) -> str:
    """Return the stem of a folded word; words of other scripts come back as they are."""
    if len(word) <= 2:
        return word
    if word in _FIXED:
        return _FIXED[word]
    word = _mark_y(word.removeprefix("'"))
    r1, r2 = _regions(word)
    word = _step_1a(_step_0(word))
    if word in _FIXED_AFTER_1A:
        return word
    word = _step_1c(_step_1b(word, r1))
    word = _step_3(_step_2(word, r1), r1, r2)
    return _step_5(_step_4(word, r2), r1, r2).lower()


def _mark_y(word: str) -> str:
    """Write a y that is a consonant as Y: at the start, or behind a vowel."""
    if "y" not in word:
        return word
    signs = list(word)
    for at, sign in enumerate(signs):
        if sign == "y" and (at == 0 or signs[at - 1] in _VOWELS):
            signs[at] = "Y"
    return "".join(signs)


def _regions(word: str) -> tuple[int, int]:
    for start in ("gener", "commun", "arsen"):
        if word.startswith(start):
            r1 = len(start)
            break
    else:
        found = _REGION.search(word)
        r1 = found.end() if found else len(word)
    found = _REGION.search(word, r1)
    return r1, found.end() if found else len(word)


def _ends_short(word: str) -> bool:
    if len(word) == 2:
        return word[0] in _VOWELS and word[1] not in _VOWELS
    return (
        len(word) > 2
        and word[-3] not in _VOWELS
        and word[-2] in _VOWELS
        and word[-1] not in _VOWELS
        and word[-1] not in "wxY"
    )


def _step_0(word: str) -> str:
    for suffix in ("'s'", "'s", "'"):
        if word.endswith(suffix):
            return word[: -len(suffix)]
    return word


def _step_1a(word: str) -> str:
    if word.endswith("sses"):
        return word[:-2]
    if word.endswith(("ied", "ies")):
        return word[:-2] if len(word) > 4 else word[:-1]
    if word.endswith(("us", "ss")):
        return word
    if word.endswith("s") and any(sign in _VOWELS for sign in word[:-2]):
        return word[:-1]
    return word


def _step_1b(word: str, r1: int) -> str:
    for suffix in ("eedly", "eed"):
        if word.endswith(suffix):
            at = len(word) - len(suffix)
            return word[:at] + "ee" if at >= r1 else word
    for suffix in ("ingly", "edly", "ing", "ed"):
        if word.endswith(suffix):
            head = word[: -len(suffix)]
            if not any(sign in _VOWELS for sign in head):
                return word
            if head.endswith(("at", "bl", "iz")):
                return head + "e"
            if head.endswith(_DOUBLES):
                return head[:-1]
            if r1 >= len(head) and _ends_short(head):
                return head + "e"
            return head
    return word


def _step_1c(word: str) -> str:
    if len(word) > 2 and word[-1] in "yY" and word[-2] not in _VOWELS:
        return word[:-1] + "i"
    return word


def _step_2(word: str, r1: int) -> str:
    for suffix, new in _STEP_2:
        if word.endswith(suffix):
            at = len(word) - len(suffix)
            if at < r1:
                return word
            if suffix == "ogi" and word[at - 1 : at] != "l":
                return word
            if suffix == "li" and word[at - 1 : at] not in _LI_ENDS:
                return word
            return word[:at] + new
    return word


def _step_3(word: str, r1: int, r2: int) -> str:
    for suffix, new in _STEP_3:
        if word.endswith(suffix):
            at = len(word) - len(suffix)
            if at < r1 or (suffix == "ative" and at < r2):
                return word
            return word[:at] + new
    return word


def _step_4(word: str, r2: int) -> str:
    for suffix in _STEP_4:
        if word.endswith(suffix):
            at = len(word) - len(suffix)
            if at < r2 or (suffix == "ion" and word[at - 1 : at] not in ("s", "t")):
                return word
            return word[:at]
    return word


def _step_5(word: str, r1: int, r2: int) -> str:
    at = len(word) - 1
    if word.endswith("e"):
        if at >= r2 or (at >= r1 and not _ends_short(word[:-1])):
            return word[:-1]
    elif word.endswith("ll") and at >= r2:
        return word[:-1]
    return word
