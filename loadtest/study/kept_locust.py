"""The harness's side of `locust_ready`: one locust for all measurements."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from study.program import guard

Started = Callable[[int], None]


class GeneratorError(Exception):
    """A generator did not do its work; the message has what it said."""


class KeptLocust:
    """A process that has imported locust and forks for each measurement."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [*guard("TERM"), sys.executable, "-m", "study.locust_ready"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0,
            cwd=Path(__file__).resolve().parents[1], start_new_session=True,
        )  # fmt: skip
        if self._line(60) != "ready":
            self.close()
            raise GeneratorError("locust cannot be imported")

    @property
    def runs(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def run(
        self, arguments: Sequence[str], environ: Mapping[str, str], processes: int,
        limit_s: float, started: Started,
    ) -> str:  # fmt: skip
        """Run locust's command line in so many processes; return what they said."""
        assert self._process.stdin is not None
        with tempfile.NamedTemporaryFile(prefix="study") as said:
            order = {
                "arguments": ["locust", *arguments], "environ": dict(environ),
                "processes": processes, "said": said.name,
            }  # fmt: skip
            self._process.stdin.write(json.dumps(order).encode() + b"\n")
            self._process.stdin.flush()
            pid = int(self._line(20) or 0)
            started(pid)
            try:
                status = self._line(limit_s)
            finally:
                # Its own children, too: locust's other processes.
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(pid, signal.SIGKILL)
            text = Path(said.name).read_text(errors="replace")
        if not status:
            self.close()
            raise GeneratorError(f"locust did not end: {text[-800:]}")
        if status not in ("0", "1"):
            raise GeneratorError(f"locust failed: {text[-800:]}")
        return text

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def _line(self, limit_s: float) -> str:
        """Return the next line that it says; nothing if there is none in time."""
        out = self._process.stdout
        assert out is not None
        if not select.select([out], [], [], limit_s)[0]:
            return ""
        return out.readline().decode().strip()


_kept: list[KeptLocust] = []


def run(
    arguments: Sequence[str], environ: Mapping[str, str], processes: int,
    limit_s: float, started: Started,
) -> str:  # fmt: skip
    """Run locust's command line, forked from the process that is kept."""
    while _kept and not _kept[-1].runs:
        _kept.pop()
    if not _kept:
        _kept.append(KeptLocust())
        atexit.register(_kept[-1].close)
    return _kept[-1].run(arguments, environ, processes, limit_s, started)
