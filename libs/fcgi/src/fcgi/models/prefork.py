"""Model A: one process, one connection at a time, no threads.

    accept ▸ one read holds the whole request ▸ application ▸ one write ▸ close

lighttpd opens a connection for every request and writes the request in one piece, so
four system calls are all it takes. The kernel wakes exactly one of the processes that
wait in accept, in the order they came: no lock, no thundering herd. Whatever does not
fit this shape goes to `BlockingConnection`.
"""

import functools
import io
import os

from fcgi import codec, transport, wsgi
from fcgi import environ as environs
from fcgi.blocking import BlockingConnection, serve_requests
from fcgi.codec import Buffer
from fcgi.errors import ProtocolError, RefusedError, StreamError
from fcgi.records import KEEP_CONN
from fcgi.worker import Worker, unlimit_waits


class Prefork:
    """Serve one connection after the other."""

    def serve(self, worker: Worker) -> None:
        """Serve until told to leave."""
        base = worker.base(multithread=False)
        # PERF: no socket object
        accept = worker.listener._accept  # type: ignore[attr-defined]
        while worker.may_accept():
            try:
                fd, peer = accept()
            except BlockingIOError:
                if worker.may_wait():
                    continue
                return
            except ConnectionError:
                continue  # gone before we came to it
            try:
                if peer:
                    if not worker.allows(peer):
                        wsgi.log.warning("refused a connection from %s", peer[0])
                        continue
                    unlimit_waits(fd)
                serve_connection(fd, worker, base)
            finally:
                os.close(fd)


def serve_connection(fd: int, worker: Worker, base: codec.Environ) -> None:
    """Serve all requests of an accepted connection; closing it is the caller's part."""

    def send(pieces: list[Buffer]) -> None:
        transport.send(fd, pieces)

    try:
        data = transport.receive(fd)
        try:
            quick = codec.read_request(data, base)
        except RefusedError as error:
            if not data[10] & KEEP_CONN:
                wsgi.refuse(error, data[2] << 8 | data[3], send)
                return
            quick = None
        if quick is None or quick[1]:
            connection = BlockingConnection(fd, worker.settings.limits, data)
            serve_requests(connection, worker, base)
            return
        worker.slot.begin()
        try:
            serve_quickly(fd, worker, quick, send)
        finally:
            worker.slot.end()
            worker.done()
    except ProtocolError as error:
        wsgi.log.warning("connection dropped: %s", error)
    except StreamError as error:
        wsgi.log.info("connection lost: %s", error)


def serve_quickly(
    fd: int,
    worker: Worker,
    request: tuple[int, bool, codec.Environ, bytes],
    send: wsgi.Send,
) -> None:
    """Serve a request that is already here as a whole."""
    request_id, _, environ, body = request
    try:
        environs.complete(environ, worker.settings.mount)
        size = environs.body_size(environ)
        if size is not None and size != len(body):
            msg = f"{len(body)} bytes of body, {size} announced"
            raise RefusedError(msg)
    except RefusedError as error:
        wsgi.refuse(error, request_id, send)
        return
    if body:
        environ["wsgi.input"] = io.BytesIO(body)
    environ["fcgi.is_aborted"] = functools.partial(transport.is_readable, fd)
    wsgi.respond(worker.app, environ, request_id, send)
