"""The item query language of the site's addresses.

Terms are joined by `+` (or spaces): `source:flickr+color+autumn`. A bare word is a
tag. `"quoted words"` and `text:word` look into the text, `-term` excludes,
`after:2026-01-01` and `before:2026-02` bound the time.

Rules of combination: an item has one source, one service and one type, so terms of
those kinds are alternatives (OR) among themselves; an item has many tags and many
words, so those must all be there (AND); the kinds together are AND-ed.

This module only reads the text into a `Query` and writes it back in one canonical
form; `compile` turns it into the store's language.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import re

from hunch_stream.item import TYPES

# LIMIT: a query is typed by a person or linked by a page; longer ones only cost time.
MAX_TERMS = 32
MAX_LENGTH = 1024

KINDS = ("source", "service", "type", "tag", "text", "after", "before")

_PERIOD = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?\Z")
_SPLIT = re.compile(r"[+\s]")


class QueryError(ValueError):
    """A query that cannot be read; the message says where and what would do.

    Attributes:
        position: Offset of the offending term in the text, in characters.
    """

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.position = position


@dataclasses.dataclass(frozen=True, slots=True, order=True)
class Term:
    """One condition: a kind, a value, and whether it excludes."""

    kind: str
    value: str
    negated: bool = False

    def __str__(self) -> str:
        sign = "-" if self.negated else ""
        if self.kind == "text":
            return f'{sign}"{self.value}"'
        spaced = _SPLIT.search(self.value) is not None
        bare = self.kind == "tag" and not spaced and ":" not in self.value
        prefix = "" if bare and not self.value.startswith("-") else f"{self.kind}:"
        value = f'"{self.value}"' if spaced else self.value
        return f"{sign}{prefix}{value}"


@dataclasses.dataclass(frozen=True, slots=True)
class Query:
    """What a reader asked for; the empty query is the whole stream."""

    terms: tuple[Term, ...] = ()

    def of(self, kind: str, *, negated: bool = False) -> tuple[str, ...]:
        """Return the values of all terms of a kind, in canonical order."""
        return tuple(
            term.value
            for term in self.terms
            if term.kind == kind and term.negated == negated
        )

    def __str__(self) -> str:
        return "+".join(str(term) for term in self.terms)

    def __bool__(self) -> bool:
        return bool(self.terms)

    def with_term(self, term: Term) -> Query:
        """Return the query narrowed by one more term."""
        return Query(_ordered([*self.terms, term]))

    def without(self, term: Term) -> Query:
        """Return the query without a term."""
        return Query(tuple(t for t in self.terms if t != term))


def parse(text: str) -> Query:
    """Read a query.

    Args:
        text: As it stands in the address, percent-decoded; may be empty.

    Returns:
        The query with its terms in canonical order and without repetitions.

    Raises:
        QueryError: If a kind is unknown, a value is missing or a date makes no sense.
    """
    if len(text) > MAX_LENGTH:
        raise QueryError(f"the query is longer than {MAX_LENGTH} characters", 0)
    terms = [_read(token, start) for start, token in _tokens(text)]
    if len(terms) > MAX_TERMS:
        raise QueryError(f"the query has more than {MAX_TERMS} terms", 0)
    return Query(_ordered(terms))


def period_start(value: str) -> dt.date:
    """Return the first day of a year, month or day written as in ISO 8601.

    Raises:
        ValueError: If there is no such period.
    """
    match = _PERIOD.match(value)
    if match is None:
        raise ValueError(f"{value!r} is no date; write 2026, 2026-11 or 2026-11-22")
    year, month, day = match.groups()
    return dt.date(int(year), int(month or 1), int(day or 1))


def _ordered(terms: list[Term]) -> tuple[Term, ...]:
    return tuple(
        sorted(set(terms), key=lambda t: (KINDS.index(t.kind), t.negated, t.value))
    )


def _tokens(text: str) -> list[tuple[int, str]]:
    """Split at `+` and white space outside quotes; an open quote runs to the end."""
    tokens: list[tuple[int, str]] = []
    current: list[str] = []
    start = 0
    quoted = False
    for offset, char in enumerate(text):
        if char == '"':
            quoted = not quoted
        if not quoted and _SPLIT.match(char):
            if current:
                tokens.append((start, "".join(current)))
            current = []
            continue
        if not current:
            start = offset
        current.append(char)
    if current:
        tokens.append((start, "".join(current)))
    return tokens


def _read(token: str, start: int) -> Term:
    negated = token.startswith("-") and len(token) > 1
    body = token[1:] if negated else token
    if body.startswith('"'):
        kind, value = "text", body
    else:
        head, colon, tail = body.partition(":")
        kind, value = (head.lower(), tail) if colon else ("tag", body)
    if kind not in KINDS:
        raise QueryError(
            f"unknown kind {kind!r}: use {', '.join(KINDS)}, "
            f"or tag:{body} for a tag with a colon in it",
            start,
        )
    value = re.sub(r"\s+", " ", value.replace('"', "")).strip()
    if not value:
        raise QueryError(f"nothing stands after {token!r}", start)
    return Term(kind, _checked(kind, value, start), negated)


def _checked(kind: str, value: str, start: int) -> str:
    if kind in {"after", "before"}:
        try:
            period_start(value)
        except ValueError as error:
            raise QueryError(f"{kind}: {error}", start) from None
        return value
    value = value.lower() if kind != "text" else value
    if kind == "type" and value not in TYPES:
        raise QueryError(f"unknown type {value!r}: use {', '.join(TYPES)}", start)
    return value
