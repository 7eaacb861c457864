"""Metrics in Prometheus's text form, over the smallest HTTP that carries them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from hunch_kvstore.engine.disk import free_bytes
from hunch_kvstore.engine.sync_times import BOUNDS_S
from hunch_kvstore.server.process import own_version, resident_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hunch_kvstore.server.core import Core

REQUEST_BYTES: Final = 8192  # LIMIT: of a request's head
_PREFIX: Final = "hunch_kvstore_"


def _family(
    name: str, kind: str, said: str, rows: Iterable[tuple[str, float]]
) -> Iterator[str]:
    """Yield the lines of one metric; a row is its labels and its value."""
    yield f"# HELP {_PREFIX}{name} {said}"
    yield f"# TYPE {_PREFIX}{name} {kind}"
    for labels, value in rows:
        yield f"{_PREFIX}{name}{labels} {value}"


def _lines(core: Core) -> Iterator[str]:
    def gauge(name: str, said: str, value: float) -> Iterator[str]:
        return _family(name, "gauge", said, [("", value)])

    def counter(name: str, said: str, value: float) -> Iterator[str]:
        return _family(name, "counter", said, [("", value)])

    used = [
        (f'{{command="{row.name.lower()}"}}', row)
        for parent in core.table.values()
        for row in (parent, *parent.subcommands.values())
        if row.calls
    ]
    yield from _family(
        "build_info",
        "gauge",
        "The version that runs.",
        [(f'{{version="{own_version()}"}}', 1)],
    )
    yield from gauge("up_seconds", "Age of the process.", time.time() - core.started_s)
    yield from gauge("memory_bytes", "Resident memory.", resident_bytes())
    yield from gauge("clients", "Connections open.", len(core.clients))
    yield from gauge("clients_blocked", "Connections waiting.", len(core.blocked))
    yield from counter(
        "connections_total", "Connections taken.", core.count.connections
    )
    yield from counter("rejected_total", "Connections refused.", core.count.rejected)
    yield from counter("received_bytes_total", "Bytes read.", core.count.net_in_bytes)
    yield from counter("sent_bytes_total", "Bytes written.", core.count.net_out_bytes)
    yield from counter("expired_total", "Keys expired.", core.keys.removed)
    yield from counter("hits_total", "Lookups that found a key.", core.keys.hits)
    yield from counter("misses_total", "Lookups that found none.", core.keys.misses)
    yield from _family(
        "commands_total",
        "counter",
        "Calls by command.",
        [(labels, row.calls) for labels, row in used],
    )
    yield from _family(
        "command_seconds_total",
        "counter",
        "Time spent by command.",
        [(labels, row.spent_us / 1e6) for labels, row in used],
    )
    yield from _family(
        "errors_total",
        "counter",
        "Error replies by code.",
        [
            (f'{{code="{"".join(filter(str.isalnum, code))}"}}', count)
            for code, count in core.count.errors.items()
        ],
    )
    yield from gauge(
        "writes_refused",
        "Whether the disk takes no writes now.",
        int(core.engine.refusal is not None),
    )
    free, _ = free_bytes(core.engine.folder)
    yield from gauge("disk_free_bytes", "Room left on the disk of the store.", free)
    yield from _sync_seconds(core)
    for name, value in core.engine.stats().items():
        if isinstance(value, (int, float)):
            yield from gauge(f"store_{name}", "See the engine's documentation.", value)


def _sync_seconds(core: Core) -> Iterator[str]:
    """Yield the histogram of the log's syncs."""
    times = core.engine.sync_times
    name = f"{_PREFIX}log_sync_seconds"
    counts = times.cumulative()
    yield f"# HELP {name} How long the disk took to take the log in."
    yield f"# TYPE {name} histogram"
    for bound, count in zip((*BOUNDS_S, "+Inf"), counts, strict=True):
        yield f'{name}_bucket{{le="{bound}"}} {count}'
    yield f"{name}_sum {times.total_s}"
    yield f"{name}_count {counts[-1]}"


def respond(core: Core, request: bytes) -> bytes:
    """Return the whole answer to one HTTP request."""
    words = request.split(b"\r\n", 1)[0].split()
    if len(words) != 3 or words[0] not in (b"GET", b"HEAD"):
        status, body = "405 Method Not Allowed", "GET /metrics\n"
    elif words[1].split(b"?")[0] != b"/metrics":
        status, body = "404 Not Found", "see /metrics\n"
    else:
        status, body = "200 OK", "\n".join(_lines(core)) + "\n"
    raw = body.encode()
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: text/plain; version=0.0.4\r\n"
        f"Content-Length: {len(raw)}\r\nConnection: close\r\n\r\n"
    ).encode()
    return head if words[:1] == [b"HEAD"] else head + raw
