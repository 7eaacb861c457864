"""How well a document answers a query: RediSearch's default scorer, TFIDF.

A document's score is the sum over the query's words of frequency times rarity, divided
by the frequency of its most frequent word. Rarity is the whole part of
log2(1 + documents / documents with the word). A tag, a range and ``*`` count one; what is
behind a minus counts nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from math import frexp

from .document import Stream, top_in
from .folding import bigrams
from .index import Index
from .keys import term_prefix
from .node import All, Any, Maybe, Node, Not, Term
from .plan import Planner
from .posting import Reader, count
from .schema import Field
from .source import Source
from .stemmer import stem

Part = Callable[[int, list[list[bytes]]], float]


class Scorer:
    """The score of each document for one query."""

    def __init__(
        self, reader: Reader, index: Index, planner: Planner, documents: int
    ) -> None:
        self._reader = reader
        self._index = index
        self._planner = planner
        self._documents = documents
        self._needs_words = False

    def prepare(self, node: Node | None) -> Callable[[int, bytes], float]:
        """Return the scoring function of a query."""
        part = self._part(node)
        needs_words = self._needs_words
        schema = self._index.schema

        def score(number: int, record: bytes) -> float:
            words: list[list[bytes]] = []
            if needs_words:
                parts = self._planner.stream(number).split(Stream.FIELD)[1:]
                words = [Stream.words(part) for part in parts]
            return part(number, words) * schema.score / top_in(record)

        return score

    def _part(self, node: Node | None) -> Part:
        match node:
            case None | Not():
                return _nothing
            case Term():
                inner = self._term(node)
            case All():
                inner = _sum([self._part(child) for child in node.children])
            case Any():
                inner = _sum([self._guarded(child) for child in node.children])
            case Maybe():
                inner = self._guarded(node.child)
            case _:
                inner = _one
        if node.weight == 1.0:
            return inner
        weight = node.weight
        return lambda number, words: weight * inner(number, words)

    def _guarded(self, node: Node) -> Part:
        """Score a branch only for documents that are in it."""
        part = self._part(node)
        if isinstance(node, Term):
            return part
        source: Source = self._planner.source(node)
        return lambda n, words: part(n, words) if source.keep((n,)) else 0.0

    def _term(self, node: Term) -> Part:
        self._needs_words = True
        forms = []
        for at, field in self._planner.fields_of(node):
            forms += self._forms(node, at, field)

        def part(number: int, words: list[list[bytes]]) -> float:  # noqa: ARG001
            total = 0.0
            for at, form, is_stem, factor in forms:
                if at >= len(words):
                    continue
                if is_stem:
                    found = sum(_stemmed(word) == form for word in words[at])
                else:
                    found = words[at].count(form)
                total += found * factor
            return total

        return part

    def _forms(
        self, node: Term, at: int, field: Field
    ) -> list[tuple[int, bytes, bool, float]]:
        made = []
        for form in (node.text, *node.stems):
            raw = form.encode("utf-8", "surrogateescape")
            listed = raw
            if not raw.isascii() and len(form) > 2:
                listed = bigrams(form)[0].encode()
            prefix = term_prefix(self._index.base, field.number, listed)
            rarity = _rarity(self._documents, count(self._reader, prefix))
            is_stem = form.startswith("+")
            made.append(
                (at, raw[1:] if is_stem else raw, is_stem, rarity * field.weight)
            )
        return made


def _stemmed(word: bytes) -> bytes:
    text = word.decode("utf-8", "replace")
    root = stem(text)
    return b"" if root == text or len(text) < 4 else root.encode()


def _rarity(documents: int, holding: int) -> float:
    return float(frexp(1.0 + (documents + 1) / max(holding, 1))[1] - 1)


def _nothing(number: int, words: list[list[bytes]]) -> float:  # noqa: ARG001
    return 0.0


def _one(number: int, words: list[list[bytes]]) -> float:  # noqa: ARG001
    return 1.0


def _sum(parts: list[Part]) -> Part:
    return lambda number, words: sum(part(number, words) for part in parts)
