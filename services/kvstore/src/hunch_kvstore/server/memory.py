"""Where the memory of the process goes, for INFO and MEMORY STATS."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from hunch_kvstore.server.process import peak_bytes, resident_bytes

if TYPE_CHECKING:
    from hunch_kvstore.server.core import Core

_DATA: Final = (
    "memory_table_bytes",
    "filter_bytes",
    "record_cache_bytes",
    "page_cache_bytes",
)


@dataclass(frozen=True, slots=True)
class Memory:
    """Memory at one moment, in bytes.

    LIMIT: used is what the process occupies, as the system counts it; a Python process
    has no count of what was allocated. So nothing is said of fragmentation.

    Attributes:
        used: All of it.
        peak: The most there was.
        startup: What the process took before it served anybody.
        dataset: What the memory table and the caches hold.
        clients: What clients have sent or been sent that is still here.
    """

    used: int
    peak: int
    startup: int
    dataset: int
    clients: int

    @classmethod
    def of(cls, core: Core) -> Memory:
        """Look at it now."""
        used = resident_bytes()
        stats = core.engine.stats()
        held = sum(int(stats[name]) for name in _DATA)
        return cls(
            used=used,
            peak=max(used, peak_bytes()),
            startup=core.startup_bytes,
            dataset=min(held, used),
            clients=sum(client.held_bytes for client in core.clients.values()),
        )

    @property
    def overhead(self) -> int:
        """What is no data."""
        return self.used - self.dataset

    @property
    def dataset_percent(self) -> float:
        """The data's part of what was taken since the start."""
        return min(100.0 * self.dataset / max(self.used - self.startup, 1), 100.0)

    @property
    def peak_percent(self) -> float:
        """How much of the peak is used now."""
        return 100.0 * self.used / self.peak


def trim() -> None:
    """Give the system back what the C library keeps free, where it can."""
    give_back = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if give_back is not None:
        give_back(0)
