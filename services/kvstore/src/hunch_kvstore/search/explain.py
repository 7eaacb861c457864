"""A query's tree as text, in RediSearch's form."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from .node import (
    Affix,
    All,
    Any,
    Everything,
    Fuzzy,
    Maybe,
    Node,
    Not,
    Nowhere,
    Range,
    Tag,
    Term,
    Wildcard,
)
from .schema import Schema


def explain(node: Node | None, schema: Schema) -> str:
    """Return what FT.EXPLAIN answers."""
    if node is None:
        return "<empty>\n"
    return "".join(line + "\n" for line in _Tree(schema).lines(node, ""))


class _Tree:
    def __init__(self, schema: Schema) -> None:
        self._texts = [item.name for item in schema.texts]
        self._folded_tags = {f.name for f in schema.tags if not f.is_case_sensitive}

    def lines(self, node: Node, indent: str) -> Iterator[str]:
        made = list(self._lines(node, indent))
        told = _marks(node)
        if told and not (isinstance(node, Term) and node.stems):
            room = "" if isinstance(node, Term) else " "
            made[-1] += f" => {{{room}{told}{room}}}"
        yield from made

    def _lines(self, node: Node, indent: str) -> Iterator[str]:
        head = indent + self._scope(node)
        match node:
            case Everything():
                yield indent + "<WILDCARD>"
            case Term() if node.stems:
                yield f"{head}UNION {{"
                inner = (
                    head.replace(indent, indent + "  ", 1) if indent else "  " + head
                )
                weight = f" => {{{_marks(node)}}}" if node.weight != 1.0 else ""
                yield inner + node.text + weight
                for form in node.stems:
                    yield f"{inner}{form}(expanded)"
                yield indent + "}"
            case Term():
                yield head + node.text
            case Affix():
                yield head + _affix(node)
            case Fuzzy():
                yield f"{head}FUZZY{{{node.text}}}"
            case Wildcard():
                yield f"{head}WILDCARD{{{node.pattern}}}"
            case All() if node.exact and not node.children:
                yield head + '""'
            case All():
                yield from self._block(
                    head + ("EXACT {" if node.exact else "INTERSECT {"), node, indent
                )
            case Any():
                yield from self._block(f"{head}UNION {{", node, indent)
            case Not():
                yield from self._block(f"{head}NOT{{", node, indent)
            case Maybe():
                yield from self._block(f"{head}OPTIONAL{{", node, indent)
            case Tag():
                yield f"{indent}TAG:@{node.name} {{"
                for child in node.children:
                    yield from self._tag(node.name, child, indent + "  ")
                yield indent + "}"
            case Range():
                yield indent + _range(node)
            case Nowhere():
                yield indent + node.told
            case _:
                raise TypeError(node)

    def _block(self, head: str, node: Node, indent: str) -> Iterator[str]:
        yield head
        for child in node.children_():
            yield from self.lines(child, indent + "  ")
        yield indent + "}"

    def _tag(self, name: str, node: Node, indent: str) -> Iterator[str]:
        """Show a tag as it is looked up."""
        is_exact = name not in self._folded_tags
        match node:
            case Term():
                yield indent + (node.text if is_exact else node.text.lower())
            case Affix() if not is_exact:
                yield from self.lines(replace(node, text=node.text.lower()), indent)
            case Wildcard() if not is_exact:
                low = replace(node, pattern=node.pattern.lower())
                yield from self.lines(low, indent)
            case _:
                yield from self.lines(node, indent)

    def _scope(self, node: Node) -> str:
        """Return ``@title|body:`` for a node that looks into some fields only."""
        if node.fields is None:
            return ""
        names = [name for name in self._texts if name in node.fields]
        return f"@{'|'.join(names) or 'NULL'}:"


def _marks(node: Node) -> str:
    """Return a node's attributes; words have no neighbours, so no slop."""
    told = [] if node.weight == 1.0 else [f"$weight: {node.weight:g};"]
    if not isinstance(node, Term):
        if node.slop is not None:
            told.append(f"$slop: {node.slop};")
        if node.slop is not None or node.in_order:
            told.append(f"$inorder: {'true' if node.in_order else 'false'};")
    return " ".join(told)


def _affix(node: Affix) -> str:
    if node.has_more_after and node.has_more_before:
        return f"INFIX{{*{node.text}*}}"
    if node.has_more_before:
        return f"SUFFIX{{*{node.text}}}"
    return f"PREFIX{{{node.text}*}}"


def _range(node: Range) -> str:
    low = "<=" if node.has_low else "<"
    high = "<=" if node.has_high else "<"
    return f"NUMERIC {{{node.low:f} {low} @{node.name} {high} {node.high:f}}}"
