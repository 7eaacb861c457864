"""A web server that answers as badly as the web does."""

from __future__ import annotations

import contextlib
import http.server
import threading
import zlib
from collections.abc import Iterator

ITEM = "<item><title>{title}</title><guid>{guid}</guid>{more}</item>"


def feed(*items: str, title: str = "Feed") -> bytes:
    body = "".join(items)
    return f'<rss version="2.0"><channel><title>{title}</title>{body}</channel></rss>'.encode()


DATES = (
    "yesterday",
    "0000-00-00",
    "Mon, 99 Foo 2026",
    "",
    "9999999999999",
    "٢٠٢٦-01-01",
)

BODIES: dict[str, tuple[str, bytes]] = {
    "/good": ("application/rss+xml", feed(*(ITEM.format(title=f"Good {n}", guid=f"good-{n}", more="") for n in range(5)))),
    "/html": ("text/html", b"<!doctype html><title>Hello</title><h1>No feed here</h1>"),
    "/empty": ("application/rss+xml", b""),
    "/junk": ("application/rss+xml", bytes(range(256)) * (5 * 4096)),
    "/latin": ("application/rss+xml; charset=utf-8", feed(ITEM.format(title="CAFE", guid="latin", more="")).replace(b"CAFE", b"caf\xff\xe9")),
    "/dates": ("application/rss+xml", feed(*(ITEM.format(title=f"Dated {d!r}", guid=f"dated-{n}", more=f"<pubDate>{d}</pubDate>") for n, d in enumerate(DATES)))),
    "/death": ("application/rss+xml", b'<rss version="2.0"><channel><item><title>&#99999999999;</title></item></channel></rss>'),
    "/script": ("application/rss+xml", feed(ITEM.format(title="&lt;script&gt;alert(1)&lt;/script&gt;", guid="script", more="<link>javascript:alert(1)</link><description>&lt;img src=x onerror=alert(1)&gt;&lt;script&gt;alert(2)&lt;/script&gt;kept words</description>"))),
}  # fmt: skip


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.0"

    def do_GET(self) -> None:
        with contextlib.suppress(OSError):
            if self.path == "/bomb":
                self._bomb()
            elif self.path == "/loop":
                self.send_response(302)
                self.send_header("Location", "/loop")
                self.end_headers()
            elif self.path in BODIES:
                kind, body = BODIES[self.path]
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.end_headers()
                self.wfile.write(body)
            else:
                self.send_error(500)

    def _bomb(self) -> None:
        """Ten gigabytes of zeros in about ten megabytes of gzip."""
        self.send_response(200)
        self.send_header("Content-Type", "application/rss+xml")
        self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        packer = zlib.compressobj(9, zlib.DEFLATED, 31)
        block = bytes(1 << 20)
        for _ in range(10 * 1024):
            self.wfile.write(packer.compress(block))
        self.wfile.write(packer.flush())

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextlib.contextmanager
def server() -> Iterator[str]:
    """Yield the address of a running hostile server."""
    running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    running.daemon_threads = True
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{running.server_port}"
    finally:
        running.shutdown()
        running.server_close()
        thread.join()
