"""Model A: one process, one connection at a time, no threads.

lighttpd opens a connection for every request and writes the request in one piece, so
four system calls are all it takes; see `quick`. The kernel wakes exactly one of the
processes that wait in accept, in the order they came: no lock, no thundering herd.
Whatever does not fit that shape goes to `BlockingConnection`.
"""

import os
import socket

from fcgi import wsgi
from fcgi.blocking import connect_to, serve_requests
from fcgi.errors import ProtocolError, StreamError
from fcgi.quick import Quick as PureQuick
from fcgi.worker import Phase, Worker


class Prefork:
    """Serve one connection after the other."""

    def serve(self, worker: Worker) -> None:
        """Serve until told to leave."""
        base = worker.base(multithread=False)
        # What TCP needs for each connection keeps it from the quick way.
        is_unix = worker.listener.family == socket.AF_UNIX
        quick = make_quick(worker) if is_unix else None
        while worker.may_accept():
            if quick is not None:
                found = quick.loop(worker.listener)
            else:
                found = accept(worker)
            if found is None:
                continue
            fd, data = found
            if fd < 0:
                if worker.phase is not Phase.SERVE:
                    return  # nobody waits any more
                continue
            try:
                connection = connect_to(worker, fd, data)
                serve_requests(connection, worker, base)
            except ProtocolError as error:
                wsgi.log.warning("connection dropped: %s", error)
            except StreamError as error:
                wsgi.log.info("connection lost: %s", error)
            finally:
                os.close(fd)


def make_quick(worker: Worker) -> PureQuick:
    """Return the compiled fast path if there is one and it is wanted."""
    if not worker.settings.pure:
        try:
            from fcgi import _quick
        except ImportError:
            pass
        else:
            compiled: PureQuick = _quick.Quick(worker)
            return compiled
    return PureQuick(worker)


def accept(worker: Worker) -> tuple[int, bytes] | None:
    """Return a welcome TCP connection; like `Quick.loop`."""
    try:
        sock = worker.accept()
    except BlockingIOError:
        return -1, b""
    return None if sock is None else (sock.detach(), b"")
