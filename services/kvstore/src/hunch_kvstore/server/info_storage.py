"""INFO's sections about memory and about what is on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hunch_kvstore.server.memory import Memory
from hunch_kvstore.server.process import human, system_bytes

if TYPE_CHECKING:
    from hunch_kvstore.server.core import Core
    from hunch_kvstore.server.info import Rows


def memory(core: Core) -> Rows:
    """Return the section Memory.

    What Redis counts and this process does not have is there with its true 0: scripts,
    functions, replicas, eviction.
    """
    found = Memory.of(core)
    system = system_bytes()
    return {
        "used_memory": found.used,
        "used_memory_human": human(found.used),
        "used_memory_rss": found.used,
        "used_memory_rss_human": human(found.used),
        "used_memory_peak": found.peak,
        "used_memory_peak_human": human(found.peak),
        "used_memory_peak_perc": f"{found.peak_percent:.2f}%",
        "used_memory_overhead": found.overhead,
        "used_memory_startup": found.startup,
        "used_memory_dataset": found.dataset,
        "used_memory_dataset_perc": f"{found.dataset_percent:.2f}%",
        "total_system_memory": system,
        "total_system_memory_human": human(system),
        "used_memory_lua": 0,
        "used_memory_vm_eval": 0,
        "used_memory_lua_human": human(0),
        "used_memory_scripts_eval": 0,
        "number_of_cached_scripts": 0,
        "number_of_functions": 0,
        "number_of_libraries": 0,
        "used_memory_vm_functions": 0,
        "used_memory_vm_total": 0,
        "used_memory_vm_total_human": human(0),
        "used_memory_functions": 0,
        "used_memory_scripts": 0,
        "used_memory_scripts_human": human(0),
        "maxmemory": 0,
        "maxmemory_human": human(0),
        "maxmemory_policy": "noeviction",
        "mem_fragmentation_ratio": "1.00",
        "mem_fragmentation_bytes": 0,
        "mem_not_counted_for_evict": 0,
        "mem_replication_backlog": 0,
        "mem_total_replication_buffers": 0,
        "mem_clients_slaves": 0,
        "mem_clients_normal": found.clients,
        "mem_cluster_links": 0,
        "mem_allocator": "libc",
        "active_defrag_running": 0,
        "lazyfree_pending_objects": 0,
        "lazyfreed_objects": 0,
    }


def persistence(core: Core) -> Rows:
    """Return the section Persistence.

    ``rdb`` is told of SAVE, ``aof`` of the log and of sealing, which is what
    BGREWRITEAOF asks for.
    """
    refusal = core.engine.refusal
    stats = core.engine.stats()
    saves = core.saves
    rows: Rows = {
        "loading": 0,
        "async_loading": 0,
        "current_cow_peak": 0,
        "current_cow_size": 0,
        "current_cow_size_age": 0,
        "current_fork_perc": "0.00",
        "current_save_keys_processed": 0,
        "current_save_keys_total": 0,
        "rdb_changes_since_last_save": saves.changes,
        "rdb_bgsave_in_progress": 0,
        "rdb_last_save_time": saves.last_s,
        "rdb_last_bgsave_status": "err" if saves.has_failed else "ok",
        "rdb_last_bgsave_time_sec": int(saves.spent_s),
        "rdb_current_bgsave_time_sec": -1,
        "rdb_saves": saves.count,
        "rdb_last_cow_size": 0,
        "rdb_last_load_keys_expired": 0,
        "rdb_last_load_keys_loaded": 0,
        "aof_enabled": 1,
        "aof_rewrite_in_progress": int(core.engine.is_sealing),
        "aof_rewrite_scheduled": 0,
        "aof_last_bgrewrite_status": "err" if stats["seal_error"] else "ok",
        "aof_rewrites": stats["seals"],
        "aof_rewrites_consecutive_failures": stats["seal_failures"],
        "aof_last_write_status": "ok" if refusal is None else "err",
        "aof_last_cow_size": 0,
        "module_fork_in_progress": 0,
        "module_fork_last_cow_size": 0,
        "aof_current_size": stats["log_bytes"],
        "aof_pending_rewrite": 0,
    }
    return rows | {f"store_{name}": value for name, value in stats.items()}
