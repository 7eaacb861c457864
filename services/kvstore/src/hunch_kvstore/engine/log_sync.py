"""When the log reaches the disk: the three sync policies.

Under `always` the owner's thread waits for the disk in `flush`. Under `everysec` another
thread does, and `flush` waits for it only when it lags too far. A log that is not the
newest any more is synced before the newer one, so that `synced_sequence` of a log always
speaks for everything up to it.
"""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor

from hunch_kvstore.engine.log import Log
from hunch_kvstore.engine.option import Sync
from hunch_kvstore.engine.sync_times import SyncTimes

# A sync begins with the first tick after data has waited this long; it takes 10 to 100 ms
# on a disk that is not overloaded, and data that comes meanwhile waits for the next one.
# So what a power cut takes is well below a second there.
BEGIN_AFTER_S = 0.3
# From here on `flush` waits too: an overloaded disk must not fall behind by more.
WAIT_AFTER_S = 1.2


class LogSync:
    """Writes and syncs the current log and the ones before it.

    Attributes:
        policy: May be changed at any time.
        log: The current log.
        times: How long the syncs took.
    """

    def __init__(self, log: Log, policy: Sync) -> None:
        self.policy = policy
        self.log = log
        self._before: list[Log] = []  # older logs that may not be synced
        self._thread = ThreadPoolExecutor(1, "hunch-log-sync")
        self._job: Future[float] | None = None
        self._job_began = 0.0
        self._behind_since = 0.0  # monotonic time; 0 where all is synced
        self.times = SyncTimes()

    def switch(self, log: Log) -> None:
        """Make `log` the current one; all frames of the old one are written."""
        if self.log.written_sequence != self.log.synced_sequence:
            self._before.append(self.log)
        else:
            self.log.close()
        self.log = log

    def sealed(self, sequence: int) -> None:
        """Let go of older logs: everything up to `sequence` is in durable segments."""
        if self._job is not None:
            return  # a sync may be using their files; another seal will come
        for log in self._before:
            if log.written_sequence <= sequence:
                log.close()
        self._before = [log for log in self._before if log.written_sequence > sequence]
        self.log.synced_sequence = max(self.log.synced_sequence, sequence)

    def flush(self) -> None:
        """Write what was appended; wait for the disk as the policy says.

        Raises:
            OSError: If the disk failed.
        """
        log = self.log
        if log.pending:
            if self.policy is Sync.ALWAYS:
                log.blank_ahead()
            log.write()
        if log.written_sequence == log.synced_sequence:
            return
        if self.policy is Sync.ALWAYS:
            self._wait()
            self._sync()
        elif self.policy is Sync.EVERYSEC:
            self.tick(time.monotonic())

    def tick(self, now: float) -> None:
        """Begin and end the syncs of `everysec`; mark the log when it is quiet.

        Raises:
            OSError: If the disk failed.
        """
        self._reap(wait=False)
        log = self.log
        if log.written_sequence == log.synced_sequence:
            log.mark()
            log.write()
            return
        if self.policy is not Sync.EVERYSEC:
            return
        if not self._behind_since:
            self._behind_since = now
        age = now - self._behind_since
        if age >= WAIT_AFTER_S:
            self._wait()
            if log.written_sequence != log.synced_sequence:
                self._sync()
        elif age >= BEGIN_AFTER_S and self._job is None:
            self._job_began = now
            self._job = self._thread.submit(sync_in_order, [*self._before, log])

    def settle(self) -> None:
        """Write and sync everything, whatever the policy.

        Raises:
            OSError: If the disk failed.
        """
        self.log.write()
        self._wait()
        if self._before or self.log.written_sequence != self.log.synced_sequence:
            self._sync()

    def close(self) -> None:
        """End the thread and close the files; nothing is written."""
        self._thread.shutdown()
        for log in [*self._before, self.log]:
            log.close()

    def _sync(self) -> None:
        self.times.note(sync_in_order([*self._before, self.log]))
        self._behind_since = 0.0
        self._close_older()

    def _wait(self) -> None:
        self._reap(wait=True)

    def _reap(self, *, wait: bool) -> None:
        job = self._job
        if job is None or not (wait or job.done()):
            return
        self._job = None
        self.times.note(job.result())
        caught_up = self.log.written_sequence == self.log.synced_sequence
        self._behind_since = 0.0 if caught_up else self._job_began
        self._close_older()

    def _close_older(self) -> None:
        rest = []
        for log in self._before:
            if log.written_sequence == log.synced_sequence:
                log.close()
            else:
                rest.append(log)
        self._before = rest


def sync_in_order(logs: list[Log]) -> float:
    """Sync each log, oldest first; return how many seconds that took."""
    began = time.monotonic()
    for log in logs:
        log.sync()
    return time.monotonic() - began
