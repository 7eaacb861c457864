"""A whole site as `make run` starts it, on ports of the kernel's choice."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import xmlrpc.client
from collections.abc import Callable, Mapping
from typing import Any

from supervisor.xmlrpc import SupervisorTransport

ROOT = pathlib.Path(__file__).resolve().parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def eventually(condition: Callable[[], Any], timeout_s: float = 30.0) -> Any:
    """Return the first true value of a condition; fail when the time is over."""
    deadline = time.monotonic() + timeout_s
    last: object = None
    while time.monotonic() < deadline:
        try:
            if last := condition():
                return last
        except (OSError, AssertionError, ValueError) as error:
            last = error
        time.sleep(0.05)
    raise AssertionError(f"did not come true within {timeout_s} s; last: {last!r}")


class Reply:
    """Status, headers and body of an answer, whatever its status."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


_opener = urllib.request.build_opener(_NoRedirect)


def get(url: str, **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, headers=named)
    try:
        with _opener.open(request, timeout=15) as reply:
            return Reply(reply.status, reply.headers, reply.read())
    except urllib.error.HTTPError as error:
        with error:
            return Reply(error.code, error.headers, error.read())


class Site:
    """One running copy; `start` may be called again after `stop`."""

    def __init__(self, data: pathlib.Path, config: pathlib.Path | None = None) -> None:
        self.data = data
        self.config = config
        self.port = free_port()
        self.process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        command = [
            sys.executable,
            str(ROOT / "infra" / "local"),
            "--port",
            str(self.port),
        ]
        command += ["--data", str(self.data)]
        return command + (["--config", str(self.config)] if self.config else [])

    def start(self) -> float:
        """Start and wait until ready; returns the seconds it took."""
        began = time.monotonic()
        self.process = subprocess.Popen(
            self.command(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert self.process.stdout is not None
        said: list[str] = []
        for line in self.process.stdout:
            said.append(line)
            if line.startswith("ready in"):
                return time.monotonic() - began
        raise AssertionError("the site did not start:\n" + "".join(said) + self.logs())

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Stop it as a person would, and return its exit code."""
        assert self.process is not None
        assert self.process.stdout is not None
        self.process.send_signal(how)
        code = self.process.wait(timeout=60)
        self.process.stdout.close()
        self.process = None
        return code

    def get(self, path: str, **headers: str) -> Reply:
        return get(self.url + path, **headers)

    def pid(self, part: str) -> int:
        with self._rpc() as rpc:
            info = rpc.supervisor.getProcessInfo(part)
        return int(info["pid"]) if info["statename"] == "RUNNING" else 0

    def version(self) -> str:
        """Validator of the front page: changes with every change of the stream."""
        return str(self.get("/.json").headers["ETag"])

    def items(self) -> list[dict[str, Any]]:
        """Every item of the stream, by following next_url."""
        found: list[dict[str, Any]] = []
        path: str | None = "/.json"
        while path:
            page = self.get(path).json
            found += page["items"]
            following = page.get("next_url")
            path = re.sub(r"^https?://[^/]+", "", following) if following else None
        return found

    def settled(self) -> list[dict[str, Any]]:
        """Every item, once the first synchronisation is over, pictures included."""
        eventually(self._all_well, timeout_s=90)
        versions: list[str] = []

        def still() -> bool:
            versions.append(self.version())
            time.sleep(0.2)
            return len(versions) > 15 and len(set(versions[-15:])) == 1

        eventually(still, timeout_s=90)
        return self.items()

    def _all_well(self) -> bool:
        sources = self.get("/sources.json").json["sources"]
        return len(sources) == 12 and all(s["tone"] == "well" for s in sources)

    def processes(self) -> list[int]:
        """Every process that belongs to this copy, found by its data folder."""
        mark = os.fsencode(self.data)
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != os.getpid():
                with contextlib.suppress(OSError):
                    said = (entry / "cmdline").read_bytes() + (
                        entry / "environ"
                    ).read_bytes()
                    if mark in said:
                        found.append(int(entry.name))
        return found

    def logs(self) -> str:
        paths = sorted((self.data / "log").glob("*.log"))
        return "\n".join(f"== {p.name}\n{p.read_text()[-3000:]}" for p in paths)

    @contextlib.contextmanager
    def _rpc(self) -> Any:
        transport: Any = SupervisorTransport(
            None, None, f"unix://{self.data}/run/supervisor.sock"
        )
        with xmlrpc.client.ServerProxy("http://x", transport=transport) as proxy:
            yield proxy
        transport.close()
