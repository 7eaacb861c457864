"""Backups of every format there has been are restored by today's program.

`data/backup-format-N` was made by the program of that time and is never changed; a new
format adds a folder. Each holds one sealed segment and a log with changes after it.
"""

import shutil
from pathlib import Path

import pytest
from kvstore_process import OurServer

from hunch_kvstore.engine import restore, verify_backup

BACKUPS = sorted((Path(__file__).parent / "data").glob("backup-format-*"))
DECADE_MS = 4102444800000


def test_there_is_one_for_each_format():
    assert [path.name for path in BACKUPS] == ["backup-format-1"]


@pytest.mark.parametrize("backup", BACKUPS, ids=lambda path: path.name)
def test_a_backup_of_that_format_is_restored(tmp_path, backup):
    copy = tmp_path / "copy"
    shutil.copytree(backup, copy)
    assert verify_backup(copy).ok
    restore(copy, tmp_path / "data")
    with OurServer(tmp_path) as server, server.wire() as wire:
        assert wire.call("GET", "string") == b"$newer"
        assert wire.call("GET", "number") == b"$43"
        assert wire.call("PEXPIRETIME", "decade") == b":%d" % DECADE_MS
        pairs = ("*", b"$field", b"$value", b"$other", b"$")
        assert wire.call("HGETALL", "hash") == pairs
        assert wire.call("HLEN", "wide") == b":200"
        assert wire.call("HGET", "wide", "f137") == b"$137"
        scores = (
            "*",
            b"$b",
            b"$-inf",
            b"$a",
            b"$1.5",
            b"$c",
            b"$1.0000000000000001e+300",
        )
        assert wire.call("ZRANGE", "zset", 0, -1, "WITHSCORES") == scores
        assert wire.call("EXISTS", "k007") == b":0"
        assert wire.call("GET", "k299") == b"$" + b"299" * 40
        assert wire.call("DBSIZE") == b":305"
