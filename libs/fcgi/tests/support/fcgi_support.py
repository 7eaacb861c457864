"""Real servers and edges for the tests of this member."""

import contextlib
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from fcgi.client import Client

HERE = Path(__file__).parent.parent


def wait_until(condition: Callable[[], object], timeout_s: float = 10.0) -> object:
    """Poll until `condition` is true; fail the test if that takes too long."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.01)
    pytest.fail(f"did not come true within {timeout_s} s: {condition}")


class Server:
    """A real server process."""

    def __init__(self, folder: Path, app: str, *args: str, bind: str | None) -> None:
        self.bind = bind or f"unix:{folder / 'app.sock'}"
        self.log = folder / f"server{len(list(folder.glob('server*')))}.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "fcgi", app, "--bind", self.bind,
                 "--chdir", str(HERE / "apps"), *args],
                stdout=log, stderr=log,
            )  # fmt: skip

    def wait(self) -> "Server":
        def up() -> bool:
            if self.process.poll() is not None:
                pytest.fail(f"server left: {self.log.read_text()}")
            return " x " in self.log.read_text() or self._answers()

        wait_until(up)
        return self

    def _answers(self) -> bool:
        with contextlib.suppress(Exception), Client(self.bind, timeout_s=2) as client:
            client.get("/")
            return True
        return False

    def client(self, **options: object) -> Client:
        return Client(self.bind, **options)  # type: ignore[arg-type]

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def stop(self, timeout_s: float = 15) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise


class Edge:
    """A real lighttpd in front of a FastCGI application."""

    def __init__(
        self, folder: Path, backend: str, bin_path: Path | None = None, mode: str = ""
    ) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        conf = folder / "lighttpd.conf"
        mode = f'"mode" => "{mode}",' if mode else ""
        spawn = f'"bin-path" => "{bin_path}", "max-procs" => 1,' if bin_path else ""
        path = backend.removeprefix("unix:")
        conf.write_text(
            f"""
server.document-root = "{folder}"
server.bind = "127.0.0.1"
server.port = {self.port}
server.modules = ( "mod_fastcgi" )
server.errorlog = "{folder}/edge.log"
server.max-fds = 8192
server.max-connections = 4096
fastcgi.server = ( "/" => (( "socket" => "{path}", "check-local" => "disable",
    {spawn} {mode}
    "fix-root-scriptname" => "enable", "disable-time" => 0,
    "x-sendfile" => "enable", "x-sendfile-docroot" => ("{HERE}/") )) )
"""
        )
        self.log = folder / "edge.log"
        # lighttpd signals its whole process group when it stops: give it its own.
        self.process = subprocess.Popen(
            [shutil.which("lighttpd") or "/usr/sbin/lighttpd", "-D", "-f", str(conf)],
            start_new_session=True,
        )
        wait_until(self._is_up)

    def _is_up(self) -> bool:
        with contextlib.suppress(OSError), self.connect():
            return True
        return False

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), 5)

    def raw(self, request: bytes) -> bytes:
        """Send bytes of an HTTP request and return all that comes back."""
        with self.connect() as sock:
            sock.sendall(request)
            out = b""
            while data := sock.recv(65536):
                out += data
        return out

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)
