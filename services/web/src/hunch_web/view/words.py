"""A query in the words of a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hunch_stream.query import Query, Term
from hunch_web.view.mark import mark_of

_PLURALS = {
    "text": "articles",
    "note": "notes",
    "picture": "photos",
    "video": "videos",
    "sound": "sounds",
    "link": "bookmarks",
    "code": "code",
    "recommendation": "reviews",
    "place": "places",
    "event": "events",
}


def describe(query: Query, labels: Mapping[str, str]) -> str:
    """Return a title for what a query finds: `Photos from Flickr tagged autumn`."""
    parts = [_any([_PLURALS.get(t, t) for t in query.of("type")]) or "everything"]
    origins = [labels.get(s, s) for s in query.of("source")]
    origins += [mark_of(s).label for s in query.of("service")]
    if origins:
        parts.append("from " + _any(origins))
    if tags := query.of("tag"):
        parts.append("tagged " + _all(tags))
    if words := query.of("text"):
        parts.append("with " + _all([f"“{word}”" for word in words]))
    if after := query.of("after"):
        parts.append("since " + _all(after))
    if before := query.of("before"):
        parts.append("before " + _all(before))
    if unwanted := [t for t in query.terms if t.negated]:
        parts.append("without " + _all([_bare(term, labels) for term in unwanted]))
    text = " ".join(parts)
    return text[0].upper() + text[1:]


def describe_term(term: Term, labels: Mapping[str, str]) -> str:
    """Return what one term means."""
    meanings = {
        "source": f"comes from {labels.get(term.value, term.value)}",
        "service": f"comes from {mark_of(term.value).label}",
        "type": f"is among the {_PLURALS.get(term.value, term.value)}",
        "tag": f"is tagged “{term.value}”",
        "text": f"has “{term.value}” in its text",
        "after": f"is from {term.value} or later",
        "before": f"is from before {term.value}",
    }
    meaning = meanings[term.kind]
    return f"not: {meaning}" if term.negated else meaning


def count(number: int) -> str:
    """Return a number of items in words."""
    if number == 0:
        return "Nothing yet"
    return "1 item" if number == 1 else f"{number:,} items".replace(",", "\u202f")


def _bare(term: Term, labels: Mapping[str, str]) -> str:
    if term.kind == "source":
        return labels.get(term.value, term.value)
    if term.kind == "service":
        return mark_of(term.value).label
    if term.kind == "type":
        return _PLURALS.get(term.value, term.value)
    return f"“{term.value}”" if term.kind == "text" else term.value


def _any(words: Sequence[str]) -> str:
    return _joined(words, "or")


def _all(words: Sequence[str]) -> str:
    return _joined(words, "and")


def _joined(words: Sequence[str], last: str) -> str:
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"
