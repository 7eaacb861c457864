"""The parent: owns the listening socket and keeps one generation of workers running.

    TERM, INT   finish what runs and what waits, at most `graceful_s`, then leave
    HUP         load the application anew; the old workers leave when the new ones run
    TTIN, TTOU  one worker more, one less

Connections wait in the socket's backlog while workers change, so no request is refused
or lost by a reload.
"""

import os
import select
import signal
import time
from collections.abc import Callable

from fcgi import process
from fcgi.address import Listener
from fcgi.generation import LOAD_FAILED, Generation
from fcgi.process import log
from fcgi.settings import Settings
from fcgi.wsgi import Application


class Supervisor:
    """Run generations of workers.

    Args:
        load: Returns the application; called once in each generation.
        listener: The listening socket.
        settings: How to serve.
    """

    def __init__(
        self,
        load: Callable[[], Application],
        listener: Listener,
        settings: Settings,
    ) -> None:
        self._load = load
        self._listener = listener
        self._settings = settings
        self._processes = settings.processes
        self._current = 0
        self._coming = 0
        self._again = False
        self._ready = -1
        self._all: set[int] = set()
        self._retry = 0.0
        self._status = 0

    def run(self) -> int:
        """Serve until told to leave; return the exit code."""
        with process.hearing():
            self._start()
            while not self._status and self._step():
                pass
            return self._stop()

    def _step(self) -> bool:
        number = process.wait_signal(0.05 if self._coming else 1.0)
        if number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
            return False
        if number == signal.SIGHUP:
            log.info("loading the application anew")
            self._start()
        elif number in (signal.SIGTTIN, signal.SIGTTOU):
            step = 1 if number == signal.SIGTTIN else -1
            self._processes = max(1, self._processes + step)
            for pid in self._all:
                process.send_signal(pid, number)
        self._reap()
        self._look_at_coming()
        gone = not self._current and not self._coming and not self._status
        if gone and time.monotonic() > self._retry:
            self._start()
        return True

    def _start(self) -> None:
        """Fork a generation; if one is on its way, after that."""
        self._again = bool(self._coming)
        if self._coming:
            return
        reading, writing = os.pipe()

        def main() -> int:
            os.close(reading)
            return Generation(
                self._load, self._listener, self._settings, self._processes, writing
            ).main()

        self._coming = process.fork(main)
        self._all.add(self._coming)
        os.close(writing)
        self._ready = reading

    def _look_at_coming(self) -> None:
        """Let the new generation replace the old one when its workers run."""
        if not self._coming or not select.select([self._ready], [], [], 0)[0]:
            return
        ready = os.read(self._ready, 1)
        if not ready:
            return  # it died; `_reap` has or will have the reason
        os.close(self._ready)
        old, self._current, self._coming = self._current, self._coming, 0
        log.info(
            "%s: %d x %s",
            self._listener.address,
            self._processes,
            self._settings.model,
        )
        if old:
            process.send_signal(old, signal.SIGQUIT)
        if self._again:
            self._start()

    def _reap(self) -> None:
        for pid, code in process.reap():
            self._all.discard(pid)
            if pid == self._coming:
                os.close(self._ready)
                self._coming = 0
                if self._current:
                    log.error("the old code goes on serving")
                    if self._again:
                        self._start()
                else:
                    self._status = code or LOAD_FAILED
            elif pid == self._current:
                log.error("the workers' parent %d died: code %d", pid, code)
                self._current = 0
                self._retry = time.monotonic() + 0.2

    def _stop(self) -> int:
        graceful_s = self._settings.graceful_s
        number = signal.SIGQUIT
        if self._listener.owned:
            # Nobody new comes; those that wait are served, and then accept says so.
            self._listener.withdraw()
            self._listener.socket.setblocking(False)
            number = signal.SIGTERM
        for pid in self._all:
            process.send_signal(pid, number)
        deadline = time.monotonic() + graceful_s + 2
        while self._all and time.monotonic() < deadline:
            process.wait_signal(0.2)
            for pid, _ in process.reap():
                self._all.discard(pid)
        for pid in self._all:
            process.send_signal(pid, signal.SIGKILL)
        return self._status
