"""The few disk operations durability hangs on, each in one place."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path


def sync_folder(folder: Path) -> None:
    """Make names made, renamed or removed in `folder` durable."""
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def sync_file(path: Path) -> None:
    """Make the content of a file written by somebody else durable."""
    number = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def write_all(number: int, data: bytes | memoryview, offset: int) -> None:
    """Write all of `data` at `offset`, in as many calls as the kernel wants."""
    done = os.pwrite(number, data, offset)
    if done == len(data):
        return
    rest = memoryview(data)[done:]
    while rest:
        offset += done
        done = os.pwrite(number, rest, offset)
        rest = rest[done:]


def replace_file(path: Path, data: bytes) -> None:
    """Put a file with `data` at `path`: afterwards the old or the new one, whole."""
    fresh = path.with_name(path.name + ".tmp")
    number = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o640)
    try:
        write_all(number, data, 0)
        os.fsync(number)
    finally:
        os.close(number)
    fresh.replace(path)
    sync_folder(path.parent)


def remove_files(paths: Iterable[Path]) -> None:
    """Remove files that count no more; what stays is swept at the next open."""
    for path in paths:
        with contextlib.suppress(OSError):
            path.unlink()


def free_bytes(folder: Path) -> tuple[int, int]:
    """Return (free, total) bytes of the file system `folder` lies on."""
    state = os.statvfs(folder)
    return state.f_bavail * state.f_frsize, state.f_blocks * state.f_frsize


def read_in_blocks(
    path: Path, use: Callable[[memoryview], None], block_bytes: int = 1 << 20
) -> int:
    """Hand the file to `use` block by block and return its length."""
    buffer = bytearray(block_bytes)
    view = memoryview(buffer)
    size = 0
    with path.open("rb", buffering=0) as file:
        while count := file.readinto(buffer):
            use(view[:count])
            size += count
    return size
