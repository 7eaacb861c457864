"""The common request in the fewest steps, in plain Python.

    accept ▸ one read holds the whole request ▸ application ▸ one write ▸ close

or, on a connection that the web server asked to keep, the next read instead of the close.

`_quick.Quick` is the compiled twin. Whatever does not have this shape is handed back,
unanswered, with the bytes read so far. The codec is always the plain one here: what is
compiled would be in the twin.
"""

import contextlib
import io
import os
import socket
import time
from collections.abc import Callable
from typing import Final

from fcgi import _pure, transport, wsgi
from fcgi import environ as environs
from fcgi.codec import Buffer, Environ
from fcgi.errors import AbortedError, ProtocolError, RefusedError, StreamError
from fcgi.last import Last
from fcgi.records import CHUNK, HEADER, KEEP_CONN, Type
from fcgi.response import SMALL, ErrorStream, ExcInfo, Response
from fcgi.worker import ACCEPT_TIMEOUT_S, Phase, Worker

_header: Final = HEADER.pack
_STDOUT: Final = int(Type.STDOUT)

_ONE_PIECE: Final = SMALL
"""Up to this size copying a body costs less than writing it as a piece of its own."""

# PERF: what an application's usual headers come to: the encoded block, its
# Content-Length, whether there is no body, and all that goes before a body by the
# body's size (2026-11). LIMIT: emptied when they are full, and long ones do not get in.
_KEPT_LIMIT: Final = 128
_SIZES_LIMIT: Final = 32
_kept: dict[object, tuple[bytes, int | None, bool, dict[int, bytes]]] = {}


_new: Final = object.__new__


