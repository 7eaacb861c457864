"""Every kind of file, records for it, and a disk that is soon full."""

import subprocess

import pytest

from tokyocabinet import BDB, FDB, HDB, TDB

KINDS = [HDB, BDB, FDB, TDB]


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
def kind(request):
    return request.param


@pytest.fixture
def fill():
    """Return what stores 199 records in a database of any kind."""

    def stored(db):
        for number in range(1, 200):
            if isinstance(db, TDB):
                db[b"%d" % number] = {"n": str(number)}
            else:
                db[number if isinstance(db, FDB) else b"%d" % number] = b"v" * 50

    return stored


@pytest.fixture
def small_disk(tmp_path):
    """Return the folder of a file system of 8 MiB."""
    mount = tmp_path / "small"
    mount.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(mount)]
    try:
        mounted = subprocess.run(command, capture_output=True, check=False).returncode
    except FileNotFoundError:
        mounted = 1
    if mounted:
        pytest.skip("needs the right to mount")
    yield mount
    subprocess.run(["umount", str(mount)], check=True)
