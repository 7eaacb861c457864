"""What the system says of this process, and how INFO writes sizes."""

from __future__ import annotations

import os
import resource
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

_UNITS: Final = "KMGTP"


def own_version() -> str:
    """Return the version of this package."""
    try:
        return version("hunch-kvstore")
    except PackageNotFoundError:
        return "0"


def resident_bytes() -> int:
    """Return the memory the process occupies."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return pages * os.sysconf("SC_PAGESIZE")


def peak_bytes() -> int:
    """Return the most memory it has occupied so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def system_bytes() -> int:
    """Return the memory of the machine."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGESIZE")


def human(size: int) -> str:
    """Return a size as Redis writes it: 0B, 1.50K, 2.00G."""
    if size < 1024:
        return f"{size}B"
    step = min((size.bit_length() - 1) // 10, len(_UNITS))
    return f"{size / 1024**step:.2f}{_UNITS[step - 1]}"
