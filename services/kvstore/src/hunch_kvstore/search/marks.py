"""What HIGHLIGHT and SUMMARIZE ask for, in all, of one reply."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from .error import SearchError
from .schema import Schema
from .words import Words


@dataclass(slots=True)
class Highlight:
    """HIGHLIGHT: which fields (none is all), and what goes around a word found."""

    fields: list[str]
    head: str = "<b>"
    tail: str = "</b>"


@dataclass(slots=True)
class Summary:
    """SUMMARIZE: which fields (none is all), and how much of them."""

    fields: list[str]
    fragments: int = 3
    length: int = 20
    separator: str = "... "


@dataclass(slots=True)
class Marks:
    """All of them, in the order they were given in."""

    highlights: list[Highlight] = field(default_factory=list)
    summaries: list[Summary] = field(default_factory=list)
    named: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.highlights or self.summaries)

    def read_highlight(self, words: Words) -> None:
        """Read what stands behind HIGHLIGHT."""
        bad = "Bad arguments for HIGHLIGHT"
        try:
            made = Highlight(self._fields(words))
            while words.accept("TAGS"):
                made.head, made.tail = words.take(bad), words.take(bad)
        except SearchError:
            raise SearchError(bad) from None
        self.highlights.append(made)

    def read_summary(self, words: Words) -> None:
        """Read what stands behind SUMMARIZE."""
        bad = "Bad arguments for SUMMARIZE"
        try:
            made = Summary(self._fields(words))
            while True:
                if words.accept("FRAGS"):
                    made.fragments = words.count("FRAGS")
                elif words.accept("LEN"):
                    made.length = words.count("LEN")
                elif words.accept("SEPARATOR"):
                    made.separator = words.take(bad)
                else:
                    break
        except SearchError:
            raise SearchError(bad) from None
        self.summaries.append(made)

    def _fields(self, words: Words) -> list[str]:
        fields = words.many("FIELDS") if words.accept("FIELDS") else []
        self.named += fields
        return fields

    def of(
        self, name: str, *, is_returned: bool
    ) -> tuple[Highlight | None, Summary | None]:
        """Return what is asked for one field.

        Args:
            name: What the reply calls the field.
            is_returned: Whether RETURN named it. If it did not, and some fields were
                named for marks, what was asked for all fields is meant for those only.
        """
        if self.named and not is_returned and name not in self.named:
            return None, None
        return _last(self.highlights, name), _last(self.summaries, name)

    def check(self, schema: Schema, returned: Sequence[str] | None) -> None:
        """Refuse marks in what the schema does not name.

        Raises:
            SearchError: In RediSearch's words.
        """
        complaint = "No such property `{}`"
        if returned is not None:
            complaint = "Property `{}` is not in schema"
        for name in (*(returned or ()), *self.named):
            if name not in schema.by_name:
                raise SearchError(complaint.format(name))


_Asked = TypeVar("_Asked", Highlight, Summary)


def _last(asked: list[_Asked], name: str) -> _Asked | None:
    """Return what was last asked for a field by name, else for all fields."""
    some = [one for one in asked if name in one.fields]
    some = some or [one for one in asked if not one.fields]
    return some[-1] if some else None
