"""One loaded copy of the application, and the workers forked from it.

The parent of a server never imports the application: for each load of the code it
forks a generation, which imports it once and forks the workers, so they share its
memory. A reload is a new generation beside the old one, and an import that fails harms
nobody.
"""

import contextlib
import faulthandler
import gc
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass

from fcgi import models, process
from fcgi.address import Listener
from fcgi.errors import ConfigurationError
from fcgi.process import log
from fcgi.reload import Watch
from fcgi.scoreboard import Scoreboard
from fcgi.settings import Settings
from fcgi.worker import make_worker, serve_to_the_end
from fcgi.wsgi import Application

LOAD_FAILED = 3
"""Exit code of a generation whose application could not be loaded."""

_MOST_PROCESSES = 512


@dataclass(slots=True)
class _Child:
    index: int
    started: float
    hung: bool = False


class Generation:
    """The process between the parent and its workers.

    Args:
        load: Returns the application.
        listener: The socket all workers share.
        settings: How to serve.
        processes: How many workers to begin with.
        ready: A pipe's end, written to and closed when the first workers run.
    """

    def __init__(
        self,
        load: Callable[[], Application],
        listener: Listener,
        settings: Settings,
        processes: int,
        ready: int,
    ) -> None:
        self._load = load
        self._listener = listener
        self._settings = settings
        self._wanted = processes
        self._ready = ready
        self._board = Scoreboard(_MOST_PROCESSES)
        self._children: dict[int, _Child] = {}
        self._leaving = 0
        self._deadline = 0.0
        self._next_fork = 0.0
        self._delay_s = 0.0

    def main(self) -> int:
        """Load, fork, and look after the workers until told to leave."""
        try:
            # Settings that cannot work must fail here, not in every worker again.
            model = models.load(self._settings.model)
            self._app = self._load()
        except ConfigurationError as error:
            log.error("%s", error)
            return LOAD_FAILED
        except Exception:  # noqa: BLE001 - it runs foreign code
            log.exception("the application could not be loaded")
            return LOAD_FAILED
        self._model = model
        # PERF: what is loaded now will never be freed; untouched by the collector, its
        # pages stay shared between the workers.
        gc.collect()
        gc.freeze()
        watch = Watch() if self._settings.reload else None
        self._fork_missing()
        os.write(self._ready, b"1")
        os.close(self._ready)
        self._ready = -1
        while self._children or not self._leaving:
            self._hear(process.wait_signal(self._patience_s()))
            self._reap()
            self._kill_hung()
            if watch is not None and not self._leaving and watch.changed():
                log.info("source changed")
                process.send_signal(os.getppid(), signal.SIGHUP)
            if not self._leaving:
                self._fork_missing()
        return 0

    def _patience_s(self) -> float:
        timeout = self._settings.request_timeout_s
        longest = min(1.0, timeout / 4) if timeout else 1.0
        if self._next_fork:
            longest = min(longest, max(0.01, self._next_fork - time.monotonic()))
        return longest

    def _hear(self, number: int) -> None:
        if number in (signal.SIGTERM, signal.SIGQUIT):
            self._leave(number)
        elif number == signal.SIGTTIN:
            self._wanted = min(self._wanted + 1, _MOST_PROCESSES)
        elif number == signal.SIGTTOU and self._wanted > 1:
            self._wanted -= 1
            for pid in list(self._children)[: len(self._children) - self._wanted]:
                process.send_signal(pid, signal.SIGQUIT)
        elif number == 0 and self._leaving and time.monotonic() > self._deadline:
            for pid in self._children:
                log.warning("worker %d did not finish in time: killed", pid)
                process.send_signal(pid, signal.SIGKILL)

    def _leave(self, number: int) -> None:
        self._leaving = number
        self._deadline = time.monotonic() + self._settings.graceful_s
        for pid in self._children:
            process.send_signal(pid, number)

    def _reap(self) -> None:
        for pid, code in process.reap():
            child = self._children.pop(pid, None)
            if child is None:
                continue
            if code == 0:
                self._delay_s = 0.0
                continue
            what = f"killed by signal {-code}" if code < 0 else f"exit code {code}"
            log.error("worker %d died: %s", pid, what)
            # WHY: a worker that dies at once would otherwise be forked without end.
            if time.monotonic() - child.started < 1:
                self._delay_s = min(5.0, self._delay_s * 2 or 0.1)
                self._next_fork = time.monotonic() + self._delay_s
            else:
                self._delay_s = 0.0

    def _kill_hung(self) -> None:
        timeout = self._settings.request_timeout_s
        if not timeout:
            return
        for pid, child in self._children.items():
            busy_s = self._board.slot(child.index).busy_s()
            if busy_s > timeout + 0.5:
                process.send_signal(pid, signal.SIGKILL)
            elif busy_s > timeout and not child.hung:
                child.hung = True
                log.error("worker %d hangs for %.1f s: killed", pid, busy_s)
                process.send_signal(pid, signal.SIGUSR2)  # a traceback of its threads

    def _fork_missing(self) -> None:
        if time.monotonic() < self._next_fork:
            return
        self._next_fork = 0.0
        used = {child.index for child in self._children.values()}
        free = (i for i in range(_MOST_PROCESSES) if i not in used)
        while len(self._children) < self._wanted:
            index = next(free)
            self._board.slot(index).clear()
            pid = process.fork(lambda index=index: self._work(index))  # type: ignore[misc]
            self._children[pid] = _Child(index, time.monotonic())

    def _work(self, index: int) -> int:
        """Be a worker."""
        if self._ready >= 0:
            os.close(self._ready)
        worker = make_worker(
            self._app, self._listener.socket, self._settings, self._board.slot(index)
        )
        signal.signal(signal.SIGTTIN, signal.SIG_IGN)
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        with contextlib.suppress(Exception):  # stderr may be no file
            faulthandler.register(signal.SIGUSR2, all_threads=True, chain=False)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        serve_to_the_end(self._model.serve, worker)
        return 0
