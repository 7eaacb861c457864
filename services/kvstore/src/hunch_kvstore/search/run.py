"""One FT.SEARCH from its arguments to its reply."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf
from time import monotonic
from typing import NamedTuple, TypeAlias

from .catalog import Catalog
from .chunk import numbers_of
from .collect import Budget, Collector, Hit, Order
from .counter import Counter
from .error import SearchError
from .folding import fold
from .index import Index
from .keys import unpack_number
from .node import All, Node, Range, restrict
from .parser import Parser
from .plan import Planner, with_stems
from .posting import Reader
from .request import NumberFilter, Request
from .schema import Schema
from .score import Scorer
from .simple import tags
from .source import Given


class Packed(NamedTuple):
    """The fields of a small hash as they are stored: the record, and where they begin."""

    record: bytes
    at: int


Fields: TypeAlias = dict[bytes, bytes] | Packed
Fetch: TypeAlias = Callable[[list[bytes], Sequence[bytes] | None], list[Fields | None]]
"""Returns those fields (None is all) of some hashes, None for one that is gone.

Only all fields may come packed.
"""


@dataclass(slots=True)
class Answer:
    """What a search found: the total and the documents to show, with their fields.

    Attributes:
        rarity: Of a word or stem, as scores have it, for who must tell words apart.
        is_cut: Whether time was over before everything was looked at.
    """

    node: Node | None
    total: int
    hits: list[tuple[Hit, Fields]]
    rarity: Callable[[str], float]
    is_cut: bool = False


def parse(
    schema: Schema, query: str, parameters: dict[str, str], *, verbatim: bool = False
) -> Node | None:
    """Return a query's tree, with the other forms of its words."""
    simple = tags(query)
    if simple is not None:
        return simple
    node = Parser(
        query,
        is_stop_word=schema.stop_set.__contains__,
        normal=fold,
        parameters=parameters,
    ).parse()
    if not verbatim:
        with_stems(node)
    return node


def run(
    reader: Reader,
    catalog: Catalog,
    request: Request,
    fetch: Fetch,
    clock: Callable[[], float] = monotonic,
) -> Answer:
    """Answer a search.

    Args:
        reader: The transaction of the command.
        catalog: Where the index is, and the remembered counts.
        request: The arguments.
        fetch: Reads a user's hash.
        clock: Seconds, for the request's time limit.

    Raises:
        SearchError: In RediSearch's words.
    """
    index = catalog.get(request.index)
    if index is None:
        raise SearchError(f"{request.index}: no such index")
    index.uses += 1
    schema = index.schema
    request.check_marks(schema)
    node = parse(
        schema,
        request.query,
        request.parameters,
        verbatim=not request.has_stems(schema),
    )
    node = _narrowed(node, request)
    order = _order(request, schema)
    need = request.offset + request.limit if request.limit else 0
    is_counted = request.is_counted or not need
    # WHY not inside a transaction that writes: if it is given up, so is its count.
    is_lasting = is_counted and not getattr(reader, "written", False)
    name = _count_name(request) if is_counted else ""
    known = catalog.counts.get(index, name) if is_lasting else None
    planner = Planner(reader, index, reads_all=is_counted and known is None)
    budget = Budget(request.timeout_ms, clock)
    collector = Collector(reader, index, planner, node, budget)
    if request.keys is not None:
        collector.within(_known(reader, index, request.keys))
    if is_counted and known is None:
        collector.read_whole()
    hits: list[Hit] = []
    if need:
        hits = _hits(
            reader, index, request, collector, planner, node, order, need, fetch
        )
    total = len(hits)
    if is_counted:
        total = collector.total() if known is None else known
        if known is None and is_lasting and not budget.was_spent:
            catalog.counts.put(index, name, total)
    shown = []
    wanted = _wanted(request, schema)
    needs_fields = request.has_content and request.returned != []
    hits = hits[request.offset :]
    found: list[Fields | None] = [{} for _ in hits]
    if needs_fields:
        found = fetch([hit.key for hit in hits], wanted)
    for hit, fields in zip(hits, found, strict=True):
        # WHY: a hash that expired and has not been taken out yet counts, as in
        # RediSearch, but has nothing to show.
        if fields is not None:
            shown.append((hit, fields))

    def rarity(form: str) -> float:
        documents = Counter.load(reader, index.base).documents
        return Scorer(index, planner, documents).rarity(form)

    return Answer(node, total, shown, rarity, budget.was_spent)


