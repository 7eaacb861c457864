"""Numbers about the service, for Prometheus.

The worker processes are forked from one that imported this, and count each for
itself in a file of a folder they share; whichever answers `/metrics` adds them up.
"""

from __future__ import annotations

import os
import pathlib
from typing import TYPE_CHECKING

from hunch_web.scratch import own_folder

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry


class Metrics:
    """The counters of one site.

    Args:
        folder: What the workers share; None makes one that goes with the process.
    """

    def __init__(self, folder: pathlib.Path | None = None) -> None:
        if folder is None:
            folder = own_folder("metrics")
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        # WHY here: the library looks for its folder when it is first imported.
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
        from prometheus_client import CollectorRegistry, Counter, Histogram

        registry = CollectorRegistry()
        self.requests = Counter(
            "hunch_web_requests_total",
            "Responses by verb, format and status.",
            ("method", "format", "status"),
            registry=registry,
        )
        self.seconds = Histogram(
            "hunch_web_request_seconds",
            "Time from the start of a request to its last byte.",
            buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
            registry=registry,
        )
        self.store_seconds = Histogram(
            "hunch_web_store_seconds",
            "Time of one question to the store.",
            buckets=(0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1),
            registry=registry,
        )
        self.pages = Counter(
            "hunch_web_pages_total",
            "Pages by how they came about: made, kept, stale or missing.",
            ("how",),
            registry=registry,
        )
        self.pushes = Counter(
            "hunch_web_websub_total",
            "WebSub requests by outcome.",
            ("outcome",),
            registry=registry,
        )

    def text(self) -> tuple[bytes, str]:
        """Return the sum over all workers, and its content type."""
        from prometheus_client import CollectorRegistry, generate_latest
        from prometheus_client.exposition import CONTENT_TYPE_LATEST
        from prometheus_client.multiprocess import MultiProcessCollector

        total: CollectorRegistry = CollectorRegistry()
        MultiProcessCollector(total, path=str(self._folder))  # type: ignore[no-untyped-call]
        return generate_latest(total), CONTENT_TYPE_LATEST
