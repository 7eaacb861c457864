"""What clients do with it: redis-py, redis-cli, redis-benchmark, and by hand."""

import re
import shutil
import subprocess
import threading

import pytest
import redis


@pytest.fixture(params=[2, 3])
def client(server, request):
    with redis.Redis.from_url(
        f"unix://{server.socket}", protocol=request.param
    ) as client:
        yield client


def test_redis_py_speaks_both_protocols(client):
    assert client.set("{s}:version", 1, ex=100)
    assert 98 < client.ttl("{s}:version") <= 100
    client.hset("{s}:item:1", mapping={"json": "{}", "source": "blog"})
    assert client.hgetall("{s}:item:1") == {b"json": b"{}", b"source": b"blog"}
    assert client.zadd("{s}:due", {"a": 1, "b": 2.5}) == 2
    found = client.zrange("{s}:due", 0, -1, withscores=True)
    assert [tuple(pair) for pair in found] == [(b"a", 1.0), (b"b", 2.5)]
    assert sorted(client.scan_iter("{s}:*", count=1)) == [
        b"{s}:due",
        b"{s}:item:1",
        b"{s}:version",
    ]
    assert client.info()["redis_version"] == "7.0.15"
    assert client.client_info()["resp"] in (2, 3, "2", "3")
    assert client.command_count() > 100
    assert client.config_get("maxmemory") == {"maxmemory": "0"}


def test_a_commit_is_one_transaction(client):
    with client.pipeline(transaction=True) as pipe:
        pipe.hset("item", "f", "1").zadd("due", {"s": 1}).incr("version")
        pipe.publish("changed", "1")
        assert pipe.execute() == [1, 1, 1, 0]
    with client.pipeline() as pipe:
        pipe.watch("version")
        client.incr("version")
        pipe.multi()
        pipe.set("lost", "1")
        with pytest.raises(redis.WatchError):
            pipe.execute()
    assert not client.exists("lost")


def test_messages_reach_subscribers(client):
    with client.pubsub() as listener:
        listener.subscribe("changed")
        listener.psubscribe("ch*")
        assert [listener.get_message(timeout=5)["type"] for _ in range(2)] == [
            "subscribe",
            "psubscribe",
        ]
        assert client.publish("changed", "7") == 2
        got = [listener.get_message(timeout=5) for _ in range(2)]
        assert [(one["type"], one["data"]) for one in got] == [
            ("message", b"7"),
            ("pmessage", b"7"),
        ]
        assert client.pubsub_numsub("changed") == [(b"changed", 1)]


def test_a_client_waits_until_there_is_something(server):
    with server.wire() as waiting, server.wire() as giving:
        waiting.send("BZPOPMIN", "z", "10")
        waiting.send("PING")
        while b"blocked_clients:1" not in giving.call("INFO", "clients"):
            pass
        assert giving.call("ZADD", "z", "1", "a", "2", "b") == b":2"
        assert waiting.read() == ("*", b"$z", b"$a", b"$1")
        assert waiting.read() == b"+PONG"
        assert waiting.call("BZPOPMAX", "none", "0.05") == b"*-1"
        waiting.send("BZMPOP", "0", "1", "none", "MAX")
        number = giving.call("CLIENT", "ID")
        assert number.startswith(b":")
        while b"blocked_clients:1" not in giving.call("INFO", "clients"):
            pass
        for one in range(1, 10):
            if giving.call("CLIENT", "UNBLOCK", one, "ERROR") == b":1":
                break
        assert waiting.read().startswith(b"-UNBLOCKED")