def _hits(
    reader: Reader,
    index: Index,
    request: Request,
    collector: Collector,
    planner: Planner,
    node: Node | None,
    order: Order | None,
    need: int,
    fetch: Fetch,
) -> list[Hit]:
    score = None
    if order is None or request.has_scores:
        documents = Counter.load(reader, index.base).documents
        score = Scorer(index, planner, documents).prepare(node)
    if order is None:
        assert score is not None
        return collector.best(need, score)
    if order.field is not None and order.field is index.schema.order:
        if order.is_descending:
            found = collector.newest(need, with_values=request.has_sort_keys)
        else:
            found = collector.oldest(need)
    else:

        def read(key: bytes, name: bytes) -> bytes | None:
            (found,) = fetch([key], (name,))
            return found.get(name) if isinstance(found, dict) else None

        found = collector.sorted_by(order, need, read)
    if score is not None:
        for hit in found[request.offset :]:
            hit.score = score(hit.number, hit.record)
    return found


def _wanted(request: Request, schema: Schema) -> list[bytes] | None:
    if request.returned is None:
        return None
    names = (name for name, _ in request.returned)
    return [field_key(name, schema) for name in names]


def field_key(name: str, schema: Schema) -> bytes:
    """Return the field of the hash that a name of a query means."""
    field = schema.by_name.get(name)
    return name.encode("utf-8", "surrogateescape") if field is None else field.key


def _count_name(request: Request) -> str:
    """Return what two requests of the same total have in common."""
    how = (request.is_verbatim, request.language)
    told = (request.query, request.parameters, how, request.keys)
    near = (request.slop, request.in_order)
    return repr((*told, request.in_fields, request.filters, near))


def _known(reader: Reader, index: Index, keys: list[str]) -> Given:
    found = set()
    for key in keys:
        raw = reader.get(index.base + b"k" + key.encode("utf-8", "surrogateescape"))
        if raw is not None:
            found.add(unpack_number(raw))
    return Given(numbers_of(sorted(found)))


def _narrowed(node: Node | None, request: Request) -> Node | None:
    if node is None:
        return None
    if request.in_fields is not None:
        restrict(node, frozenset(request.in_fields))
    if isinstance(node, All) and not node.exact:
        if request.slop is not None:
            node.slop = request.slop
        node.in_order = node.in_order or request.in_order
    for item in request.filters:
        node = All([_filter(item), node])
    return node


def _filter(item: NumberFilter) -> Range:
    has_low, low = _bound(item.low, "lower")
    has_high, high = _bound(item.high, "upper")
    return Range(item.name, low, high, has_low=has_low, has_high=has_high)


def _bound(text: str, side: str) -> tuple[bool, float]:
    is_in = not text.startswith("(")
    plain = text.removeprefix("(").lower()
    if plain in ("inf", "+inf"):
        return is_in, inf
    if plain == "-inf":
        return is_in, -inf
    try:
        return is_in, float(plain)
    except ValueError:
        raise SearchError(f"Bad {side} range: {text}") from None


def _order(request: Request, schema: Schema) -> Order | None:
    if not request.sort_by:
        return None
    field = schema.by_name.get(request.sort_by)
    if field is None:
        raise SearchError(f"Property `{request.sort_by}` not loaded nor in schema")
    return Order(field, request.sort_by, request.is_descending)
