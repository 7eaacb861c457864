"""What the threaded models share: who accepts, and who is still at work."""

import contextlib
import functools
import queue
import socket
import threading
import time
from collections.abc import Callable

from fcgi.worker import Phase, Worker, log


class Hands:
    """Threads that are kept for the next job for a while.

    PERF: starting a thread costs several times what a small request does (2026-11), so
    one that is done waits for more; there are as many as there are jobs at once.

    Args:
        most_idle: How many may wait.
    """

    def __init__(self, most_idle: int = 64) -> None:
        self._most_idle = most_idle
        self._idle = 0
        self._lock = threading.Lock()
        self._jobs: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()

    def do(self, job: Callable[[], None]) -> None:
        """Let a thread do `job`, which raises nothing.

        Raises:
            RuntimeError: If the system is out of threads.
        """
        with self._lock:
            if self._idle:
                self._idle -= 1
                self._jobs.put(job)
                return
        threading.Thread(target=self._work, args=(job,), daemon=True).start()

    def _work(self, job: Callable[[], None]) -> None:
        while True:
            job()
            with self._lock:
                if self._idle == self._most_idle:
                    return
                self._idle += 1
            job = self._jobs.get()


class Crew:
    """The connections of a worker and the threads that serve them.

    Args:
        worker: Whose they are.
    """

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self.hands = Hands()
        self._room = threading.Semaphore(worker.settings.connections)
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()

    def accept(self, serve: Callable[[socket.socket], None]) -> None:
        """Accept connections, and `serve` each in a thread, until told to leave."""
        worker = self._worker
        while worker.may_accept():
            # LIMIT: beyond the allowed number, connections wait in the backlog.
            if not self._room.acquire(timeout=0.5):
                continue
            try:
                sock = worker.accept()
            except BlockingIOError:
                self._room.release()
                if worker.phase is not Phase.SERVE:
                    return
                continue
            except BaseException:
                self._room.release()
                raise
            if sock is None:
                self._room.release()
                continue
            with self._lock:
                self._open.add(sock)
            try:
                self.hands.do(functools.partial(self._run, serve, sock))
            except RuntimeError as error:  # the system is out of threads
                log.error("connection dropped: %s", error)
                self._leave(sock)

    def _run(self, serve: Callable[[socket.socket], None], sock: socket.socket) -> None:
        """Serve a connection in the calling thread, and close it."""
        try:
            serve(sock)
        except Exception:  # noqa: BLE001 - one request must not end the others
            log.exception("thread failed")
        finally:
            self._leave(sock)

    def wait(self) -> None:
        """Wait until all connections are served, within the time there is.

        Those that are only kept open, with no request on them, are hung up on.
        """
        deadline = time.monotonic() + self._worker.settings.graceful_s
        idle_at = time.monotonic() + 0.2
        while time.monotonic() < deadline:
            with self._lock:
                waiting = list(self._open)
            if not waiting:
                return
            if self._worker.is_busy:
                idle_at = time.monotonic() + 0.2
            elif time.monotonic() > idle_at:  # requests may still be on their way in
                for sock in waiting:
                    with contextlib.suppress(OSError):
                        sock.shutdown(socket.SHUT_RD)
            time.sleep(0.02)

    def _leave(self, sock: socket.socket) -> None:
        with self._lock:
            self._open.discard(sock)
        sock.close()
        self._room.release()
