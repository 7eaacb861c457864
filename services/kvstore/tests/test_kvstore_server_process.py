"""The process: its command line, its settings, how it starts and stops."""

import json
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from kvstore_process import OurServer

from hunch_kvstore.server.setting import BY_NAME, Settings

CONF = Path(__file__).parent.parent / "kvstore.conf"


PARSE = """
import json, sys
from prometheus_client.parser import text_string_to_metric_families as parse
print(json.dumps([(one.name, one.documentation) for one in parse(sys.stdin.read())]))
"""


def metric_families(text):
    """Return name and documentation of what Prometheus's own parser reads.

    WHY a process of its own: the library decides when it is first imported whether
    counters are shared between processes, and the site's tests need that they are.
    """
    done = subprocess.run(
        [sys.executable, "-c", PARSE],
        input=text,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def kvstore(*words):
    return subprocess.run(
        [sys.executable, "-m", "hunch_kvstore", *map(str, words)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_sigterm_ends_it_cleanly_and_everything_is_there_again(server):
    with server.wire() as wire:
        assert wire.call("SET", "a", "1") == b"+OK"
        wire.send("SET", "b", "2")
        wire.read()
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(10) == 0
        assert wire.is_closed()
    assert not server.socket.exists()
    assert [event["event"] for event in server.events()] == [
        "ready",
        "stopping",
        "stopped",
    ]
    server.start()
    with server.wire() as wire:
        assert wire.call("MGET", "a", "b") == ("*", b"$1", b"$2")
        assert wire.call("DBSIZE") == b":2"


def test_bgrewriteaof_seals_what_is_in_memory(server):
    started = b"+Background append only file rewriting started"
    with server.wire() as wire:
        assert wire.call("BGREWRITEAOF") == started  # although there is nothing to do
        wire.pipeline([["SET", f"k{n}", n] for n in range(2000)])
        assert wire.call("BGREWRITEAOF") == started
        assert wire.call("BGREWRITEAOF") == (
            b"-ERR Background append only file rewriting already in progress"
        )
        assert wire.call("SET", "k1", "after") == b"+OK"
        deadline = time.monotonic() + 20
        while b"aof_rewrite_in_progress:1" in wire.call("INFO", "persistence"):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        info = wire.call("INFO", "persistence")
        assert b"store_segments:1\r" in info
        assert b"store_memory_table_keys:1\r" in info
        assert wire.call("MGET", "k0", "k1", "k1999") == (
            "*", b"$0", b"$after", b"$1999"
        )  # fmt: skip
        assert wire.call("DBSIZE") == b":2000"


def test_acknowledged_writes_survive_a_kill(server):
    with server.wire() as wire:
        for number in range(200):
            assert wire.call("SET", f"k{number}", number) == b"+OK"
        wire.pipeline(
            [["MULTI"], ["HSET", "h", "f", "1"], ["ZADD", "z", 1, "m"], ["EXEC"]]
        )
    server.kill()
    server.start()  # over the socket file the dead one left behind
    with server.wire() as wire:
        assert wire.call("DBSIZE") == b":202"
        assert wire.call("GET", "k199") == b"$199"
        assert wire.call("ZSCORE", "z", "m") == b"$1"


def test_shutdown_ends_it(server):
    with server.wire() as wire:
        wire.send("SHUTDOWN", "NOSAVE")
        assert wire.is_closed()
    assert server.process.wait(10) == 0


def test_a_folder_has_one_server(server, tmp_path):
    second = kvstore("serve", "--data", server.folder / "data", "--bind", "127.0.0.1:0")
    assert second.returncode == 1
    assert "hunch-kvstore: " in second.stderr
    assert "Traceback" not in second.stderr


def test_a_socket_in_use_is_not_taken_over(server, tmp_path):
    second = kvstore(
        *("serve", "--data", tmp_path / "other", "--bind", f"unix:{server.socket}")
    )
    assert second.returncode == 2
    assert "another process listens there" in second.stderr
    with server.wire() as wire:
        assert wire.call("PING") == b"+PONG"


def test_a_port_in_use_is_said_so(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        found = kvstore(*("serve", "--data", tmp_path, "--bind", f"127.0.0.1:{port}"))
    assert found.returncode == 2
    assert f"bind '127.0.0.1:{port}': Address already in use" in found.stderr


def test_a_file_is_not_overwritten_by_a_socket(tmp_path):
    precious = tmp_path / "precious"
    precious.write_text("data")
    found = kvstore("serve", "--data", tmp_path / "d", "--bind", f"unix:{precious}")
    assert found.returncode == 2
    assert "there is a file of that name" in found.stderr
    assert precious.read_text() == "data"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("maxclient 5", "there is no setting 'maxclient'; did you mean 'maxclients'?"),
        ("maxclients many", "couldn't be parsed into an integer"),
        ("maxclients 0", "must be between 1 and"),
        ("sync sometimes", "must be one of the following: everysec, always, no"),
        ("protected-mode perhaps", "must be 'yes' or 'no'"),
        ("unixsocketperm 999", "octal mode"),
        ("timeout", "has no value"),
        ("memory-table much", "must be a memory value"),
        ("client-output-buffer-limit normal 1", "groups of"),
    ],
)
def test_a_bad_line_is_named(tmp_path, line, said):
    conf = tmp_path / "bad.conf"
    conf.write_text(f"# a comment\n\n{line}\n")
    found = kvstore("serve", "--conf", conf, "--data", tmp_path / "d")
    assert found.returncode == 2
    assert f"{conf}:3: " in found.stderr
    assert said in found.stderr


def test_the_conf_file_explains_every_setting_with_its_default():
    settings = Settings()
    settings.read_file(CONF)
    defaults = Settings()
    defaults.set("bind", "127.0.0.1:6379")
    assert settings.values == defaults.values
    text = CONF.read_text()
    for name in BY_NAME:
        assert re.search(rf"^(# )?{re.escape(name)} ", text, re.MULTILINE), name


def test_settings_can_be_read_and_changed(server):
    with server.wire() as wire:
        assert wire.call("CONFIG", "GET", "MAXCL*") == ("*", b"$maxclients", b"$10000")
        assert (
            wire.call("CONFIG", "SET", "maxclients", "50", "sync", "always") == b"+OK"
        )
        assert wire.call("CONFIG", "GET", "appendfsync") == (
            *("*", b"$appendfsync", b"$always"),
        )
        assert wire.call("CONFIG", "SET", "maxclients", "9", "timeout", "x") == (
            b"-ERR CONFIG SET failed (possibly related to argument 'timeout') - "
            b"argument couldn't be parsed into an integer"
        )
        assert wire.call("CONFIG", "GET", "maxclients")[2] == b"$50"
        assert b"can't set immutable config" in wire.call("CONFIG", "SET", "data", "/x")


def test_backup_check_and_restore_from_the_command_line(server, tmp_path):
    with server.wire() as wire:
        for number in range(100):
            wire.call("SET", f"k{number}", number)
        data = server.folder / "data"
        backup = kvstore("backup", "--data", data, tmp_path / "backup")
        assert backup.returncode == 0, backup.stderr
        wire.call("SET", "later", "1")
    assert kvstore("check", "--backup", "--data", tmp_path / "backup").returncode == 0
    again = kvstore("backup", "--data", data, tmp_path / "backup")
    assert (again.returncode, "exists already" in again.stderr) == (1, True)
    (tmp_path / "second").mkdir()
    second = OurServer(tmp_path / "second")
    restored = kvstore(
        *("restore", "--data", second.folder / "data", tmp_path / "backup")
    )
    assert restored.returncode == 0, restored.stderr
    with second, second.wire() as wire:
        assert wire.call("DBSIZE") == b":100"
        assert wire.call("GET", "k42") == b"$42"
    assert server.stop() == 0
    assert kvstore("check", "--data", data).returncode == 0


def test_metrics_are_told_over_http(tmp_path):
    conf = tmp_path / "kvstore.conf"
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    conf.write_text(f"metrics 127.0.0.1:{port}\nsync always\n")
    with OurServer(tmp_path, "--conf", conf) as server, server.wire() as wire:
        wire.call("SET", "a", "1")
        wire.call("NOSUCH")
        url = f"http://127.0.0.1:{port}/metrics"
        with urllib.request.urlopen(url, timeout=5) as answer:
            text = answer.read().decode()
        assert 'hunch_kvstore_commands_total{command="set"} 1\n' in text
        assert 'hunch_kvstore_errors_total{code="ERR"} 1\n' in text
        assert "# TYPE hunch_kvstore_store_log_bytes gauge\n" in text
        assert 'hunch_kvstore_log_sync_seconds_bucket{le="+Inf"} 1\n' in text
        assert "hunch_kvstore_log_sync_seconds_count 1\n" in text
        families = metric_families(text)
        names = {name for name, _ in families}
        assert len(names) == len(families)
        assert all(documentation for _, documentation in families)
        assert {
            f"hunch_kvstore_{name}"
            for name in ("commands", "errors", "clients", "disk_free_bytes")
        } | {
            f"hunch_kvstore_store_{name}"
            for name in ("log_bytes", "last_sync_s", "segments")
        } <= names
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5)
        refused.value.close()
        assert refused.value.code == 404
        assert wire.call("PING") == b"+PONG"


def test_expired_keys_go_without_being_asked_for(server):
    with server.wire() as wire:
        wire.pipeline(
            [["SET", f"k{number}", "x", "PX", "150"] for number in range(300)]
        )
        wire.call("SET", "stays", "x")
        deadline = time.monotonic() + 10
        while wire.call("DBSIZE") != b":1":
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert b"expired_keys:300\r\n" in wire.call("INFO", "stats")


def test_few_descriptors_mean_few_clients_and_no_busy_loop(tmp_path):
    limit = "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (560, 560)); "
    server = OurServer(tmp_path)
    words = server.command()[1:]
    words[:2] = ["-c", limit + "from hunch_kvstore.cli import main; main()"]
    server.command = lambda: [sys.executable, *words]
    with server:
        assert "fewer clients than asked for" in server.log.read_text()
        with server.wire() as wire:
            assert wire.call("CONFIG", "GET", "maxclients")[2] == b"$48"
            others = [server.wire() for _ in range(60)]
            refused = [other.read() for other in others[47:]]
            assert refused == [b"-ERR max number of clients reached"] * 13
            assert wire.call("PING") == b"+PONG"
            for other in others:
                other.close()


def test_a_backup_steps_back_before_it_loads_and_loads_no_server(tmp_path):
    """Beside a server at work each tenth of a second of processor is its clients'."""
    program = """
import os, sys
nice, found = os.nice, []
os.nice = lambda more: found.append("hunch_kvstore.engine" in sys.modules) or nice(more)
from hunch_kvstore.cli import main
status = main(["backup", "--data", sys.argv[1], sys.argv[1] + "-copy"])
print(status, found, "hunch_kvstore.server.core" in sys.modules, nice(0) >= 19)
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "none")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "1 [False] False True\n"
    assert "holds no store" in done.stderr
