"""INFO: what the server knows about itself, in Redis's sections and names."""

from __future__ import annotations

import os
import platform
import resource
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeAlias

from hunch_kvstore.server import info_counts, info_storage
from hunch_kvstore.server.process import own_version

if TYPE_CHECKING:
    from hunch_kvstore.server.core import Core

Rows: TypeAlias = dict[str, object]
TICKS_A_SECOND: Final = 10


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
        "monotonic_clock": "POSIX clock_gettime",
        "multiplexing_api": "epoll",
        "process_id": os.getpid(),
        "process_supervised": "no",
        "run_id": core.run_id,
        "tcp_port": ports[0] if ports else 0,
        "server_time_usec": int(now * 1_000_000),
        "uptime_in_seconds": int(now - core.started_s),
        "uptime_in_days": int(now - core.started_s) // 86400,
        "hz": TICKS_A_SECOND,
        "configured_hz": TICKS_A_SECOND,
        "executable": sys.executable,
        "listeners": ",".join(core.addresses),
        "config_file": core.config_file,
        "io_threads_active": 0,
    }


def _clients(core: Core) -> Rows:
    clients = core.clients.values()
    return {
        "connected_clients": len(clients),
        "cluster_connections": 0,
        "maxclients": core.settings.integer("maxclients"),
        "client_recent_max_input_buffer": max(
            (client.parser.pending_bytes for client in clients), default=0
        ),
        "client_recent_max_output_buffer": max(
            (client.out_bytes for client in clients), default=0
        ),
        "blocked_clients": len(core.blocked),
        "tracking_clients": len(core.tracking.clients),
        "clients_in_timeout_table": sum(
            blocked.until_s > 0 for blocked in core.blocked.values()
        ),
        "pubsub_clients": sum(client.is_subscribed for client in clients),
    }


def _replication(core: Core) -> Rows:
    return {
        "role": "master",
        "connected_slaves": 0,
        "master_failover_state": "no-failover",
        "master_replid": core.run_id,
        "master_replid2": "0" * 40,
        "master_repl_offset": core.engine.sequence,
        "second_repl_offset": -1,
        "repl_backlog_active": 0,
        "repl_backlog_size": 0,
        "repl_backlog_first_byte_offset": 0,
        "repl_backlog_histlen": 0,
    }


def _cpu(_: Core) -> Rows:
    own = resource.getrusage(resource.RUSAGE_SELF)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    main = resource.getrusage(resource.RUSAGE_THREAD)
    return {
        "used_cpu_sys": f"{own.ru_stime:.6f}",
        "used_cpu_user": f"{own.ru_utime:.6f}",
        "used_cpu_sys_children": f"{children.ru_stime:.6f}",
        "used_cpu_user_children": f"{children.ru_utime:.6f}",
        "used_cpu_sys_main_thread": f"{main.ru_stime:.6f}",
        "used_cpu_user_main_thread": f"{main.ru_utime:.6f}",
    }


def _modules(_: Core) -> Rows:
    return {}


def _cluster(_: Core) -> Rows:
    return {"cluster_enabled": 0}


def _keyspace(core: Core) -> Rows:
    count = core.key_count()
    dates, left_ms = core.due_dates()
    return {"db0": f"keys={count},expires={dates},avg_ttl={left_ms}"} if count else {}


_SECTIONS: Final[dict[str, Callable[[Core], Rows]]] = {
    "Server": _server,
    "Clients": _clients,
    "Memory": info_storage.memory,
    "Persistence": info_storage.persistence,
    "Stats": info_counts.stats,
    "Replication": _replication,
    "CPU": _cpu,
    "Modules": _modules,
    "Commandstats": info_counts.commandstats,
    "Errorstats": info_counts.errorstats,
    "Latencystats": info_counts.latencystats,
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
