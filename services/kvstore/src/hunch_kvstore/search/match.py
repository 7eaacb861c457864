"""Which words of a text a query means, and how near to each other they stand."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import TypeAlias

from ._analysis import MIN_STEMMED
from .folding import fold, is_unspaced
from .node import Affix, All, Any, Fuzzy, Maybe, Node, Term, Wildcard
from .stemmer import stem
from .term import is_near, wildcard

IsMeant: TypeAlias = Callable[[str], bool]
"""Tells whether a folded word is one a part of the query asks for."""


Leaf: TypeAlias = Term | Affix | Fuzzy | Wildcard
"""A part of a query that asks for words."""


def word_test(node: Leaf, *, has_stems: bool = True) -> IsMeant:
    """Return the test of one part of a query, in a field with stems or without."""
    match node:
        case Term():
            return _term_test(node, has_stems=has_stems)
        case Affix():
            text = fold(node.text)
            if node.has_more_after and node.has_more_before:
                return lambda word: text in word
            if node.has_more_before:
                return lambda word: word.endswith(text)
            return lambda word: word.startswith(text)
        case Fuzzy():
            return lambda word: is_near(word, node.text, node.distance)
        case _:
            pattern = wildcard(fold(node.pattern))
            return lambda word: pattern.match(word) is not None


def _term_test(node: Term, *, has_stems: bool) -> IsMeant:
    text = node.text
    if text and is_unspaced(text[0]):
        return lambda word: text in word
    roots = {form[1:] for form in node.stems if form[0] == "+" and has_stems}
    plain = {text, *(form for form in node.stems if form[0] != "+")}
    if not roots:
        return plain.__contains__
    return lambda word: word in plain or stem_of(word) in roots


def stem_of(word: str) -> str:
    """Return a word's stem if it is indexed under it, else nothing."""
    if len(word) < MIN_STEMMED:
        return ""
    root = stem(word)
    return "" if root == word else root


def leaves(node: Node | None) -> list[Leaf]:
    """Return the parts of a query that ask for words, without what it excludes."""
    match node:
        case Term() | Affix() | Fuzzy() | Wildcard():
            return [node]
        case All() | Any():
            return [leaf for child in node.children for leaf in leaves(child)]
        case Maybe():
            return leaves(node.child)
        case _:
            return []


def nearest(left: Sequence[int], right: Sequence[int]) -> int:
    """Return the least distance between a place of one word and one of another."""
    best = 1 << 30
    for place in left:
        at = bisect_right(right, place)
        if at < len(right):
            best = min(best, right[at] - place)
        if at:
            best = min(best, place - right[at - 1])
    return best


def is_within(
    places: Sequence[Sequence[int]], slop: int | None, *, in_order: bool
) -> bool:
    """Tell whether words stand together: at most `slop` others between them.

    Args:
        places: Ascending places of each word.
        slop: None is any number.
        in_order: Whether they must come in the order given.
    """
    if not all(places):
        return False
    if in_order:
        return any(
            _reaches(places[1:], start, start, len(places), slop) for start in places[0]
        )
    if slop is None:
        return True
    marks = sorted(
        (place, which) for which, all_ in enumerate(places) for place in all_
    )
    seen: dict[int, int] = {}
    for place, which in marks:
        seen[which] = place
        if len(seen) == len(places):
            span = place - min(seen.values()) + 1 - len(places)
            if span <= slop:
                return True
    return False


def _reaches(
    places: Sequence[Sequence[int]], start: int, at: int, words: int, slop: int | None
) -> bool:
    """Follow each word to its first place behind the one before: the tightest way."""
    for row in places:
        nxt = bisect_right(row, at)
        if nxt == len(row):
            return False
        at = row[nxt]
    return slop is None or at - start + 1 - words <= slop
