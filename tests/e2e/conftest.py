"""The demo site, started once for all tests that only look at it."""

from __future__ import annotations

import pathlib
import tempfile
from collections.abc import Iterator

import pytest

from support.site import Site


@pytest.fixture
def folder() -> Iterator[pathlib.Path]:
    """A short path: sockets live beside the data."""
    with tempfile.TemporaryDirectory(prefix="hunch-") as name:
        yield pathlib.Path(name)


@pytest.fixture(scope="session")
def demo() -> Iterator[Site]:
    """The demo after its first synchronisation. Don't stop or change it."""
    with tempfile.TemporaryDirectory(prefix="hunch-") as name:
        site = Site(pathlib.Path(name))
        site.start()
        try:
            site.settled()
            yield site
        finally:
            site.stop()
