"""How well a document answers a query: RediSearch's default scorer, TFIDF.

A document's score is the sum over the query's words of frequency times rarity, divided by
the frequency of its most frequent word and by the distance of the words asked for.

* Frequency counts a field's weight, as a whole number; a stem counts one per word.
* Rarity is the whole part of log2(1 + (documents + 1) / documents with the word).
* Distance is the root of the sum of squares of the least distances between neighbours in
  the query, as a whole number.
* A tag counts its rarity, a range and ``*`` count one, what is behind a minus nothing.

LIMIT: RediSearch leaves a union at its first match when it skips, so of "run|runs" it may
count one where we count both. Order among equally good documents may differ by that.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import frexp, isqrt
from typing import TypeAlias

from ._analysis import MIN_STEMMED
from .chunk import numbers_of
from .combined import Either
from .document import Stream, tag_form, top_in
from .folding import bigrams, is_unspaced
from .index import Index
from .match import nearest, stem_of, word_test
from .node import Affix, All, Any, Fuzzy, Maybe, Node, Not, Tag, Term, Wildcard
from .plan import Planner
from .schema import FieldType

Scored: TypeAlias = tuple[float, list[int]]
"""What a part of the query adds, and where its words stand."""


@dataclass(slots=True)
class Text:
    """One document's words: (place in the document, word, weight) per TEXT field."""

    number: int
    fields: list[tuple[int, list[str], int]]


Part: TypeAlias = Callable[[Text], Scored]


class Scorer:
    """The score of each document for one query."""

    def __init__(self, index: Index, planner: Planner, documents: int) -> None:
        self._index = index
        self._planner = planner
        self._documents = documents
        self._needs_words = False

    def prepare(self, node: Node | None) -> Callable[[int, bytes], float]:
        """Return the scoring function of a query: (number, stored record) -> score."""
        part = self._part(node)
        needs_words = self._needs_words
        base = self._index.schema.score

        def score(number: int, record: bytes) -> float:
            text = read_text(self._planner, number) if needs_words else Text(number, [])
            return part(text)[0] * base / top_in(record)

        if not isinstance(node, (All, Any)) or not needs_words:
            return score
        parts = [self._part(child) for child in node.children]
        weight = node.weight

        def spread(number: int, record: bytes) -> float:
            text = read_text(self._planner, number)
            found = [part(text) for part in parts]
            total = weight * sum(one for one, _ in found)
            return total * base / top_in(record) / distance(at for _, at in found)

        return spread

    def _part(self, node: Node | None) -> Part:
        match node:
            case None | Not():
                return _nothing
            case Term():
                inner = self._term(node)
            case Affix() | Fuzzy() | Wildcard():
                inner = self._like(node)
            case All():
                inner = _sum([self._part(child) for child in node.children])
            case Any():
                inner = _sum([self._guarded(child) for child in node.children])
            case Maybe():
                inner = self._guarded(node.child)
            case Tag():
                inner = self._tag(node)
            case _:
                inner = _one
        if node.weight == 1.0:
            return inner
        return _weighted(inner, node.weight)

    def _guarded(self, node: Node) -> Part:
        """Score a branch only for documents that are in it."""
        part = self._part(node)
        if isinstance(node, (Term, Tag)):
            return part
        source = self._planner.source(node)
        return lambda text: (
            part(text) if source.keep(numbers_of((text.number,))) else (0.0, [])
        )

    def _term(self, node: Term) -> Part:
        self._needs_words = True
        # WHY all fields: RediSearch keeps one count per word and document, so a field
        # asked for decides about the match but not about the score.
        if node.text and is_unspaced(node.text[0]):
            pair = bigrams(node.text)[0]
            return _run_part(node.text, self.rarity(pair))
        plain = [
            (form, self.rarity(form))
            for form in (node.text, *node.stems)
            if form[:1] != "+"
        ]
        root = node.stems[0][1:] if node.stems else ""
        root_rarity = self.rarity("+" + root) if root else 0.0
        stemmed = [field.stems for field in self._planner.texts]

        def part(text: Text) -> Scored:
            total, places = 0.0, []
            fields = zip(text.fields, stemmed, strict=True)
            for (start, words, weight), has_stems in fields:
                for form, rarity in plain:
                    if form in words:
                        found = [start + i for i, w in enumerate(words) if w == form]
                        total += len(found) * weight * rarity
                        places += found
                if root and has_stems:
                    near = root[: MIN_STEMMED - 1]
                    found = [
                        start + i
                        for i, word in enumerate(words)
                        if word.startswith(near) and stem_of(word) == root
                    ]
                    total += len(found) * max(1, int(weight * 0.2)) * root_rarity
                    places += found
            return total, sorted(set(places))

        return part

    def _like(self, node: Affix | Fuzzy | Wildcard) -> Part:
        self._needs_words = True
        test = word_test(node)
        known: dict[str, float] = {}

        def part(text: Text) -> Scored:
            total, places = 0.0, []
            for start, words, weight in text.fields:
                for i, word in enumerate(words):
                    if test(word):
                        if word not in known:
                            known[word] = self.rarity(word)
                        total += known[word] * weight
                        places.append(start + i)
            return total, places

        return part

    def _tag(self, node: Tag) -> Part:
        field = self._index.schema.by_name.get(node.name)
        if field is None or field.type is not FieldType.TAG:
            return _nothing
        parts = []
        for child in node.children:
            if isinstance(child, Term):
                term = tag_form(field, child.text.strip())
                source = self._planner.listed(field, term)
                parts.append((source, self._rarity(source.count())))
        if len(parts) == 1:
            rarity = parts[0][1]
            return lambda text: (
                (rarity, []) if parts[0][0].keep(numbers_of((text.number,))) else _NONE
            )

        def part(text: Text) -> Scored:
            one = numbers_of((text.number,))
            return sum(rarity for source, rarity in parts if source.keep(one)), []

        return part if parts else _one

    def rarity(self, form: str) -> float:
        """Return the rarity of a word over all TEXT fields."""
        raw = form.encode("utf-8", "surrogateescape")
        lists = [self._planner.listed(field, raw) for field in self._planner.texts]
        lists = [one for one in lists if one.size]
        if len(lists) <= 1:
            return self._rarity(lists[0].count() if lists else 0)
        return self._rarity(sum(map(len, Either(lists).blocks())))

    def _rarity(self, holding: int) -> float:
        return float(frexp(1.0 + (self._documents + 1) / max(holding, 1))[1] - 1)