def test_the_search_index_follows_its_hashes(server):
    with server.wire() as wire:

        def found():
            answer = wire.call("FT.SEARCH", "i", "@tag:{x}", "NOCONTENT")
            return sorted(answer[2:])

        schema = ("FT.CREATE", "i", "ON", "HASH", "PREFIX", "1", "d:", "SCHEMA")
        assert wire.call(*schema, "tag", "TAG") == b"+OK"
        for number in range(6):
            wire.call("HSET", f"d:{number}", "tag", "x")
        assert len(found()) == 6
        wire.call("DEL", "d:0")
        wire.call("SET", "d:1", "a string now")
        wire.call("HSET", "d:2", "tag", "y")
        wire.call("RENAME", "d:3", "elsewhere")
        wire.call("COPY", "d:4", "d:7")
        wire.call("PEXPIRE", "d:5", "1")
        while wire.call("EXISTS", "d:5") == b":1":
            pass
        assert found() == [b"$d:4", b"$d:7"]
        wire.call("RENAME", "elsewhere", "d:8")
        wire.pipeline([["MULTI"], ["HSET", "d:9", "tag", "x"], ["DISCARD"]])
        wire.call("HDEL", "d:7", "tag")
        assert found() == [b"$d:4", b"$d:8"]
        wire.call("FLUSHALL")
        assert wire.call("FT._LIST") == ("*",)


def test_clients_can_be_listed_and_killed(server):
    with server.wire() as one, server.wire() as two:
        two.call("CLIENT", "SETNAME", "two")
        number = two.call("CLIENT", "ID")[1:]
        listed = one.call("CLIENT", "LIST").decode()
        assert "name=two" in listed
        numbers = re.findall(r" fd=(\d+) ", listed)
        assert len(set(numbers)) == 2
        assert one.call("CLIENT", "KILL", "ID", number) == b":1"
        assert two.is_closed()
        assert one.call("CLIENT", "KILL", "1.2.3.4:5") == b"-ERR No such client"
        assert "name=two" not in one.call("CLIENT", "LIST").decode()


def test_many_clients_count_together(server):
    with server.wire() as wire:
        wire.pipeline([["MULTI"], ["SET", "a", "1"], ["INCR", "a"], ["GET", "a"]])
        assert wire.call("EXEC") == ("*", b"+OK", b":2", b"$2")
    threads = []
    answers = []

    def work(number):
        with server.wire() as wire:
            answers.extend(wire.pipeline([["INCR", "n"] for _ in range(100)]))

    for number in range(8):
        threads.append(threading.Thread(target=work, args=(number,)))
        threads[-1].start()
    for thread in threads:
        thread.join()
    assert sorted(int(raw[1:]) for raw in answers) == list(range(1, 801))


def test_redis_cli_and_redis_benchmark_run(server):
    cli = shutil.which("redis-cli")
    bench = shutil.which("redis-benchmark")
    if cli is None or bench is None:
        pytest.skip("redis-tools are not installed")

    def run(*words):
        return subprocess.run(
            words, capture_output=True, text=True, timeout=30, check=True
        ).stdout

    at = ("-s", str(server.socket))
    assert run(cli, *at, "SET", "a", "1") == "OK\n"
    assert run(cli, *at, "-3", "HELLO").splitlines()[0] == "server redis"
    assert "redis_version:7.0.15" in run(cli, *at, "INFO", "server")
    assert run(cli, *at, "--scan") == "a\n"
    out = run(
        bench, *at, "-t", "ping,set,get,hset,zadd,mset", "-n", "300", "-q", "--csv"
    )
    assert all(f'"{name}"' in out for name in ("SET", "GET", "HSET", "ZADD"))


def test_keys_are_counted_right_while_they_change(server):
    with server.wire() as wire:
        sets = [["SET", f"k{number:05}", "x"] for number in range(25_000)]
        assert set(wire.pipeline(sets)) == {b"+OK"}
        server.stop()
    server.start()
    with server.wire() as wire:
        # Not all are counted yet: 10,000 at the start and with every tick.
        wire.pipeline([["DEL", f"k{number:05}"] for number in range(0, 25_000, 5)])
        wire.pipeline([["SET", f"new{number}", "x"] for number in range(100)])
        wire.call("RENAME", "k00001", "zz")
        wire.call("RENAME", "k24999", "aa")
        assert wire.call("DBSIZE") == b":20100"
        pipeline = [["MULTI"], ["FLUSHALL"], ["SET", "a", "1"], ["DBSIZE"], ["EXEC"]]
        assert wire.pipeline(pipeline)[-1] == ("*", b"+OK", b"+OK", b":1")
        assert wire.call("DBSIZE") == b":1"
