"""INFO's sections of what was counted since the start or CONFIG RESETSTAT."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hunch_kvstore.commands.table import Command
    from hunch_kvstore.server.core import Core
    from hunch_kvstore.server.info import Rows


def stats(core: Core) -> Rows:
    """Return the section Stats; what is 0 for ever is what the store never does."""
    calls, read, written = core.rates.by_second()
    count, tracking = core.count, core.tracking
    return {
        "total_connections_received": count.connections,
        "total_commands_processed": count.calls,
        "instantaneous_ops_per_sec": round(calls),
        "total_net_input_bytes": count.net_in_bytes,
        "total_net_output_bytes": count.net_out_bytes,
        "total_net_repl_input_bytes": 0,
        "total_net_repl_output_bytes": 0,
        "instantaneous_input_kbps": f"{read / 1024:.2f}",
        "instantaneous_output_kbps": f"{written / 1024:.2f}",
        "instantaneous_input_repl_kbps": "0.00",
        "instantaneous_output_repl_kbps": "0.00",
        "rejected_connections": count.rejected,
        **dict.fromkeys(("sync_full", "sync_partial_ok", "sync_partial_err"), 0),
        "expired_keys": core.keys.removed,
        "expired_time_cap_reached_count": core.expiration.cut_off,
        "expire_cycle_cpu_milliseconds": int(core.expiration.spent_s * 1000),
        "evicted_keys": 0,
        "evicted_clients": 0,
        "total_eviction_exceeded_time": 0,
        "current_eviction_exceeded_time": 0,
        "keyspace_hits": core.keys.hits,
        "keyspace_misses": core.keys.misses,
        "pubsub_channels": len(core.pubsub.channels),
        "pubsub_patterns": len(core.pubsub.patterns),
        "pubsubshard_channels": 0,
        "migrate_cached_sockets": 0,
        "slave_expires_tracked_keys": 0,
        "active_defrag_hits": 0,
        "active_defrag_misses": 0,
        "active_defrag_key_hits": 0,
        "active_defrag_key_misses": 0,
        "total_active_defrag_time": 0,
        "current_active_defrag_time": 0,
        "tracking_total_keys": len(tracking.by_key),
        "tracking_total_items": tracking.items,
        "tracking_total_prefixes": sum(
            len(client.tracking.prefixes)
            for client in tracking.clients
            if client.tracking is not None
        ),
        "unexpected_error_replies": 0,
        "total_error_replies": sum(count.errors.values()),
        "dump_payload_sanitizations": 0,
        "total_reads_processed": count.reads,
        "total_writes_processed": count.sends,
        "io_threaded_reads_processed": 0,
        "io_threaded_writes_processed": 0,
    }


def _used(core: Core) -> Iterator[tuple[str, Command]]:
    """Yield what was called or refused, subcommands as well."""
    for row in core.table.values():
        for command in (row, *row.subcommands.values()):
            if command.calls or command.rejected:
                yield command.name.lower(), command


def commandstats(core: Core) -> Rows:
    """Return the section Commandstats."""
    return {
        f"cmdstat_{name}": f"calls={command.calls},usec={command.spent_us},"
        f"usec_per_call={command.spent_us / (command.calls or 1):.2f},"
        f"rejected_calls={command.rejected},failed_calls={command.failed}"
        for name, command in _used(core)
    }


def latencystats(core: Core) -> Rows:
    """Return the section Latencystats."""
    return {
        f"latency_percentiles_usec_{name}": ",".join(
            f"p{share:g}={command.durations.percentile(share):.3f}"
            for share in (50, 99, 99.9)
        )
        for name, command in _used(core)
        if command.calls
    }


def errorstats(core: Core) -> Rows:
    """Return the section Errorstats."""
    return {
        f"errorstat_{code}": f"count={count}"
        for code, count in sorted(core.count.errors.items())
    }