def read_text(planner: Planner, number: int) -> Text:
    """Read a document's words."""
    fields = []
    start = 0
    raw = planner.stream(number).split(Stream.FIELD)[1:]
    for field, part in zip(planner.texts, raw, strict=False):
        words = [word.decode() for word in Stream.words(part)]
        fields.append((start, words, max(1, int(field.weight))))
        start += len(words)
    return Text(number, fields)


def distance(places: Iterable[list[int]]) -> int:
    """Return how far apart the words of a query stand; 1 is side by side."""
    rows = [row for row in places if row]
    square = sum(nearest(one, two) ** 2 for one, two in itertools.pairwise(rows))
    return max(1, isqrt(square))


_NONE: Scored = (0.0, [])


def _nothing(text: Text) -> Scored:  # noqa: ARG001
    return _NONE


def _one(text: Text) -> Scored:  # noqa: ARG001
    return 1.0, []


def _weighted(part: Part, weight: float) -> Part:
    def scaled(text: Text) -> Scored:
        score, places = part(text)
        return weight * score, places

    return scaled


def _sum(parts: list[Part]) -> Part:
    def added(text: Text) -> Scored:
        total, places = 0.0, []
        for part in parts:
            score, found = part(text)
            total += score
            places += found
        return total, sorted(places)

    return added


def _run_part(run: str, rarity: float) -> Part:
    def part(text: Text) -> Scored:
        total, places = 0.0, []
        for start, words, weight in text.fields:
            for i, word in enumerate(words):
                found = word.count(run)
                if found:
                    total += found * weight * rarity
                    places.append(start + i)
        return total, places

    return part
