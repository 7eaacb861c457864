"""What the aggregator commits to the store.

One commit is one MULTI … EXEC that writes items, counters, the source's validators
and the version together: a crash between fetch and commit repeats work, but never
loses or doubles an item.
"""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import redis

from hunch_stream import source as source_codec
from hunch_stream.item import Item
from hunch_stream.key import Keys
from hunch_stream.source import SourceState
from hunch_stream.store.connection import Connection, StoreError
from hunch_stream.store.record import SCHEMA, decoded, record


@dataclasses.dataclass(frozen=True, slots=True)
class StoredItem:
    """An item as it stands in the store, with the fingerprint of its entry."""

    item: Item
    fingerprint: str


@dataclasses.dataclass(frozen=True, slots=True)
class Change:
    """One item to be written.

    Attributes:
        before: What stands in the store now; None for a new item.
        after: What shall stand there.
        fingerprint: Of the entry that `after` was made from.
    """

    before: Item | None
    after: Item
    fingerprint: str


@dataclasses.dataclass(frozen=True, slots=True)
class Commit:
    """Everything that one fetch of one source changes."""

    source: SourceState
    changes: Sequence[Change] = ()
    aliases: Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, slots=True)
class Committed:
    """The outcome: the stream's version, and whether readers see a difference."""

    version: int
    changed: bool


