"""The arguments of FT.SEARCH."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from .definition import LANGUAGES
from .error import SearchError
from .marks import Marks
from .schema import Schema
from .words import Words

# SPEC: MAXSEARCHRESULTS of RediSearch.
MAX_RESULTS: Final = 1_000_000


@dataclass(slots=True)
class NumberFilter:
    """FILTER field low high, with bounds as the query writes them."""

    name: str
    low: str
    high: str


@dataclass(slots=True)
class Request:
    """One FT.SEARCH.

    Attributes:
        returned: (identifier, name in the reply) of the fields to return; None is all.
        keys: INKEYS: the only documents wanted.
        in_fields: INFIELDS: the only TEXT fields looked into.
        is_counted: Whether the total must be exact.
        timeout_ms: Time after which the answer is what was found by then; 0 is never.
    """

    index: str
    query: str
    has_content: bool = True
    has_scores: bool = False
    has_sort_keys: bool = False
    has_payloads: bool = False
    is_verbatim: bool = False
    in_order: bool = False
    slop: int | None = None
    sort_by: str = ""
    is_descending: bool = False
    offset: int = 0
    limit: int = 10
    returned: list[tuple[str, str]] | None = None
    parameters: dict[str, str] = field(default_factory=dict)
    dialect: int = 1
    is_counted: bool = True
    keys: list[str] | None = None
    in_fields: list[str] | None = None
    filters: list[NumberFilter] = field(default_factory=list)
    marks: Marks = field(default_factory=Marks)
    language: str = ""
    timeout_ms: int = 500

    def has_stems(self, schema: Schema) -> bool:
        """Tell whether words are also found by their stems: only English ones are."""
        language = self.language or schema.language or "english"
        return language == "english" and not self.is_verbatim

    def check_marks(self, schema: Schema) -> None:
        """Refuse HIGHLIGHT and SUMMARIZE of what the schema does not name."""
        if self.marks and self.has_content and self.returned != [] and self.limit:
            shown = self.returned
            named = None if shown is None else [name for name, _ in shown]
            self.marks.check(schema, named)


def read(args: Sequence[bytes]) -> Request:
    """Read FT.SEARCH's arguments, the index and the query first.

    Raises:
        SearchError: In RediSearch's words.
    """
    if len(args) < 2:
        raise SearchError("No query string provided")
    words = Words(args)
    request = Request(words.take(""), words.take(""))
    while words:
        _option(words, request)
    return request


def _option(words: Words, request: Request) -> None:
    option = words.peek()
    words.at += 1
    match option:
        case "NOCONTENT":
            request.has_content = False
        case "WITHSCORES":
            request.has_scores = True
        case "WITHSORTKEYS":
            request.has_sort_keys = True
        case "WITHPAYLOADS":
            request.has_payloads = True
        case "VERBATIM":
            request.is_verbatim = True
        case "NOSTOPWORDS":
            pass
        case "INORDER":
            request.in_order = True
        case "SLOP":
            request.slop = None if words.accept("-1") else words.count("SLOP")
        case "WITHCOUNT":
            request.is_counted = True
        case "WITHOUTCOUNT":
            request.is_counted = False
        case "SORTBY":
            if request.sort_by:
                raise SearchError("Multiple SORTBY steps are not allowed")
            request.sort_by = words.take("Bad SORTBY arguments")
            request.is_descending = words.accept("DESC")
            if not request.is_descending:
                words.accept("ASC")
        case "LIMIT":
            _limit(words, request)
        case "RETURN":
            request.returned = _returned(words.many("RETURN"))
        case "PARAMS":
            request.parameters.update(parameters(words))
        case "DIALECT":
            request.dialect = dialect(words)
            if request.dialect == 4:
                request.is_counted = False
        case "INKEYS":
            request.keys = words.many("INKEYS")
        case "INFIELDS":
            request.in_fields = words.many("INFIELDS")
        case "FILTER":
            bad = "FILTER requires 3 arguments"
            parts = [words.take(bad) for _ in range(3)]
            request.filters.append(NumberFilter(*parts))
        case "HIGHLIGHT":
            request.marks.read_highlight(words)
        case "SUMMARIZE":
            request.marks.read_summary(words)
        case "LANGUAGE":
            request.language = words.word("LANGUAGE").lower()
            if request.language not in LANGUAGES:
                raise SearchError("No such language")
        case "TIMEOUT":
            request.timeout_ms = _timeout(words)
        case "SCORER":
            scorer = words.word("SCORER")
            if scorer != "TFIDF":
                raise SearchError(f"No such scorer {scorer}")
        case _:
            words.at -= 1
            at = words.at - 1
            shown = words.take("")
            raise SearchError(f"Unknown argument `{shown}` at position {at} for <main>")


def _timeout(words: Words) -> int:
    word = words.take("Need argument for TIMEOUT")
    if not (word.isascii() and word.isdigit() and int(word) < 1 << 63):
        raise SearchError("TIMEOUT requires a non negative integer")
    return int(word)


def _limit(words: Words, request: Request) -> None:
    bad = "LIMIT requires two arguments"
    parts = [words.take(bad), words.take(bad)]
    if not all(part.isascii() and part.isdigit() for part in parts):
        raise SearchError("LIMIT needs two numeric arguments")
    request.offset, request.limit = map(int, parts)
    if request.limit > MAX_RESULTS:
        raise SearchError(f"LIMIT exceeds maximum of {MAX_RESULTS}")
    if request.offset > MAX_RESULTS:
        raise SearchError(f"OFFSET exceeds maximum of {MAX_RESULTS}")


def _returned(parts: list[str]) -> list[tuple[str, str]]:
    found: dict[str, str] = {}
    at = 0
    while at < len(parts):
        name = parts[at]
        at += 1
        if at < len(parts) and parts[at].upper() == "AS":
            if at + 1 >= len(parts):
                raise SearchError("RETURN path AS name - must be accompanied with NAME")
            found.setdefault(parts[at + 1], name)
            at += 2
        else:
            found.setdefault(name, name)
    return [(name, title) for title, name in found.items()]


def parameters(words: Words) -> dict[str, str]:
    """Read ``PARAMS <count> <name> <value> ...``."""
    pairs = words.many("PARAMS")
    if not pairs or len(pairs) % 2:
        raise SearchError("Parameters must be specified in PARAM VALUE pairs")
    return dict(zip(pairs[::2], pairs[1::2], strict=True))


def dialect(words: Words) -> int:
    """Read the number behind DIALECT."""
    word = words.take("Need an argument for DIALECT")
    if word not in ("1", "2", "3", "4"):
        raise SearchError("DIALECT requires a non negative integer >=1 and <= 4")
    return int(word)
