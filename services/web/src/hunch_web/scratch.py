"""Folders for what a site's workers share while it runs, and nobody needs afterwards.

The process that makes one forks the workers and may end in any way, so nothing it could
do at its end is sure to happen. Instead each folder carries the number of its process,
and whoever makes the next one removes those whose process is gone.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import shutil
import stat
import tempfile

_made: set[pathlib.Path] = set()


def own_folder(purpose: str) -> pathlib.Path:
    """Make a folder for this process and its children.

    Args:
        purpose: One word; part of the name.
    """
    prefix = f"hunch-web-{purpose}-"
    _sweep(pathlib.Path(tempfile.gettempdir()), prefix)
    folder = pathlib.Path(tempfile.mkdtemp(prefix=f"{prefix}{os.getpid()}-"))
    _made.add(folder)
    return folder


def _sweep(where: pathlib.Path, prefix: str) -> None:
    for folder in where.glob(f"{prefix}*"):
        number = folder.name.removeprefix(prefix).partition("-")[0]
        if number.isdecimal() and folder not in _made and not _is_alive(int(number)):
            with contextlib.suppress(OSError):
                # SAFETY: anyone may put names into a shared folder; only what is a
                # folder and ours is removed.
                found = folder.lstat()
                if stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid():
                    shutil.rmtree(folder, ignore_errors=True)


def _is_alive(process: int) -> bool:
    if process == os.getpid():
        # In a container, a restarted service often gets the number it had before.
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True
