"""INFO: what the server knows about itself, in Redis's sections and names."""

from __future__ import annotations

import os
import platform
import resource
import sys
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from hunch_kvstore.server.core import Core

Rows: TypeAlias = dict[str, object]


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


def _human(size: int) -> str:
    value = float(size)
    for unit in "BKMG":
        if value < 1024 or unit == "G":
            return f"{value:.2f}{unit}"
        value /= 1024
    return f"{size}B"


def _server(core: Core) -> Rows:
    now = time.time()
    ports = [name.rpartition(":")[2] for name in core.addresses if "/" not in name]
    return {
        "redis_version": core.compatible_version.decode(),
        "hunch_kvstore_version": own_version(),
        "redis_mode": "standalone",
        "os": f"{platform.system()} {platform.release()} {platform.machine()}",
        "arch_bits": 64 if sys.maxsize > 2**32 else 32,
        "python_version": platform.python_version(),
        "multiplexing_api": "epoll",
        "process_id": os.getpid(),
        "run_id": core.run_id,
        "tcp_port": ports[0] if ports else 0,
        "server_time_usec": int(now * 1_000_000),
        "uptime_in_seconds": int(now - core.started_s),
        "uptime_in_days": int(now - core.started_s) // 86400,
        "listeners": ",".join(core.addresses),
        "config_file": core.config_file,
    }


def _clients(core: Core) -> Rows:
    return {
        "connected_clients": len(core.clients),
        "maxclients": core.settings.integer("maxclients"),
        "blocked_clients": len(core.blocked),
        "client_recent_max_output_buffer": max(
            (client.out_bytes for client in core.clients.values()), default=0
        ),
        "tracking_clients": len(core.tracking.clients),
        "pubsub_clients": sum(client.is_subscribed for client in core.clients.values()),
    }


def _memory(_: Core) -> Rows:
    used = resident_bytes()
    system = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGESIZE")
    peak = max(used, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
    return {
        "used_memory": used,
        "used_memory_human": _human(used),
        "used_memory_rss": used,
        "used_memory_rss_human": _human(used),
        "used_memory_peak": peak,
        "used_memory_peak_human": _human(peak),
        "total_system_memory": system,
        "total_system_memory_human": _human(system),
        "mem_fragmentation_ratio": "1.00",
        "mem_allocator": "libc",
        "maxmemory": 0,
        "maxmemory_human": "0B",
        "maxmemory_policy": "noeviction",
    }


def _persistence(core: Core) -> Rows:
    refusal = core.engine.refusal
    stats = core.engine.stats()
    rows: Rows = {
        "loading": 0,
        "rdb_changes_since_last_save": 0,
        "rdb_bgsave_in_progress": 0,
        "rdb_last_save_time": core.saves.last_s,
        "rdb_last_bgsave_status": "ok",
        "aof_enabled": 1,
        "aof_rewrite_in_progress": int(core.engine.is_sealing),
        "aof_rewrite_scheduled": 0,
        "aof_last_bgrewrite_status": "err" if stats["seal_error"] else "ok",
        "aof_current_size": stats["log_bytes"],
        "aof_last_write_status": "ok" if refusal is None else "err",
    }
    rows |= {f"store_{name}": value for name, value in stats.items()}
    return rows


def _stats(core: Core) -> Rows:
    calls, read, written = core.rates.by_second()
    return {
        "total_connections_received": core.count.connections,
        "total_commands_processed": core.count.calls,
        "instantaneous_ops_per_sec": round(calls),
        "total_net_input_bytes": core.count.net_in_bytes,
        "total_net_output_bytes": core.count.net_out_bytes,
        "instantaneous_input_kbps": f"{read / 1024:.2f}",
        "instantaneous_output_kbps": f"{written / 1024:.2f}",
        "rejected_connections": core.count.rejected,
        "expired_keys": core.keys.removed,
        "evicted_keys": 0,
        "pubsub_channels": len(core.pubsub.channels),
        "pubsub_patterns": len(core.pubsub.patterns),
        "tracking_total_keys": len(core.tracking.by_key),
        "tracking_total_items": core.tracking.items,
        "tracking_total_prefixes": sum(
            len(client.tracking.prefixes)
            for client in core.tracking.clients
            if client.tracking is not None
        ),
        "total_error_replies": sum(core.count.errors.values()),
    }


def _replication(core: Core) -> Rows:
    return {
        "role": "master",
        "connected_slaves": 0,
        "master_replid": core.run_id,
        "master_repl_offset": core.engine.sequence,
    }


def _cpu(_: Core) -> Rows:
    own = resource.getrusage(resource.RUSAGE_SELF)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "used_cpu_sys": f"{own.ru_stime:.6f}",
        "used_cpu_user": f"{own.ru_utime:.6f}",
        "used_cpu_sys_children": f"{children.ru_stime:.6f}",
        "used_cpu_user_children": f"{children.ru_utime:.6f}",
    }


def _modules(_: Core) -> Rows:
    return {}


def _commandstats(core: Core) -> Rows:
    rows: Rows = {}
    for row in core.table.values():
        for command in (row, *row.subcommands.values()):
            if command.calls or command.rejected:
                name = command.name.lower()
                rows[f"cmdstat_{name}"] = (
                    f"calls={command.calls},usec={command.spent_us},"
                    f"usec_per_call={command.spent_us / (command.calls or 1):.2f},"
                    f"rejected_calls={command.rejected},failed_calls={command.failed}"
                )
    return rows


def _latencystats(core: Core) -> Rows:
    return {
        f"latency_percentiles_usec_{command.name.lower()}": ",".join(
            f"p{share:g}={command.durations.percentile(share):.3f}"
            for share in (50, 99, 99.9)
        )
        for row in core.table.values()
        for command in (row, *row.subcommands.values())
        if command.calls
    }


def _errorstats(core: Core) -> Rows:
    return {
        f"errorstat_{code}": f"count={count}"
        for code, count in core.count.errors.items()
    }


def _cluster(_: Core) -> Rows:
    return {"cluster_enabled": 0}


def _keyspace(core: Core) -> Rows:
    count = core.key_count()
    return (
        {"db0": f"keys={count},expires={core.due_count()},avg_ttl=0"} if count else {}
    )


_SECTIONS: Final[dict[str, Callable[[Core], Rows]]] = {
    "Server": _server,
    "Clients": _clients,
    "Memory": _memory,
    "Persistence": _persistence,
    "Stats": _stats,
    "Replication": _replication,
    "CPU": _cpu,
    "Modules": _modules,
    "Commandstats": _commandstats,
    "Latencystats": _latencystats,
    "Errorstats": _errorstats,
    "Cluster": _cluster,
    "Keyspace": _keyspace,
}
_NOT_BY_DEFAULT: Final = frozenset(("Commandstats", "Latencystats"))


def render(core: Core, wanted: set[str]) -> bytes:
    """Return the sections asked for, in lower case; all the usual ones for none."""
    everything = bool(wanted & {"all", "everything"})
    default = not wanted or "default" in wanted
    parts: list[str] = []
    for name, read in _SECTIONS.items():
        if (
            everything
            or name.lower() in wanted
            or (default and name not in _NOT_BY_DEFAULT)
        ):
            rows = "".join(f"{key}:{value}\r\n" for key, value in read(core).items())
            parts.append(f"# {name}\r\n{rows}")
    return "\r\n".join(parts).encode()
