"""Makes the helpers in `support` importable, and starts servers for tests."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "support"))

from kvstore_process import OurServer


@pytest.fixture
def server(tmp_path):
    """A server of ours with default settings; tests may stop and start it again."""
    with OurServer(tmp_path) as running:
        yield running
