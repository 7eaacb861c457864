"""The demo site, started once for all tests that only look at it."""

from __future__ import annotations

import pathlib
import tempfile
from collections.abc import Iterator

import pytest

from support.site import Site, eventually


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
            eventually(lambda: len(site.items()) >= 150, timeout_s=90)
            eventually(
                lambda: "All 12 sources are well" in site.get("/sources.json").text
            )
            yield site
        finally:
            site.stop()
