"""An HTTP server for one developer: no more than that, and no less."""

import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from smisk.autoreload import Watcher
from smisk.error import ConfigurationError


class _Server(ThreadingMixIn, WSGIServer):
    """A browser opens several connections and keeps some for later: threads."""

    daemon_threads = True


class _Handler(WSGIRequestHandler):
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
    if not port.isdigit():
        raise ConfigurationError(f"--http {address}: not host:port")
    with make_server(
        host or "127.0.0.1", int(port), application, _Server, _Handler
    ) as server:
        sys.stderr.write(f"http://{host or '127.0.0.1'}:{server.server_port}/\n")
        sys.stderr.flush()
        if reload:
            restart_on_change()
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            return 0
    return 0


def restart_on_change() -> Watcher:
    """Start this program again, in its place, when the source of it changes."""

    def restart(path: Path) -> None:
        sys.stderr.write(f"{path.name} changed\n")
        sys.stderr.flush()
        os.execv(sys.executable, sys.orig_argv)  # noqa: S606 - ourselves again

    watcher = Watcher(restart)
    watcher.start()
    return watcher
