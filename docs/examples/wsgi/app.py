#!/usr/bin/env python3
"""Any WSGI application, hosted by Smisk. (And every Smisk application is one.)"""

from smisk.wsgi import main


def hello(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield b"Hello from "
    yield environ["SERVER_SOFTWARE"].partition("/")[0].encode()


if __name__ == "__main__":
    main(hello)
