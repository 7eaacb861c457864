"""What befalls a server while clients work: kills, pauses, deaf nets, jumping clocks."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from kvstore_process import OurServer
from kvstore_wire import Wire

CLONE_NEWNET = 0x40000000
YEAR_S = 365 * 86400


def wait_for(history, progress):
    """Wait until the clients have begun so many operations."""
    deadline = time.monotonic() + 60
    while history.progress < progress:
        assert time.monotonic() < deadline, "the clients stand still"
        time.sleep(0.001)


def points(history, count):
    """Yield `count` times, evenly over the history."""
    for number in range(1, count + 1):
        wait_for(history, history.operations * number // (count + 1))
        yield number


class Plain:
    """Nothing happens.

    Attributes:
        leaves_in_doubt: Whether some commands get no answer.
        pace_s: How long a client rests, so that clients are not through before what
            takes a while has begun.
    """

    leaves_in_doubt = False
    pace_s = 0.0

    def __init__(self, folder, *options):
        self.server = self.make(folder, *options)

    def make(self, folder, *options):
        return OurServer(folder, *options)

    def connect(self):
        return self.server.wire(10)

    def enter(self):
        pass

    def disturb(self, history):
        pass

    def over(self):
        pass


class Kill(Plain):
    """SIGKILL and a new start, twice."""

    leaves_in_doubt = True

    def disturb(self, history):
        for _ in points(history, 2):
            self.server.kill()
            self.server.start()


class Pause(Plain):
    """SIGSTOP for longer than clients wait, then SIGCONT."""

    leaves_in_doubt = True

    def connect(self):
        return self.server.wire(0.2)

    def disturb(self, history):
        for _ in points(history, 2):
            self.server.process.send_signal(signal.SIGSTOP)
            time.sleep(0.3)
            self.server.process.send_signal(signal.SIGCONT)


class HalfOpen(Plain):
    """Clients that go away without a word; the server keeps their connections."""

    leaves_in_doubt = True

    def __init__(self, folder, *options):
        super().__init__(folder, *options)
        self.abandoned = []
        self.due = 0

    def connect(self):
        return Abandonable(self.server.wire(10), self)

    def disturb(self, history):
        for _ in points(history, 3):
            self.due = 4  # that many commands are sent, and nobody reads the answer

    def over(self):
        for wire in self.abandoned:
            wire.close()


class Abandonable:
    """A connection whose client may forget it after sending a command."""

    def __init__(self, wire, nemesis):
        self.wire = wire
        self.nemesis = nemesis

    def close(self):
        if self.wire is not None:
            self.wire.close()

    def call(self, *words):
        return self.pipeline([words])[0]

    def pipeline(self, commands):
        nemesis = self.nemesis
        if nemesis.due > 0 and commands[0][0] != "HELLO":
            nemesis.due -= 1
            for words in commands:
                self.wire.send(*words)
            nemesis.abandoned.append(self.wire)
            self.wire = None
            raise EOFError("left without a word")
        return self.wire.pipeline(commands)


class ClockJump(Plain):
    """The wall clock goes a year ahead, and two back."""

    def make(self, folder, *options):
        library = faketime_library()
        self.clock = Path(folder) / "clock"
        self.clock.write_text("+0s")
        return Shifted(library, self.clock, folder, *options)

    def shift(self, seconds):
        self.clock.write_text(f"{seconds:+d}s")

    def disturb(self, history):
        for number in points(history, 3):
            self.shift((YEAR_S, -YEAR_S, 0)[number - 1])


class Shifted(OurServer):
    """A server whose wall clock is told by a file."""

    def __init__(self, library, clock, folder, *options):
        super().__init__(folder, *options)
        self.environ = {
            "LD_PRELOAD": library,
            "FAKETIME_TIMESTAMP_FILE": str(clock),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def command(self):
        words = [f"{name}={value}" for name, value in self.environ.items()]
        return ["env", *words, *super().command()]


def faketime_library():
    for found in Path("/usr/lib").glob("*/faketime/libfaketime.so.1"):
        return str(found)
    pytest.skip("libfaketime is not installed")


class Lossy(Plain):
    """A net of its own, in which one packet in a hundred is lost."""

    pace_s = 0.004
    RULE = "numgen random mod 100 < 1 drop"

    def make(self, folder, *options):
        if os.geteuid() or not all(map(shutil.which, ("unshare", "nft", "ip"))):
            pytest.skip("needs root, unshare, ip and nft to make a net of its own")
        self.rules = Path(folder) / "rules.nft"
        return InOwnNet(folder, *options)

    def connect(self):
        return Wire(("127.0.0.1", self.port), self.timeout_s)

    timeout_s = 10

    def enter(self):
        """Let this thread's next sockets be in the server's net."""
        with Path(f"/proc/{self.server.process.pid}/ns/net").open("rb") as net:
            libc = ctypes.CDLL(None, use_errno=True)
            if libc.setns(net.fileno(), CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")

    def rule(self, text):
        """Drop packets that come in; "" for none."""
        self.rules.write_text(
            "table inet t\ndelete table inet t\ntable inet t {\nchain c {\n"
            f"type filter hook input priority 0; policy accept;\n{text}\n}}\n}}\n"
        )
        done = subprocess.run(
            [
                *("nsenter", "--net", "-t", str(self.server.process.pid)),
                *("nft", "-f", str(self.rules)),
            ],
            check=False,
            capture_output=True,
            text=True,
        )
        if "Could not process rule" in done.stderr:
            pytest.skip(f"this kernel drops no packets at random: {done.stderr}")
        assert done.returncode == 0, done.stderr

    @property
    def port(self):
        return self.server.port()

    def disturb(self, history):
        self.rule(self.RULE)


class Deaf(Lossy):
    """Twice the answers do not arrive for a while, though the commands do."""

    leaves_in_doubt = True

    timeout_s = 0.25

    def disturb(self, history):
        for _ in points(history, 2):
            self.rule(f"tcp sport {self.port} drop")
            time.sleep(0.5)
            self.rule("")


class InOwnNet(OurServer):
    """A server in a network namespace that has only loopback."""

    def __init__(self, folder, *options):
        super().__init__(folder, "--bind", "127.0.0.1:0", *options)

    def command(self):
        script = 'ip link set lo up && exec "$@"'
        return ["unshare", "--net", "sh", "-c", script, "sh", *super().command()]


NEMESES = [Plain, Kill, Pause, HalfOpen, ClockJump, Lossy, Deaf]
