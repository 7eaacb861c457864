"""The documents a reply shows, in order, and how many match in all.

Order

* By the field that numbers the documents, descending: the numbers come in that order, so
  reading stops at the last one shown. Within a moment (see `document`) the exact values
  decide, and between equal values the later arrival comes first.
* Ascending: the same from the other end.
* By any other field, or by score: all matches are read. Equal ones come in order of
  arrival, reversed for DESC, as RediSearch orders them by document id.

Total

The reply's total is exact. Lists that are in memory are intersected as a whole before
anything else, in a microsecond or two for a thousand documents; otherwise, where reading
stopped early, the rest is counted from document numbers alone, without reading a document.
A single word or tag is counted from the heads of its chunks. The last counts are
remembered until the index changes. With
``WITHOUTCOUNT`` or dialect 4, which RediSearch has for the same purpose, nothing is
counted and the total is the number of documents up to the last one shown.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from math import inf, isnan
from time import monotonic
from typing import Final, TypeAlias

from .combined import Both
from .document import NO_VALUE, TIES, arrival_in, key_of, moment_end, value_at
from .index import Index
from .keys import pack_number, unpack_number
from .listed import Every, Held, Listed
from .node import Node
from .plan import Planner
from .posting import Reader
from .schema import Field, FieldType
from .source import Source

REMEMBERED: Final = 256
_COUNTED: Final = (Held, Listed, Every)
"""Sources that know how many documents they have."""
_WALK: Final = 5

Value: TypeAlias = float | str | None
ReadField: TypeAlias = Callable[[bytes, bytes], bytes | None]
"""Reads one field of a user's hash: (key, field) -> value."""


@dataclass(slots=True)
class Hit:
    """One document of a reply; `record` is its stored record, read as needed."""

    number: int
    record: bytes
    score: float = 1.0
    value: Value = None

    @property
    def key(self) -> bytes:
        """The user's key."""
        return key_of(self.record)

    @property
    def arrival(self) -> int:
        """The place in the order of arrival."""
        return arrival_in(self.record)


@dataclass(slots=True)
class Order:
    """What to sort by: a field of the schema, or one read from the hash; none is score."""

    field: Field | None = None
    name: str = ""
    is_descending: bool = False


