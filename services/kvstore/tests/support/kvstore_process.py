"""Real server processes for tests: ours and Debian's redis-server."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from kvstore_wire import Wire

WAIT_S = 20.0


class Process:
    """A server in a folder of its own, listening on a unix socket there."""

    def __init__(self, folder: Path):
        self.folder = Path(folder)
        self.socket = self.folder / "s.sock"
        self.log = self.folder / "server.log"
        self.process = None

    def command(self):
        raise NotImplementedError

    def start(self):
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command(), stdout=log, stderr=subprocess.STDOUT
            )
        deadline = time.monotonic() + WAIT_S
        while True:
            try:
                with Wire(self.socket, 5) as wire:
                    wire.call("PING")
                return self
            except (OSError, EOFError):
                if self.process.poll() is None and time.monotonic() < deadline:
                    time.sleep(0.02)
                    continue
                self.kill()
                pytest.fail(f"did not start: {self.log.read_text()}")

    def wire(self, timeout_s=20.0):
        return Wire(self.socket, timeout_s)

    def stop(self):
        if self.process is None:
            return 0
        self.process.terminate()
        status = self.process.wait(WAIT_S)
        self.process = None
        return status

    def kill(self):
        self.process.kill()
        self.process.wait(WAIT_S)
        self.process = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        if self.process is not None:
            self.process.kill()
            self.process.wait(WAIT_S)
            self.process = None


class OurServer(Process):
    """hunch-kvstore."""

    def __init__(self, folder, *options):
        super().__init__(folder)
        self.options = options

    def command(self):
        return [
            *(sys.executable, "-m", "hunch_kvstore", "serve"),
            *("--data", str(self.folder / "data"), "--bind", f"unix:{self.socket}"),
            *map(str, self.options),
        ]

    def configure(self, *lines):
        """Give it a conf file of these lines."""
        conf = self.folder / "kvstore.conf"
        conf.write_text("".join(line + "\n" for line in lines))
        self.options = (*self.options, "--conf", conf)
        return self

    def events(self):
        """What it has logged so far."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def port(self):
        """Where it listens on TCP, when bound to 127.0.0.1:0."""
        ready = next(line for line in self.events() if line["event"] == "ready")
        return int(ready["listening"][-1].rpartition(":")[2])


class RedisServer(Process):
    """Debian's redis-server, in memory only."""

    def __init__(self, folder, port=0):
        super().__init__(folder)
        self.tcp_port = port  # 0: the unix socket alone

    def command(self):
        found = shutil.which("redis-server")
        if found is None:
            pytest.skip("redis-server is not installed")
        return [
            *(found, "--port", str(self.tcp_port), "--unixsocket", str(self.socket)),
            *("--save", "", "--appendonly", "no", "--dir", str(self.folder)),
            *("--enable-debug-command", "yes", "--slowlog-log-slower-than", "-1"),
        ]
