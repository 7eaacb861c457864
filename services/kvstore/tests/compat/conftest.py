"""The helpers of the differential tests live beside them."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from kvstore_process import OurServer, RedisServer


@pytest.fixture(scope="session")
def pair(tmp_path_factory):
    """Our server and redis-server, for as long as the tests run."""
    with (
        OurServer(tmp_path_factory.mktemp("ours")).configure(
            "enable-debug-command yes", "slowlog-log-slower-than -1"
        ) as ours,
        RedisServer(tmp_path_factory.mktemp("redis")) as theirs,
    ):
        yield ours, theirs
