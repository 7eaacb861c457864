"""Look at a file's header before the C library trusts it.

LIMIT: the C library computes addresses from a header's alignment and bucket count
without asking whether they are possible, and looks at the sizes only when it takes the
file's lock. A damaged or hostile header would end the process; here it is an error.

SPEC: 256 bytes: magic (32), type, flags, alignment power, free block
pool power, options (1 each), at 40 buckets, records, file size, first record (8 each, in the byte order that the C
library was built for: Debian's writes big-endian files).
"""

import os
import stat
import struct
from functools import cache
from glob import escape as glob_escape
from pathlib import Path

from tokyocabinet.constant import TCEMETA
from tokyocabinet.error import Error, error_for

HEADER_SIZE = 256
MAGIC = b"ToKyO CaBiNeT\n"
HIGHEST_ALIGNMENT = 16  # powers of 2, the C library's own maxima
HIGHEST_POOL = 20
LARGE = 1
FIELDS = "32sBBBBB3xQQQQ"

# The files this process has open. SAFETY: closing any descriptor of a file gives up the
# process's lock on it, so such files must not be looked at; the C library refuses to
# open them a second time anyway.
open_files: set[tuple[int, int]] = set()


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


def identity(path: bytes) -> tuple[int, int] | None:
    """Return what identifies the file at a path, or None when there is none."""
    try:
        found = os.stat(path)  # noqa: PTH116 - the path is bytes
    except OSError:
        return None
    return (found.st_dev, found.st_ino) if stat.S_ISREG(found.st_mode) else None


def check(path: bytes, *, sizes: bool, indexes: bool) -> None:
    """Raise if the header at a path holds what no database can have.

    Args:
        path: The file of a hash, tree or table database. What is missing, short or of
            another kind is left to the C library.
        sizes: Whether to compare the file's size, too: right when nobody writes to it.
        indexes: Whether to look at a table's indexes beside it, as well.

    Raises:
        CorruptFileError: The header is impossible.
    """
    check_one(path, sizes=sizes)
    if not indexes:
        return
    place = Path(os.fsdecode(path))
    for index in place.parent.glob(glob_escape(place.name) + ".idx.*"):
        check_one(os.fsencode(index), sizes=sizes)


def check_one(path: bytes, *, sizes: bool) -> None:
    """Raise if the header of one file holds what no database can have."""
    file = identity(path)
    if file is None or file in open_files:
        return
    try:
        with open(path, "rb") as source:  # noqa: PTH123 - the path is bytes
            raw = source.read(HEADER_SIZE)
            size = os.fstat(source.fileno()).st_size
    except OSError:
        return
    if len(raw) < HEADER_SIZE or not raw.startswith(MAGIC):
        return
    if not any(
        possible(struct.unpack_from(order + FIELDS, raw), size, sizes=sizes)
        for order in byte_orders()
    ):
        raise error_for(TCEMETA, "invalid meta data", os.fsdecode(path))


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