class Writer:
    """Commits to one site's stream. One process at a time should write a source."""

    def __init__(self, connection: Connection, site: str, zone: dt.tzinfo) -> None:
        self._connection = connection
        self.keys = Keys(site)
        self.zone = zone

    def ensure_index(self) -> None:
        """Create the search index if the store has none, and the counters' zone."""
        try:
            self._connection.call(
                "FT.CREATE", self.keys.index, "ON", "HASH",
                "PREFIX", 1, self.keys.item_prefix, "SCHEMA", *SCHEMA,
            )  # fmt: skip
        except StoreError as error:
            if "already exists" not in str(error).lower():
                raise
        known = self._connection.call("HGET", self.keys.days, "#zone")
        if known is None or known.decode() != str(self.zone):
            self.recount()

    def stored(self, ids: Sequence[str]) -> dict[str, StoredItem]:
        """Return those of the items that exist, by id, with their fingerprints."""
        with self._connection.translated():
            pipeline = self._connection.client.pipeline(transaction=False)
            for item_id in ids:
                pipeline.hmget(self.keys.item(item_id), ["json", "fingerprint"])
            replies = pipeline.execute()
        found: dict[str, StoredItem] = {}
        for item_id, (raw, fingerprint) in zip(ids, replies, strict=True):
            if raw is not None:
                item = decoded(raw)
                found[item_id] = StoredItem(item, (fingerprint or b"").decode())
        return found

    def commit(self, commit: Commit) -> Committed:
        """Write everything that one fetch changed, or nothing.

        Raises:
            StoreUnavailable: If the store did not answer; the commit may or may not
                have happened, and doing the same fetch again puts it right.
        """
        days, facets = self._deltas(commit.changes)
        changed = any(c.after.visible or _visible(c.before) for c in commit.changes)
        source = commit.source
        with self._connection.transaction() as multi:
            for change in commit.changes:
                key = self.keys.item(change.after.id)
                multi.hset(key, mapping=record(change.after, change.fingerprint))
            for address, item_id in commit.aliases.items():
                multi.set(self.keys.alias(address), item_id)
            for key, deltas in ((self.keys.days, days), (self.keys.facets, facets)):
                for field, delta in deltas.items():
                    multi.hincrby(key, field, delta)
            multi.hset(
                self.keys.source(source.slug), "json", source_codec.encode(source)
            )
            if source.next_due is not None:
                multi.zadd(self.keys.due, {source.slug: source.next_due.timestamp()})
            if changed:
                multi.incr(self.keys.version)
        version = int(self._connection.call("GET", self.keys.version) or 0)
        if changed:
            self._connection.call("PUBLISH", self.keys.changed, version)
        return Committed(version, changed)

    def follow(self, slugs: Sequence[str], now: dt.datetime) -> None:
        """Make the list of sources that of the config; new ones are due at once."""
        listed = {
            s.decode()
            for s in self._connection.call("ZRANGE", self.keys.sources, 0, -1)
        }
        with self._connection.transaction() as multi:
            for slug in listed - set(slugs):
                multi.zrem(self.keys.sources, slug)
                multi.zrem(self.keys.due, slug)
            for rank, slug in enumerate(slugs):
                multi.zadd(self.keys.sources, {slug: rank})
                multi.zadd(self.keys.due, {slug: now.timestamp()}, nx=True)

    def due(self, now: dt.datetime, limit: int = 100) -> list[str]:
        """Return the slugs of sources whose time has come, the longest due first."""
        slugs = self._connection.call(
            "ZRANGEBYSCORE", self.keys.due, "-inf", now.timestamp(), "LIMIT", 0, limit
        )
        return [slug.decode() for slug in slugs]

    def next_due(self) -> float | None:
        """Return when the next source is due (epoch seconds), or None."""
        rows = self._connection.call("ZRANGE", self.keys.due, 0, 0, "WITHSCORES")
        return float(_score(rows)) if rows else None

    def wake(self, slug: str, now: dt.datetime) -> None:
        """Make a source due now, and tell a running aggregator."""
        with self._connection.transaction() as multi:
            multi.zadd(self.keys.due, {slug: now.timestamp()})
            multi.publish(self.keys.wake, slug)

    def beat(self, now: dt.datetime, ttl_s: int = 300) -> None:
        """Leave a sign of life that readiness checks look at."""
        self._connection.call("SET", self.keys.heartbeat, now.timestamp(), "EX", ttl_s)

    def set_photo(self, path: str) -> None:
        """Remember our copy of the author's photo, relative to the media folder."""
        self._connection.call("SET", self.keys.photo, path)

    def lease(self, slug: str, owner: str, ttl_s: int = 120) -> bool:
        """Try to become the one who writes a source; False if another one is."""
        key = f"{self.keys.source(slug)}:lease"
        return bool(self._connection.call("SET", key, owner, "NX", "EX", ttl_s))

    def release(self, slug: str, owner: str) -> None:
        """Give a source back, unless another one has taken it over since."""
        key = f"{self.keys.source(slug)}:lease"
        with self._connection.translated(), self._connection.client.pipeline() as pipe:
            pipe.watch(key)  # type: ignore[no-untyped-call]
            if pipe.get(key) == owner.encode():
                pipe.multi()
                pipe.delete(key)
                with contextlib.suppress(redis.exceptions.WatchError):
                    pipe.execute()

    def subscribe_websub(self, token: str, fields: Mapping[str, str]) -> None:
        """Remember a WebSub subscription under its unguessable token."""
        with self._connection.transaction() as multi:
            mapping: dict[Any, Any] = dict(fields)
            multi.hset(self.keys.websub(token), mapping=mapping)

    def recount(self) -> int:
        """Count days and facets anew from all items; returns how many there are."""
        days: collections.Counter[str] = collections.Counter()
        facets: collections.Counter[str] = collections.Counter()
        seen = 0
        for item in self.every_item():
            seen += 1
            if item.visible:
                days[self._day(item)] += 1
                facets.update(_facets(item))
        with self._connection.transaction() as multi:
            multi.delete(self.keys.days, self.keys.facets)
            day_fields: dict[Any, Any] = {"#zone": str(self.zone), **days}
            multi.hset(self.keys.days, mapping=day_fields)
            if facets:
                facet_fields: dict[Any, Any] = dict(facets)
                multi.hset(self.keys.facets, mapping=facet_fields)
        return seen

    def every_item(self) -> Iterable[Item]:
        """Walk over all items of the site, in no order, also hidden ones."""
        match = self.keys.item_prefix.replace("[", "\\[") + "*"
        cursor: Any = 0
        while True:
            cursor, keys = self._connection.call(
                "SCAN", cursor, "MATCH", match, "COUNT", 1000
            )
            with self._connection.translated():
                pipeline = self._connection.client.pipeline(transaction=False)
                for key in keys:
                    pipeline.hget(key, "json")
                replies = pipeline.execute()
            yield from (decoded(raw) for raw in replies if raw is not None)
            if int(cursor) == 0:
                return

    def _day(self, item: Item) -> str:
        return item.effective.astimezone(self.zone).date().isoformat()

    def _deltas(
        self, changes: Sequence[Change]
    ) -> tuple[dict[str, int], dict[str, int]]:
        days: collections.Counter[str] = collections.Counter()
        facets: collections.Counter[str] = collections.Counter()
        for change in changes:
            if change.before is not None and change.before.visible:
                days[self._day(change.before)] -= 1
                facets.subtract(_facets(change.before))
            if change.after.visible:
                days[self._day(change.after)] += 1
                facets.update(_facets(change.after))
        return _nonzero(days), _nonzero(facets)


def _visible(item: Item | None) -> bool:
    return item is not None and item.visible


def _facets(item: Item) -> list[str]:
    tags = [f"tag:{tag}" for tag in item.tags]
    return [
        f"source:{item.source}",
        f"service:{item.service}",
        f"type:{item.type}",
        *tags,
    ]


def _nonzero(counts: Mapping[str, int]) -> dict[str, int]:
    return {field: count for field, count in counts.items() if count}


def _score(rows: Any) -> float:
    first = rows[0]
    return float(first[1] if isinstance(first, (tuple, list)) else rows[1])
