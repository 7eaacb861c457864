"""The same answers through gevent-fastcgi, whose forking mode is broken: one process."""

import sys

from bench_app import app
from gevent_fastcgi.server import FastCGIServer
from gevent_fastcgi.wsgi import WSGIRequestHandler

if __name__ == "__main__":
    server = FastCGIServer(sys.argv[1], WSGIRequestHandler(app), num_workers=1)
    server.serve_forever()
