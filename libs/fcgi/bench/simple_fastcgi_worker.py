"""The same answers through simple-fastcgi, which has an interface of its own."""

import socket
import sys

from bench_app import BIG
from simple_fastcgi import FcgiHandler, FcgiServer, HttpResponseMixin


class Handler(HttpResponseMixin, FcgiHandler):
    """Answer 12 bytes, or 20 KB under /big."""

    def handle(self):
        """Answer one request."""
        is_big = self.environ.get("PATH_INFO") == "/big"
        self.send_response(200, "text/plain", BIG if is_big else b"Hello World\n")


if __name__ == "__main__":
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(sys.argv[1])
    listener.listen(4096)
    with FcgiServer(Handler, listener) as server:
        server.serve_forever()
