"""A full disk: reads go on, writes get one error, and come back with the space."""

import os
import shutil
import time

import pytest
from engine_support import mounted_tmpfs

from hunch_kvstore.engine import (
    DiskFull,
    Engine,
    Options,
    StoreError,
    Sync,
    backup,
    check,
)

SIZES = os.environ.get("KVSTORE_DISK_SIZES", "4m").split(",")
MEMORY = {"small": 300_000, "large": 1 << 30}


def fill(engine, model, number, keys):
    """Commit until the disk is full; the last one left no trace."""
    while True:
        points = {
            b"key:%06d" % (number * 7 % keys): os.urandom(700),
            b"n": b"%d" % number,
        }
        try:
            with engine.begin() as tx:
                for key, value in points.items():
                    tx.put(key, value)
            engine.flush()
        except DiskFull:
            return number
        model.update(points)
        number += 1
        if number % 50 == 0:
            engine.tick(time.monotonic())


@pytest.mark.parametrize("memory", MEMORY)
@pytest.mark.parametrize("size", SIZES)
def test_full_disk(tmp_path, size, memory):
    with mounted_tmpfs(tmp_path / "disk", size) as disk:
        ballast = disk / "ballast"
        room = os.statvfs(disk)
        ballast.write_bytes(bytes(room.f_bavail * room.f_frsize // 3))
        options = Options(memory_table_bytes=MEMORY[memory], log_chunk_bytes=1 << 16)
        engine = Engine.open(disk / "store", sync=Sync.ALWAYS, options=options)
        model = {}
        # More keys than fit: a merge must not be able to make room for all of them.
        keys = room.f_bavail * room.f_frsize // 500
        number = fill(engine, model, 1, keys)
        assert isinstance(engine.refusal, DiskFull)
        assert "Make room" in str(engine.refusal)
        # Reads are served, all of them right; housekeeping may try and fail.
        for _ in range(20):
            engine.tick(time.monotonic())
            time.sleep(0.01)
        assert list(engine.scan(b"")) == sorted(model.items())
        for key, value in model.items():
            assert engine.get(key) == value
        while not backup_has_no_room(disk):
            # A merge that was under way has ended and given back what it had read.
            number = fill(engine, model, number, keys)

        ballast.unlink()
        began = time.monotonic()
        engine.tick(began)
        assert engine.refusal is None
        with engine.begin() as tx:
            tx.put(b"back", b"again")
        engine.flush()
        assert time.monotonic() - began < 1
        model[b"back"] = b"again"

        fill(engine, model, number, keys)
        assert list(engine.scan(b"")) == sorted(model.items())
        engine.close()
        assert check(disk / "store").ok
        with Engine.open(disk / "store", options=options) as engine:
            assert list(engine.scan(b"")) == sorted(model.items())


def backup_has_no_room(disk):
    """Tell whether a copy fails; if it does, it leaves nothing behind."""
    try:
        backup(disk / "store", disk / "copy", link=False)
    except (OSError, StoreError):
        assert not list(disk.glob("copy*"))
        return True
    shutil.rmtree(disk / "copy")
    return False


def test_a_log_full_of_stale_values_is_sealed_to_make_room(tmp_path):
    with mounted_tmpfs(tmp_path / "disk", "4m") as disk:
        options = Options(log_chunk_bytes=1 << 16)
        model = {}
        with Engine.open(disk / "store", options=options) as engine:
            for number in range(12_000):  # 12 MB into 40 keys
                key, value = b"key:%d" % (number % 40), os.urandom(1000)
                deadline = time.monotonic() + 20
                while True:
                    try:
                        with engine.begin() as tx:
                            tx.put(key, value)
                        engine.flush()
                    except DiskFull:
                        assert time.monotonic() < deadline, engine.stats()
                        time.sleep(0.005)
                        engine.tick(time.monotonic())
                    else:
                        break
                model[key] = value
            assert engine.stats()["seals"] >= 2
            assert dict(engine.scan(b"")) == model
