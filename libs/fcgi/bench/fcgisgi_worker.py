"""The same answers through fcgisgi: fcgisgi_worker.py asgi|wsgi SOCKET."""

import asyncio
import sys

from bench_app import app, asgi
from fcgisgi import run_asgi_server, run_wsgi_server

if __name__ == "__main__":
    kind, path = sys.argv[1:]
    run = run_wsgi_server(app, path) if kind == "wsgi" else run_asgi_server(asgi, path)
    asyncio.run(run)
