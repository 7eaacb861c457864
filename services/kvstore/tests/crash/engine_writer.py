"""A process that writes to an engine until it dies, and says what was acknowledged.

    python engine_writer.py FOLDER SYNC MEMORY_BYTES COMMITS

Commit n does the same in every run (see `writes_of`), so the state at any sequence is
known to whoever checks. After each flush the newest sequence and the time go to standard
output as two 8-byte numbers; that is the acknowledgement. A line on standard error says
why writes ended, if they did.
"""

import os
import random
import resource
import struct
import sys
import time
from pathlib import Path

from hunch_kvstore.engine import Engine, Options, Sync, WritesRefused

ACK = struct.Struct("<QQ")
KEYS = 400


def writes_of(number):
    """Return the writes of commit `number`."""
    rng = random.Random(number)
    value = b"%d" % number
    writes = [("put", b"both:1", value), ("put", b"both:2", value)]
    for _ in range(rng.randrange(1, 6)):
        key = b"key:%04d" % rng.randrange(KEYS)
        if rng.random() < 0.2:
            writes.append(("delete", key))
        else:
            writes.append(("put", key, value + rng.randbytes(rng.randrange(300))))
    if number % 37 == 0:
        start = rng.randrange(KEYS)
        stop = b"key:%04d" % (start + 25)
        writes.append(("delete_range", b"key:%04d" % start, stop))
    return writes


def apply(model, number):
    """Do commit `number` on a dict."""
    for name, key, *rest in writes_of(number):
        if name == "put":
            model[key] = rest[0]
        elif name == "delete":
            model.pop(key, None)
        else:
            for found in [k for k in model if key <= k < rest[0]]:
                del model[found]


def state_at(sequence):
    """Return the whole keyspace after commit `sequence`."""
    model = {}
    for number in range(1, sequence + 1):
        apply(model, number)
    return model


def main():
    folder, sync, memory, commits = sys.argv[1:5]
    options = Options(
        memory_table_bytes=int(memory), log_chunk_bytes=1 << 16, merge_width=3
    )
    engine = Engine.open(Path(folder), sync=Sync(sync), options=options)
    if "WRITER_HEADROOM" in os.environ:  # bytes of memory it may still take
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        most = pages * resource.getpagesize() + int(os.environ["WRITER_HEADROOM"])
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    rng = random.Random(os.getpid())
    last = engine.sequence + int(commits)
    try:
        while engine.sequence < last:
            for _ in range(rng.randrange(1, 8)):
                commit_next(engine)
            engine.flush()
            acknowledge(engine)
            engine.tick(time.monotonic())
        engine.close()
    except WritesRefused as error:
        refused(engine, error)


def commit_next(engine):
    with engine.begin() as tx:
        for name, *rest in writes_of(engine.sequence + 1):
            getattr(tx, name)(*rest)


def acknowledge(engine):
    os.write(1, ACK.pack(engine.sequence, time.monotonic_ns()))


def refused(engine, error):
    """Reads must go on and writes must not.

    WHY the next commit, not just any: a disk may have room again by now, for one that
    is small enough at once, and then the state still has to be the one of its sequence.
    """
    list(engine.scan(b""))
    for _ in range(3):
        try:
            commit_next(engine)
            engine.flush()
        except WritesRefused:
            continue
        sys.stderr.write("took a write\n")
    sys.stderr.write(f"{type(error).__name__}: {error}\n")
    engine.abandon()
    sys.exit(3)


if __name__ == "__main__":
    main()