class Counts:
    """How many documents recent queries matched, while their index has not changed."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[int, str], tuple[int, int]] = OrderedDict()

    def get(self, index: Index, query: str) -> int | None:
        """Return a remembered count if it still holds."""
        version, total = self._known.get((index.schema.number, query), (-1, 0))
        return total if version == index.version else None

    def put(self, index: Index, query: str, total: int) -> None:
        """Remember a count."""
        name = (index.schema.number, query)
        self._known[name] = (index.version, total)
        self._known.move_to_end(name)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)


class Budget:
    """The time a query may take.

    LIMIT: one thread serves all clients, so a query that reads everything is cut short:
    it answers with what it has found, as RediSearch does (TIMEOUT, 500 ms, "return").
    """

    def __init__(self, limit_ms: int, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._end = clock() + limit_ms / 1000 if limit_ms else inf
        self.was_spent = False

    def is_spent(self) -> bool:
        """Tell whether the time is over."""
        if not self.was_spent:
            self.was_spent = self._clock() > self._end
        return self.was_spent


class Collector:
    """One query's matches over one index."""

    def __init__(
        self,
        reader: Reader,
        index: Index,
        planner: Planner,
        node: Node | None,
        budget: Budget,
    ) -> None:
        self._reader = reader
        self._budget = budget
        self._index = index
        self._planner = planner
        self._source = planner.source(node)
        self._blocks: Iterator[array[int]] | None = None
        self._seen = 0

    def within(self, source: Source) -> None:
        """Take only documents that are in that source, too."""
        self._source = Both([self._source, source])

    # -- totals ----------------------------------------------------------------------

    def read_whole(self) -> None:
        """Intersect all at once if that is cheap, for who needs the total anyway."""
        if type(self._source) not in _COUNTED:
            numbers = self._source.whole()
            if numbers is not None:
                self._blocks = iter((numbers,) if numbers else ())

    def total(self) -> int:
        """Return how many documents match, reading on where `newest` stopped."""
        source = self._source
        if type(source) in _COUNTED:
            assert isinstance(source, (Held, Listed))
            return source.count()
        for _ in self._numbers():
            pass
        return self._seen

    def _numbers(self) -> Iterator[array[int]]:
        if self._blocks is None:
            self._blocks = self._source.blocks()
        for block in self._blocks:
            self._seen += len(block)
            yield block
            if self._budget.is_spent():
                return

    def _all(self) -> list[int]:
        found: list[int] = []
        for block in self._numbers():
            found.extend(block)
        return found

    # -- orders ----------------------------------------------------------------------

    def newest(self, need: int, *, with_values: bool = False) -> list[Hit]:
        """Return the first `need` documents by the numbering field, descending.

        Their values are read if they are asked for, or if the order needs them.
        """
        found: list[int] = []
        end = -1
        for block in self._numbers():
            if end < 0 and len(found) + len(block) >= need:
                end = moment_end(_moment(block[need - len(found) - 1]))
            if end < 0:
                found.extend(block)
                continue
            upto = bisect_right(block, end)
            found.extend(block[:upto])
            if upto < len(block):
                break
        if not with_values:
            # PERF: a page of documents rarely has two of one moment.
            moments = set(map(_moment, found[: need + 1]))
            if len(moments) == min(len(found), need + 1):
                return self._hits(found[:need])
        return self._exact(found, need, descending=True)

    def oldest(self, need: int) -> list[Hit]:
        """Return the first `need` documents by the numbering field, ascending."""
        found = self._all()
        low = next((i for i, n in enumerate(found) if n >= NO_VALUE), len(found))
        order = found[:low][::-1] + found[low:]
        return self._exact(order, need, descending=False)

    def _exact(
        self, numbers: Sequence[int], need: int, *, descending: bool
    ) -> list[Hit]:
        """Put documents that share a moment into the order of their values."""
        at, stop = 0, len(numbers)
        hits: list[Hit] = []
        order = self._index.schema.order
        column = None if order is None else self._index.schema.numerics.index(order)
        following = _moment(numbers[0]) if stop else 0
        records: list[Hit] = []
        known = 0
        while at < stop and len(hits) < need:
            upto = at + 1
            moment = following
            while upto < stop and (following := _moment(numbers[upto])) == moment:
                upto += 1
            if upto > known:
                # A few more than are missing: moments rarely have many documents.
                stop_at = min(stop, max(upto, at + need - len(hits)))
                records += self._hits(numbers[known:stop_at])
                known = stop_at
            group = records[at:upto]
            if column is not None and moment != NO_VALUE:
                for hit in group:
                    hit.value = value_at(hit.record, column)
            if len(group) > 1:
                group.sort(
                    key=lambda hit: (_number(hit.value), hit.arrival),
                    reverse=descending,
                )
            hits += group
            at = upto
        return hits[:need]

    def sorted_by(self, order: Order, need: int, read: ReadField) -> list[Hit]:
        """Return the first `need` documents by any field."""
        hits = [Hit(*pair) for pair in self._records(self._all())]
        column = -1
        if order.field is not None and order.field.type is FieldType.NUMERIC:
            column = self._index.schema.numerics.index(order.field)
        for hit in hits:
            if column >= 0:
                value = value_at(hit.record, column)
                hit.value = None if isnan(value) else value
            else:
                name = order.name.encode("utf-8", "surrogateescape")
                if order.field is not None:
                    name = order.field.key
                raw = read(hit.key, name)
                hit.value = None if raw is None else _text(order.field, raw)
        some = [hit for hit in hits if hit.value is not None]
        none = [hit for hit in hits if hit.value is None]
        sign = -1 if order.is_descending else 1
        some.sort(key=lambda hit: hit.arrival, reverse=order.is_descending)
        some.sort(key=_value, reverse=order.is_descending)
        none.sort(key=lambda hit: sign * hit.arrival)
        return (some + none)[:need]

    def best(self, need: int, score: Callable[[int, bytes], float]) -> list[Hit]:
        """Return the `need` documents of highest score; of equals, the first to arrive."""
        ranked = (
            (-score(number, record), arrival_in(record), number, record)
            for number, record in self._records(self._all())
        )
        return [
            Hit(number, record, -below)
            for below, _, number, record in nsmallest(need, ranked)
        ]

    def _records(self, numbers: list[int]) -> Iterator[tuple[int, bytes]]:
        """Yield the documents of ascending numbers, each with its record.

        PERF: a walk over all records costs a fifth of as many single reads, so it pays
        when a good part of the documents is wanted.
        """
        if not numbers:
            return
        if len(numbers) * _WALK < self._planner.everything.count():
            for at in range(0, len(numbers), 256):
                for hit in self._hits(numbers[at : at + 256]):
                    yield hit.number, hit.record
                if self._budget.is_spent():
                    return
            return
        wanted = set(numbers)
        head = self._index.base + b"d"
        start, stop = (head + pack_number(numbers[at]) for at in (0, -1))
        records = self._reader.scan(start, stop + b"\0", once=True)
        for looked, (name, record) in enumerate(records, 1):
            number = unpack_number(name[-8:])
            if not looked % 1024 and self._budget.is_spent():
                return
            if number in wanted:
                yield number, record

    def _hits(self, numbers: Sequence[int]) -> list[Hit]:
        head = self._index.base + b"d"
        raws = self._reader.get_many([head + pack_number(n) for n in numbers])
        hits = []
        for number, raw in zip(numbers, raws, strict=True):
            assert raw is not None
            hits.append(Hit(number, raw))
        return hits


def _moment(number: int) -> int:
    return min(number & ~TIES, NO_VALUE)


def _number(value: Value) -> float:
    return value if isinstance(value, float) else 0.0


def _value(hit: Hit) -> float | str:
    assert hit.value is not None
    return hit.value


def _text(field: Field | None, raw: bytes) -> Value:
    text = raw.decode("utf-8", "surrogateescape")
    if field is not None and field.is_sortable and not field.is_unnormalised:
        return text.lower()
    return text
