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
from math import inf
from typing import Final

from .error import QuerySyntaxError, SearchError
from .lexer import (
    Kind,
    Token,
    is_number,
    number_of,
    phrase_words,
    split_comparison,
    tokens,
    unescape,
)
from .node import (
    Affix,
    All,
    Any,
    Everything,
    Fuzzy,
    Maybe,
    Node,
    Not,
    Range,
    Tag,
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
_WORDS: Final = frozenset((Kind.TERM, Kind.NUMBER, Kind.ATTRIBUTE))
_TOP, _OR, _UNARY, _SIDE_BY_SIDE, _ARROW, _COLON = -1.0, 3.0, 10.5, 11.0, 14.0, 15.0
# LIMIT: nesting a hostile query may ask for; the reference's stack holds 256.
MAX_DEPTH: Final = 120

_EMPTY: Final = (
    "Use `INDEXEMPTY` in field creation in order to index and query for empty strings"
)

IsStopWord = Callable[[str], bool]
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
        self._tokens = tokens(text)
        self._token = next(self._tokens)
        self._is_stop_word = is_stop_word
        self._normal = normal
        self._parameters = parameters or {}
        self._depth = 0
        self._text_only = 0
        # WHY kept until the end: a syntax error anywhere comes before a bad parameter.
        self._missing: str | None = None
        self._refused = ""

    def parse(self) -> Node | None:
        """Return the query's tree; None if nothing is left of it.

        Raises:
            QuerySyntaxError: With the byte offset and the word before it.
            SearchError: For a missing parameter or a wrong attribute.
        """
        if self._at(Kind.END):
            return None
        node = self._everything() or self._expression(_TOP)
        if not self._at(Kind.END):
            raise self._error()
        if self._missing is not None:
            raise SearchError(f"No such parameter `{self._missing}`")
        if self._refused:
            raise SearchError(self._refused)
        return node

    # -- tokens

    def _at(self, kind: Kind) -> bool:
        return self._token.kind is kind

    def _next(self) -> Token:
        token = self._token
        if token.kind is not Kind.END:
            self._token = next(self._tokens)
        return token

    def _expect(self, kind: Kind) -> Token:
        if self._token.kind is not kind:
            raise self._error()
        return self._next()

    def _error(self, token: Token | None = None) -> QuerySyntaxError:
        token = token or self._token
        head = self._text[: token.at].encode("utf-8", "surrogateescape")
        return QuerySyntaxError(len(head), token.near)

    def _value(self, name: str) -> str:
        value = self._parameters.get(name)
        if value is None:
            self._missing = self._missing or name
            return ""
        return value

    # -- expressions

    def _everything(self) -> Node | None:
        """``*`` or ``(*)`` and nothing else."""
        kinds = (token.kind for token in tokens(self._text))
        if next(kind for kind in kinds if kind is not Kind.LP) is not Kind.STAR:
            return None
        opened = 0
        while self._at(Kind.LP):
            self._next()
            opened += 1
        self._expect(Kind.STAR)
        for _ in range(opened):
            self._expect(Kind.RP)
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
            kind = self._token.kind
            if kind is Kind.OR and binding < _OR:
                self._next()
                right = self._expression(_OR)
                left = _either(left, right, extend=is_open_union)
                is_open_union = isinstance(left, Any)
            elif kind is Kind.ARROW and binding < _ARROW:
                self._attributes(left)
            elif kind in _OPENING and (binding < 0 or kind.value > binding):
                left = _both(left, self._expression(_SIDE_BY_SIDE))
                is_open_union = False
            else:
                break
        self._depth -= 1
        return left

    def _primary(self) -> Node | None:
        token = self._token
        match token.kind:
            case Kind.TERM | Kind.NUMBER | Kind.ATTRIBUTE:
                return self._word(self._next())
            case Kind.PREFIX | Kind.SUFFIX | Kind.CONTAINS:
                return self._affix(self._next())
            case Kind.WILDCARD:
                return Wildcard(self._next().text)
            case Kind.QUOTE:
                return self._phrase()
            case Kind.PERCENT:
                return self._fuzzy()
            case Kind.MINUS:
                self._next()
                child = self._expression(_UNARY)
                return None if child is None else Not(child)
            case Kind.TILDE:
                self._next()
                child = self._expression(_UNARY)
                return None if child is None else Maybe(child)
            case Kind.LP:
                self._next()
                child = self._expression(_TOP)
                self._expect(Kind.RP)
                return child
            case Kind.MODIFIER if not self._text_only:
                return self._field()
            case Kind.COMPARE if not self._text_only:
                return self._comparison()
            case _:
                raise self._error()

    def _word(self, token: Token) -> Node | None:
        if token.kind is Kind.ATTRIBUTE:
            value = self._value(token.text)
            return Term(self._normal(value), verbatim=is_number(value))
        if self._is_stop_word(token.text.lower()):
            return None
        text = self._normal(unescape(token.text))
        return Term(text, verbatim=token.kind is Kind.NUMBER)

    def _affix(self, token: Token) -> Affix:
        text = unescape(token.text)
        if text.startswith("$"):
            text = self._value(text[1:])
        return Affix(
            text,
            has_more_after=token.kind is not Kind.SUFFIX,
            has_more_before=token.kind is not Kind.PREFIX,
        )

    def _phrase(self) -> Node:
        """A quoted phrase; numbers, prefixes and parameters in it are plain words."""
        token = self._next()
        if not token.is_whole:
            raise self._error()
        words = phrase_words(token.text)
        children: list[Node] = [Term(self._normal(w), verbatim=True) for w in words]
        return All(children, exact=True)

    def _fuzzy(self) -> Fuzzy:
        distance = 0
        while self._at(Kind.PERCENT) and distance < 3:
            self._next()
            distance += 1
        if self._token.kind not in _WORDS:
            raise self._error()
        token = self._next()
        for _ in range(distance):
            self._expect(Kind.PERCENT)
        text = token.text
        if token.kind is Kind.ATTRIBUTE:
            text = self._value(text)
        return Fuzzy(self._normal(unescape(text)), distance)

    # -- fields

    def _field(self) -> Node | None:
        names = [unescape(self._next().text)]
        while self._at(Kind.OR):
            self._next()
            names.append(unescape(self._expect(Kind.TERM).text))
        self._expect(Kind.COLON)
        if len(names) == 1 and self._at(Kind.LB):
            return self._tags(names[0])
        if len(names) == 1 and self._at(Kind.LSQB):
            return self._range(names[0])
        self._text_only += 1
        child = self._expression(_COLON)
        self._text_only -= 1
        if isinstance(child, All) and child.exact and not child.children:
            raise SearchError(_EMPTY)
        if child is not None:
            restrict(child, frozenset(names))
        return child

    def _tags(self, name: str) -> Tag:
        self._next()
        children = [self._tag()]
        while self._at(Kind.OR):
            self._next()
            children.append(self._tag())
        self._expect(Kind.RB)
        return Tag(name, children)

    def _tag(self) -> Node:
        match self._token.kind:
            case Kind.PREFIX | Kind.SUFFIX | Kind.CONTAINS:
                return self._affix(self._next())
            case Kind.WILDCARD:
                return Wildcard(self._next().text)
            case Kind.QUOTE:
                token = self._next()
                if not token.is_whole:
                    raise self._error()
                if not token.text:
                    raise SearchError(_EMPTY)
                return Term(unescape(token.text), verbatim=True)
            case _:
                words = self._tag_words()
        if len(words) == 1:
            return Term(words[0], verbatim=True)
        return All([Term(word, verbatim=True) for word in words])

    def _tag_words(self) -> list[str]:
        words: list[str] = []
        while self._token.kind in _WORDS:
            token = self._next()
            if token.kind is Kind.ATTRIBUTE:
                words.append(self._value(token.text))
            else:
                words.append(unescape(token.text))
        if not words:
            raise self._error()
        return words

    # -- numbers

    def _range(self, name: str) -> Range:
        self._next()
        has_low, low = self._bound("lower")
        if self._at(Kind.RSQB):
            self._next()
            return Range(name, low, low)
        has_high, high = self._bound("upper")
        self._expect(Kind.RSQB)
        return Range(name, low, high, has_low=has_low, has_high=has_high)

    def _bound(self, side: str) -> tuple[bool, float]:
        is_in = not self._at(Kind.LP)
        if not is_in:
            self._next()
        return is_in, self._number(side)

    def _number(self, side: str) -> float:
        sign = 1.0
        while self._at(Kind.MINUS):
            self._next()
            sign = -sign
        if self._at(Kind.ATTRIBUTE):
            return sign * self._bound_value("$" + self._next().text, side)
        if not self._at(Kind.NUMBER):
            raise self._error()
        return sign * self._next().value

    def _bound_value(self, text: str, side: str) -> float:
        """Return the value of a number or of a parameter that holds one."""
        if not text.startswith("$"):
            return number_of(text)
        text = self._value(text[1:])
        try:
            return float(text)
        except ValueError:
            if self._missing is None:
                self._refused = self._refused or f"Bad {side} range: {text}"
            return 0.0

    def _comparison(self) -> Node:
        """``@field >= 5`` and its like."""
        name, sign, text = split_comparison(self._next().text)
        value = self._bound_value(text, "lower")
        match sign:
            case "==":
                return Range(name, value, value)
            case "!=":
                return Not(Range(name, value, value))
            case ">" | ">=":
                return Range(name, value, inf, has_low=sign == ">=")
            case _:
                return Range(name, -inf, value, has_high=sign == "<=")

    # -- attributes

    def _attributes(self, node: Node | None) -> None:
        """``=> {$weight: 2; $slop: 1}`` behind an expression."""
        self._next()
        self._expect(Kind.LB)
        while not self._at(Kind.RB):
            if self._at(Kind.SEMICOLON):
                self._next()
                continue
            name = self._expect(Kind.ATTRIBUTE).text
            self._expect(Kind.COLON)
            if self._token.kind not in _WORDS:
                raise self._error()
            token = self._next()
            value = token.text
            if token.kind is Kind.ATTRIBUTE:
                value = self._value(value)
            if node is not None:
                _mark(node, name, value)
        self._next()


def _mark(node: Node, name: str, value: str) -> None:
    low = name.lower()
    try:
        if low == "weight":
            weight = float(value)
            if weight < 0:
                raise ValueError(value)
            node.weight = weight
        elif low == "slop":
            node.slop = None if int(value) < 0 else int(value)
        elif low == "inorder":
            node.in_order = {"true": True, "1": True, "false": False, "0": False}[
                value.lower()
            ]
        elif low == "phonetic":
            raise SearchError("field does not support phonetics")
        else:
            raise SearchError(f"Invalid attribute {name}")
    except (ValueError, KeyError):
        raise SearchError(f"Invalid value ({value}) for `{name}`") from None


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
