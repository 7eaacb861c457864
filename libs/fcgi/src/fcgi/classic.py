r"""The interface of py-fcgi 0.1 (2007): one object per thread that accepts requests.

    import fcgi

    fcgi.bind(":5000")
    request = fcgi.Request()
    while request.accept():
        request.out.write("Content-Type: text/plain\r\n\r\nHello")

Right where the original was wrong: `accept` returns None on shutdown, as its manual said
(it raised); parameters of any number and size arrive (it had a buffer that overflowed);
`sendfile` also works behind nginx and without either; text is text and bytes are bytes.
"""

import contextlib
import io
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from fcgi import address, codec, transport
from fcgi import environ as environs
from fcgi.blocking import BlockingConnection
from fcgi.errors import (
    AcceptError,
    Error,
    ProtocolError,
    RefusedError,
    StreamError,
)
from fcgi.events import RequestReceived
from fcgi.records import Role, Type
from fcgi.sendfile import header as sendfile_header
from fcgi.worker import ACCEPT_TIMEOUT_S
from fcgi.wsgi import log, refuse

_BUFFER: Final = 32768

_listener: address.Listener | None = None
_lock = threading.Lock()
_stopping = threading.Event()


def bind(path: str, backlog: int = address.BACKLOG) -> None:
    """Listen on `:5000`, `host:port` or the path of a unix socket.

    Without it, `Request.accept` takes over file descriptor 0.

    Raises:
        ConfigurationError: If that is not possible.
    """
    global _listener
    _hear_signal()
    with _lock:
        is_path = ":" not in path and not path.startswith("/")
        where = address.Address(path=path) if is_path else address.parse(path)
        listener = address.listen(where, backlog=backlog)
        transport.limit_waits(listener.socket.fileno(), ACCEPT_TIMEOUT_S)
        if _listener is not None:
            _listener.close()
        _listener = listener
        _stopping.clear()


def shutdown() -> None:
    """Let every `Request.accept` return None; may be called by a signal handler."""
    _stopping.set()


def close() -> None:
    """Stop listening; what `bind` made is taken away."""
    global _listener
    shutdown()
    with _lock:
        if _listener is not None:
            _listener.close()
        _listener = None


def _listening() -> socket.socket:
    global _listener
    with _lock:
        if _listener is None:
            _listener = address.listen(address.Address(fd=0))
            transport.limit_waits(_listener.socket.fileno(), ACCEPT_TIMEOUT_S)
        return _listener.socket


def _hear_signal() -> None:
    """Let SIGUSR1 mean `shutdown`, as the library below the original did."""
    in_main = threading.current_thread() is threading.main_thread()
    if in_main and signal.getsignal(signal.SIGUSR1) == signal.SIG_DFL:
        signal.signal(signal.SIGUSR1, lambda _number, _frame: shutdown())


class Stream:
    """A stream of a request: `input` is for reading, `out` and `err` for writing."""

    def __init__(self, request: "Request", kind: Type) -> None:
        self._request = request
        self._kind = kind
        self._pending: list[bytes] = []
        self._size = 0
        self.closed = False

    def read(self, size: int = -1) -> bytes:
        """Return up to `size` bytes, or all that is left."""
        return self._request._reader().read(size)

    def readline(self, size: int = -1) -> bytes:
        """Return a line, or up to `size` bytes of it."""
        return self._request._reader().readline(size)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._request._reader())

    def write(self, data: str | bytes, size: int | None = None) -> None:
        """Write text (as UTF-8) or bytes, or the first `size` bytes of them."""
        if self.closed or self._kind == Type.STDIN:
            msg = "the stream is not open for writing"
            raise StreamError(msg)
        raw = data.encode() if isinstance(data, str) else data
        raw = raw if size is None else raw[:size]
        self._pending.append(raw)
        self._size += len(raw)
        if self._size >= _BUFFER:
            self.flush()

    def writeByte(self, byte: int) -> None:  # noqa: N802 - its name since 2007
        """Write one byte."""
        self.write(bytes((byte,)))

    def flush(self) -> None:
        """Send what was written so far."""
        pieces = self._take()
        if pieces:
            self._request._send(pieces)

    def close(self) -> None:
        """Flush, and take no more."""
        if not self.closed:
            self.flush()
            self.closed = True

    @property
    def is_touched(self) -> bool:
        """Whether anything was ever written."""
        return self._touched

    _touched = False

    def _take(self) -> list[codec.Buffer]:
        raw = b"".join(self._pending)
        self._pending.clear()
        self._size = 0
        self._touched = self._touched or bool(raw)
        return codec.encode_stream(self._kind, self._request._id, raw)


