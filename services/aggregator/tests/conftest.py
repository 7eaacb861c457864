"""A real origin, a real store, a real parsing pool: what the tests run against."""

from __future__ import annotations

import contextlib
import http.server
import os
import shutil
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import settings

from hunch_aggregator.fetch import Door, Fetcher, Limits, parse_networks
from hunch_aggregator.parse import ParsePool
from hunch_stream.store import Store, StoreError

# WHY: the machine is shared; how long one example takes says nothing
settings.register_profile("aggregator", deadline=None)
settings.load_profile("aggregator")

DATA = Path(__file__).parent / "data"
LOOPBACK = parse_networks(["127.0.0.0/8", "::1/128"])


@dataclass
class Page:
    """What the origin answers at one path."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    validators: bool = True


Handler = Callable[[http.server.BaseHTTPRequestHandler], None]


class Origin:
    """An HTTP server on a port of the kernel's choosing; pages may be callables."""

    def __init__(self) -> None:
        self.pages: dict[str, Page | Handler] = {}
        self.requests: list[tuple[str, dict[str, str]]] = []
        self._lock = threading.Lock()
        origin = self

        class Answer(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                self.do_GET()

            def do_GET(self) -> None:
                with origin._lock:
                    origin.requests.append((self.path, dict(self.headers.items())))
                self.close_connection = True
                page = origin.pages.get(self.path)
                if page is None:
                    page = origin.pages.get(self.path.partition("?")[0])
                if page is None:
                    page = Page(b"nothing here", 404)
                if callable(page):
                    page(self)
                    return
                origin._send(self, page)

            def log_message(self, *_args: object) -> None:
                pass

        class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
            daemon_threads = True

            def handle_error(self, *_args: object) -> None:
                pass

        self._server = Server(("127.0.0.1", 0), Answer)
        self.port = self._server.server_address[1]
        self.base = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )
        self._thread.start()

    def _send(self, to: http.server.BaseHTTPRequestHandler, page: Page) -> None:
        tag = f'"{hash(page.body) & 0xFFFFFFFF:x}"'
        status, body = page.status, page.body
        asked = to.headers.get("If-None-Match") if page.validators else None
        if status == 200 and asked == tag:
            status, body = 304, b""
        to.send_response(status)
        if page.validators:
            to.send_header("ETag", tag)
        for name, value in page.headers.items():
            to.send_header(name, value)
        if status != 304:
            to.send_header("Content-Length", str(len(body)))
        to.end_headers()
        with contextlib.suppress(OSError):
            to.wfile.write(body)

    def put(
        self,
        path: str,
        body: bytes | str,
        content_type: str = "application/xml",
        status: int = 200,
        validators: bool = True,
        **headers: str,
    ) -> str:
        """Serve a body at a path; returns its address."""
        raw = body.encode() if isinstance(body, str) else body
        raw = raw.replace(b"http://ORIGIN", self.base.encode())
        named = {k.replace("_", "-"): v for k, v in headers.items()}
        self.pages[path] = Page(
            raw, status, {"Content-Type": content_type, **named}, validators
        )
        return self.base + path

    def serve(self, path: str, handler: Handler) -> str:
        """Let a function answer at a path; returns its address."""
        self.pages[path] = handler
        return self.base + path

    def asked(self, path: str) -> list[dict[str, str]]:
        """Return the headers of every request for a path."""
        return [headers for asked, headers in self.requests if asked == path]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def origin() -> Iterator[Origin]:
    server = Origin()
    yield server
    server.close()


class StoreProcess:
    """The store as its own process on a unix socket: kvstore, or Redis beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.socket = folder / "s.sock"
        self.url = f"unix://{self.socket}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        kind = os.environ.get("HUNCH_TEST_STORE", "kvstore")
        if kind == "redis":
            command = [
                shutil.which("redis-server") or "redis-server",
                *("--port", "0", "--unixsocket", str(self.socket)),
                *("--save", "", "--dir", str(self.folder)),
            ]
        else:
            command = [
                *(sys.executable, "-m", "hunch_kvstore", "serve"),
                *("--data", str(self.folder / "data")),
                *("--bind", f"unix:{self.socket}"),
            ]
        self.process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        store = Store.connect(self.url, "probe")
        ends = time.monotonic() + 15
        while True:
            with contextlib.suppress(StoreError):
                store.ping()
                break
            assert time.monotonic() < ends, "the store did not come up"
            assert self.process.poll() is None, "the store ended"
            time.sleep(0.02)
        store.close()

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(20)
            self.process = None


@pytest.fixture(scope="session")
def store_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreProcess]:
    process = StoreProcess(tmp_path_factory.mktemp("st"))
    process.start()
    yield process
    process.stop()


@pytest.fixture
def lone_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreProcess]:
    """A store that a test may stop and start; not started yet."""
    process = StoreProcess(tmp_path_factory.mktemp("ls"))
    yield process
    process.stop()


_sites = iter(range(1, 10_000))


@pytest.fixture
def store(store_process: StoreProcess) -> Iterator[Store]:
    """A store with a site of its own; other tests' sites are not seen."""
    one = Store.connect(store_process.url, f"test{next(_sites)}", timeout_s=10)
    yield one
    one.close()


@pytest.fixture(scope="session")
def parser() -> Iterator[ParsePool]:
    with ParsePool(1) as pool:
        yield pool


@pytest.fixture
def fetcher() -> Fetcher:
    """A fetcher that may go to loopback."""
    return Fetcher(
        Door(LOOPBACK, None), "test", Limits(total_s=5, connect_s=2, read_s=2)
    )


@pytest.fixture
def data() -> Path:
    return DATA
