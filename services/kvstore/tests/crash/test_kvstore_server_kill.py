"""SIGKILL of the whole server under eight writers, each with MULTI … EXEC."""

import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

CYCLES = int(os.environ.get("KVSTORE_SERVER_CYCLES", "3"))
WRITERS = 8
READY_S = 15


class Server:
    """A server process on a unix socket."""

    def __init__(self, folder, sync):
        self.address = str(folder / "s")
        self.words = [
            sys.executable,
            "-m",
            "hunch_kvstore",
            "serve",
            "--data",
            str(folder / "data"),
            "--bind",
            f"unix:{self.address}",
            "--sync",
            sync,
        ]
        self.log = (folder / "log").open("ab")
        self.process = None

    def start(self):
        """Return the seconds it took to be ready."""
        began = time.monotonic()
        self.process = subprocess.Popen(
            self.words, stdout=self.log, stderr=subprocess.STDOUT
        )
        while True:
            try:
                with Client(self.address) as client:
                    if client.call("PING") == b"+PONG":
                        return time.monotonic() - began
            except OSError:
                assert self.process.poll() is None, "the server did not start"
                assert time.monotonic() - began < READY_S
                time.sleep(0.01)

    def kill(self):
        self.process.kill()
        self.process.wait()


class Client:
    """As much of the protocol as these tests speak."""

    def __init__(self, address):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(10)
        try:
            self.socket.connect(address)
        except OSError:
            self.socket.close()
            raise
        self.file = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        self.socket.close()

    def send(self, *commands):
        data = b""
        for command in commands:
            words = [str(word).encode() for word in command]
            data += b"*%d\r\n" % len(words)
            data += b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)
        self.socket.sendall(data)

    def reply(self):
        line = self.file.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("cut off")
        line = line[:-2]
        if line[:1] == b"$":
            size = int(line[1:])
            return None if size < 0 else self.file.read(size + 2)[:-2]
        if line[:1] == b"*":
            return [self.reply() for _ in range(int(line[1:]))]
        return line

    def call(self, *command):
        self.send(command)
        return self.reply()


class Writer(threading.Thread):
    """Counts up in three keys at once until the server is gone."""

    def __init__(self, address, number, last):
        super().__init__()
        self.address, self.number, self.acked = address, number, last

    def run(self):
        try:
            with Client(self.address) as client:
                while True:
                    self.step(client, self.acked + 1)
                    self.acked += 1
        except OSError:
            pass

    def step(self, client, value):
        name = f"w{self.number}"
        client.send(
            ("MULTI",),
            ("SET", f"{name}:a", value),
            ("HSET", f"{name}:h", "field", value),
            ("INCR", f"{name}:n"),
            ("ZADD", f"{name}:z", value, f"member{value % 10}"),
            ("EXEC",),
        )
        replies = [client.reply() for _ in range(6)]
        assert isinstance(replies[-1], list), replies
        assert replies[-1][2] == b":%d" % value


@pytest.mark.parametrize("sync", ["always", "everysec"])
def test_kill_under_eight_writers(sync):
    folder = Path(tempfile.mkdtemp(prefix="kill-", dir="/tmp"))  # short for the socket
    server = Server(folder, sync)
    rng = random.Random(sync)
    acked = [0] * WRITERS
    try:
        server.start()
        for _ in range(CYCLES):
            writers = [
                Writer(server.address, number, acked[number])
                for number in range(WRITERS)
            ]
            for writer in writers:
                writer.start()
            deadline = time.monotonic() + READY_S  # a busy machine may take a while
            while all(writer.acked == acked[writer.number] for writer in writers):
                assert time.monotonic() < deadline
                time.sleep(0.001)
            time.sleep(rng.uniform(0, 0.35))
            server.kill()
            for writer in writers:
                writer.join()
            assert server.start() < READY_S
            with Client(server.address) as client:
                for writer in writers:
                    acked[writer.number] = found = verify(client, writer)
                    assert found in (writer.acked, writer.acked + 1)
        server.process.terminate()
        assert server.process.wait(timeout=15) == 0
    finally:
        if server.process is not None and server.process.poll() is None:
            server.kill()
        server.log.close()
        shutil.rmtree(folder)


def verify(client, writer):
    """All that one EXEC wrote is there, or none of it; return the counter."""
    name = f"w{writer.number}"
    found = int(client.call("GET", f"{name}:n") or 0)
    if found:
        text = b"%d" % found
        assert client.call("GET", f"{name}:a") == text
        assert client.call("HGET", f"{name}:h", "field") == text
        newest = client.call("ZREVRANGE", f"{name}:z", 0, 0, "WITHSCORES")
        assert newest == [b"member%d" % (found % 10), text]
        assert client.call("ZCARD", f"{name}:z") == b":%d" % min(found, 10)
    return found
