"""The servers that are measured: ours and redis-server, each in a folder of its own."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

WAIT_S = 60.0
AT_ONCE = 500  # commands sent before their replies are read


class Server:
    """A server process on a unix socket.

    Attributes:
        name: "ours", or what the peer is.
        folder: With its data.
    """

    def __init__(self, name: str, folder: Path, command: Sequence[str]) -> None:
        folder.mkdir(parents=True)
        self.name = name
        self.folder = folder
        self.socket = folder / "s.sock"
        self._words = [
            word.format(socket=self.socket, folder=folder) for word in command
        ]
        self.start()

    def start(self) -> float:
        """Start it; return after how many seconds it answered with its data."""
        self.socket.unlink(missing_ok=True)
        began = time.monotonic()
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(self._words, stdout=log, stderr=log)
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > began + WAIT_S:
                said = (self.folder / "log").read_text()
                raise SystemExit(f"{self.name} does not start: {said}")
            time.sleep(0.01)
        return time.monotonic() - began

    def _answers(self) -> bool:
        try:
            return self.ask("PING") == b"+PONG\r\n"
        except OSError:
            return False

    def ask(self, *words: str) -> bytes:
        """Send one command; return what came in one read."""
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(WAIT_S)
            sock.connect(str(self.socket))
            sock.sendall(pack(words))
            return sock.recv(1 << 20)

    def send(self, commands: Iterable[Sequence[str]]) -> None:
        """Send commands with one-line replies, none of which may be an error."""
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(WAIT_S)
            sock.connect(str(self.socket))
            some: list[bytes] = []
            for words in commands:
                some.append(pack(words))
                if len(some) == AT_ONCE:
                    self._exchange(sock, some)
                    some = []
            self._exchange(sock, some)

    def _exchange(self, sock: socket.socket, some: list[bytes]) -> None:
        if not some:
            return
        sock.sendall(b"".join(some))
        replies = b""
        missing = len(some)
        while missing > 0:
            data = sock.recv(1 << 16)
            if not data:
                raise OSError(f"{self.name} closed the connection")
            replies += data
            missing -= data.count(b"\n")
        if replies.startswith(b"-") or b"\n-" in replies:
            raise SystemExit(f"{self.name} answers {replies[:200]!r}")

    def seal(self) -> None:
        """Let ours put all it has into segments, and redis-server rewrite its log."""
        if self.ask("CONFIG", "GET", "appendonly").endswith(b"no\r\n"):
            return
        if self.name.startswith("ours"):
            self._settle()  # what is being sealed already
        self.ask("BGREWRITEAOF")
        self._settle()

    def _settle(self) -> None:
        """Wait until no rewriting, sealing or merging is under way."""
        calm = 0
        while calm < 5:
            info = self.ask("INFO", "persistence")
            is_busy = b"aof_rewrite_in_progress:1" in info or b"store_busy:1" in info
            calm = 0 if is_busy else calm + 1
            time.sleep(0.1)

    def cpu_s(self) -> float:
        """Return the CPU time its process has used."""
        text = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii")
        user, system = text.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def resident_bytes(self) -> int:
        """Return the memory its process holds."""
        text = Path(f"/proc/{self.process.pid}/statm").read_text(encoding="ascii")
        return int(text.split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def disk_bytes(self) -> int:
        """Return what its files take, without its own output."""
        return sum(
            path.stat().st_blocks * 512
            for path in self.folder.rglob("*")
            if path.is_file() and path.name != "log"
        )

    def kill(self) -> None:
        """End it as a crash would."""
        self.process.kill()
        self.process.wait(WAIT_S)

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        try:
            self.process.wait(WAIT_S)
        except subprocess.TimeoutExpired:
            self.kill()


def pack(words: Sequence[str]) -> bytes:
    """Return a command as RESP; the words are ASCII."""
    parts = [f"*{len(words)}\r\n"]
    parts += (f"${len(word)}\r\n{word}\r\n" for word in words)
    return "".join(parts).encode("ascii")


def ours(folder: Path, policy: str, setting: str = "") -> Server:
    """Start our store under a sync policy, perhaps with a line of `kvstore.conf`."""
    name = f"ours, {setting}" if setting else "ours"
    place = folder / name.replace(", ", "-").replace(" ", "-")
    conf = place.with_suffix(".conf")
    conf.write_text(f"{setting}\n", encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "hunch_kvstore",
        "serve",
        "--data",
        "{folder}/data",
    ]
    command += ["--bind", "unix:{socket}", "--sync", policy, "--conf", str(conf)]
    return Server(name, place, command)


def redis(folder: Path, policy: str) -> Server:
    """Start redis-server under a sync policy, or with none: all in memory."""
    command = ["redis-server", "--port", "0", "--unixsocket", "{socket}", "--save", ""]
    command += ["--dir", "{folder}", "--appendonly"]
    command += ["yes", "--appendfsync", policy] if policy else ["no"]
    name = f"redis-server appendfsync {policy}" if policy else "redis-server in memory"
    return Server(name, folder / (policy or "memory"), command)