class _Answer(Response):
    """A response that writes to its connection by itself.

    Attributes:
        fd: The connection; negative once the response is over, for the number is then
            another connection's.
        last: The records that end it.
    """

    __slots__ = ("_openings", "fd", "last")
    _openings: dict[int, bytes]
    fd: int
    last: bytes

    @staticmethod
    def make(
        request_id: int, head: bool, fd: int, last: bytes, errors: ErrorStream
    ) -> "_Answer":
        """Return the response of one request."""
        # PERF: a call of the class costs as much as all that is set here (2026-11).
        # What is not is not looked at before `start` sets it.
        answer = _new(_Answer)
        answer._request_id = request_id
        answer._block = None
        answer._head = head
        answer.errors = errors
        answer.sent = False
        answer.fd = fd
        answer.last = last
        return answer

    def start(
        self,
        status: str,
        headers: list[tuple[str, str]],
        exc_info: ExcInfo | None = None,
    ) -> Callable[[bytes], None]:
        """Take status and headers, which are mostly the ones of a response before."""
        # Web servers that do not multiplex give every request the number 1.
        usual = type(headers) is list and self._request_id == 1
        if usual and exc_info is None and self._block is None:
            try:
                found = _kept[(status, *headers)]
            except (KeyError, TypeError):  # new, or a field that is a list
                pass
            else:
                self._block, self._length, self._empty, self._openings = found
                self._left = self._length
                self._bodiless = self._head or self._empty
                return self.write
        write = super().start(status, headers, exc_info)
        self._openings = {}
        if usual and self._block is not None and len(self._block) < 1024:
            if len(_kept) >= _KEPT_LIMIT:
                _kept.clear()
            with contextlib.suppress(TypeError):
                _kept[(status, *headers)] = (
                    self._block, self._length, self._empty, self._openings,
                )  # fmt: skip
        return write

    def whole(self, data: bytes) -> None:
        """Send the entire response; the usual ones without a list of pieces.

        Raises:
            TypeError: If the body is not made of bytes.
            RuntimeError: If it does not fit the header.
        """
        if (
            type(data) is not bytes
            or self._block is None
            or self._head
            or self.sent
            or self.errors.pending
        ):
            super().whole(data)
            return
        size = len(data)
        opening = self._openings.get(size) or self._open(size)
        if not opening:
            super().whole(data)
            return
        self.sent = True
        fd, self.fd = self.fd, -1
        if size <= _ONE_PIECE:
            transport.send_bytes(fd, opening + data + self.last)
        else:
            transport.send(fd, [opening, data, self.last])

    def _open(self, size: int) -> bytes:
        """Return all that goes before a body; nothing if it is no usual one."""
        block, request_id = self._block, self._request_id
        assert block is not None
        if (
            self._empty
            or not 0 < size <= CHUNK
            or (self._length is not None and self._length != size)
        ):
            return b""
        if self._length is None:
            head = b"%bContent-Length: %d\r\n\r\n" % (block, size)
        else:
            head = block + b"\r\n"
        whole = len(head) + size
        if whole <= SMALL:
            opening = _header(1, _STDOUT, request_id, whole, 0) + head
        else:
            start = _header(1, _STDOUT, request_id, len(head), 0)
            opening = start + head + _header(1, _STDOUT, request_id, size, 0)
        if len(self._openings) >= _SIZES_LIMIT:
            self._openings.clear()
        self._openings[size] = opening
        return opening

    def _check(self, data: bytes) -> None:
        if self.fd < 0:
            raise RuntimeError("body after the end of the response")
        super()._check(data)

    def _put(self, pieces: list[Buffer]) -> None:
        transport.send(self.fd, pieces)

    def _put_last(self, pieces: list[Buffer]) -> None:
        fd, self.fd = self.fd, -1
        transport.send(fd, [*pieces, self.last])


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
        self._kept = False  # whether the last request asked for it, and all went well
        self._fd = -1
        self._end = _pure.encode_end(1)
        self._request_id = 1
        # One request at a time, so these can be the same objects for all of them.
        self._errors = ErrorStream(1, self._send)
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
        serve = self.serve
        close = os.close
        serving = Phase.SERVE
        while True:
            try:
                fd, _ = accept()
            except BlockingIOError:
                return -1, b""
            except ConnectionError:
                continue  # gone before we came to it
            try:
                data = serve(fd)
            except BaseException:
                close(fd)
                raise
            if data is not None:
                return fd, data
            close(fd)
            if worker.phase is not serving:
                return None

    def serve(self, fd: int) -> bytes | None:
        """Serve one connection; return what was read if it is not for us."""
        self._kept = False
        try:
            left = self._one(fd, self._receive(fd))
        except ProtocolError as error:
            wsgi.log.warning("connection dropped: %s", error)
            return None
        except StreamError as error:
            wsgi.log.info("connection lost: %s", error)
            return None
        return self.serve_kept(fd) if self._kept else left

    def serve_kept(self, fd: int) -> bytes | None:
        """Serve what else comes on a kept connection; the rest is as in `serve`."""
        keep_s = self._keep_timeout_s
        # PERF: a read that gives up by itself saves a poll before each (2026-11).
        transport.limit_waits(fd, min(ACCEPT_TIMEOUT_S, keep_s))
        try:
            while True:
                data = transport.receive_or_not(fd)
                until = time.monotonic() + keep_s
                while data is None:
                    if time.monotonic() >= until or not self._worker.may_keep():
                        return None
                    data = transport.receive_or_not(fd)
                if not data:
                    return None
                self._kept = False
                left = self._one(fd, data)
                if not self._kept:
                    return left
        except ProtocolError as error:
            wsgi.log.warning("connection dropped: %s", error)
        except StreamError as error:
            wsgi.log.info("connection lost: %s", error)
        return None

    def _one(self, fd: int, data: bytes) -> bytes | None:
        last = self._last
        environ = last.recall(data)
        if environ is None:
            return self._read(fd, data)
        self._respond(fd, last.request_id, environ, last.is_head, last.is_kept)
        return None

    def _read(self, fd: int, data: bytes) -> bytes | None:
        """Serve a request that is unlike the last; the rest is as in `serve`."""
        try:
            quick = _pure.read_request(data, self._base)
            if quick is None:
                return data
            request_id, keep, environ, body = quick
            environs.complete(environ, self._mount)
            environs.check_body(environ, len(body))
        except RefusedError as error:
            if data[10] & KEEP_CONN:
                return data
            request_id = data[2] << 8 | data[3]
            end = _pure.encode_end(request_id)
            wsgi.refuse(
                error, request_id, lambda pieces: transport.send(fd, [*pieces, end])
            )
            return None
        if body:
            environ["wsgi.input"] = io.BytesIO(body)
        elif self._mount is None:
            self._last.remember(data, environ)
        is_head = environ["REQUEST_METHOD"] == "HEAD"
        self._respond(fd, request_id, environ, is_head, keep)
        return None

    def _respond(
        self, fd: int, request_id: int, environ: Environ, head: bool, keep: bool
    ) -> None:
        words, at, errors = self._words, self._at, self._errors
        if self._timed:
            words[at] = time.monotonic_ns()
        if request_id != self._request_id:
            self._request_id = errors.request_id = request_id
            self._end = _pure.encode_end(request_id)
        answer = _Answer.make(request_id, head, fd, self._end, errors)
        self._fd = fd
        try:
            result = self._app(environ, answer.start)
            if type(result) is list and len(result) == 1:
                answer.whole(result[0])
            else:
                wsgi.deliver(result, answer)
        except StreamError as error:
            keep = False
            wsgi.log.info("connection lost: %s", error)
        except Exception:  # noqa: BLE001 - an application may raise anything
            keep = wsgi.failed(answer, environ) and keep
        finally:
            self._fd = -1
            answer.fd = -1
            if errors.pending:
                errors.take()
            if self._timed:
                words[at] = 0
            if self._most:
                served = words[at + 1] = words[at + 1] + 1
                if served >= self._most:
                    self._worker.phase = Phase.RETIRE
        self._kept = keep and self._worker.may_keep()

    def _send(self, pieces: list[Buffer]) -> None:
        if self._fd < 0:
            raise AbortedError("the request is over")
        transport.send(self._fd, pieces)

    def _is_aborted(self) -> bool:
        return self._fd < 0 or transport.is_given_up(self._fd)
