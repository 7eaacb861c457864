"""For those who run the site: `/healthz`, `/readyz`, `/metrics`."""

from __future__ import annotations

import json

from hunch_stream.store import StoreError
from hunch_web.controller.stream import Root
from smisk import http
from smisk.mvc import expose

# Set by the edge on what comes through the public door; no client can set or unset it.
EDGE = "HUNCH_EDGE"
# The aggregator leaves a sign of life each round; after this long it is missed.
LATE_S = 300


class Operation(Root):
    """Health and numbers."""

    @expose(None, route="/healthz", formats=("json",), methods=("GET",))
    def healthz(self) -> bytes:
        """Say that this process answers."""
        return self._report({"status": "ok"})

    @expose(None, route="/readyz", formats=("json",), methods=("GET",))
    def readyz(self) -> bytes:
        """Say whether pages can be made: whether the store answers.

        An aggregator that is late is reported, but does not make the site unready:
        what has been gathered can still be read.
        """
        try:
            heartbeat = self.site.reading.ask(lambda one: one.heartbeat())
        except StoreError:
            self.response.status = 503
            self.response.headers["Retry-After"] = "2"
            return self._report({"status": "unready", "store": "away"})
        age_s = None
        if heartbeat is not None:
            age_s = max(0, int(self.site.now().timestamp() - heartbeat))
        is_late = age_s is None or age_s > LATE_S
        return self._report(
            {
                "status": "ok",
                "store": "ok",
                "aggregator": "late" if is_late else "ok",
                "aggregator_seen_s": age_s,
            }
        )

    @expose(None, route="/metrics", formats=("json",), methods=("GET",))
    def metrics(self) -> bytes:
        """Give numbers to a monitor inside."""
        if self.request.env.get(EDGE):
            raise http.NotFound
        body, content_type = self.site.metrics.text()
        self.response.content_type = content_type
        self.response.cache_control = "no-store"
        return body

    def _report(self, report: dict[str, object]) -> bytes:
        self.response.content_type = "application/json"
        self.response.cache_control = "no-store"
        return json.dumps(report).encode()
