"""HIGHLIGHT and SUMMARIZE: the words found, marked, and what stands around them.

A fragment is a found word with about LEN words around it; the best FRAGS of them (most
words found, then first in the text) come in the order of the text, each with the
separator behind it. RediSearch cuts fragments by characters and may lose the words at the
very ends; ours end between words.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from .folding import is_unspaced
from .match import IsMeant, leaves, word_test
from .node import Node, Term
from .request import Highlight, Request, Summary
from .schema import Schema
from .tokenizer import Token, tokenize


@dataclass(slots=True)
class Found:
    """A found word: which token, and where in the text."""

    token: int
    start: int
    stop: int


@dataclass(slots=True)
class Marker:
    """Marks the values of one reply.

    Attributes:
        tests: By field of the hash: what tells the words asked for.
    """

    schema: Schema
    highlight: Highlight | None
    summary: Summary | None
    tests: dict[bytes, list[IsMeant]]
    runs: dict[bytes, list[str]]

    @classmethod
    def of(cls, request: Request, schema: Schema, node: Node | None) -> Self | None:
        """Return a marker if the request wants marks."""
        if request.highlight is None and request.summary is None:
            return None
        tests: dict[bytes, list[IsMeant]] = {}
        runs: dict[bytes, list[str]] = {}
        for field in schema.texts:
            tests[field.key], runs[field.key] = [], []
            for leaf in leaves(node):
                # WHY words also in fields not asked for: RediSearch marks what a
                # document was found by wherever it stands. Of stems that is true only
                # if both fields have them by the same word, which is not looked at.
                asked = leaf.fields is None or field.name in leaf.fields
                if isinstance(leaf, Term) and leaf.text and is_unspaced(leaf.text[0]):
                    runs[field.key].append(leaf.text)
                else:
                    test = word_test(leaf, has_stems=field.stems and asked)
                    tests[field.key].append(test)
        return cls(schema, request.highlight, request.summary, tests, runs)

    def mark(self, name: bytes, key: bytes, value: bytes) -> bytes:
        """Return a value with its marks, or its fragments.

        Args:
            name: What the reply calls the field.
            key: The field of the hash.
            value: Its text.
        """
        if key not in self.tests:
            return value
        title = name.decode("utf-8", "surrogateescape")
        marks = self.highlight
        if marks is not None and not _is_for(title, marks.fields):
            marks = None
        summary = self.summary
        if summary is not None and not _is_for(title, summary.fields):
            summary = None
        if marks is None and summary is None:
            return value
        text = value.decode("utf-8", "surrogateescape")
        tokens = list(tokenize(text))
        found = self._found(key, tokens, text)
        if summary is None:
            assert marks is not None
            return _marked(text, 0, len(text), found, marks).encode(
                "utf-8", "surrogateescape"
            )
        return _summed(text, tokens, found, summary, marks).encode(
            "utf-8", "surrogateescape"
        )

    def _found(self, key: bytes, tokens: list[Token], text: str) -> list[Found]:
        found = []
        tests, runs = self.tests[key], self.runs[key]
        for at, token in enumerate(tokens):
            if token.is_run:
                whole = text[token.start : token.stop]
                found += [
                    Found(at, token.start + start, token.start + start + len(run))
                    for run in runs
                    for start in _places(whole, token.text, run)
                ]
            elif any(test(token.text) for test in tests):
                found.append(Found(at, token.start, token.stop))
        return sorted(found, key=lambda one: one.start)


def _places(whole: str, folded: str, run: str) -> list[int]:
    # WHY: folding may change the length (half-width kana); then the run is not marked
    # in the middle but as a whole.
    if len(whole) != len(folded):
        return [0] if run in folded else []
    places = []
    at = folded.find(run)
    while at >= 0:
        places.append(at)
        at = folded.find(run, at + len(run))
    return places


def _is_for(title: str, names: list[str] | None) -> bool:
    return names is None or title in names


def _marked(
    text: str, start: int, stop: int, found: list[Found], marks: Highlight
) -> str:
    parts = []
    at = start
    for one in found:
        if at <= one.start and one.stop <= stop:
            parts += [text[at : one.start], marks.head, text[one.start : one.stop]]
            parts.append(marks.tail)
            at = one.stop
    parts.append(text[at:stop])
    return "".join(parts)


def _summed(
    text: str,
    tokens: list[Token],
    found: list[Found],
    summary: Summary,
    marks: Highlight | None,
) -> str:
    if not found or not tokens:
        limit = summary.length * max(1, summary.fragments)
        return text if limit >= len(tokens) else text[: tokens[limit].start].rstrip()
    spans = _spans([one.token for one in found], len(tokens), summary.length)
    spans = sorted(spans, key=lambda span: (-span[2], span[0]))[: summary.fragments]
    parts = []
    for first, last, _ in sorted(spans):
        start, stop = tokens[first].start, tokens[last].stop
        if marks is None:
            parts.append(text[start:stop])
        else:
            parts.append(_marked(text, start, stop, found, marks))
        parts.append(summary.separator)
    return "".join(parts)


def _spans(places: list[int], words: int, length: int) -> list[tuple[int, int, int]]:
    """Return (first word, last word, words found) of all fragments."""
    before = max(0, (length - 1) // 2)
    spans: list[tuple[int, int, int]] = []
    for place in places:
        if spans and place <= spans[-1][1]:
            first, last, count = spans[-1]
            spans[-1] = (first, last, count + 1)
            continue
        first = max(place - before, spans[-1][1] + 1 if spans else 0)
        last = min(words - 1, max(place, first + max(1, length) - 1))
        spans.append((first, last, 1))
    return spans
