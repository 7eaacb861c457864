"""Model B: a thread for every connection, one request at a time on each.

What most FastCGI libraries did in 2007: simple, and fine while the application waits
for something else; every request pays for a thread.
"""

import functools
import socket

from fcgi.blocking import connect_to, serve_requests
from fcgi.codec import Environ
from fcgi.errors import ProtocolError, StreamError
from fcgi.models.threads import Crew
from fcgi.worker import Worker, log


class ThreadPerConnection:
    """Serve every connection in a thread of its own."""

    def serve(self, worker: Worker) -> None:
        """Serve until told to leave."""
        base = worker.base(multithread=True)
        crew = Crew(worker)
        crew.accept(functools.partial(serve_connection, worker=worker, base=base))
        crew.wait()


def serve_connection(sock: socket.socket, worker: Worker, base: Environ) -> None:
    """Serve all requests of a connection."""
    try:
        connection = connect_to(
            worker, sock.fileno(), connections=worker.settings.connections
        )
        serve_requests(connection, worker, base)
    except ProtocolError as error:
        log.warning("connection dropped: %s", error)
    except StreamError as error:
        log.info("connection lost: %s", error)
