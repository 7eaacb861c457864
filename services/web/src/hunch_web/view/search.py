"""What a visitor types into the search field, as a query of the stream."""

from __future__ import annotations

import re

from hunch_stream import query
from hunch_stream.query import Query

_TOKEN = re.compile(r'[^\s"]*"[^"]*"?|\S+')
_KIND = re.compile(f"-?(?:{'|'.join(query.KINDS)}):", re.IGNORECASE)


def search_query(text: str) -> Query:
    """Read search words.

    Plain words look into the text here, where in an address they are tags: people type
    words. Everything else of the query language works, and `#word` is a tag.

    Raises:
        QueryError: If a term of the query language is wrong.
    """
    return query.parse(" ".join(_term(token) for token in _TOKEN.findall(text)))


def _term(token: str) -> str:
    if _KIND.match(token) or token.startswith(('"', '-"')):
        return token
    negated = token.startswith("-") and len(token) > 1
    word = token[1:] if negated else token
    sign = "-" if negated else ""
    if word.startswith("#") and len(word) > 1:
        return f"{sign}tag:{word[1:].lower()}"
    # A colon here belongs to no kind: it is part of what people read.
    return sign + 'text:"' + word.replace('"', "") + '"'
