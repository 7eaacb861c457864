"""The engine: one ordered keyspace over a log, memory tables and sealed segments."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Self

from hunch_kvstore.engine import _merge as merge
from hunch_kvstore.engine._front import HALF_APPLIED, Front
from hunch_kvstore.engine._layer import ENTRY_BYTES, Layer
from hunch_kvstore.engine._page_cache import PageCache
from hunch_kvstore.engine._record_cache import RecordCache
from hunch_kvstore.engine._transaction import Transaction
from hunch_kvstore.engine.disk import free_bytes
from hunch_kvstore.engine.error import DiskFull, StoreFailed, WritesRefused
from hunch_kvstore.engine.lock import FolderLock
from hunch_kvstore.engine.log import Log, refusal
from hunch_kvstore.engine.log_sync import LogSync
from hunch_kvstore.engine.option import Options, Sync
from hunch_kvstore.engine.recovery import recover
from hunch_kvstore.engine.sealing import Sealing
from hunch_kvstore.engine.sync_times import SyncTimes

# A table of twice its size begins to pause the writers, 10 ms a flush for each size more.
SLOW_AT, PAUSE_S, LONGEST_PAUSE_S = 2, 0.01, 0.05
PAGES_SHARE = 8  # of `cache_bytes`, for the ends of sorted sets
LEAST_ROOM = 1 << 16  # free bytes beyond the reserve that end a refusal
MOST_LOGS = 16  # each start leaves one; more than these are sealed


class Engine(Front):
    """An open store. See the package for the rules; one thread owns it.

    Attributes:
        folder: Where it lies.
        sequence: Of the newest commit.
        refusal: Why writes are refused now, or None.
    """

    def __init__(self, folder: Path, sync: Sync, options: Options) -> None:
        """Open a store; callers use `Engine.open`."""
        self.folder = folder
        self.options = options
        self.refusal = None
        self._closed = False
        self._spare: Future[Log] | None = None  # the next log, being made
        self._slow_from = SLOW_AT * options.memory_table_bytes
        self._lock = FolderLock(folder)
        try:
            found = recover(folder, options)
            self.sequence = found.sequence
            self.recovered = found
            self._active = found.layer
            self._records = RecordCache(options.cache_bytes)
            self._pages = PageCache(options.cache_bytes // PAGES_SHARE)
            self._sealing = Sealing(folder, found, options)
            try:
                log = self._new_log()
                log.begin(self.sequence, self.sequence)
                self._sync = LogSync(log, sync)
            except BaseException:
                self._sealing.close()
                raise
        except BaseException:
            self._lock.release()
            raise
        self._log = self._sync.log
        self.sync = sync
        self._arrange()

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        sync: Sync = Sync.EVERYSEC,
        options: Options | None = None,
    ) -> Self:
        """Open the store in `folder`, or create one, and recover what is there.

        Raises:
            StoreLocked: If another process owns it.
            StoreDamaged: If something that was durable does not hold any more.
            WritesRefused: If not even an empty log can be begun.
        """
        folder.mkdir(parents=True, exist_ok=True)
        return cls(folder, sync, options or Options())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def sync(self) -> Sync:
        """The policy; may be set at any time."""
        return self._sync.policy

    @sync.setter
    def sync(self, policy: Sync) -> None:
        self._sync.policy = policy
        self.is_light = policy is not Sync.ALWAYS

    @property
    def sync_times(self) -> SyncTimes:
        """How long the syncs of the log took."""
        return self._sync.times

    def scan(
        self,
        start: bytes,
        stop: bytes | None = None,
        *,
        reverse: bool = False,
        once: bool = False,
    ) -> Iterator[tuple[bytes, bytes]]:
        """Yield (key, value) with start <= key < stop, in order.

        With `once`, pages of the files are not kept for who comes next.
        """
        return merge.scan(self._layers, start, stop, reverse=reverse, once=once)

    def begin(self) -> Transaction:
        """Return a new transaction."""
        return Transaction(self)

    def layers(self) -> list[merge.Readable]:
        """Return what readers look through, from newest to oldest (for Transaction)."""
        return self._layers

    def commit(
        self,
        points: dict[bytes, bytes | None],
        ranges: list[tuple[bytes, bytes | None]],
    ) -> int:
        """Apply a transaction's writes as one and return its sequence.

        Raises:
            WritesRefused: Nothing was applied.
        """
        if not points and not ranges:
            return self.sequence
        if self.refusal is not None and not isinstance(self.refusal, DiskFull):
            raise self.refusal
        try:
            self._log.append(self.sequence + 1, points, ranges)
        except WritesRefused as error:
            self.refusal = error
            raise
        self.refusal = None
        self.sequence += 1
        try:
            if ranges:
                self._apply_ranges(ranges)
            self._apply_points(points)
        except BaseException:
            # WHY: the log has the commit and the memory table has half of it. Only
            # memory can have run out; a restart reads the log.
            self.refusal = StoreFailed(HALF_APPLIED)
            raise
        return self.sequence

    def flush(self) -> None:
        """Make the commits of this round as durable as the policy says.

        Call it once per round of the event loop, before the replies are sent.

        Raises:
            WritesRefused: Acknowledgements of this round must not leave.
        """
        if isinstance(self.refusal, StoreFailed):
            raise self.refusal  # and never touch the log again
        try:
            if self._log.pending and self._sealing.frozen is not None:
                self._slow_down()
            self._sync.flush()
        except OSError as error:
            self._fail(error)
        if self.refusal is not None and (
            isinstance(self.refusal, StoreFailed) or self._log.pending
        ):
            raise self.refusal

    def tick(self, now: float) -> None:
        """Do housekeeping: sync, seal, merge. Call it some five times a second.

        Args:
            now: `time.monotonic()`.
        """
        try:
            if not isinstance(self.refusal, StoreFailed):
                self._sync.tick(now)
        except OSError as error:
            self._fail(error)
        if isinstance(self.refusal, DiskFull) and self._has_room():
            self.refusal = None
        if self._sealing.tick(now):
            self._arrange()
            self._sync.sealed(self._sealing.manifest.sealed_sequence)
            self._sealing.tidy()
        if self._sealing.frozen is None and self._is_full():
            self._freeze_soon()

    def freeze(self) -> bool:
        """Freeze the memory table now, so that the next ticks seal it.

        Returns:
            Whether there was anything to freeze, and nothing frozen before it.
        """
        if self._sealing.frozen is not None or not self._active:
            return False
        if isinstance(self.refusal, StoreFailed):
            return False
        try:
            self._sync.flush()
            log = self._spare.result() if self._spare is not None else self._new_log()
        except OSError as error:
            self._fail(error)
            return False
        except WritesRefused:
            return False  # no room for a new log now; the old one goes on
        finally:
            self._spare = None
        log.begin(self.sequence, self._log.synced_sequence)
        if self._active.range_list():
            self._records.clear()  # some of them may lie in those
        self._sync.switch(log)
        self._sealing.logs.append(self._log.serial)
        self._sealing.freeze(self._active, self.sequence, log.serial)
        self._log = log
        self._active = Layer()
        self._arrange()
        return True

    def _freeze_soon(self) -> None:
        """Freeze as soon as a thread has made the next log; that takes some fsyncs."""
        if isinstance(self.refusal, StoreFailed):
            return
        if self._spare is None:
            serial = self._sealing.take_serial()
            self._spare = self._sealing.run(self._make_log, serial)
        elif self._spare.done():
            self.freeze()

    @property
    def busy(self) -> bool:
        """Whether a seal or a merge is under way or about to be."""
        return self._sealing.busy or self._spare is not None

    @property
    def is_sealing(self) -> bool:
        """Whether a frozen memory table is on its way into a segment."""
        return self._sealing.frozen is not None

    @property
    def child_ids(self) -> list[int]:
        """Process ids of the children that seal and merge now."""
        return self._sealing.child_ids

    def compact(self) -> None:
        """Begin to merge all segments into one."""
        self._sealing.merge_all()

    def close(self) -> None:
        """Write and sync everything and let the folder go.

        Raises:
            StoreFailed: If the disk did not take the last commits.
        """
        if self._closed:
            return
        self._closed = True
        try:
            if not isinstance(self.refusal, StoreFailed):
                self._sync.settle()
                self._sync.tick(0.0)  # marks the end
                self._log.trim()
        except OSError as error:
            self._fail(error)
        finally:
            self._let_go()
        if isinstance(self.refusal, StoreFailed):
            raise self.refusal

    def abandon(self) -> None:
        """Let the folder go as a crash would: nothing more is written.

        For a process that must end although the disk takes no writes.
        """
        if not self._closed:
            self._closed = True
            self._let_go()

    def _let_go(self) -> None:
        self._sync.close()
        self._sealing.close()
        if self._spare is not None and self._spare.exception() is None:
            self._spare.result().close()
        self._lock.release()

    def stats(self) -> dict[str, int | float | str]:
        """Return what an operator wants to see, by name."""
        return {
            "sequence": self.sequence,
            "synced_sequence": self._log.synced_sequence,
            "sync": self.sync.value,
            "log_bytes": self._log.size_bytes,
            "memory_table_bytes": self._active.size_bytes,
            "memory_table_keys": len(self._active.points),
            "frozen_table": int(self._sealing.frozen is not None),
            "segments": len(self._sealing.segments),
            "segment_bytes": sum(
                segment.entry.size_bytes for segment in self._sealing.segments
            ),
            "filter_bytes": sum(
                segment.memory_bytes for segment in self._sealing.segments
            ),
            "record_cache_bytes": self._records.size_bytes,
            "page_cache_bytes": self._pages.size_bytes,
            "busy": int(self.busy),
            "seals": self._sealing.sealed,
            "merges": self._sealing.merged,
            "seal_failures": self._sealing.failures,
            "seal_error": self._sealing.last_error,
            "last_sync_s": self._sync.times.last_s,
            "refusal": str(self.refusal or ""),
        }

    def _apply_ranges(self, ranges: list[tuple[bytes, bytes | None]]) -> None:
        table = self._active
        self._pages.clear()
        for start, stop in ranges:
            # WHY: a range that hides nothing older need not be remembered; most keys
            # that are deleted at once were young.
            hidden = merge.scan_all(self._older, start, stop)
            if self._older and next(hidden, None) is not None:
                table.delete_range(start, stop)
            else:
                table.drop(start, stop)

    def _fail(self, error: OSError) -> None:
        """Refuse writes from now on."""
        if not isinstance(self.refusal, StoreFailed):
            self.refusal = refusal(error, self._log.path)

    def _slow_down(self) -> None:
        """Wait a little if the memory table grows faster than the last one is sealed."""
        limit = self.options.memory_table_bytes
        excess = (self._active.size_bytes - self._slow_from) / limit
        if excess > 0:
            time.sleep(min(LONGEST_PAUSE_S, PAUSE_S * excess))

    def _has_room(self) -> bool:
        try:
            free, total = free_bytes(self.folder)
        except OSError:
            return False  # the folder is gone; the next commit will say so
        return free > min(self.options.reserve_bytes, total // 20) + LEAST_ROOM

    def _is_full(self) -> bool:
        """Whether the memory table is due to be sealed."""
        return (
            self._active.size_bytes >= self.options.memory_table_bytes
            or self._log.size_bytes >= self.options.log_bytes
            or (len(self._sealing.logs) > MOST_LOGS and bool(self._active))
            or (isinstance(self.refusal, DiskFull) and self._would_shrink())
        )

    def _would_shrink(self) -> bool:
        """Whether a seal would give a full disk room: the log holds much stale data."""
        table = self._active
        payload = table.size_bytes - ENTRY_BYTES * len(table.points)
        try:
            free, _ = free_bytes(self.folder)
        except OSError:
            return False
        return (
            self._log.size_bytes > 2 * payload + LEAST_ROOM
            and free > payload + payload // 4 + LEAST_ROOM
        )

    def _arrange(self) -> None:
        """Say anew what readers look through; scans under way keep the old list."""
        frozen = self._sealing.frozen
        self._older = [*self._sealing.segments]
        if frozen is not None:
            self._older.insert(0, frozen)
        self._layers = [self._active, *self._older]

    def _new_log(self) -> Log:
        return self._make_log(self._sealing.take_serial())

    def _make_log(self, serial: int) -> Log:
        return Log(
            self.folder,
            serial,
            self._sealing.manifest.owner,
            chunk_bytes=self.options.log_chunk_bytes,
            reserve_bytes=self.options.reserve_bytes,
        )
