"""The arguments of FT.CREATE and FT.ALTER."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from .error import SearchError
from .schema import Field, FieldType, Schema
from .words import Words

LANGUAGES: Final = frozenset(
    [
        "arabic",
        "armenian",
        "basque",
        "catalan",
        "chinese",
        "danish",
        "dutch",
        "english",
        "finnish",
        "french",
        "german",
        "greek",
        "hindi",
        "hungarian",
        "indonesian",
        "irish",
        "italian",
        "lithuanian",
        "nepali",
        "norwegian",
        "portuguese",
        "romanian",
        "russian",
        "serbian",
        "spanish",
        "swedish",
        "tamil",
        "turkish",
        "yiddish",
    ]
)
_PLAIN: Final = ("MAXTEXTFIELDS", "NOOFFSETS", "NOHL", "NOFIELDS", "NOFREQS")
_SHOWN_ORDER: Final = ("NOFREQS", "NOFIELDS", "NOOFFSETS", "NOHL", "MAXTEXTFIELDS")
_UNSUPPORTED: Final = frozenset(("GEO", "GEOSHAPE", "VECTOR"))
_NOT_HERE: Final = (
    "FILTER",
    "TEMPORARY",
    "LANGUAGE_FIELD",
    "SCORE_FIELD",
    "PAYLOAD_FIELD",
    "INDEXALL",
    "INDEXEMPTY",
    "INDEXMISSING",
)
# LIMIT: RediSearch's own bounds.
MAX_FIELDS: Final = 1024
MAX_TEXT_FIELDS: Final = 128


def create(args: Sequence[bytes], number: int) -> tuple[Schema, bool]:
    """Read FT.CREATE's arguments.

    Returns:
        The schema, and whether existing hashes are to be indexed.

    Raises:
        SearchError: In RediSearch's words.
    """
    words = Words(args)
    schema = Schema(name=words.take(""), number=number)
    is_filled = True
    options: set[str] = set()
    while True:
        if words.accept("SCHEMA"):
            break
        if words.accept("ON"):
            kind = words.take("Bad arguments for ON")
            if kind.upper() != "HASH":
                raise SearchError(f"Invalid rule type: {kind}")
        elif words.accept("PREFIX"):
            prefixes = tuple(words.many("PREFIX")) or ("",)
            schema = replace(schema, prefixes=prefixes)
        elif words.accept("STOPWORDS"):
            stop = tuple(sorted({w.lower() for w in words.many("STOPWORDS")}))
            schema = replace(schema, stop_words=stop)
        elif words.accept("LANGUAGE"):
            language = words.take("Bad arguments for LANGUAGE").lower()
            if language not in LANGUAGES:
                raise SearchError("Invalid language")
            schema = replace(schema, language=language)
        elif words.accept("SCORE"):
            schema = replace(schema, score=_score(words))
        elif words.accept("SKIPINITIALSCAN"):
            is_filled = False
        elif words.peek() in _PLAIN:
            options.add(words.take("").upper())
        elif words.peek() in _NOT_HERE:
            raise SearchError(f"{words.peek()} is not supported by this store")
        elif words:
            raise SearchError(f"Unknown argument `{words.take('')}`")
        else:
            raise SearchError("No schema found")
    if "NOOFFSETS" in options:
        options.add("NOHL")  # without the places of words none can be marked
    shown = tuple(option for option in _SHOWN_ORDER if option in options)
    schema = replace(schema, options=shown)
    found = fields(words, schema)
    if not found:
        raise SearchError("Fields arguments are missing")
    return schema.with_fields(found), is_filled


def _score(words: Words) -> float:
    try:
        score = float(words.take("Invalid score"))
    except ValueError:
        score = -1.0
    if not 0 <= score <= 1:
        raise SearchError("Invalid score")
    return score


def fields(words: Words, schema: Schema) -> tuple[Field, ...]:
    """Read field definitions up to the end, without numbers of their own.

    Raises:
        SearchError: In RediSearch's words.
    """
    found: list[Field] = []
    taken = set(schema.by_name)
    while words:
        item = _field(words)
        if item.name in taken:
            raise SearchError(f"Duplicate field in schema - {item.name}")
        taken.add(item.name)
        found.append(item)
    texts = sum(f.type is FieldType.TEXT for f in (*schema.fields, *found))
    if len(schema.fields) + len(found) > MAX_FIELDS:
        raise SearchError(f"Schema is limited to {MAX_FIELDS} fields")
    if texts > MAX_TEXT_FIELDS:
        raise SearchError(f"Schema is limited to {MAX_TEXT_FIELDS} TEXT fields")
    return tuple(found)


def _field(words: Words) -> Field:
    identifier = name = words.take("")
    if words.accept("AS"):
        name = words.take("AS requires an argument")
    if not words:
        raise SearchError(f"Field `{identifier}` does not have a type")
    kind = words.take("")
    if kind.upper() in _UNSUPPORTED:
        raise SearchError(f"Field type {kind.upper()} is not supported by this store")
    try:
        chosen = FieldType(kind.upper())
    except ValueError:
        raise SearchError(f"Invalid field type for field `{identifier}`") from None
    item = Field(identifier=identifier, name=name, type=chosen, number=0)
    if chosen is FieldType.TEXT:
        item = _text(words, item)
    elif chosen is FieldType.TAG:
        item = _tag(words, item)
    return _common(words, item)


def _text(words: Words, item: Field) -> Field:
    while True:
        if words.accept("NOSTEM"):
            item = replace(item, stems=False)
        elif words.accept("WEIGHT"):
            item = replace(item, weight=words.number("weight"))
        elif words.accept("PHONETIC"):
            raise SearchError("PHONETIC is not supported by this store")
        elif words.accept("WITHSUFFIXTRIE"):
            item = replace(item, suffixes=True)
        else:
            return item


def _tag(words: Words, item: Field) -> Field:
    while True:
        if words.accept("SEPARATOR"):
            sign = words.take("SEPARATOR requires an argument")
            if len(sign) != 1 or not sign.isascii():
                raise SearchError(
                    f"Tag separator must be a single character. Got `{sign}`"
                )
            item = replace(item, separator=sign)
        elif words.accept("CASESENSITIVE"):
            item = replace(item, is_case_sensitive=True)
        elif words.accept("WITHSUFFIXTRIE"):
            item = replace(item, suffixes=True)
        else:
            return item


def _common(words: Words, item: Field) -> Field:
    while True:
        if words.accept("SORTABLE"):
            is_number = item.type is FieldType.NUMERIC
            exact = words.accept("UNF") or is_number
            item = replace(item, is_sortable=True, is_unnormalised=exact)
        elif words.accept("NOINDEX"):
            item = replace(item, is_indexed=False)
        elif words.peek() in _NOT_HERE:
            raise SearchError(f"{words.peek()} is not supported by this store")
        else:
            return item
