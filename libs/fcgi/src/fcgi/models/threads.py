"""What the threaded models share: who accepts, and who is still at work."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable
from typing import Concatenate, ParamSpec

from fcgi.worker import Phase, Worker, log

P = ParamSpec("P")


class Crew:
    """The connections of a worker and the threads that serve them.

    Args:
        worker: Whose they are.
    """

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._room = threading.Semaphore(worker.settings.connections)
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()

    def accept(self, start: Callable[[socket.socket], None]) -> None:
        """Accept connections, and `start` each, until told to leave."""
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
                start(sock)
            except RuntimeError as error:  # the system is out of threads
                log.error("connection dropped: %s", error)
                self._leave(sock)

    def run(
        self,
        serve: Callable[Concatenate[socket.socket, P], None],
        sock: socket.socket,
        /,
        *args: P.args,
        **options: P.kwargs,
    ) -> None:
        """Serve a connection in the calling thread, and close it."""
        try:
            serve(sock, *args, **options)
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
