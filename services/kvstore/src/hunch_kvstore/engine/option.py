"""The settings of an engine, and what each sync policy promises."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

MIB = 1 << 20


class Sync(Enum):
    """When the log reaches the disk, and what a crash may lose by it.

    In every policy a commit is whole or absent, the commits that survive are the first
    ones without a hole, and a crash of the *process* (SIGKILL, out of memory) loses
    nothing for which `flush()` has returned: the kernel holds it. The policies differ
    in what a crash of the *machine* (power cut, kernel panic) may lose.

    ALWAYS: nothing for which `flush()` has returned; it waits for the disk.
    EVERYSEC: the commits of the last second. If the disk is so slow that data waits
        longer, `flush()` waits for it, so that two seconds are the bound as long as the
        disk does one sync in less than 0.8 s.
    NO: what the kernel has not written by itself yet, commonly 30 seconds. Sealed
        segments are synced in every policy, so what is in them stays.
    """

    ALWAYS = "always"
    EVERYSEC = "everysec"
    NO = "no"


@dataclass(frozen=True, kw_only=True)
class Options:
    """Sizes and rules of an engine; the defaults suit a site of one person.

    Attributes:
        memory_table_bytes: Memory the newest data may use before it is sealed into a
            segment file. Keys, values and what Python needs to hold them count.
        log_bytes: Length of the log at which a seal starts although memory is left
            (the same keys written over and over). Bounds the time of recovery.
        log_chunk_bytes: The log is allocated ahead of the writes in chunks of this size.
        reserve_bytes: Free space below which writes are refused, so that sealing and
            merging can still work; never more than a twentieth of the file system.
        cache_bytes: Memory for pages of segment files, shared among them; for single
            records of them as much again, and an eighth for the ends of long ranges.
        merge_width: How many neighbouring segments of like size make a merge.
        verify: Compare each segment with its checksum when the store is opened.
        garbage: "module:function", called in the merge process as
            `function(get) -> drop`, where `get(key) -> bytes | None` reads the sealed
            keyspace and `drop(key, value) -> bool` says that a record is no longer
            needed (a sub-key of a deleted version, say). None keeps everything.
        child_nice: Added to the niceness of the processes that merge.
    """

    memory_table_bytes: int = 64 * MIB
    log_bytes: int = 256 * MIB
    log_chunk_bytes: int = 4 * MIB
    reserve_bytes: int = 64 * MIB
    cache_bytes: int = 64 * MIB
    merge_width: int = 4
    verify: bool = True
    garbage: str | None = None
    child_nice: int = 5
