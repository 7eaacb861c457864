"""Query text to nodes: the grammar of query dialect 2.

Theory of operation

The grammar's reference is an LR grammar whose ambiguities are settled by precedences,
lowest first: ``|``, ``@field``, closing signs, word, quote, opening signs, ``-`` and
``~``, [two expressions side by side], comparison, ``=>``, ``:``, number, ``*``, word*,
``%``, ``$param``, w'…'. After an expression, the next token goes to the *innermost* open
rule whose precedence is lower than the token's. `_expression(binding)` is that rule as
recursive descent: it goes on as long as the next token binds tighter than `binding`.
So ``a b c`` is one flat intersection, but in ``-a b*`` the minus takes both, because a
prefix binds tighter than a minus: that is how the reference reads it, too.

A stop word alone is nothing at all (None), and nothing disappears from what holds it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from .attribute import attributes
from .brace import IsStopWord, affix, braced
from .bracket import bracketed, comparison
from .cursor import EMPTY, Cursor
from .error import SearchError
from .lexer import Kind, Token, is_number, phrase_words, tokens, unescape
from .node import (
    All,
    Any,
    Everything,
    Fuzzy,
    Maybe,
    Node,
    Not,
    Term,
    Wildcard,
    restrict,
)

_OPENING: Final = frozenset(
    (
        Kind.TERM,
        Kind.NUMBER,
        Kind.MODIFIER,
        Kind.ATTRIBUTE,
        Kind.QUOTE,
        Kind.LP,
        Kind.MINUS,
        Kind.TILDE,
        Kind.PREFIX,
        Kind.SUFFIX,
        Kind.CONTAINS,
        Kind.PERCENT,
        Kind.WILDCARD,
        Kind.COMPARE,
    )
)
_TOP, _OR, _UNARY, _SIDE_BY_SIDE, _ARROW, _COLON = -1.0, 3.0, 10.5, 11.0, 14.0, 15.0
# LIMIT: nesting a hostile query may ask for; the reference's stack holds 256.
MAX_DEPTH: Final = 120

Normal = Callable[[str], str]


class Parser:
    """One query on its way to nodes; call `parse`."""

    def __init__(
        self,
        text: str,
        *,
        is_stop_word: IsStopWord,
        normal: Normal,
        parameters: Mapping[str, str] | None = None,
    ) -> None:
        self._text = text
        self._cursor = Cursor(text, parameters or {})
        self._is_stop_word = is_stop_word
        self._normal = normal
        self._depth = 0
        self._text_only = 0

    def parse(self) -> Node | None:
        """Return the query's tree; None if nothing is left of it.

        Raises:
            QuerySyntaxError: With the byte offset and the word before it.
            SearchError: For a missing parameter or a wrong attribute.
        """
        if self._cursor.at(Kind.END):
            return None
        node = self._everything() or self._expression(_TOP)
        self._cursor.end()
        return node

    # -- expressions

    def _everything(self) -> Node | None:
        """``*`` or ``(*)`` and nothing else."""
        kinds = (token.kind for token in tokens(self._text))
        if next(kind for kind in kinds if kind is not Kind.LP) is not Kind.STAR:
            return None
        opened = 0
        while self._cursor.at(Kind.LP):
            self._cursor.next()
            opened += 1
        self._cursor.expect(Kind.STAR)
        for _ in range(opened):
            self._cursor.expect(Kind.RP)
        return Everything()

    def _expression(self, binding: float) -> Node | None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise SearchError(
                "Parser stack overflow. Try moving nested parentheses more to the left"
            )
        left = self._primary()
        is_open_union = False
        while True:
            kind = self._cursor.token.kind
            if kind is Kind.OR and binding < _OR:
                self._cursor.next()
                right = self._expression(_OR)
                left = _either(left, right, extend=is_open_union)
                is_open_union = isinstance(left, Any)
            elif kind is Kind.ARROW and binding < _ARROW:
                attributes(self._cursor, left)
            elif kind in _OPENING and (binding < 0 or kind.value > binding):
                left = _both(left, self._expression(_SIDE_BY_SIDE))
                is_open_union = False
            else:
                break
        self._depth -= 1
        return left

    def _primary(self) -> Node | None:
        token = self._cursor.token
        match token.kind:
            case Kind.TERM | Kind.NUMBER | Kind.ATTRIBUTE:
                return self._word(self._cursor.next())
            case Kind.PREFIX | Kind.SUFFIX | Kind.CONTAINS:
                return affix(self._cursor)
            case Kind.WILDCARD:
                return Wildcard(self._cursor.next().text)
            case Kind.QUOTE:
                return self._phrase()
            case Kind.PERCENT:
                return self._fuzzy()
            case Kind.MINUS:
                self._cursor.next()
                child = self._expression(_UNARY)
                return None if child is None else Not(child)
            case Kind.TILDE:
                self._cursor.next()
                child = self._expression(_UNARY)
                return None if child is None else Maybe(child)
            case Kind.LP:
                self._cursor.next()
                child = self._expression(_TOP)
                self._cursor.expect(Kind.RP)
                return child
            case Kind.MODIFIER if not self._text_only:
                return self._field()
            case Kind.COMPARE if not self._text_only:
                return comparison(self._cursor)
            case _:
                raise self._cursor.error()

    def _word(self, token: Token) -> Node | None:
        if token.kind is Kind.ATTRIBUTE:
            value = self._cursor.value(token.text)
            return Term(self._normal(value), verbatim=is_number(value))
        if self._is_stop_word(token.text.lower()):
            return None
        text = self._normal(unescape(token.text))
        return Term(text, verbatim=token.kind is Kind.NUMBER)

    def _phrase(self) -> Node:
        """A quoted phrase; numbers, prefixes and parameters in it are plain words."""
        token = self._cursor.next()
        if not token.is_whole:
            raise self._cursor.error()
        words = phrase_words(token.text)
        children: list[Node] = [Term(self._normal(w), verbatim=True) for w in words]
        return All(children, exact=True)

    def _fuzzy(self) -> Fuzzy:
        distance = 0
        while self._cursor.at(Kind.PERCENT) and distance < 3:
            self._cursor.next()
            distance += 1
        is_quoted = self._cursor.at(Kind.QUOTE) and self._cursor.token.is_whole
        token = self._cursor.next() if is_quoted else self._cursor.expect_word()
        for _ in range(distance):
            self._cursor.expect(Kind.PERCENT)
        text = self._cursor.text(token)
        return Fuzzy(self._normal(unescape(text)), distance)

    # -- fields

    def _field(self) -> Node | None:
        names = [unescape(self._cursor.next().text)]
        while self._cursor.at(Kind.OR):
            self._cursor.next()
            names.append(unescape(self._cursor.expect(Kind.TERM).text))
        self._cursor.expect(Kind.COLON)
        if len(names) == 1 and self._cursor.at(Kind.LB):
            return braced(self._cursor, names[0], self._is_stop_word)
        if len(names) == 1 and self._cursor.at(Kind.LSQB):
            return bracketed(self._cursor, names[0])
        self._text_only += 1
        child = self._expression(_COLON)
        self._text_only -= 1
        if isinstance(child, All) and child.exact and not child.children:
            raise SearchError(EMPTY)
        if child is not None:
            restrict(child, frozenset(names))
        return child


def _both(left: Node | None, right: Node | None) -> Node | None:
    if left is None or right is None:
        return left if right is None else right
    if isinstance(left, All) and not left.exact and left.fields is None:
        left.children.append(right)
        return left
    return All([left, right])


def _either(left: Node | None, right: Node | None, *, extend: bool) -> Node | None:
    if left is None or right is None:
        return left if right is None else right
    if isinstance(left, Any) and (extend or left.fields is None):
        left.children.append(right)
        return left
    return Any([left, right])
