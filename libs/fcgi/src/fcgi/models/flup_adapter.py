"""flup's servers behind our interface, so that comparing is a matter of one flag.

flup 1.0.3 brings its own accept loops and signal handlers; they get our listening
socket and our worker's signals. Nothing of the protocol is ours here.
"""

import signal
import socket
from types import FrameType
from typing import Any

from flup.server import fcgi as threaded
from flup.server import fcgi_fork, fcgi_single

from fcgi.worker import Worker


class _StopServing(Exception):  # noqa: N818 - a signal, not an error
    """Leaves flup's loop.

    WHY: since Python 3.5 a wait in select is taken up again after a signal, and flup's
    fork server would not notice that it was told to stop.
    """


def _serve(worker: Worker, module: Any, **options: Any) -> None:
    class Server(module.WSGIServer):  # type: ignore[misc]
        """flup's server on a socket that is there already."""

        def _setupSocket(self) -> socket.socket:  # noqa: N802
            # The timeout of waits is no use to flup, which selects first.
            return worker.listener

        def _cleanupSocket(self, sock: socket.socket) -> None:  # noqa: N802
            """Leave the socket to its owner."""

        def _intHandler(self, _number: int, _frame: FrameType | None) -> None:  # noqa: N802
            self._keepGoing = False
            raise _StopServing

    server = Server(worker.app, debug=False, **options)
    signal.signal(signal.SIGQUIT, server._intHandler)
    try:
        server.run()
    except _StopServing:
        for name in ("_cleanupChildren", "shutdown"):
            if hasattr(server, name):
                getattr(server, name)()


class Threaded:
    """flup.server.fcgi: a pool of threads, one connection each."""

    def serve(self, worker: Worker) -> None:
        """Serve until told to leave."""
        _serve(worker, threaded)


class ThreadedMultiplexed:
    """The same with `multiplexed=True`: one more thread for each request."""

    def serve(self, worker: Worker) -> None:
        """Serve until told to leave."""
        _serve(worker, threaded, multiplexed=True)


class Fork:
    """flup.server.fcgi_fork: `threads` is how many children it keeps."""

    def serve(self, worker: Worker) -> None:
        """Serve until told to leave."""
        most = worker.settings.threads
        _serve(worker, fcgi_fork, minSpare=1, maxSpare=most, maxChildren=max(50, most))


class Single:
    """flup.server.fcgi_single: one connection at a time."""

    def serve(self, worker: Worker) -> None:
        """Serve until told to leave."""
        _serve(worker, fcgi_single)
