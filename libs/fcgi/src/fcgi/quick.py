"""The common request in the fewest steps, in plain Python.

    accept ▸ one read holds the whole request ▸ application ▸ one write ▸ close

`_quick.Quick` is the compiled twin. Whatever does not have this shape is handed back,
unanswered, with the bytes read so far.
"""

import functools
import io
import os
import socket

from fcgi import codec, transport, wsgi
from fcgi import environ as environs
from fcgi.codec import Buffer, Environ
from fcgi.errors import ProtocolError, RefusedError, StreamError
from fcgi.records import KEEP_CONN
from fcgi.response import Send
from fcgi.worker import Phase, Worker


class Quick:
    """Serves a worker's quick requests.

    Args:
        worker: Whose application and settings to use.
    """

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._base = worker.base(multithread=False)

    def loop(self, listener: socket.socket) -> tuple[int, bytes] | None:
        """Accept and serve quick requests for as long as they are quick.

        Returns:
            An accepted connection that is the caller's now, and what was read from
            it; -1 and nothing when the wait for a connection ran out; None when it is
            time to look at the worker's phase.
        """
        # PERF: no socket object, which costs as much as two system calls (2026-11).
        accept = listener._accept  # type: ignore[attr-defined]
        worker = self._worker
        while True:
            try:
                fd, _ = accept()
            except BlockingIOError:
                return -1, b""
            except ConnectionError:
                continue  # gone before we came to it
            try:
                data = self.serve(fd)
            except BaseException:
                os.close(fd)
                raise
            if data is not None:
                return fd, data
            os.close(fd)
            if worker.phase is not Phase.SERVE:
                return None

    def serve(self, fd: int) -> bytes | None:
        """Serve one connection; return what was read if it is not for us."""
        worker = self._worker
        try:
            data = transport.receive_in_time(fd, worker.settings.read_timeout_s)
            try:
                quick = codec.read_request(data, self._base)
            except RefusedError as error:
                if data[10] & KEEP_CONN:
                    return data
                request_id = data[2] << 8 | data[3]
                wsgi.refuse(
                    error, request_id, wsgi.with_end(request_id, self._sender(fd))
                )
                return None
            if quick is None or quick[1]:
                return data
            worker.slot.begin()
            try:
                self._respond(fd, *quick)
            finally:
                worker.slot.end()
                worker.done()
        except ProtocolError as error:
            wsgi.log.warning("connection dropped: %s", error)
        except StreamError as error:
            wsgi.log.info("connection lost: %s", error)
        return None

    def _respond(
        self, fd: int, request_id: int, _keep: bool, environ: Environ, body: bytes
    ) -> None:
        send = self._sender(fd)
        end = wsgi.with_end(request_id, send)
        try:
            environs.complete(environ, self._worker.settings.mount)
            environs.check_body(environ, len(body))
        except RefusedError as error:
            wsgi.refuse(error, request_id, end)
            return
        if body:
            environ["wsgi.input"] = io.BytesIO(body)
        environ["fcgi.is_aborted"] = functools.partial(transport.is_readable, fd)
        wsgi.respond(self._worker.app, environ, request_id, send, end)

    def _sender(self, fd: int) -> Send:
        def send(pieces: list[Buffer]) -> None:
            transport.send(fd, pieces)

        return send
