"""The parts of a parsed query."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True, kw_only=True)
class Node:
    """Anything a document can match.

    Attributes:
        fields: TEXT fields the text below may be found in; None is all of them.
        weight: Factor of the score.
        slop: How many other words may stand between the words; None is any number.
        in_order: Whether the words must come in the query's order.
    """

    fields: frozenset[str] | None = None
    weight: float = 1.0
    slop: int | None = None
    in_order: bool = False

    def children_(self) -> list[Node]:
        """Return the nodes below this one."""
        return []


@dataclass(slots=True)
class Everything(Node):
    """``*``: every document."""


@dataclass(slots=True)
class Term(Node):
    """One word; `stems` are the other forms it may be found by."""

    text: str
    verbatim: bool = False
    stems: tuple[str, ...] = ()


@dataclass(slots=True)
class Affix(Node):
    """``word*``, ``*word`` or ``*word*``."""

    text: str
    has_more_after: bool = True
    has_more_before: bool = False


@dataclass(slots=True)
class Fuzzy(Node):
    """``%word%``: words at most so many edits away."""

    text: str
    distance: int = 1


@dataclass(slots=True)
class Wildcard(Node):
    """``w'pat?er*'``."""

    pattern: str


@dataclass(slots=True)
class All(Node):
    """Every child matches; with `exact`, as neighbours and in order."""

    children: list[Node]
    exact: bool = False

    def children_(self) -> list[Node]:
        """Return the nodes below this one."""
        return self.children


@dataclass(slots=True)
class Any(Node):
    """At least one child matches."""

    children: list[Node]

    def children_(self) -> list[Node]:
        """Return the nodes below this one."""
        return self.children


@dataclass(slots=True)
class Not(Node):
    """The child does not match."""

    child: Node

    def children_(self) -> list[Node]:
        """Return the nodes below this one."""
        return [self.child]


@dataclass(slots=True)
class Maybe(Node):
    """``~word``: a match raises the score, no match costs nothing."""

    child: Node

    def children_(self) -> list[Node]:
        """Return the nodes below this one."""
        return [self.child]


@dataclass(slots=True)
class Tag(Node):
    """``@field:{one|two words|pre*}``."""

    name: str
    children: list[Node]

    def children_(self) -> list[Node]:
        """Return the nodes below this one."""
        return self.children


@dataclass(slots=True)
class Range(Node):
    """``@field:[low high]``, either end excluded by a parenthesis."""

    name: str
    low: float
    high: float
    has_low: bool = True
    has_high: bool = True


@dataclass(slots=True)
class Nowhere(Node):
    """What asks for places or vectors: no field has them, so no document matches.

    Attributes:
        told: What FT.EXPLAIN calls it.
    """

    told: str


def restrict(node: Node, names: frozenset[str]) -> None:
    """Let the text of a whole tree be found in those fields only."""
    node.fields = names if node.fields is None else node.fields & names
    for child in node.children_():
        restrict(child, names)
