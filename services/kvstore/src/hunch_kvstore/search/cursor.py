"""Where a query is read: one token ahead, with its parameters and its errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from .error import QuerySyntaxError, SearchError
from .lexer import Kind, Token, tokens

WORDS: Final = frozenset((Kind.TERM, Kind.NUMBER, Kind.ATTRIBUTE))
EMPTY: Final = (
    "Use `INDEXEMPTY` in field creation in order to index and query for empty strings"
)


class Cursor:
    """The tokens of a query, read once from left to right.

    Attributes:
        token: The next one.
    """

    def __init__(self, text: str, parameters: Mapping[str, str]) -> None:
        self._text = text
        self._tokens = tokens(text)
        self.token = next(self._tokens)
        self._parameters = parameters
        # WHY kept until the end: a syntax error anywhere comes before a bad parameter.
        self._missing: str | None = None
        self._refused = ""

    def at(self, kind: Kind) -> bool:
        """Tell whether the next token is of a kind."""
        return self.token.kind is kind

    def next(self) -> Token:
        """Return the next token and go past it, but not past the end."""
        token = self.token
        if token.kind is not Kind.END:
            self.token = next(self._tokens)
        return token

    def expect(self, kind: Kind) -> Token:
        """Return the next token, which must be of a kind."""
        if self.token.kind is not kind:
            raise self.error()
        return self.next()

    def expect_word(self) -> Token:
        """Return the next token, which must be a word, a number or a parameter."""
        if self.token.kind not in WORDS:
            raise self.error()
        return self.next()

    def error(self, says: str = "Syntax error") -> QuerySyntaxError:
        """Return the error of a token that cannot come next."""
        return QuerySyntaxError(self.place(self.token), self.token.near, says)

    def place(self, token: Token) -> int:
        """Return where a token is, in bytes."""
        return len(self._text[: token.at].encode("utf-8", "surrogateescape"))

    def value(self, name: str) -> str:
        """Return a parameter's value; a missing one is an error in the end."""
        value = self._parameters.get(name)
        if value is None:
            self._missing = self._missing or name
            return ""
        return value

    def text(self, token: Token) -> str:
        """Return what a word or a number says, or the parameter of that name."""
        if token.kind is Kind.ATTRIBUTE:
            return self.value(token.text)
        return token.text

    def refuse(self, why: str) -> None:
        """Note what is wrong with a query unless its grammar is; the first counts."""
        if self._missing is None:
            self._refused = self._refused or why

    def end(self) -> None:
        """Raise what is wrong with the query if all of it has been read well."""
        if not self.at(Kind.END):
            raise self.error()
        if self._missing is not None:
            raise SearchError(f"No such parameter `{self._missing}`")
        if self._refused:
            raise SearchError(self._refused)
