"""What there is to choose from: kinds and tags with their counts."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from hunch_stream.query import Query, Term
from hunch_web.view.card import query_path
from hunch_web.view.words import describe


@dataclasses.dataclass(frozen=True, slots=True)
class Facet:
    """One value of a kind.

    Attributes:
        size: 1 (rare) to 4 (among the most frequent), for the style sheet.
    """

    label: str
    address: str
    count: int
    size: int


def facets(kind: str, counts: Mapping[str, int]) -> tuple[Facet, ...]:
    """Return the values of a kind, the most frequent first.

    Args:
        kind: `type`, `tag`, … as in a query.
        counts: Items per value.
    """
    most = max(counts.values(), default=0)
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return tuple(
        Facet(
            label=value if kind == "tag" else describe(_only(kind, value), {}),
            address=f"/tags/{query_path(Term(kind, value))}",
            count=count,
            size=max(1, round(4 * (count / most) ** 0.5)),
        )
        for value, count in ranked
    )


def _only(kind: str, value: str) -> Query:
    return Query((Term(kind, value),))
