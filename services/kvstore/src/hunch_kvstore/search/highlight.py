"""HIGHLIGHT and SUMMARIZE: the words found, marked, and what stands around them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Self

from .folding import fold
from .fragment import Found, Text, best, fragments, single_spaced
from .marks import Highlight, Summary
from .match import IsMeant, Leaf, leaves, stem_of, word_test
from .node import Affix, Node, Term
from .request import Request
from .schema import Schema
from .tokenizer import Token, tokenize, unseparated

_CLUSTER: Final = re.compile(
    r".[\u0300-\u036f\u1160-\u11ff\u200b-\u200f\u3099\u309a\uff9e\uff9f]*", re.DOTALL
)
_SIGNS: Final = 2
"""So many characters of unspaced text count as a word."""


@dataclass(slots=True)
class Marker:
    """Marks the values of one reply.

    Attributes:
        tests: By name of the field: what tells the words asked for.
        runs: By name of the field: parts of unspaced text asked for.
        plain: The words asked for as they are.
        roots: The stems asked for, each with a plus in front.
        rarity: Of a word or stem.
    """

    request: Request
    schema: Schema
    tests: dict[str, list[IsMeant]]
    runs: dict[str, list[str]]
    plain: frozenset[str]
    roots: frozenset[str]
    rarity: Callable[[str], float]

    @classmethod
    def of(
        cls,
        request: Request,
        schema: Schema,
        node: Node | None,
        rarity: Callable[[str], float],
    ) -> Self | None:
        """Return a marker if the request wants marks."""
        if not request.marks:
            return None
        tests: dict[str, list[IsMeant]] = {}
        runs: dict[str, list[str]] = {}
        for field in schema.texts:
            tests[field.name], runs[field.name] = [], []
            for leaf in leaves(node):
                # WHY words also in fields not asked for: RediSearch marks what a
                # document was found by wherever it stands. Of stems that is true only
                # if both fields have them by the same word, which is not looked at.
                asked = leaf.fields is None or field.name in leaf.fields
                tokens = _tokens(leaf)
                for token in tokens:
                    if token.is_run:
                        runs[field.name].append(token.text)
                    elif len(tokens) > 1:
                        tests[field.name].append(token.text.__eq__)
                if not tokens or (len(tokens) == 1 and not tokens[0].is_run):
                    test = word_test(leaf, has_stems=field.stems and asked)
                    tests[field.name].append(test)
        words = [leaf for leaf in leaves(node) if isinstance(leaf, Term)]
        forms = {form for leaf in words for form in (leaf.text, *leaf.stems)}
        roots = frozenset(form for form in forms if form[:1] == "+")
        return cls(
            request, schema, tests, runs, frozenset(forms - roots), roots, rarity
        )

    def mark(self, title: bytes, value: bytes) -> bytes:
        """Return a value with its marks, or its fragments.

        WHY by what the reply calls it: RediSearch marks a field by its name in the schema
        only, and cuts everything else, numbers too, as a text without a found word.
        """
        name = title.decode("utf-8", "surrogateescape")
        is_returned = self.request.returned is not None
        marks, summary = self.request.marks.of(name, is_returned=is_returned)
        if marks is None and summary is None:
            return value
        text = value.decode("utf-8", "surrogateescape")
        found = self._found(name, text) if name in self.tests else []
        if summary is not None and found:
            shown = self._summed(text, found, summary, marks)
        elif summary is not None and marks is None:
            shown = single_spaced(Text(text).head(summary))
        else:
            shown = _marked(text, 0, len(text), found, marks)
        return shown.encode("utf-8", "surrogateescape")

    def _summed(
        self, text: str, found: list[Found], summary: Summary, marks: Highlight | None
    ) -> str:
        made = best(fragments(found), summary.fragments, self.rarity)
        parts = []
        pieces = Text(text).pieces(made, summary.length)
        for one, (start, stop) in zip(made, pieces, strict=True):
            shown = _marked(text, start, stop, one.found, marks)
            parts.append(single_spaced(shown))
            parts.append(summary.separator)
        return "".join(parts)

    def _found(self, name: str, text: str) -> list[Found]:
        found: list[Found] = []
        tests, runs = self.tests[name], self.runs[name]
        place = 0
        for token in tokenize(text):
            if token.is_run:
                whole = text[token.start : token.stop]
                found += [
                    Found(
                        run, place + at // _SIGNS, token.start + at, token.start + stop
                    )
                    for run in runs
                    for at, stop in _places(whole, token.text, run)
                ]
                place += -(-len(whole) // _SIGNS)
                continue
            if any(test(token.text) for test in tests):
                term = self._term(token.text)
                found.append(Found(term, place, token.start, token.stop))
            if token.text not in self.schema.stop_set:
                place += 1
        return sorted(found, key=lambda one: one.start)

    def _term(self, word: str) -> str:
        """Return what a found word was found by: itself or its stem."""
        if word not in self.plain:
            root = "+" + stem_of(word)
            if root in self.roots:
                return root
        return word


def _tokens(leaf: Leaf) -> list[Token]:
    """Return the words a part of a query is taken for, as the planner takes it."""
    if isinstance(leaf, Term):
        return list(tokenize(unseparated(leaf.text)))
    if isinstance(leaf, Affix) and not leaf.text.isascii():
        tokens = list(tokenize(leaf.text))
        return tokens if len(tokens) == 1 and tokens[0].is_run else []
    return []


def _places(whole: str, folded: str, run: str) -> list[tuple[int, int]]:
    """Return where a part of a run of unspaced text begins and ends."""
    places = []
    at = folded.find(run)
    cuts = None if len(whole) == len(folded) or at < 0 else _cuts(whole, folded)
    while at >= 0:
        stop = at + len(run)
        places.append((at, stop) if cuts is None else (cuts[at][0], cuts[stop - 1][1]))
        at = folded.find(run, stop)
    return places


def _cuts(whole: str, folded: str) -> list[tuple[int, int]]:
    """Return for each sign of a folded run where the signs begin and end it came from.

    Folding may change the length: half-width ｶﾞ is one ガ, decomposed Korean a third.
    """
    cuts: list[tuple[int, int]] = []
    for found in _CLUSTER.finditer(whole):
        cuts += [found.span()] * len(fold(found[0]))
    return cuts if len(cuts) == len(folded) else [(0, len(whole))] * len(folded)


def _marked(
    text: str, start: int, stop: int, found: list[Found], marks: Highlight | None
) -> str:
    if marks is None:
        return text[start:stop]
    parts: list[str] = []
    at = start
    for one in found:
        if at <= one.start and one.stop <= stop:
            if parts and at == one.start:
                # Side by side without a space: one mark, which may hold one emoji.
                parts[-1:] = [text[one.start : one.stop], marks.tail]
                at = one.stop
                continue
            parts += [text[at : one.start], marks.head, text[one.start : one.stop]]
            parts.append(marks.tail)
            at = one.stop
    parts.append(text[at:stop])
    return "".join(parts)
