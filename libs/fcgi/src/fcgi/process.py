"""Forking, and what a parent and its children owe each other."""

import contextlib
import ctypes
import logging
import os
import signal
import sys
from collections.abc import Callable, Iterator
from typing import Final

log = logging.getLogger("fcgi")

_PR_SET_PDEATHSIG: Final = 1
HEARD: Final = frozenset(
    {
        signal.SIGTERM,
        signal.SIGINT,
        signal.SIGQUIT,
        signal.SIGHUP,
        signal.SIGTTIN,
        signal.SIGTTOU,
        signal.SIGCHLD,
    }
)
"""What a parent waits for. WHY waiting instead of handlers: a blocked signal stays
pending until it is taken, so none can be missed between two looks."""


@contextlib.contextmanager
def hearing() -> Iterator[None]:
    """Hold back the signals in `HEARD`, for `wait_signal` to take."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, HEARD)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def wait_signal(timeout_s: float) -> int:
    """Wait for one of `HEARD` and return its number; 0 if none came in time."""
    info = signal.sigtimedwait(HEARD, timeout_s)
    return info.si_signo if info is not None else 0


def fork(main: Callable[[], int]) -> int:
    """Run `main` in a child and return its process id.

    The child dies when its parent does, ignores the terminal's Ctrl-C (the parent
    passes on what it means), and never returns from here.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    parent = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    status = 70
    try:
        _die_with(parent)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        status = main()
    except KeyboardInterrupt:
        status = 130
    except SystemExit as leave:
        status = leave.code if isinstance(leave.code, int) else 1
    except BaseException:
        log.exception("process %d failed", os.getpid())
    finally:
        with contextlib.suppress(Exception):
            logging.shutdown()
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


def _die_with(parent: int) -> None:
    """Ask the kernel for SIGTERM when the parent ends, however it ends."""
    with contextlib.suppress(AttributeError, OSError):  # Linux only
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        os._exit(0)


def reap() -> Iterator[tuple[int, int]]:
    """Yield process id and exit code (negative: signal) of children that ended."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        yield pid, os.waitstatus_to_exitcode(status)


def send_signal(pid: int, number: int) -> None:
    """Signal a child; one that is gone does not mind."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
