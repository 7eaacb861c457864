"""The storage engine: an ordered bytes -> bytes keyspace that loses nothing.

It knows keys and values, never commands, clients or types. One thread owns an
engine; no method may be called from another.

    engine = Engine.open(Path("data"), sync=Sync.EVERYSEC)   # recovers what is there
    with engine.begin() as tx:                               # or tx = engine.begin()
        tx.put(b"m:one", b"1")
        tx.delete(b"m:two")
        tx.delete_range(b"s:three/", b"s:three0")            # [start, stop), any size, cheap
        tx.get(b"m:one")                                     # reads its own writes
    # leaving the block commits; an exception aborts. By hand: tx.commit() / tx.abort()
    engine.flush()          # once per round of the event loop, BEFORE replies are sent
    engine.tick(time.monotonic())                            # some five times a second
    engine.get(b"m:one")                                     # bytes, or None
    for key, value in engine.scan(b"m:", b"m;", reverse=True): ...   # start <= key < stop
    engine.close()

Rules for callers

* `commit()` is all or nothing. It returns the sequence of the commit (the sequence does
  not move when nothing was written). It is durable only as `Sync` says, and only after
  `flush()` has returned.
* `scan(start, stop)` without `stop` runs to the end of the keyspace; `scan(b"")` is all.
  A scan may be left early, and keys it has already given may be written or deleted while
  it runs. Whether it shows what is written ahead of it is not promised.
* Only one `Transaction` with writes may be open at a time per owner; a commit shows at
  once in every later `get` and `scan`, also of transactions opened before it.
* `WritesRefused` is the one error of a disk that does not take writes. `DiskFull` (from
  `commit()`: nothing was applied) ends by itself when space returns. `StoreFailed` (from
  `commit()` or `flush()`) means that a write or fsync failed: acknowledgements of this
  round must not leave, reads go on, and only a restart takes writes again.
* `CommitTooLarge` (from `commit()`) is a commit of more than 2 GiB; nothing was applied.
* `engine.refusal` is the current `WritesRefused`, or None: ask it to refuse early.
* `Options.garbage` names a function, "package.module:function", which the merge process
  calls to learn what the keyspace no longer needs (see `Options`).

On a folder, each returning a `Report` (`.ok`, `.lines()`): `backup(folder, target)` and
`check(folder)` with or without a running server, but in a process of their own;
`restore(backup, folder)` and `repair(folder)` without one; `verify_backup(backup)`.
They raise `StoreError`s, whose texts are meant for the person at the terminal.
"""

from hunch_kvstore.engine._transaction import Transaction
from hunch_kvstore.engine.backup import backup, restore, verify_backup
from hunch_kvstore.engine.check import check
from hunch_kvstore.engine.error import (
    CommitTooLarge,
    DiskFull,
    StoreDamaged,
    StoreError,
    StoreFailed,
    StoreLocked,
    WritesRefused,
)
from hunch_kvstore.engine.option import Options, Sync
from hunch_kvstore.engine.repair import repair
from hunch_kvstore.engine.report import Problem, Report
from hunch_kvstore.engine.store import Engine

__all__ = [
    "CommitTooLarge",
    "DiskFull",
    "Engine",
    "Options",
    "Problem",
    "Report",
    "StoreDamaged",
    "StoreError",
    "StoreFailed",
    "StoreLocked",
    "Sync",
    "Transaction",
    "WritesRefused",
    "backup",
    "check",
    "repair",
    "restore",
    "verify_backup",
]
