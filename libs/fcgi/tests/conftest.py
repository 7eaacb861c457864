import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "support"))
from fcgi_support import Edge, Server


def short_folder() -> tempfile.TemporaryDirectory[str]:
    """A folder with a short name: a unix socket's path holds 107 bytes."""
    return tempfile.TemporaryDirectory(prefix="fcgi")


@pytest.fixture(scope="session")
def shared() -> Iterator[Callable[..., Server]]:
    """Start servers once for all tests that leave them as they were."""
    servers: dict[tuple[str, ...], Server] = {}
    with short_folder() as name:

        def start_(app: str, *args: str) -> Server:
            key = (app, *args)
            if key not in servers:
                folder = Path(name) / str(len(servers))
                folder.mkdir()
                servers[key] = Server(folder, app, *args, bind=None)
            return servers[key].wait()

        yield start_
        for server in servers.values():
            server.stop()


@pytest.fixture
def folder() -> Iterator[Path]:
    with short_folder() as name:
        yield Path(name)


@pytest.fixture
def start(folder: Path) -> Iterator[Callable[..., Server]]:
    """Start servers that are stopped when the test is over."""
    servers: list[Server] = []

    def start_(app: str, *args: str, bind: str | None = None) -> Server:
        server = Server(folder, app, *args, bind=bind)
        servers.append(server)
        return server.wait()

    yield start_
    for server in servers:
        server.stop()


@pytest.fixture
def edge(folder: Path) -> Iterator[Callable[..., Edge]]:
    if not (shutil.which("lighttpd") or os.path.exists("/usr/sbin/lighttpd")):
        pytest.skip("lighttpd is not installed")
    edges: list[Edge] = []

    def edge_(backend: str, **options: object) -> Edge:
        edges.append(Edge(folder, backend, **options))  # type: ignore[arg-type]
        return edges[-1]

    yield edge_
    for one in edges:
        one.stop()
