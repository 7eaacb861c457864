"""Starts supervisord, watches its parts come up, and stops them again."""

from __future__ import annotations

import ctypes
import http.client
import pathlib
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
import xmlrpc.client
from collections.abc import Iterator
from typing import Any, cast

from supervisor.xmlrpc import SupervisorTransport

from layout import Layout
from parts import supervisor_config

_PR_SET_PDEATHSIG = 1
# The supervisor goes on trying; whoever waits for a start hears of it after these.
_TRIES = 3


class Failed(Exception):  # noqa: N818 - the outcome of a start
    """A part does not come up; the text says which and shows its last words."""


class Supervision:
    """One supervisord with all parts of a site."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start supervisord; its parts follow by themselves."""
        path = self._layout.run / "supervisord.conf"
        path.write_text(supervisor_config(self._layout), encoding="utf-8")
        # WHY a session of its own: Ctrl-C goes to the whole foreground group, and the
        # parts shall hear of it from the supervisor alone, in their order.
        self._process = subprocess.Popen(
            [sys.executable, "-m", "supervisor.supervisord", "-c", str(path)],
            start_new_session=True,
            preexec_fn=_die_with_parent,  # noqa: PLW1509 - one thread here
            stdin=subprocess.DEVNULL,
        )

    def wait_ready(self, timeout_s: float) -> Iterator[str]:
        """Yield the names of parts as they come up; end when the site answers.

        Raises:
            Failed: If a part gives up, or the time is over.
        """
        deadline = time.monotonic() + timeout_s
        seen: set[str] = set()
        tries: dict[str, set[int]] = {}
        while time.monotonic() < deadline:
            if self._process is not None and self._process.poll() is not None:
                raise Failed(self._words("supervisor", "the supervisor ended"))
            for info in self._states():
                name, state = info["name"], info["statename"]
                if state == "BACKOFF":
                    tries.setdefault(name, set()).add(info["start"])
                if state == "FATAL" or len(tries.get(name, ())) >= _TRIES:
                    raise Failed(self._words(name, f"{name} does not start"))
                if state == "RUNNING" and name not in seen:
                    seen.add(name)
                    yield name
            if self._answers():
                return
            time.sleep(0.05)
        raise Failed(f"the site did not answer within {timeout_s:.0f} s")

    def wait_end(self) -> int:
        """Wait until supervisord ends; returns its exit code."""
        assert self._process is not None
        return self._process.wait()

    def stop(self) -> None:
        """Stop every part in order and wait for the last one."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _states(self) -> list[dict[str, Any]]:
        # WHY a new transport each time: after one refused connect it stays unusable.
        socket = f"unix://{self._layout.run / 'supervisor.sock'}"
        transport = cast("Any", SupervisorTransport(None, None, socket))
        try:
            rpc = xmlrpc.client.ServerProxy("http://supervisor", transport=transport)
            return cast("list[dict[str, Any]]", rpc.supervisor.getAllProcessInfo())
        except (OSError, http.client.HTTPException, xmlrpc.client.Error):
            return []
        finally:
            transport.close()

    def _answers(self) -> bool:
        host = "127.0.0.1" if self._layout.bind == "0.0.0.0" else self._layout.bind  # noqa: S104
        url = f"http://{host}:{self._layout.port}/readyz"
        try:
            with urllib.request.urlopen(url, timeout=2) as reply:
                return bool(reply.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def _words(self, name: str, what: str) -> str:
        log = self._layout.log / f"{name}.log"
        return f"{what}; the end of {log}:\n{_tail(log)}"


def _tail(path: pathlib.Path, lines: int = 12) -> str:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "    (nothing was written)"
    return "\n".join(f"    {line}" for line in text.splitlines()[-lines:])


def _die_with_parent() -> None:
    """Ask the kernel for a SIGTERM when the process that started us is gone."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
