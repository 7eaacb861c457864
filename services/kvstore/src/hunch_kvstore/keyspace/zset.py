"""One sorted set: every member twice, by name and by score.

LIMIT: rank is counted along the scores, so ZRANK and a ZRANGE that starts far from both
ends take time in proportion to the distance; pages from either end are quick.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Final

from hunch_kvstore.keyspace.encoding import (
    BODY,
    LARGE,
    SCORE,
    SUB,
    U64,
    ZSET,
    after,
    body_at,
    expiry_of,
    header,
)
from hunch_kvstore.keyspace.sortable import (
    from_sortable,
    pack_score,
    sortable,
    unpack_score,
)

if TYPE_CHECKING:
    from hunch_kvstore.keyspace.keyspace import Keyspace

_NEGATIVE_ZERO: Final = b"-"


class SortedSet:
    """The sorted set at one key; empty when the key is not there.

    `put` and `remove` change members; `save` must follow, once, to write the size.

    Attributes:
        key: The user key.
        size: Number of members.
    """

    __slots__ = ("_by_name", "_by_score", "_keys", "_kind", "_record", "key", "size")

    def __init__(self, keys: Keyspace, key: bytes, record: bytes | None) -> None:
        self._keys = keys
        self.key = key
        self._record = record
        if record is None:
            self._kind = ZSET
            self.size = 0
            self._by_name = self._by_score = b""
        else:
            self._kind = record[0]
            version, self.size = BODY.unpack_from(record, body_at(record))
            raw = U64.pack(version)
            self._by_name = SUB + raw
            self._by_score = SCORE + raw

    @property
    def is_large(self) -> bool:
        """Whether Redis would hold it as a skip list rather than a list."""
        return bool(self._kind & LARGE)

    # -- reading ---------------------------------------------------------------------

    def score(self, member: bytes) -> float | None:
        """Return a member's score or None."""
        if not self._by_name:
            return None
        raw = self._keys.tx.get(self._by_name + member)
        return None if raw is None else unpack_score(raw)

    def members(self, start: bytes = b"") -> Iterator[tuple[bytes, float]]:
        """Yield members and scores in the order of the members' bytes."""
        if self._by_name:
            prefix = self._by_name
            for raw, value in self._keys.tx.scan(prefix + start, after(prefix)):
                yield raw[9:], unpack_score(value)

    def ascending(self) -> Iterator[tuple[bytes, float]]:
        """Yield all members from the lowest score to the highest."""
        return self.by_score(float("-inf"), float("inf"))

    def by_rank(
        self, start: int, stop: int, *, reverse: bool = False
    ) -> Iterator[tuple[bytes, float]]:
        """Yield the members of ranks `start` to `stop`, the latter included."""
        if start > stop or start >= self.size:
            return iter(())
        low, high = float("-inf"), float("inf")
        if start > self.size // 2 and stop >= self.size - 1:
            # PERF: closer to the other end; walk from there and turn round.
            tail = list(
                islice(self.by_score(low, high, reverse=not reverse), self.size - start)
            )
            return iter(tail[::-1])
        return islice(self.by_score(low, high, reverse=reverse), start, stop + 1)

    def names_by_rank(
        self, start: int, stop: int, *, reverse: bool = False
    ) -> list[bytes]:
        """Return the members of ranks `start` to `stop`, without their scores."""
        if start > stop or start >= self.size:
            return []
        if start > self.size // 2:
            return [name for name, _ in self.by_rank(start, stop, reverse=reverse)]
        # PERF: the page from an end, a third quicker for not decoding scores.
        prefix = self._by_score
        found = self._keys.tx.scan(prefix, after(prefix), reverse=reverse)
        return [raw[17:] for raw, _ in islice(found, start, stop + 1)]

    def by_score(
        self,
        low: float,
        high: float,
        *,
        low_open: bool = False,
        high_open: bool = False,
        reverse: bool = False,
    ) -> Iterator[tuple[bytes, float]]:
        """Yield members with scores from `low` to `high`; an open end is excluded."""
        if not self._by_score:
            return
        first = self._by_score + sortable(low)
        last = self._by_score + sortable(high)
        start = after(first) if low_open else first
        stop = last if high_open else after(last)
        if start >= stop:
            return
        for raw, value in self._keys.tx.scan(start, stop, reverse=reverse):
            yield raw[17:], -0.0 if value else from_sortable(raw[9:17])

    def by_lex(
        self,
        low: bytes | None,
        high: bytes | None,
        *,
        low_open: bool = False,
        high_open: bool = False,
        reverse: bool = False,
    ) -> Iterator[tuple[bytes, float]]:
        """Yield members between two strings; None is no bound."""
        prefix = self._by_name
        if not prefix:
            return
        if not self._kind & LARGE:
            yield from self._by_lex_compact(low, high, low_open, high_open, reverse)
            return
        start = prefix + (low or b"") + (b"\0" if low_open else b"")
        if high is None:
            stop = after(prefix)
        else:
            stop = prefix + high + (b"" if high_open else b"\0")
        if start >= stop:
            return
        for raw, value in self._keys.tx.scan(start, stop, reverse=reverse):
            yield raw[9:], unpack_score(value)

    def _by_lex_compact(
        self,
        low: bytes | None,
        high: bytes | None,
        low_open: bool,
        high_open: bool,
        reverse: bool,
    ) -> Iterator[tuple[bytes, float]]:
        """Walk along the scores, as Redis does with a small set.

        SPEC: only for members of one score is the order by name promised; with mixed
        scores the answer is whatever that walk meets.
        """
        listed = list(self.ascending())

        def is_above(member: bytes) -> bool:
            return low is None or (member > low if low_open else member >= low)

        def is_below(member: bytes) -> bool:
            return high is None or (member < high if high_open else member <= high)

        if not is_above(listed[-1][0]) or not is_below(listed[0][0]):
            return
        enters, stays = (is_below, is_above) if reverse else (is_above, is_below)
        inside = False
        for member, score in reversed(listed) if reverse else listed:
            inside = inside or enters(member)
            if inside and not stays(member):
                return
            if inside:
                yield member, score

    def rank(self, member: bytes, *, reverse: bool = False) -> int | None:
        """Return how many members come before this one, None if it is not there."""
        score = self.score(member)
        if score is None:
            return None
        position = sortable(score) + member
        prefix = self._by_score
        before = sum(1 for _ in self._keys.tx.scan(prefix, prefix + position))
        return self.size - 1 - before if reverse else before

    # -- changing --------------------------------------------------------------------

    def expect(self, members: Sequence[bytes]) -> None:
        """Say which members a new set is going to have.

        SPEC: ZUNIONSTORE and its kin choose the encoding at the end, so a -0 among
        long or many members keeps its sign wherever it stands.
        """
        compact = self._keys.compact
        longest = max(map(len, members))
        if len(members) > compact.members or longest > compact.member_bytes:
            self._kind |= LARGE

    def put(self, member: bytes, score: float, old: float | None) -> None:
        """Add a member or change its score.

        Args:
            member: The member.
            score: Its score from now on, not NaN.
            old: What `score` returned for it.
        """
        tx = self._keys.tx
        compact = self._keys.compact
        if old is None and (
            len(member) > compact.member_bytes or self.size >= compact.members
        ):
            self._kind |= LARGE
        if not score and not self._kind & LARGE:
            score = 0.0  # SPEC: Redis's compact encoding holds -0 as the integer 0
        if not self._by_name:
            raw = U64.pack(self._keys.new_version())
            self._by_name = SUB + raw
            self._by_score = SCORE + raw
        position = sortable(score)
        if old is None:
            self.size += 1
        else:
            tx.delete(self._by_score + sortable(old) + member)
        raw_score = pack_score(score)
        tx.put(self._by_name + member, raw_score)
        negative_zero = score == 0 and raw_score[0] == 0x80
        tx.put(
            self._by_score + position + member, _NEGATIVE_ZERO if negative_zero else b""
        )

    def remove(self, member: bytes, score: float) -> None:
        """Remove a member whose score is known."""
        tx = self._keys.tx
        tx.delete(self._by_name + member)
        tx.delete(self._by_score + sortable(score) + member)
        self.size -= 1

    def save(self) -> None:
        """Write the record after changes; an empty set is no key."""
        keys = self._keys
        if not self.size:
            if self._record is not None:
                keys.remove_empty(self.key)
                self._record = None
            return
        start = header(self._kind, expiry_of(self._record) if self._record else 0)
        record = start + self._by_name[1:] + U64.pack(self.size)
        if record != self._record:
            keys.store(self.key, record, is_new=self._record is None)
            self._record = record
        else:
            keys.touch(self.key)
