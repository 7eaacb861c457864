"""Twisted's WSGI server on a port, in several processes that share it.

python twisted_server.py MODULE:APP PORT PROCESSES
"""

from __future__ import annotations

import importlib
import os
import signal
import socket
import sys
from pathlib import Path


def main() -> None:
    """Bind, fork, serve."""
    name, port, processes = sys.argv[1:]
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    module, _, attribute = name.partition(":")
    # WHY a port: its WSGI server asks every peer for a host, and fails on unix sockets.
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", int(port)))
    listener.listen(4096)
    listener.setblocking(False)
    # Imported once for all; only a reactor's descriptors must not be shared.
    from twisted.web.server import Site
    from twisted.web.wsgi import WSGIResource

    children: list[int] = []
    for _ in range(int(processes) - 1):
        pid = os.fork()
        if pid == 0:
            children = []
            break
        children.append(pid)

    from twisted.internet import reactor

    app = getattr(importlib.import_module(module), attribute)
    site = Site(WSGIResource(reactor, reactor.getThreadPool(), app))
    reactor.adoptStreamPort(listener.fileno(), socket.AF_INET, site)
    reactor.run()
    for pid in children:
        os.kill(pid, signal.SIGTERM)


if __name__ == "__main__":
    main()
