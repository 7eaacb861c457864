"""From a parsed query to the sources that answer it."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from itertools import islice
from math import inf
from typing import Final

from .chunk import numbers_of
from .combined import Both, Checked, Either, Except
from .document import (
    LAST,
    NO_VALUE,
    Stream,
    moment_end,
    moment_of,
    tag_form,
    value_at,
)
from .folding import bigrams, fold
from .index import Index
from .keys import field_prefix, pack_number, term_prefix, unpack_number
from .listed import Every, Held, Listed
from .match import is_within, leaves, word_test
from .node import (
    Affix,
    All,
    Any,
    Everything,
    Fuzzy,
    Maybe,
    Node,
    Not,
    Nowhere,
    Range,
    Tag,
    Term,
    Wildcard,
)
from .posting import Reader
from .schema import Field, FieldType
from .sortable import ordered
from .source import Given, Nothing, Source, Window
from .stemmer import stem
from .term import MAX_TERMS, like, terms
from .tokenizer import Token, tokenize, unseparated

_GATHERED: Final = 2048
"""A numeric range up to this size is read whole; a wider one is checked per document."""


class Planner:
    """Builds the sources of one query over one index, at one instant.

    Args:
        reader: The transaction of the command.
        index: To look into.
        reads_all: Whether somebody wants all documents, or to know how many they are. If
            not, a list that is not in memory is read only as far as needed.
    """

    def __init__(self, reader: Reader, index: Index, *, reads_all: bool = True) -> None:
        self._reads_all = reads_all
        self._reader = reader
        self._index = index
        self._schema = index.schema
        self._base = index.base
        self._everything: Every | None = None
        self.texts = self._schema.texts
        self._texts = {item.name: (at, item) for at, item in enumerate(self.texts)}

    @property
    def everything(self) -> Every:
        """All documents."""
        if self._everything is None:
            index = self._index
            numbers = index.pending_in(index.everything)
            self._everything = Every(self._reader, index.everything, numbers)
        return self._everything

    def source(self, node: Node | None) -> Source:
        """Return the documents a query matches."""
        match node:
            case None | Nowhere():
                return Nothing()
            case Everything():
                return self.everything
            case Term():
                return self._term(node)
            case Affix() | Fuzzy() | Wildcard():
                return self._many(node)
            case All() if node.exact:
                return self._phrase(node)
            case All():
                source = self._both([self.source(child) for child in node.children])
                return self._near(node, source)
            case Any():
                return _either([self.source(child) for child in node.children])
            case Not():
                return Except(self.everything, self.source(node.child))
            case Maybe():
                return self.everything
            case Tag():
                return self._tag(node)
            case Range():
                return self._range(node)
            case _:
                raise TypeError(node)

    def _both(self, sources: list[Source]) -> Source:
        """Intersect; documents of a window lead only if nothing rarer does."""
        wanted = [source for source in sources if source is not self._everything]
        if not wanted:
            return self.everything
        return wanted[0] if len(wanted) == 1 else Both(wanted)

    def _near(self, node: All, source: Source) -> Source:
        """Ask for words near each other or in order, if the query does."""
        if node.slop is None and not node.in_order:
            return source
        tests = [
            [
                (word_test(leaf), {at for at, _ in self.fields_of(leaf)})
                for leaf in found
            ]
            for found in map(leaves, node.children)
            if found
        ]

        def passes(number: int) -> bool:
            places: list[list[int]] = [[] for _ in tests]
            start = 0
            parts = self.stream(number).split(Stream.FIELD)[1:]
            for at, part in enumerate(parts):
                words = [word.decode() for word in Stream.words(part)]
                for row, meant in zip(places, tests, strict=True):
                    wanted = [test for test, fields in meant if at in fields]
                    row += [
                        start + i
                        for i, word in enumerate(words)
                        if any(test(word) for test in wanted)
                    ]
                start += len(words)
            return is_within(places, node.slop, in_order=node.in_order)

        return Checked(source, passes) if len(tests) > 1 else source

    # -- text ------------------------------------------------------------------------

    def fields_of(self, node: Node) -> list[tuple[int, Field]]:
        """Return the TEXT fields a node looks into, with their places."""
        found = self._texts.items()
        return [at for name, at in found if node.fields is None or name in node.fields]

    def listed(self, field: Field, term: bytes) -> Held | Listed:
        """Return the documents that have a term in a field."""
        prefix = term_prefix(self._base, field.number, term)
        pending = self._index.pending_in(prefix)
        lists = self._index.lists
        chunks = (
            lists.find(self._reader, prefix) if self._reads_all else lists.known(prefix)
        )
        if chunks is None:
            return Listed(self._reader, prefix, pending)
        return Held(chunks, pending)

    def _term(self, node: Term) -> Source:
        tokens = [
            token
            for token in tokenize(unseparated(node.text))
            if token.text not in self._schema.stop_set
        ]
        if len(tokens) > 1:
            # Scripts side by side, as in 2026年: found where they stand so.
            return self._phrase(All([node], exact=True, fields=node.fields))
        return _either(
            [
                self._token(tokens[0], node, at, field)
                for at, field in self.fields_of(node)
                if tokens
            ]
        )

    def _token(self, token: Token, node: Term, at: int, field: Field) -> Source:
        if token.is_run:
            return self._run(token.text, at, field)
        forms = [token.text, *node.stems]
        return _either(
            [
                self.listed(field, form.encode("utf-8", "surrogateescape"))
                for form in forms
            ]
        )

    def _run(self, run: str, at: int, field: Field) -> Source:
        """A part of unspaced text: its pairs narrow it down, the words decide."""
        if len(run) == 1:
            head = run.encode("utf-8", "surrogateescape")
            found = islice(
                terms(self._reader, self._index, field.number, head), MAX_TERMS
            )
            return _either([self.listed(field, term) for term in found])
        pairs = bigrams(run)[:-1]
        sources: list[Source] = [self.listed(field, p.encode()) for p in set(pairs)]
        if len(run) == 2:
            return sources[0]
        return Checked(
            Both(sources), self._holds(at, run.encode("utf-8", "surrogateescape"))
        )

    def _phrase(self, node: All) -> Source:
        tokens: list[Token] = []
        for child in node.children:
            assert isinstance(child, Term)
            tokens += tokenize(unseparated(child.text))
        tokens = [t for t in tokens if t.text not in self._schema.stop_set]
        if not tokens:
            return Nothing()
        found = []
        for at, field in self.fields_of(node):
            plain = Term("", verbatim=True)
            parts = [self._token(token, plain, at, field) for token in tokens]
            source = self._both(parts)
            if len(tokens) > 1:
                head = b"" if tokens[0].is_run else b"\0"
                tail = b"" if tokens[-1].is_run else b"\0"
                wanted = (
                    head
                    + b"\0".join(
                        t.text.encode("utf-8", "surrogateescape") for t in tokens
                    )
                    + tail
                )
                source = Checked(source, self._holds(at, wanted))
            found.append(source)
        return _either(found)

    def stream(self, number: int) -> bytes:
        """Return the words of a document."""
        return self._reader.get(self._base + b"w" + pack_number(number)) or b""

    def _holds(self, at: int, wanted: bytes) -> Callable[[int], bool]:
        if len(self._schema.texts) == 1:
            return lambda number: wanted in self.stream(number)
        return lambda number: wanted in Stream.of_field(self.stream(number), at)

    def _many(self, node: Affix | Fuzzy | Wildcard) -> Source:
        """A word that stands for all words of the index that are like it."""
        sources: list[Source] = []
        for at, field in self.fields_of(node):
            if isinstance(node, Affix) and node.text and not node.text.isascii():
                last = list(tokenize(node.text))
                if len(last) == 1 and last[0].is_run:
                    sources.append(self._run(last[0].text, at, field))
                    continue
            found = self._like(node, field, fold)
            sources += [self.listed(field, term) for term in found]
        return _either(sources)

    def _like(
        self, node: Affix | Fuzzy | Wildcard, field: Field, normal: Callable[[str], str]
    ) -> list[bytes]:
        """Return the terms of a field an affix, fuzzy word or pattern stands for."""
        return like(self._reader, self._index, field.number, node, normal)

    # -- tags ------------------------------------------------------------------------

    def _tag(self, node: Tag) -> Source:
        field = self._schema.by_name.get(node.name)
        if field is None or field.type is not FieldType.TAG or not field.is_indexed:
            return Nothing()
        sources: list[Source] = []
        for child in node.children:
            match child:
                case Term():
                    sources.append(
                        self.listed(field, tag_form(field, child.text.strip()))
                    )
                case All():
                    words = [c.text for c in child.children if isinstance(c, Term)]
                    sources.append(self.listed(field, tag_form(field, " ".join(words))))
                case Affix() | Fuzzy() | Wildcard():
                    plain = str if field.is_case_sensitive else str.lower
                    found = self._like(child, field, plain)
                    sources += [self.listed(field, term) for term in found]
        return _either(sources)

    # -- numbers ---------------------------------------------------------------------

    def _range(self, node: Range) -> Source:
        field = self._schema.by_name.get(node.name)
        if field is None or field.type is not FieldType.NUMERIC or not field.is_indexed:
            return Nothing()
        if _is_empty(node):
            return Nothing()
        at = self._schema.numerics.index(field)
        passes = self._between(node, at)
        if field is self._schema.order:
            low, high = moment_of(node.high), moment_end(moment_of(node.low))
            if node.high == inf and node.has_high:
                low = 0
            if node.low == -inf and node.has_low:
                high = NO_VALUE - 1
            return Window(self.everything, low, high, passes)
        numbers = self._gathered(node, field)
        if numbers is None:
            return Checked(self.everything, passes)
        return Given(numbers)

    def _gathered(self, node: Range, field: Field) -> array[int] | None:
        """Return the documents of a range in order of value; None if they are many."""
        head = field_prefix(self._base, b"n", field.number)
        start = head + ordered(node.low)
        stop = head + ordered(node.high)
        if not node.has_low:
            start += pack_number(LAST)
        if node.has_high:
            stop += pack_number(LAST)
        found: list[int] = []
        for name, _ in self._reader.scan(start, stop):
            found.append(unpack_number(name[-8:]))
            if len(found) > _GATHERED:
                return None
        return numbers_of(sorted(found))

    def value(self, number: int, at: int) -> float:
        """Return a document's value of the NUMERIC field at that place; NaN if none."""
        raw = self._reader.get(self._base + b"d" + pack_number(number))
        assert raw is not None
        return value_at(raw, at)

    def _between(self, node: Range, at: int) -> Callable[[int], bool]:
        low, high = node.low, node.high
        has_low, has_high = node.has_low, node.has_high

        def passes(number: int) -> bool:
            value = self.value(number, at)
            above = value >= low if has_low else value > low
            return above and (value <= high if has_high else value < high)

        return passes


def with_stems(node: Node | None) -> None:
    """Give the words of a query their other forms.

    WHY not below a minus or a tilde, nor in phrases: RediSearch does not either, and
    "-running" that also takes out "runs" would hide what nobody named.
    """
    match node:
        case Term() if not node.verbatim:
            root = stem(node.text)
            node.stems = ("+" + root,) if root == node.text else ("+" + root, root)
        case All() if not node.exact:
            for child in node.children:
                with_stems(child)
        case Any():
            for child in node.children:
                with_stems(child)
        case _:
            pass


def _either(sources: Sequence[Source]) -> Source:
    some = [source for source in sources if source.size]
    if not some:
        return Nothing()
    return some[0] if len(some) == 1 else Either(some)


def _is_empty(node: Range) -> bool:
    if node.low == node.high:
        return not (node.has_low and node.has_high)
    return node.low > node.high
