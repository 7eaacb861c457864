"""Look at a file before the C library trusts it: the header, then all of it.

LIMIT: the C library computes addresses from a header's alignment and bucket count
without asking whether they are possible, and looks at the sizes only when it takes the
file's lock. A damaged or hostile header would end the process; here it is an error.

SPEC: 256 bytes: magic (32), type, flags, alignment power, free block pool power, options
(1 each), at 40 buckets, records, file size, first record (8 each, in the byte order that
the C library was built for: Debian's writes big-endian files).
"""

import fcntl
import os
import stat
import struct
from collections import Counter
from functools import cache
from glob import escape as glob_escape
from pathlib import Path
from typing import TypeAlias

from tokyocabinet._verify import walk
from tokyocabinet.constant import TCELOCK, TCEMETA, TCERHEAD, TCETHREAD
from tokyocabinet.error import Error, error_for

HEADER_SIZE = 256
MAGIC = b"ToKyO CaBiNeT"
HIGHEST_ALIGNMENT = 16  # powers of 2, the C library's own maxima
HIGHEST_POOL = 20
LARGE = 1
KIND, FLAGS = 32, 33
OPENED = 1  # flag: not closed properly
TREE, FIXED, TABLE = 1, 2, 3
WRITER, TRUNCATE, NO_LOCK, DONT_WAIT = 1 << 1, 1 << 3, 1 << 4, 1 << 5  # of the mode
MOST_SOUND = 4096
FIELDS = "32sBBBBB3xQQQQ"

Token: TypeAlias = tuple[int, int]
Stamp: TypeAlias = tuple[int, int, int]

# The files this process has open, indexes of tables among them. SAFETY: closing any
# descriptor of a file gives up the process's lock on it, so such files must not even be
# looked at. The C library refuses to open a path twice, but not a second name of a file.
open_files: set[Token] = set()
opening: set[Token] = set()
# Those open for reading without a lock, which a second reader does no harm.
unlocked: Counter[Token] = Counter()
sound: dict[Token, Stamp] = {}


@cache
def byte_orders() -> str:
    """Return the byte order of this C library's files, or both when it won't tell."""
    from tokyocabinet._hash import HDB

    probe = os.memfd_create("tokyocabinet")
    try:
        db = HDB()
        db.tune(bnum=0x0102)
        db.open(f"/proc/self/fd/{probe}", "n")
        db.close()
        buckets = os.pread(probe, 8, 40)
    except Error:
        return "<>"
    finally:
        os.close(probe)
    return "<" if int.from_bytes(buckets, "little") < 1 << 32 else ">"


def identity(path: bytes) -> Token | None:
    """Return what identifies the file at a path, or None when there is none."""
    try:
        found = os.stat(path)  # noqa: PTH116 - the path is bytes
    except OSError:
        return None
    return (found.st_dev, found.st_ino) if stat.S_ISREG(found.st_mode) else None


def check(path: bytes, bits: int, kind: int, *, verify: bool) -> Token | None:
    """Raise if a file is in use here or holds what the C library must not see.

    What is missing or empty is left to the C library, which says so; what it is going to
    empty is not looked at.

    Args:
        path: The file of a database.
        bits: How it is going to be opened, as in the C API.
        kind: What it has to be: 0 hash, 1 tree, 2 fixed-length, 3 table, which has
            indexes beside it.
        verify: Whether to walk the whole file, not only to look at the header.

    Returns:
        What to hand to `finished`, once the file is open or is not going to be.

    Raises:
        CorruptFileError: The file is damaged.
        LockError: Another process holds it, and waiting was not wanted.
        ThreadError: This process has it open, or another thread is opening it.
    """
    file = identity(path)
    if file is None:
        return None
    if file in open_files or file in opening or (bits & WRITER and unlocked[file]):
        raise in_use(path)
    opening.add(file)
    try:
        if not bits & TRUNCATE:
            check_one(path, bits, kind, verify=verify)
            for index in indexes(path) if kind == TABLE else ():
                check_one(index, bits, TREE, verify=verify)
    except BaseException:
        opening.discard(file)
        raise
    return file


def still_there(path: bytes, file: Token | None) -> bool:
    """Return whether a file that was just opened is what its path leads to.

    LIMIT: the C library waits for the lock of the file that it found. Who holds it may put
    another in its place meanwhile, as `optimize` does (before it lets go), and what is
    written to the old one goes with it.
    """
    return file is None or identity(path) == file


def finished(file: Token | None) -> None:
    """Say that opening a file is over."""
    if file is not None:
        opening.discard(file)


def in_use(path: bytes) -> Error:
    """Return the error that says that this process has a file open."""
    return error_for(
        TCETHREAD,
        "threading error: this process has the file open already",
        os.fsdecode(path),
    )


def indexes(path: bytes) -> list[bytes]:
    """Return the paths of the indexes beside a table."""
    place = Path(os.fsdecode(path))
    return [
        os.fsencode(index)
        for index in place.parent.glob(glob_escape(place.name) + ".idx.*")
        if not index.name.endswith(".wal")
    ]


