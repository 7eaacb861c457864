"""Model A: one process, one connection at a time, no threads.

lighttpd opens a connection for every request and writes the request in one piece, so
four system calls are all it takes; see `quick`. The kernel wakes exactly one of the
processes that wait in accept, in the order they came: no lock, no thundering herd.
A kept connection takes two: receive, send. Whatever does not fit that shape goes to
`BlockingConnection`, until that has answered all it was given.
"""

import os
import socket

from fcgi import wsgi
from fcgi.blocking import connect_to, serve_requests
from fcgi.codec import Environ
from fcgi.errors import ProtocolError, StreamError
from fcgi.quick import Quick as PureQuick
from fcgi.worker import Phase, Worker


class Prefork:
    """Serve one connection after the other."""

    def serve(self, worker: Worker) -> None:
        """Serve until told to leave."""
        base = worker.base(multithread=False)
        quick = make_quick(worker)
        # What TCP needs for each connection keeps it from the quickest way.
        is_unix = worker.listener.family == socket.AF_UNIX
        while worker.may_accept():
            found = quick.loop(worker.listener) if is_unix else accept(worker)
            if found is None:
                continue
            fd, data = found
            if fd < 0:
                if worker.phase is not Phase.SERVE:
                    return  # nobody waits any more
                continue
            try:
                left = data if is_unix else quick.serve(fd)
                while left is not None:
                    left = serve_slowly(worker, quick, base, fd, left)
            finally:
                os.close(fd)


def serve_slowly(
    worker: Worker, quick: PureQuick, base: Environ, fd: int, data: bytes
) -> bytes | None:
    """Serve what is not quick, until all that was read is answered.

    Returns:
        What was read next that is not quick either; None when the connection is over.
    """
    try:
        connection = connect_to(worker, fd, data)
        if serve_requests(connection, worker, base, until_empty=True):
            return quick.serve_kept(fd)
    except ProtocolError as error:
        wsgi.log.warning("connection dropped: %s", error)
    except StreamError as error:
        wsgi.log.info("connection lost: %s", error)
    return None


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
