"""A session of redis-py with both servers: the same results, plain and async."""

from __future__ import annotations

import asyncio

import pytest
import redis
import redis.asyncio

# Method, arguments; a dictionary at the end is keyword arguments.
SESSION = [
    ("set", "k", "v"),
    ("set", "k", "w", {"ex": 100, "xx": True, "get": True}),
    ("getex", "k", {"px": 50_000}),
    ("mset", {"a": 1, "b": 2}),
    ("mget", "a", "b", "none"),
    ("incrbyfloat", "f", 1.5),
    ("setrange", "k", 3, "x"),
    ("getdel", "k"),
    ("expire", "a", 100, {"nx": True}),
    ("expireat", "a", 9_999_999_999, {"gt": True}),
    ("expiretime", "a"),
    ("persist", "a"),
    ("copy", "a", "c", {"replace": True}),
    ("hset", "h", {"mapping": {"a": 1, "b": "two"}}),
    ("hgetall", "h"),
    ("hmget", "h", ["a", "none"]),
    ("hscan", "h"),
    ("hrandfield", "h", 5, {"withvalues": True}),
    ("hincrbyfloat", "h", "a", 1.25),
    ("zadd", "z", {"a": 1, "b": 2.5, "c": 3}),
    ("zadd", "z", {"a": 5}, {"gt": True, "ch": True}),
    ("zadd", "z", {"a": 1}, {"incr": True}),
    ("zscore", "z", "a"),
    ("zscore", "z", "none"),
    ("zmscore", "z", ["a", "none"]),
    ("zrange", "z", 0, -1, {"withscores": True}),
    ("zrange", "z", 0, 10, {"byscore": True, "offset": 0, "num": 2}),
    ("zrevrank", "z", "b"),
    ("zunion", ["z", "z"], {"withscores": True}),
    ("zdiff", ["z", "none"], {"withscores": True}),
    ("zinterstore", "i", {"z": 2, "z2": 3}),
    ("zrandmember", "z", -3),
    ("zscan", "z"),
    ("zpopmin", "z"),
    ("zmpop", 1, ["z"], {"max": True, "count": 2}),
    ("bzpopmin", "z", 0.01),
    ("bzmpop", 0.01, 1, ["none"], {"max": True}),
    ("scan", 0, {"count": 1000, "_type": "hash"}),
    ("client_setname", "me"),
    ("client_no_evict", "ON"),
    ("client_kill_filter", {"_id": "99999"}),
    ("client_pause", 1, False),
    ("client_unpause",),
    ("client_trackinginfo",),
    ("client_getredir",),
    ("config_get", "maxmemory"),
    ("config_set", "slowlog-max-len", 100),
    ("slowlog_reset",),
    ("slowlog_get",),
    ("latency_reset",),
    ("latency_latest",),
    ("memory_usage", "none"),
    ("object", "encoding", "h"),
    ("acl_whoami",),
    ("acl_list",),
    ("acl_users",),
    ("acl_cat",),
    ("acl_getuser", "default"),
    ("acl_getuser", "nobody"),
    ("acl_log_reset",),
    ("auth", "x", "nobody"),
    ("acl_log",),
    ("acl_dryrun", "default", "get", "k"),
    ("swapdb", 0, 0),
    ("lolwut",),
    ("memory_purge",),
    ("memory_stats",),
    ("info",),
    ("info", "everything"),
    ("client_info",),
    ("client_list",),
    ("command_list", "string", "client*"),
    ("config_resetstat",),
    ("lastsave",),
    ("command_getkeys", "mset a 1 b 2"),
    ("command_getkeysandflags", "set a 1"),
    ("module_list",),
    ("role",),
    ("wait", 0, 10),
    ("pubsub_numsub", "a"),
    ("publish", "a", "b"),
    ("incr", "h"),
    ("reset",),
]


def split(step):
    """Return a step's method, arguments and keyword arguments."""
    name, *args = step
    options = ("ex", "px", "nx", "gt", "replace", "mapping", "withvalues", "incr")
    options += ("withscores", "byscore", "max", "count", "_id")
    if args and isinstance(args[-1], dict) and options.count(next(iter(args[-1]))):
        return name, args[:-1], args[-1]
    return name, args, {}


def plain(value):
    """Return a result that can be compared where Redis promises no order."""
    if isinstance(value, (set, frozenset)):
        return sorted(map(repr, value))
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


# Of what is told by name, whose type is compared.
KEPT = {
    *("redis_version", "used_memory", "mem_fragmentation_ratio", "rdb_last_save_time"),
    *("aof_enabled", "keyspace_hits", "used_cpu_sys", "role", "cmdstat_set", "db0"),
    *("errorstat_WRONGTYPE", "latency_percentiles_usec_set", "connected_clients"),
    *("peak.allocated", "keys.count", "dataset.percentage", "fragmentation"),
    *("id", "addr", "flags", "tot-mem", "cmd", "resp"),
}


def comparable(name, value):
    """Return what of a result both servers must agree on."""
    if name == "zrandmember":
        return len(value)
    if isinstance(value, redis.RedisError):
        return f"{type(value).__name__}: {value}"
    if name in ("info", "memory_stats", "client_info"):
        return sorted((key, str(type(value[key]))) for key in KEPT & value.keys())
    if name in ("client_list", "acl_log"):
        return [sorted(row) for row in value]
    if name == "acl_cat":
        return sorted(value)
    if name == "lastsave":
        return type(value)
    return value


def session(address, protocol):
    found = []
    with redis.Redis.from_url(address, protocol=protocol) as client:
        client.flushall()
        for step in SESSION:
            name, args, options = split(step)
            try:
                value = getattr(client, name)(*args, **options)
            except redis.RedisError as error:
                value = f"{type(error).__name__}: {error}"
            found.append((step, plain(comparable(name, value))))
        with client.pipeline() as pipe:
            pipe.watch("w")
            pipe.multi()
            pipe.set("w", 1).get("w").incr("w").hget("w", "f")
            found.append(
                ("pipeline", list(map(str, pipe.execute(raise_on_error=False))))
            )
    return found


async def async_session(address, protocol):
    found = []
    async with redis.asyncio.Redis.from_url(address, protocol=protocol) as client:
        await client.flushall()
        for step in SESSION:
            name, args, options = split(step)
            try:
                value = await getattr(client, name)(*args, **options)
            except redis.RedisError as error:
                value = f"{type(error).__name__}: {error}"
            found.append((step, plain(comparable(name, value))))
        async with client.pubsub() as listener:
            await listener.subscribe("x")
            await client.publish("x", "y")
            found += [await listener.get_message(timeout=5) for _ in range(2)]
        found.append(max(await asyncio.gather(*[client.incr("n") for _ in range(20)])))
    return found


@pytest.mark.parametrize("protocol", [2, 3])
def test_redis_py_gets_the_same_results(pair, protocol):
    ours, theirs = (session(f"unix://{server.socket}", protocol) for server in pair)
    assert ours == theirs


@pytest.mark.parametrize("protocol", [2, 3])
def test_redis_py_gets_the_same_results_asynchronously(pair, protocol):
    ours, theirs = (
        asyncio.run(async_session(f"unix://{server.socket}", protocol))
        for server in pair
    )
    assert ours == theirs
