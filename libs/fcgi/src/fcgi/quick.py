"""The common request in the fewest steps, in plain Python.

    accept ▸ one read holds the whole request ▸ application ▸ one write ▸ close

or, on a connection that the web server asked to keep, the next read instead of the close.

`_quick.Quick` is the compiled twin. Whatever does not have this shape is handed back,
unanswered, with the bytes read so far. The codec is always the plain one here: what is
compiled would be in the twin.

PERF: a call of a function of our own costs a tenth of a system call, so what serves
the usual request is in few pieces, and the rest is kept out of their way (2026-11).
"""

import io
import socket
import time
from typing import Final

from fcgi import _pure, transport, wsgi
from fcgi import environ as environs
from fcgi.answer import UNSTARTED, Answer
from fcgi.codec import Buffer, Environ
from fcgi.errors import AbortedError, ProtocolError, RefusedError, StreamError
from fcgi.last import Last
from fcgi.records import KEEP_CONN
from fcgi.response import SMALL, ErrorStream
from fcgi.worker import ACCEPT_TIMEOUT_S, Phase, Worker

_ONE_PIECE: Final = SMALL
"""Up to this size copying a body costs less than writing it as a piece of its own."""

KEPT: Final = b""
"""Stands for: answered, and the connection goes on."""

_END: Final = _pure.encode_end(1)
_new: Final = object.__new__


class Quick:
    """Serves a worker's quick requests.

    Args:
        worker: Whose application and settings to use.
    """

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._app = worker.app
        self._mount = worker.settings.mount
        self._timed = worker.settings.request_timeout_s > 0
        self._most = max(0, worker.left)
        self._words = worker.slot.words
        self._at = worker.slot.at
        self._receive = transport.Reader(worker.settings.read_timeout_s).receive
        self._keep_timeout_s = worker.settings.keep_timeout_s
        self._fd = -1
        # One request at a time, so these can be the same objects for all of them.
        self._errors = ErrorStream(1, self._send_errors)
        self._base = worker.base(multithread=False)
        self._base["wsgi.errors"] = self._errors
        self._base["fcgi.is_aborted"] = self._is_aborted
        self._last = Last()

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
        receive, respond = self._receive, self._respond
        recall = self._last.recall if self._mount is None else _recall_nothing
        close = socket.close
        serving = Phase.SERVE
        while True:
            try:
                fd, _ = accept()
            except BlockingIOError:
                return -1, b""
            except ConnectionError:
                continue  # gone before we came to it
            try:
                data = receive(fd)
                environ = recall(data)
                if environ is None or data[10] & KEEP_CONN:
                    left = self._serve(fd, data)
                    if left is not None:
                        return fd, left
                else:
                    respond(fd, environ)
            except StreamError as error:
                wsgi.log.info("connection lost: %s", error)
            except BaseException:
                close(fd)
                raise
            close(fd)
            if worker.phase is not serving:
                return None

    def serve(self, fd: int) -> bytes | None:
        """Serve one connection; return what was read if it is not for us."""
        try:
            data = self._receive(fd)
        except StreamError as error:
            wsgi.log.info("connection lost: %s", error)
            return None
        return self._serve(fd, data)

    def serve_kept(self, fd: int) -> bytes | None:
        """Serve what else comes on a kept connection; the rest is as in `serve`."""
        keep_s = self._keep_timeout_s
        worker = self._worker
        # PERF: a read that gives up by itself saves a poll before each (2026-11).
        wait_s = min(ACCEPT_TIMEOUT_S, keep_s)
        transport.limit_waits(fd, wait_s)
        try:
            while True:
                data = transport.receive_or_not(fd)
                waited_s = wait_s
                while data is None:
                    if waited_s >= keep_s or not worker.may_keep():
                        return None
                    data = transport.receive_or_not(fd)
                    waited_s += wait_s
                left = self._one(fd, data)
                if left != KEPT:
                    return left
        except StreamError as error:
            wsgi.log.info("connection lost: %s", error)
        return None

    def _serve(self, fd: int, data: bytes) -> bytes | None:
        """Serve a connection from which something was read; see `serve`."""
        left = self._one(fd, data)
        return self.serve_kept(fd) if left == KEPT else left

    def _one(self, fd: int, data: bytes) -> bytes | None:
        """Serve what was read.

        Returns:
            What was read if it is not for us; None when the connection is over; KEPT
            when it is not.
        """
        if not data:
            return None
        request_id = 1
        is_head = False
        try:
            environ = self._last.recall(data)
            if environ is None:
                quick = _pure.read_request(data, self._base)
                if quick is None:
                    return data
                request_id, _, environ, body = quick
                environs.complete(environ)
                environs.check_body(environ, len(body))
                if body:
                    environ["wsgi.input"] = io.BytesIO(body)
                else:
                    self._last.remember(data, environ)
                is_head = environ["REQUEST_METHOD"] == "HEAD"
            if self._mount is not None:
                environs.mount_at(self._mount, environ)
        except RefusedError as error:
            return self._refuse(fd, data, error)
        except ProtocolError as error:
            wsgi.log.warning("connection dropped: %s", error)
            return None
        good = self._respond(fd, environ, request_id, is_head)
        keep = good and data[10] & KEEP_CONN and self._worker.may_keep()
        return KEPT if keep else None

    def _refuse(self, fd: int, data: bytes, error: RefusedError) -> bytes | None:
        if data[10] & KEEP_CONN:
            return data
        request_id = data[2] << 8 | data[3]
        end = _pure.encode_end(request_id)
        try:
            wsgi.refuse(
                error, request_id, lambda pieces: transport.send(fd, [*pieces, end])
            )
        except StreamError as lost:
            wsgi.log.info("connection lost: %s", lost)
        return None

    def _respond(
        self, fd: int, environ: Environ, request_id: int = 1, head: bool = False
    ) -> bool:
        """Call the application; return whether all of its answer was sent."""
        errors = self._errors
        errors.request_id = request_id
        if self._timed:
            self._words[self._at] = time.monotonic_ns()
        answer = _new(Answer)
        answer.fd = self._fd = fd
        answer.errors = errors
        answer.opening = UNSTARTED
        if head or request_id != 1:
            answer.become_unusual(request_id, head)
        try:
            result = self._app(environ, answer.start)
            if type(result) is list and len(result) == 1:
                data = result[0]
                if type(data) is bytes and not errors.pending:
                    opening = answer.opening[len(data)]
                    if opening:
                        if len(data) <= _ONE_PIECE:
                            transport.send_bytes(fd, opening + data + _END)
                        else:
                            transport.send(fd, [opening, data, _END])
                        return True
            answer.become_unusual()
            wsgi.deliver(result, answer)
        except StreamError as error:
            wsgi.log.info("connection lost: %s", error)
            return False
        except Exception:  # noqa: BLE001 - an application may raise anything
            answer.become_unusual()
            return wsgi.failed(answer, environ)
        finally:
            answer.fd = self._fd = -1
            if errors.pending:
                errors.take()
            if self._timed:
                self._words[self._at] = 0
            if self._most:
                self._count()
        return True

    def _count(self) -> None:
        served = self._words[self._at + 1] = self._words[self._at + 1] + 1
        if served >= self._most:
            self._worker.phase = Phase.RETIRE

    def _send_errors(self, pieces: list[Buffer]) -> None:
        if self._fd < 0:
            raise AbortedError("the request is over")
        transport.send(self._fd, pieces)

    def _is_aborted(self) -> bool:
        return self._fd < 0 or transport.is_given_up(self._fd)


def _recall_nothing(_raw: bytes) -> None:
    """Leave a request to those who know of `--mount`."""
