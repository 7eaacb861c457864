"""What the site asks of the store."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from hunch_stream import source as source_codec
from hunch_stream.compile import compile_query, compile_term
from hunch_stream.item import Item
from hunch_stream.key import Keys
from hunch_stream.query import Query, Term
from hunch_stream.source import SourceState
from hunch_stream.store.connection import Connection, StoreError
from hunch_stream.store.record import decoded


@dataclasses.dataclass(frozen=True, slots=True)
class Page:
    """One page of the stream.

    Attributes:
        items: Newest first.
        total: Number of items that match in all.
        next_cursor: Give it as `before` to read on; None on the last page.
    """

    items: tuple[Item, ...]
    total: int
    next_cursor: int | None


@dataclasses.dataclass(frozen=True, slots=True)
class TermCount:
    """How many visible items one term of a query matches by itself."""

    term: Term
    count: int


@dataclasses.dataclass(frozen=True, slots=True)
class Explanation:
    """How a query is carried out."""

    query: Query
    compiled: str
    plan: str
    terms: tuple[TermCount, ...]
    total: int


class Reader:
    """Questions about one site's stream; writes nothing."""

    def __init__(self, connection: Connection, site: str, zone: dt.tzinfo) -> None:
        self._connection = connection
        self.keys = Keys(site)
        self.zone = zone

    def ping(self) -> None:
        """Raise StoreUnavailable unless the store answers."""
        self._connection.call("PING")

    def version(self) -> int:
        """Return the number of changes that the visible stream has seen."""
        return int(self._connection.call("GET", self.keys.version) or 0)

    def page(self, query: Query, *, before: int | None = None, limit: int = 30) -> Page:
        """Return the newest items of a query below a position."""
        compiled = compile_query(query, self.zone, before=before)
        total, items = self._search(compiled, "DESC", limit + 1)
        more = len(items) > limit
        items = items[:limit]
        return Page(items, total, items[-1].position if more else None)

    def neighbours(
        self, position: int, query: Query
    ) -> tuple[Item | None, Item | None]:
        """Return the items just newer and just older than a position."""
        above = compile_query(query, self.zone, after=position)
        below = compile_query(query, self.zone, before=position)
        newer = self._search(above, "ASC", 1)[1]
        older = self._search(below, "DESC", 1)[1]
        return (newer[0] if newer else None, older[0] if older else None)

    def count(self, query: Query) -> int:
        """Return how many visible items match."""
        return self._count(compile_query(query, self.zone))

    def explain(self, query: Query) -> Explanation:
        """Return how the store carries a query out, and what each term matches."""
        compiled = compile_query(query, self.zone)
        plan = self._connection.call(
            "FT.EXPLAIN", self.keys.index, compiled, "DIALECT", "2"
        )
        terms = tuple(
            TermCount(term, self._count(compile_term(term, self.zone)))
            for term in query.terms
        )
        return Explanation(query, compiled, _text(plan), terms, self._count(compiled))

    def item(self, item_id: str) -> Item | None:
        """Return one item, also a merged or gone one; None if there is none."""
        raw = self._connection.call("HGET", self.keys.item(item_id), "json")
        return None if raw is None else decoded(raw)

    def items(self, ids: Sequence[str]) -> dict[str, Item]:
        """Return those of the items that exist, by id."""
        with self._connection.translated():
            pipeline = self._connection.client.pipeline(transaction=False)
            for item_id in ids:
                pipeline.hget(self.keys.item(item_id), "json")
            replies = pipeline.execute()
        return {
            item_id: decoded(raw)
            for item_id, raw in zip(ids, replies, strict=True)
            if raw is not None
        }

    def sources(self) -> tuple[SourceState, ...]:
        """Return the states of all configured sources in the order of the config.

        A source that was never fetched, or whose record is damaged, is left out: it
        must not take the page about all the others with it.
        """
        slugs = self._connection.call("ZRANGE", self.keys.sources, 0, -1)
        with self._connection.translated():
            pipeline = self._connection.client.pipeline(transaction=False)
            for slug in slugs:
                pipeline.hget(self.keys.source(_text(slug)), "json")
            replies = pipeline.execute()
        states = []
        for raw in replies:
            with contextlib.suppress(msgspec.MsgspecError):
                states += [source_codec.decode(raw)] if raw is not None else []
        return tuple(states)

    def source(self, slug: str) -> SourceState | None:
        """Return what is known of one source, or None.

        Raises:
            StoreError: If its record is damaged.
        """
        raw = self._connection.call("HGET", self.keys.source(slug), "json")
        try:
            return None if raw is None else source_codec.decode(raw)
        except msgspec.MsgspecError as error:
            raise StoreError(f"source {slug!r} is stored damaged: {error}") from error

    def facets(self) -> dict[str, dict[str, int]]:
        """Return, for each kind (source, service, type, tag), items per value."""
        counts: dict[str, dict[str, int]] = {}
        for field, count in self._counters(self.keys.facets).items():
            kind, _, value = field.partition(":")
            counts.setdefault(kind, {})[value] = count
        return counts

    def days(self) -> dict[dt.date, int]:
        """Return the number of visible items for each day that has any."""
        counters = self._counters(self.keys.days)
        return {dt.date.fromisoformat(day): count for day, count in counters.items()}

    def resolve_aliases(self, addresses: Sequence[str]) -> dict[str, str]:
        """Return the ids for those of the addresses that are known, in one trip."""
        if not addresses:
            return {}
        keys = [self.keys.alias(address) for address in addresses]
        found = zip(addresses, self._connection.call("MGET", *keys), strict=True)
        return {address: _text(raw) for address, raw in found if raw is not None}

    def heartbeat(self) -> float | None:
        """Return when the aggregator was last seen (epoch seconds), or None."""
        raw = self._connection.call("GET", self.keys.heartbeat)
        return None if raw is None else float(raw)

    def photo(self) -> str:
        """Return where our copy of the author's photo is in the media folder, or ""."""
        raw = self._connection.call("GET", self.keys.photo)
        return "" if raw is None else _text(raw)

    def websub(self, token: str) -> Mapping[str, str]:
        """Return one WebSub subscription; empty if the token is unknown."""
        return self._hash(self.keys.websub(token))

    def _counters(self, key: str) -> dict[str, int]:
        counters = self._hash(key).items()
        return {f: int(c) for f, c in counters if not f.startswith("#") and int(c) > 0}

    def _hash(self, key: str) -> dict[str, str]:
        flat = self._connection.call("HGETALL", key)
        pairs = (
            flat.items()
            if isinstance(flat, dict)
            else zip(flat[::2], flat[1::2], strict=True)
        )
        return {_text(field): _text(value) for field, value in pairs}

    def _count(self, compiled: str) -> int:
        reply = self._connection.call(
            "FT.SEARCH", self.keys.index, compiled, "LIMIT", 0, 0, "DIALECT", 2
        )
        return int(reply[0])

    def _search(
        self, compiled: str, direction: str, limit: int
    ) -> tuple[int, tuple[Item, ...]]:
        reply = self._connection.call(
            "FT.SEARCH", self.keys.index, compiled,
            "SORTBY", "published", direction,
            "LIMIT", 0, limit,
            "RETURN", 1, "json",
            "DIALECT", 2,
        )  # fmt: skip
        # reply: total, then key and field list of each; a field list is nil for a
        # document that went between the search and the read.
        rows = (fields for fields in reply[2::2] if fields)
        return int(reply[0]), tuple(decoded(fields[1]) for fields in rows)


def _text(raw: Any) -> str:
    return raw.decode("utf-8", "replace") if isinstance(raw, bytes) else str(raw)
