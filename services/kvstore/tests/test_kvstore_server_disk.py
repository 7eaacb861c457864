"""Disks that are full or broken, seen by a client: no false word, and reads go on."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from kvstore_process import OurServer

SHIM = Path(__file__).parent / "crash" / "faulty_disk.c"


@pytest.fixture
def small_disk(tmp_path):
    if os.geteuid() or shutil.which("mount") is None:
        pytest.skip("only root can mount a small disk")
    place = tmp_path / "disk"
    place.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(place)]
    if subprocess.run(words, check=False, capture_output=True).returncode:
        pytest.skip("no tmpfs can be mounted here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.mark.parametrize("sync", ["always", "everysec"])
def test_a_full_disk_refuses_writes_serves_reads_and_recovers(small_disk, sync):
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(2_000_000))
    with OurServer(small_disk, "--sync", sync).configure(
        "memory-table 512kb"
    ) as server:
        with server.wire() as wire:
            acknowledged = {}
            refused = never = b""
            for start in range(0, 20_000, 50):
                values = {f"k{start + n}": os.urandom(1000) for n in range(50)}
                replies = wire.pipeline([["SET", *pair] for pair in values.items()])
                for (key, value), reply in zip(values.items(), replies, strict=True):
                    if reply == b"+OK":
                        acknowledged[key] = value
                    else:
                        refused = reply
                        never = key
                if refused:
                    break
            assert refused.startswith(b"-MISCONF The store takes no writes now: ")
            assert wire.call("EXISTS", never) == b":0"
            keys = list(acknowledged)
            assert wire.call("MGET", *keys)[1:] == tuple(
                b"$" + value for value in acknowledged.values()
            )
            # A log begun meanwhile gives a little room again: fill that too.
            pipeline = [
                ["MULTI"],
                ["SET", "back", os.urandom(4000)],
                ["GET", keys[0]],
                ["EXEC"],
                ["INFO", "persistence"],
            ]
            deadline = time.monotonic() + 60  # a sync for each, on whatever disk
            while isinstance((replies := wire.pipeline(pipeline))[-2], tuple):
                assert time.monotonic() < deadline
            assert replies[-2].startswith(b"-MISCONF")
            assert b"aof_last_write_status:err" in replies[-1]

            ballast.unlink()
            deadline = time.monotonic() + 5
            while (reply := wire.call("SET", "back", "again")) != b"+OK":
                assert reply.startswith(b"-MISCONF")
                assert time.monotonic() < deadline
                time.sleep(0.02)
        server.kill()
        server.start()
        with server.wire() as wire:
            assert wire.call("DBSIZE") == b":%d" % (len(acknowledged) + 1)
            assert wire.call("MGET", *keys)[1:] == tuple(
                b"$" + value for value in acknowledged.values()
            )


@pytest.fixture(scope="module")
def shim(tmp_path_factory):
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("needs a C compiler")
    library = tmp_path_factory.mktemp("shim") / "faulty_disk.so"
    words = [compiler, "-O1", "-shared", "-fPIC", "-o", str(library), str(SHIM), "-ldl"]
    subprocess.run(words, check=True)
    return library


@pytest.mark.parametrize("call", [25, 26, 41])
def test_after_a_failed_write_nothing_is_acknowledged_and_it_ends(
    tmp_path, shim, call, monkeypatch
):
    data = tmp_path / "data"
    log = tmp_path / "fault"
    with monkeypatch.context() as patch:
        patch.setenv("LD_PRELOAD", str(shim))
        patch.setenv("FAULT_FOLDER", str(data))
        patch.setenv("FAULT_AT", str(call))
        patch.setenv("FAULT_LOG", str(log))
        server = OurServer(tmp_path, "--sync", "always")
        server.start()
    try:
        fail_and_come_back(server, log)
    finally:
        if server.process is not None:
            server.kill()


def fail_and_come_back(server, log):
    with server.wire() as wire:
        acknowledged = []
        for number in range(1000):
            reply = wire.call("SET", f"k{number}", number)
            if reply != b"+OK":
                break
            acknowledged.append(number)
        assert log.exists()
        assert reply.startswith(b"-MISCONF The store takes no writes now: ")
        assert wire.call("SET", "more", "1").startswith(b"-MISCONF")
        assert wire.call("GET", "k0") == b"$0"
        assert server.process.wait(2) == 1
        assert '"disk failure"' in server.log.read_text()
    server.start()
    with server.wire() as again:
        for number in acknowledged:
            assert again.call("GET", f"k{number}") == b"$%d" % number