def claim(path: bytes, kind: int, bits: int) -> dict[Token, bytes]:
    """Note that a database is open; return its files, for `release`."""
    paths = [path, *(indexes(path) if kind == TABLE else ())]
    files = {identity(each): each for each in paths}
    claimed = {file: each for file, each in files.items() if file is not None}
    if takes_no_lock(bits):
        unlocked.update(claimed.keys())
    else:
        open_files.update(claimed)
    return claimed


def release(files: dict[Token, bytes], bits: int) -> None:
    """Note that a database is closed."""
    if takes_no_lock(bits):
        unlocked.subtract(files.keys())
        for file in files:
            if unlocked[file] <= 0:
                del unlocked[file]
    else:
        open_files.difference_update(files)


def takes_no_lock(bits: int) -> bool:
    """Return whether a file that is opened so is read without a lock."""
    return bool(bits & NO_LOCK) and not bits & WRITER


def forget() -> None:
    """Note that this process is a child, which has none of its parent's files open."""
    open_files.clear()
    opening.clear()
    unlocked.clear()


def check_target(path: bytes) -> None:
    """Raise if a copy would be written over a database that is in use.

    LIMIT: the C library empties what is there without asking. A process that has it
    mapped, this one or another, would end with a SIGBUS.
    """
    file = identity(path)
    if file is None:
        return
    if file in open_files or file in opening or unlocked[file]:
        raise in_use(path)
    try:
        descriptor = os.open(path, os.O_RDWR)
    except OSError:
        return
    try:
        lock(descriptor, path, WRITER | DONT_WAIT)
    finally:
        os.close(descriptor)


def check_one(path: bytes, bits: int, kind: int, *, verify: bool) -> None:
    """Raise if one file is damaged."""
    file = identity(path)
    if file is None or file in open_files:
        return
    try:
        descriptor = os.open(path, os.O_RDWR if bits & WRITER else os.O_RDONLY)
    except OSError:
        return
    try:
        # WHY the C library's own lock: a file that another process is changing looks
        # damaged. Closing the descriptor gives it up; the C library takes it again.
        if verify and not bits & NO_LOCK:
            lock(descriptor, path, bits)
        found = os.fstat(descriptor)
        raw = os.pread(descriptor, HEADER_SIZE, 0)
        if not raw:
            return
        if len(raw) < HEADER_SIZE or not raw.startswith(MAGIC) or raw[KIND] != kind:
            raise error_for(TCEMETA, "invalid meta data", os.fsdecode(path))
        sizes = verify or bool(bits & NO_LOCK)
        log = pending(path) if verify and raw[FLAGS] & OPENED else None
        order = next(
            (
                order
                for order in byte_orders()
                if kind == FIXED
                or log is not None
                or possible(
                    struct.unpack_from(order + FIELDS, raw), found.st_size, sizes=sizes
                )
            ),
            None,
        )
        if order is None:
            raise error_for(TCEMETA, "invalid meta data", os.fsdecode(path))
        if not verify or sound.get(file) == stamp(found):
            return
        wrong = walk(descriptor, found.st_size, order == ">", kind, log)
        if wrong is not None:
            raise error_for(
                TCERHEAD,
                f"damaged file: {wrong[1]} (at byte {wrong[0]:,})",
                os.fsdecode(path),
            )
        remember(file, stamp(found))
    finally:
        os.close(descriptor)


def lock(descriptor: int, path: bytes, bits: int) -> None:
    """Wait for the lock that the C library is going to want."""
    how = fcntl.LOCK_EX if bits & WRITER else fcntl.LOCK_SH
    try:
        fcntl.lockf(descriptor, how | (fcntl.LOCK_NB if bits & DONT_WAIT else 0))
    except BlockingIOError:
        raise error_for(TCELOCK, "lock error", os.fsdecode(path)) from None
    except OSError:
        return  # a file system without locks; the C library says so


def pending(path: bytes) -> bytes | None:
    """Return the log of a transaction that a crash interrupted."""
    try:
        with open(path + b".wal", "rb") as log:  # noqa: PTH123 - the path is bytes
            return log.read()
    except OSError:
        return None


def stamp(found: os.stat_result) -> Stamp:
    """Return what changes whenever a file does."""
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns


def remember(file: Token, when: Stamp) -> None:
    """Note that a file was sound, to spare the walk while it stays as it is."""
    if len(sound) >= MOST_SOUND:
        sound.clear()
    sound[file] = when


def closed(files: dict[Token, bytes]) -> None:
    """Note that this process has just closed files that it knew to be sound."""
    for file, path in files.items():
        try:
            found = os.stat(path)  # noqa: PTH116 - the path is bytes
        except OSError:
            continue
        if file == (found.st_dev, found.st_ino):
            remember(file, stamp(found))


def possible(header: tuple[int, ...], size: int, *, sizes: bool) -> bool:
    """Return whether a file of `size` bytes can have the header."""
    _, _, _, align, pool, options, buckets, _, used, first = header
    width = 8 if options & LARGE else 4
    return (
        align <= HIGHEST_ALIGNMENT
        and pool <= HIGHEST_POOL
        and buckets >= 1
        and HEADER_SIZE + buckets * width <= min(first, size)
        and (not sizes or first <= used <= size)
    )
