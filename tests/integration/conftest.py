"""A real kvstore process, and a site's store on it."""

from __future__ import annotations

import contextlib
import pathlib
import subprocess
import sys
import tempfile
from collections.abc import Iterator

import pytest

from hunch_stream.store import Store
from support.site import eventually


class Kvstore:
    """A kvstore process on a folder; may be killed and started again."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.socket = folder / "kv.sock"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"unix://{self.socket}"

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "hunch_kvstore", "serve", "--data", self.folder / "data",
             "--bind", f"unix:{self.socket}"],
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        store = Store.connect(self.url, "probe")
        eventually(lambda: _answers(store))
        store.close()

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(timeout=30)


def _answers(store: Store) -> bool:
    from hunch_stream.store import StoreUnavailable

    with contextlib.suppress(StoreUnavailable):
        store.ping()
        return True
    return False


@pytest.fixture
def kvstore() -> Iterator[Kvstore]:
    with tempfile.TemporaryDirectory(prefix="hunch-") as name:
        running = Kvstore(pathlib.Path(name))
        running.start()
        yield running
        running.kill()


@pytest.fixture
def store(kvstore: Kvstore) -> Iterator[Store]:
    opened = Store.connect(kvstore.url, "ada")
    opened.ensure_index()
    yield opened
    opened.close()