class Request:
    """One request after the other; every thread has its own.

    Attributes:
        input: The body.
        out: The response: header, empty line, body.
        err: The web server's error log.
    """

    def __init__(self) -> None:
        _hear_signal()
        self._socket: socket.socket | None = None
        self._connection: BlockingConnection | None = None
        self._event: RequestReceived | None = None
        self._environ: codec.Environ = {}
        self._params: dict[str, str] | None = None
        self._stdin: io.BufferedReader
        self._id = 1
        self._open()

    def _open(self) -> None:
        self.input = Stream(self, Type.STDIN)
        self.out = Stream(self, Type.STDOUT)
        self.err = Stream(self, Type.STDERR)
        self._params = None

    @property
    def params(self) -> dict[str, str]:
        """The parameters, as text: UTF-8, other bytes escaped as surrogates."""
        if self._params is None:
            self._params = {
                name: str(value).encode("latin-1").decode("utf-8", "surrogateescape")
                for name, value in self._environ.items()
            }
        return self._params

    @property
    def role(self) -> Role:
        """What the web server wants."""
        return self._event.role if self._event else Role.RESPONDER

    def accept(self) -> "Request | None":
        """Finish the request before, and wait for the next one.

        Returns:
            This object; None once `shutdown` was called.

        Raises:
            AcceptError: If there is nothing to listen on any more.
        """
        if self._event is not None:
            with contextlib.suppress(StreamError):  # the peer's loss, not ours
                self.commit()
        while not _stopping.is_set():
            try:
                if self._connection is None:
                    self._accept_connection()
                    continue
                found = self._next_request()
                if found:
                    return self
                if found is False:
                    self._close()
            except (ProtocolError, StreamError) as error:
                if isinstance(error, AcceptError):
                    raise
                log.info("connection lost: %s", error)
                self._close()
        self._close()
        return None

    def commit(self) -> None:
        """End the request now; the process may go on with something else.

        Raises:
            Error: If it has ended already.
            StreamError: If the web server hung up.
        """
        if self._event is None or self._connection is None:
            msg = "there is no request to commit"
            raise Error(msg)
        self._event = None
        try:
            self._connection.end([*self.err._take(), *self.out._take()])
        except StreamError:
            self._close()
            raise
        finally:
            self.out.closed = self.err.closed = True
        if self._connection.must_close:
            self._close()

    def sendfile(self, name: str) -> None:
        """Let the web server send a file; other header fields may have been written.

        Raises:
            Error: If the header has ended already.
        """
        if self.out.is_touched or b"\r\n\r\n" in b"".join(self.out._pending):
            msg = "sendfile comes before the body"
            raise Error(msg)
        field = sendfile_header(self.params, name)
        if field is not None:
            self.out.write(f"{field[0]}: {field[1]}\r\n\r\n")
            return
        # WHY: another web server would drop the field, and the answer be empty.
        path = Path(name)
        self.out.write(f"Content-Length: {path.stat().st_size}\r\n\r\n")
        with path.open("rb") as file:
            while block := file.read(_BUFFER):
                self.out.write(block)

    def is_aborted(self) -> bool:
        """Return whether the web server has given up on this request."""
        return self._connection is None or self._connection.is_aborted()

    def _accept_connection(self) -> None:
        try:
            self._socket, _ = _listening().accept()
        except (BlockingIOError, ConnectionError):
            return  # none came in time, or it was gone again
        except OSError as error:
            raise AcceptError(*error.args) from error
        if self._socket.family != socket.AF_UNIX:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, bytes(16))
        self._connection = BlockingConnection(
            self._socket.fileno(), may_keep=lambda: not _stopping.is_set()
        )

    def _next_request(self) -> bool | None:
        """Return whether there was one; None if it was answered already."""
        assert self._connection is not None
        event = self._connection.next_request()
        if event is None:
            return False
        self._id = event.request_id
        try:
            self._environ = codec.decode_environ(event.params, {})
            self._stdin = self._connection.stdin(environs.body_size(self._environ))
        except RefusedError as error:
            refuse(error, event.request_id, self._connection.end)
            return None
        self._event = event
        self._open()
        return True

    def _reader(self) -> io.BufferedReader:
        if self._event is None:
            msg = "there is no request to read"
            raise StreamError(msg)
        return self._stdin

    def _send(self, pieces: list[codec.Buffer]) -> None:
        if self._connection is None or self._event is None:
            msg = "there is no request to write to"
            raise StreamError(msg)
        self._connection.send(pieces)

    def _close(self) -> None:
        if self._socket is not None:
            self._socket.close()
        self._socket = self._connection = self._event = None
