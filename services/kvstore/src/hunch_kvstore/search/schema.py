"""What an index covers: its prefixes, its fields, its rules. Stored as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from functools import cached_property

from ._analysis import Analyser
from .folding import FOLDING
from .stopword import STOPWORDS


class FieldType(StrEnum):
    """The kinds of field."""

    TEXT = "TEXT"
    TAG = "TAG"
    NUMERIC = "NUMERIC"


@dataclass(frozen=True, kw_only=True)
class Field:
    """One field of an index.

    Attributes:
        identifier: The name of the hash's field.
        name: What queries call it (``AS``).
        type: TEXT, TAG or NUMERIC.
        number: Its number in the posting keys; never given twice in one index.
        weight: TEXT: factor of the score.
        stems: TEXT: whether words are found by other forms of them.
        separator: TAG: what stands between tags.
        is_case_sensitive: TAG: whether upper and lower case differ.
        is_sortable: Whether SORTABLE was said.
        is_unnormalised: Whether UNF was said: sort by the text as it is.
        is_indexed: False for NOINDEX: only for sorting and returning.
        suffixes: Whether WITHSUFFIXTRIE was said; suffix queries work either way.
    """

    identifier: str
    name: str
    type: FieldType
    number: int
    weight: float = 1.0
    stems: bool = True
    separator: str = ","
    is_case_sensitive: bool = False
    is_sortable: bool = False
    is_unnormalised: bool = False
    is_indexed: bool = True
    suffixes: bool = False

    @cached_property
    def key(self) -> bytes:
        """The hash field's name as bytes."""
        return self.identifier.encode("utf-8", "surrogateescape")


@dataclass(frozen=True, kw_only=True)
class Schema:
    """One index.

    Attributes:
        name: Of the index.
        number: Of the index in the engine's keys.
        prefixes: Keys that begin with one of these are documents.
        fields: In the order of FT.CREATE and FT.ALTER.
        stop_words: Words that are not indexed; None is the default list.
        options: Words of FT.CREATE that change nothing here but show in FT.INFO.
        language: As given, or empty; "english" stems, other languages do not.
        score: Score of every document.
        next_field: The next field number.
        folding: How its words are folded: the `FOLDING` it was made under.
    """

    name: str
    number: int
    prefixes: tuple[str, ...] = ("",)
    fields: tuple[Field, ...] = ()
    stop_words: tuple[str, ...] | None = None
    options: tuple[str, ...] = ()
    language: str = ""
    score: float = 1.0
    next_field: int = 1
    folding: int = FOLDING

    @cached_property
    def by_name(self) -> dict[str, Field]:
        """Fields by the names queries use."""
        return {item.name: item for item in self.fields}

    @cached_property
    def texts(self) -> tuple[Field, ...]:
        """The indexed TEXT fields."""
        return self._of(FieldType.TEXT)

    @cached_property
    def tags(self) -> tuple[Field, ...]:
        """The indexed TAG fields."""
        return self._of(FieldType.TAG)

    @cached_property
    def numerics(self) -> tuple[Field, ...]:
        """All NUMERIC fields; their values are in the document record in this order."""
        return tuple(item for item in self.fields if item.type is FieldType.NUMERIC)

    @cached_property
    def order(self) -> Field | None:
        """The field that numbers the documents: the first SORTABLE NUMERIC one."""
        return next((item for item in self.numerics if item.is_sortable), None)

    @cached_property
    def stop_set(self) -> frozenset[str]:
        """The stop words, folded."""
        return STOPWORDS if self.stop_words is None else frozenset(self.stop_words)

    @cached_property
    def analyser(self) -> Analyser:
        """What takes documents apart; one at a time."""
        return Analyser(self.stop_set, len(self.texts))

    @cached_property
    def raw_prefixes(self) -> tuple[bytes, ...]:
        """The prefixes as bytes."""
        return tuple(p.encode("utf-8", "surrogateescape") for p in self.prefixes)

    @cached_property
    def stems(self) -> bool:
        """Whether any word is stemmed in this index."""
        return self.language in ("", "english")

    def _of(self, kind: FieldType) -> tuple[Field, ...]:
        return tuple(f for f in self.fields if f.type is kind and f.is_indexed)

    def with_fields(self, added: tuple[Field, ...]) -> Schema:
        """Return the schema with more fields, as FT.ALTER makes it."""
        numbered = tuple(
            replace(item, number=self.next_field + at) for at, item in enumerate(added)
        )
        return replace(
            self,
            fields=self.fields + numbered,
            next_field=self.next_field + len(numbered),
            folding=FOLDING,
        )

    def dump(self) -> bytes:
        """Return the stored form."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def load(cls, raw: bytes) -> Schema:
        """Return a schema from its stored form."""
        told = {"folding": 1, **json.loads(raw)}
        told["fields"] = tuple(
            Field(**{**item, "type": FieldType(item["type"])})
            for item in told["fields"]
        )
        for name in ("prefixes", "options", "stop_words"):
            told[name] = None if told[name] is None else tuple(told[name])
        return cls(**told)
