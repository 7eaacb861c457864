"""The same answers as a resource of Twisted, without WSGI: twisted_worker.py PORT."""

import sys

from bench_app import BIG
from twisted.internet import reactor
from twisted.web.resource import Resource
from twisted.web.server import Site


class Page(Resource):
    """Answers 12 bytes, or 20 KB under /big."""

    isLeaf = True  # noqa: N815 - its name

    def render_GET(self, request):  # noqa: N802 - its name
        """Answer one request."""
        request.setHeader(b"Content-Type", b"text/plain")
        return BIG if request.path == b"/big" else b"Hello World\n"


if __name__ == "__main__":
    reactor.listenTCP(int(sys.argv[1]), Site(Page()), interface="127.0.0.1")
    reactor.run()
