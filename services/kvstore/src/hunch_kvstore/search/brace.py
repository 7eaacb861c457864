"""What stands in braces behind a field: tags, ``@field:{one|two words|pre*}``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from .cursor import EMPTY, WORDS, Cursor
from .error import SearchError
from .lexer import Kind, unescape
from .node import Affix, All, Node, Tag, Term, Wildcard

IsStopWord: TypeAlias = Callable[[str], bool]


def braced(cursor: Cursor, name: str, is_stop_word: IsStopWord) -> Tag:
    """Return what stands between ``{`` and ``}`` behind a field."""
    cursor.expect(Kind.LB)
    children = [_tag(cursor, is_stop_word)]
    while cursor.at(Kind.OR):
        cursor.next()
        children.append(_tag(cursor, is_stop_word))
    cursor.expect(Kind.RB)
    return Tag(name, children)


def affix(cursor: Cursor) -> Affix:
    """Return ``word*``, ``*word`` or ``*word*``."""
    token = cursor.next()
    is_named = token.text.startswith("$")
    text = cursor.value(token.text[1:]) if is_named else unescape(token.text)
    return Affix(
        text,
        has_more_after=token.kind is not Kind.SUFFIX,
        has_more_before=token.kind is not Kind.PREFIX,
    )


def _tag(cursor: Cursor, is_stop_word: IsStopWord) -> Node:
    match cursor.token.kind:
        case Kind.PREFIX | Kind.SUFFIX | Kind.CONTAINS:
            return affix(cursor)
        case Kind.WILDCARD:
            return Wildcard(cursor.next().text)
        case _:
            words = [_word(cursor)]
    while cursor.token.kind in WORDS or (
        cursor.at(Kind.QUOTE) and cursor.token.is_whole
    ):
        # WHY: RediSearch drops stop words of a tag from the third word on.
        is_stop = len(words) > 1 and is_stop_word(cursor.token.text.lower())
        is_dropped = is_stop and not cursor.at(Kind.ATTRIBUTE)
        word = _word(cursor)
        if not is_dropped:
            words.append(word)
    if len(words) == 1:
        return Term(words[0], verbatim=True)
    # WHY in lower case, also where case counts: RediSearch does so with several words.
    return All([Term(word.lower(), verbatim=True) for word in words])


def _word(cursor: Cursor) -> str:
    if not cursor.at(Kind.QUOTE):
        token = cursor.expect_word()
        is_named = token.kind is Kind.ATTRIBUTE
        return cursor.value(token.text) if is_named else unescape(token.text)
    token = cursor.next()
    if not token.is_whole:
        raise cursor.error()
    if not token.text:
        raise SearchError(EMPTY)
    return unescape(token.text)
