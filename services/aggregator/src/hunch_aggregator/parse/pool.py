"""A few parsing processes, lent to one job at a time and replaced on any trouble."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import threading
import time

import msgspec

from .entry import Answer, DocumentJob, Job, Parsed, Picture, PictureJob, Unreadable
from .wire import CPU_S, LENGTH

_WALL_S = 30.0
# LIMIT: libraries leak a little; a child is replaced after so many jobs.
_JOBS_PER_CHILD = 500
_LARGEST_ANSWER = 256 * 1024 * 1024
_REPAIR = "The source must repair its feed; it will be tried again."

_decoder = msgspec.msgpack.Decoder(Answer)
_encoder = msgspec.msgpack.Encoder()


class _Dead(Exception):  # noqa: N818 - says what the child is
    """The child did not answer; the reason is the message."""


class _Child:
    def __init__(self, cpu_s: int) -> None:
        self.jobs = 0
        self._cpu_s = cpu_s
        self._process = subprocess.Popen(
            [sys.executable, "-m", "hunch_aggregator.parse.child", str(cpu_s)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # WHY: Ctrl-C at the terminal is for the parent, who ends its children
            start_new_session=True,
            env={
                k: v
                for k, v in os.environ.items()
                if k in ("PATH", "LANG", "PYTHONPATH")
            },
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._in = self._process.stdin.fileno()
        self._out = self._process.stdout.fileno()
        os.set_blocking(self._in, False)
        os.set_blocking(self._out, False)

    @property
    def is_alive(self) -> bool:
        """Whether it can be given a job."""
        return self._process.poll() is None

    def ask(self, raw: bytes, wall_s: float) -> bytes:
        """Send a job and return the raw answer."""
        self.jobs += 1
        ends = time.monotonic() + wall_s
        unsent = memoryview(LENGTH.pack(len(raw)) + raw)
        got = bytearray()
        wanted: int | None = None
        with selectors.DefaultSelector() as selector:
            selector.register(self._in, selectors.EVENT_WRITE)
            selector.register(self._out, selectors.EVENT_READ)
            while wanted is None or len(got) < wanted:
                events = selector.select(max(0.0, ends - time.monotonic()))
                if not events:
                    msg = f"took longer than {wall_s:g} seconds"
                    raise _Dead(msg)
                for key, _mask in events:
                    if key.fd == self._in:
                        unsent = unsent[self._send(unsent) :]
                        if not unsent:
                            selector.unregister(self._in)
                        continue
                    piece = os.read(self._out, 1 << 20)
                    if not piece:
                        raise _Dead(self._end())
                    got += piece
                if wanted is None and len(got) >= LENGTH.size:
                    wanted = LENGTH.size + LENGTH.unpack_from(got)[0]
                    if wanted > _LARGEST_ANSWER:
                        msg = "gave an answer that is too large"
                        raise _Dead(msg)
        return bytes(got[LENGTH.size :])

    def _send(self, unsent: memoryview) -> int:
        try:
            return os.write(self._in, unsent[: 1 << 16])
        except BlockingIOError:
            return 0
        except BrokenPipeError as error:
            raise _Dead(self._end()) from error

    def _end(self) -> str:
        try:
            code = self._process.wait(2.0)
        except subprocess.TimeoutExpired:
            return "fell silent"
        if code in (-signal.SIGXCPU, -signal.SIGKILL):
            return f"took more than {self._cpu_s} seconds of computing"
        if code == 7:
            return "took too much memory"
        return "crashed the parser"

    def close(self) -> None:
        """End the process and take its leavings away."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


class ParsePool:
    """Parses in child processes. Thread-safe; a context manager.

    Args:
        size: How many children at most. They start when first needed.
        wall_s: How long one job may take by the clock.
        cpu_s: How many seconds of computing one job may take.
    """

    def __init__(
        self, size: int = 2, wall_s: float = _WALL_S, cpu_s: int = CPU_S
    ) -> None:
        self._turns = threading.Semaphore(size)
        self._lock = threading.Lock()
        self._idle: list[_Child] = []
        self._wall_s = wall_s
        self._cpu_s = cpu_s
        self._closed = False

    def __enter__(self) -> ParsePool:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def close(self) -> None:
        """End all children."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for child in idle:
            child.close()

    def parse(self, job: DocumentJob) -> Parsed:
        """Parse a document."""
        answer = self._do(job)
        assert not isinstance(answer, Picture)
        return answer

    def measure(self, job: PictureJob) -> Picture | Unreadable:
        """Find out what a picture is."""
        answer = self._do(job)
        assert isinstance(answer, (Picture, Unreadable))
        return answer

    def _borrow(self) -> _Child:
        with self._lock:
            child = self._idle.pop() if self._idle else None
        if child is not None and not child.is_alive:
            child.close()
            child = None
        return child or _Child(self._cpu_s)

    def _do(self, job: Job) -> Answer:
        raw = _encoder.encode(job)
        with self._turns:
            child = self._borrow()
            try:
                answer: Answer = _decoder.decode(child.ask(raw, self._wall_s))
            except _Dead as dead:
                child.close()
                return Unreadable(f"The document {dead}.", _REPAIR)
            except BaseException:
                child.close()
                raise
            with self._lock:
                if child.jobs < _JOBS_PER_CHILD and not self._closed:
                    self._idle.append(child)
                    return answer
            child.close()
            return answer
