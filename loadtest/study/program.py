"""A program under the harness: started, and certainly stopped."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path


class StartError(Exception):
    """A program did not start; the message says which, and what it last said."""


def guard(number: str) -> list[str]:
    """Return what makes a command get a signal when we end, even if we are killed."""
    return ["setpriv", "--pdeathsig", number, "--"] if shutil.which("setpriv") else []


class Program:
    """A program in a session of its own.

    WHY a session: lighttpd ends its whole process group when it is told to stop, and we
    end whatever is left in a group when its leader is gone.

    Args:
        name: What messages call it.
        command: The program and its arguments.
        log: Where what it says goes.
        environ: Variables on top of ours.
        folder: Where it runs.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        log: Path,
        *,
        environ: Mapping[str, str] | None = None,
        folder: Path | None = None,
    ) -> None:
        self.name = name
        self.log = log
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                [*guard("TERM"), *command],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                cwd=folder,
                env={**os.environ, **(environ or {})},
                start_new_session=True,
            )
        self.pid = self._process.pid

    @property
    def runs(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def last_words(self) -> str:
        """Return the end of what it said."""
        return self.log.read_text(errors="replace")[-800:].strip()

    def stop(self, patience_s: float = 6.0) -> None:
        """Stop it and everything it started."""
        self._process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(patience_s)
        self.kill()
        self.wait()

    def kill(self) -> None:
        """End it and everything it started, and do not wait."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    def wait(self) -> None:
        """Wait for its end."""
        self._process.wait()


def kill_all(programs: Sequence[Program]) -> None:
    """End programs and everything that they started at once, without asking.

    PERF: a polite end of two programs took 0.2 s, a minute of a study. 2026-11.
    """
    for program in programs:
        program.kill()
    for program in programs:
        program.wait()


def until(condition: Callable[[], bool], timeout_s: float) -> bool:
    """Poll until `condition` is true; return whether it came true in time."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False


def free_port() -> int:
    """Return a port of the loopback address that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
