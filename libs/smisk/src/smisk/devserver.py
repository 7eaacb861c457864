"""An HTTP server for one developer: no more than that, and no less."""

import contextlib
import socket
import sys
import time
from collections.abc import Callable, Iterable
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from smisk.autoreload import restart_on_change
from smisk.error import ConfigurationError


class _Server(ThreadingMixIn, WSGIServer):
    """A browser opens several connections and keeps some for later: threads."""

    daemon_threads = True

    def shutdown_request(self, request: Any) -> None:
        """Hang up once the client has: earlier, it could lose what it was answered."""
        with contextlib.suppress(OSError):
            request.shutdown(socket.SHUT_WR)
            request.settimeout(2)
            until = time.monotonic() + 10
            while time.monotonic() < until and request.recv(65536):
                pass
        self.close_request(request)


class _Handler(WSGIRequestHandler):
    def get_environ(self) -> dict[str, Any]:
        # WHY: a body of no type is made text/plain by wsgiref, and by no other server.
        environ: dict[str, Any] = super().get_environ()
        return {**environ, "CONTENT_TYPE": self.headers.get("Content-Type", "")}

    def log_message(self, format: str, *args: Any) -> None:
        text = (format % args).encode("unicode_escape").decode()
        sys.stderr.write(f"{self.log_date_time_string()} {text}\n")


def serve(
    application: Callable[..., Iterable[bytes]], address: str, *, reload: bool = False
) -> int:
    """Serve `application` over HTTP at ``host:port`` until interrupted.

    The address is written to standard error; port 0 lets the kernel choose.
    """
    host, _, port = address.rpartition(":")
    host = host or "127.0.0.1"
    if not port.isdigit():
        raise ConfigurationError(f"--http {address}: not host:port")
    if reload:
        restart_on_change()
    try:
        made = make_server(host, int(port), application, _Server, _Handler)
    except (OSError, OverflowError) as error:
        raise ConfigurationError(f"--http {address}: {error}") from error
    with made as server:
        sys.stderr.write(f"http://{host}:{server.server_port}/\n")
        sys.stderr.flush()
        with contextlib.suppress(KeyboardInterrupt):
            server.serve_forever()
    return 0
