"""Sealing, merging, syncing and closing of an engine, step by step."""

import json
import os
import signal
import time
from dataclasses import replace

import pytest

from hunch_kvstore.engine import (
    CommitTooLarge,
    DiskFull,
    Engine,
    Options,
    StoreFailed,
    Sync,
    WritesRefused,
    check,
)

OPTIONS = Options(log_chunk_bytes=4096, merge_width=100)


def until(engine, condition, seconds=20):
    """Tick until the condition holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, engine.stats()
        engine.flush()
        engine.tick(time.monotonic())
        time.sleep(0.005)


def settle(engine):
    engine.tick(time.monotonic())
    until(engine, lambda: not engine.busy)


def put(engine, start, stop, value=b"value"):
    for number in range(start, stop):
        with engine.begin() as tx:
            tx.put(b"key:%04d" % number, value)
    engine.flush()


def manifest(folder):
    return json.loads((folder / "MANIFEST").read_bytes().rpartition(b"crc32c")[0])


@pytest.fixture
def engine(tmp_path):
    made = Engine.open(tmp_path / "store", options=OPTIONS)
    yield made
    made.abandon()


def test_writes_go_on_while_a_table_is_sealed(engine):
    put(engine, 0, 500, b"old")
    assert engine.freeze()
    engine.tick(time.monotonic())
    assert engine.child_ids
    assert not engine.freeze()  # one at a time
    put(engine, 400, 600, b"new")
    expected = {b"key:%04d" % n: b"old" if n < 400 else b"new" for n in range(600)}
    assert dict(engine.scan(b"")) == expected
    settle(engine)
    assert engine.stats()["segments"] == 1
    assert dict(engine.scan(b"")) == expected
    assert engine.get(b"key:0000") == b"old"


def test_the_old_log_goes_only_after_the_manifest_names_its_segment(engine):
    put(engine, 0, 50)
    before = set(engine.folder.glob("log-*"))
    engine.freeze()
    engine.tick(time.monotonic())
    assert before <= set(engine.folder.glob("log-*"))
    settle(engine)
    until(engine, lambda: not before & set(engine.folder.glob("log-*")))
    said = manifest(engine.folder)
    assert said["sealed_sequence"] == 50
    assert len(said["segments"]) == 1


def test_a_full_table_is_sealed_by_itself(tmp_path):
    options = replace(OPTIONS, memory_table_bytes=100_000)
    with Engine.open(tmp_path / "store", options=options) as engine:
        put(engine, 0, 400, bytes(500))
        until(engine, lambda: engine.stats()["seals"] == 1)


def test_a_long_log_is_sealed_although_memory_is_left(tmp_path):
    options = replace(OPTIONS, log_bytes=50_000)
    with Engine.open(tmp_path / "store", options=options) as engine:
        for _ in range(200):
            put(engine, 0, 1, bytes(500))
        until(engine, lambda: engine.stats()["seals"] == 1)
        assert engine.stats()["segment_bytes"] < 50_000


def test_many_starts_do_not_leave_many_logs(tmp_path):
    for number in range(20):
        with Engine.open(tmp_path / "store", options=OPTIONS) as engine:
            put(engine, number, number + 1)
            settle(engine)
    assert len(list((tmp_path / "store").glob("log-*"))) < 20
    with Engine.open(tmp_path / "store", options=OPTIONS) as engine:
        assert sum(1 for _ in engine.scan(b"")) == 20


def test_a_start_without_writes_leaves_nothing_behind(tmp_path):
    for _ in range(3):
        Engine.open(tmp_path / "store", options=OPTIONS).close()
    logs = list((tmp_path / "store").glob("log-*"))
    assert len(logs) == 1
    assert logs[0].stat().st_size == 64


def test_a_killed_child_is_replaced(engine):
    put(engine, 0, 300)
    engine.freeze()
    engine.tick(time.monotonic())
    os.kill(engine.child_ids[0], signal.SIGKILL)
    until(engine, lambda: engine.stats()["seal_failures"] == 1)
    assert "seal of segment" in engine.stats()["seal_error"]
    assert sum(1 for _ in engine.scan(b"")) == 300
    until(engine, lambda: engine.stats()["seals"] == 1)
    assert engine.stats()["seal_failures"] == 0
    assert not list(engine.folder.glob("*.tmp"))


def test_a_bottom_merge_drops_what_is_deleted(engine):
    put(engine, 0, 300)
    engine.freeze()
    settle(engine)
    with engine.begin() as tx:
        tx.delete_range(b"key:0000", b"key:0100")
        for number in range(100, 200):
            tx.delete(b"key:%04d" % number)
    engine.freeze()
    settle(engine)
    upper = manifest(engine.folder)["segments"][0]
    assert (upper["records"], upper["deleted"]) == (100, 100)
    engine.compact()
    settle(engine)
    (entry,) = manifest(engine.folder)["segments"]
    assert (entry["records"], entry["deleted"]) == (100, 0)
    assert sum(1 for _ in engine.scan(b"")) == 100


def test_a_store_emptied_and_merged_has_no_segment(engine):
    put(engine, 0, 100)
    engine.freeze()
    settle(engine)
    with engine.begin() as tx:
        tx.delete_range(b"", None)
    assert list(engine.scan(b"")) == []
    engine.freeze()
    settle(engine)
    engine.compact()
    settle(engine)
    assert engine.stats()["segments"] == 0
    until(engine, lambda: not list(engine.folder.glob("segment-*")))
    put(engine, 5, 6)
    assert list(engine.scan(b"")) == [(b"key:0005", b"value")]


def test_deleting_a_huge_range_is_one_small_write(engine):
    put(engine, 0, 3000)
    engine.freeze()
    settle(engine)
    size = engine.stats()["log_bytes"]
    with engine.begin() as tx:
        tx.delete_range(b"key:", b"key;")
    assert engine.stats()["log_bytes"] - size < 60
    assert list(engine.scan(b"")) == []
    assert engine.get(b"key:1000") is None


def test_a_store_that_is_mostly_deleted_is_merged_by_itself(engine):
    put(engine, 0, 3000)
    engine.freeze()
    settle(engine)
    put(engine, 3000, 3010)
    with engine.begin() as tx:
        tx.delete_range(b"key:0000", b"key:2900")
    engine.freeze()
    settle(engine)
    until(engine, lambda: engine.stats()["merges"] == 1)
    (entry,) = manifest(engine.folder)["segments"]
    assert entry["records"] == 110


def test_a_range_that_hides_nothing_is_forgotten(engine):
    put(engine, 0, 10)
    engine.freeze()
    settle(engine)
    for number in range(50):
        with engine.begin() as tx:
            tx.put(b"young:%d" % (2 * number), b"")
        with engine.begin() as tx:
            tx.delete_range(b"young:", b"young;")
    engine.freeze()
    settle(engine)
    assert manifest(engine.folder)["segments"][0]["records"] == 10
    assert engine.stats()["segments"] == 1


def test_garbage_is_dropped_as_the_keyspace_says(tmp_path, monkeypatch):
    (tmp_path / "engine_garbage_rule.py").write_text(
        "def stale(get):\n"
        "    return lambda key, value: key[:1] == b's' and get(b'm') != key[1:2]\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    options = replace(OPTIONS, garbage="engine_garbage_rule:stale")
    with Engine.open(tmp_path / "store", options=options) as engine:
        for version in (b"1", b"2"):
            with engine.begin() as tx:
                tx.put(b"m", version)
                for number in range(50):
                    tx.put(b"s" + version + b"%d" % number, b"x")
            engine.freeze()
            settle(engine)
        engine.compact()
        settle(engine)
        assert engine.stats()["merges"] == 1
        keys = [key for key, _ in engine.scan(b"")]
        assert len(keys) == 51
        assert all(key == b"m" or key[:2] == b"s2" for key in keys)


def test_a_scan_outlives_the_files_it_began_on(engine):
    put(engine, 0, 2000)
    engine.freeze()
    settle(engine)
    put(engine, 2000, 2100)
    engine.freeze()
    settle(engine)
    scan = engine.scan(b"")
    seen = [next(scan)[0] for _ in range(3)]
    engine.compact()
    settle(engine)
    until(engine, lambda: len(list(engine.folder.glob("*.tcb"))) == 1)
    seen += [key for key, _ in scan]
    assert seen == [b"key:%04d" % number for number in range(2100)]


@pytest.mark.parametrize("sync", Sync)
def test_when_commits_count_as_synced(tmp_path, sync):
    with Engine.open(tmp_path / "store", sync=sync, options=OPTIONS) as engine:
        put(engine, 0, 10)
        began = time.monotonic()
        if sync is Sync.ALWAYS:
            assert engine.stats()["synced_sequence"] == 10
        elif sync is Sync.EVERYSEC:
            assert engine.stats()["synced_sequence"] == 0
            until(engine, lambda: engine.stats()["synced_sequence"] == 10)
            assert 0.2 < time.monotonic() - began < 3
        else:
            until(engine, lambda: time.monotonic() - began > 1.2)
            assert engine.stats()["synced_sequence"] == 0
        engine.sync = Sync.ALWAYS
        put(engine, 10, 11)
        assert engine.stats()["synced_sequence"] == 11


def test_a_quiet_log_is_marked(tmp_path):
    """Damage in the last commits is told from a torn tail once they are synced."""
    with Engine.open(tmp_path / "store", sync=Sync.ALWAYS, options=OPTIONS) as engine:
        put(engine, 0, 10)
        size = engine.stats()["log_bytes"]
        engine.tick(time.monotonic())
        assert engine.stats()["log_bytes"] == size + 24
        engine.tick(time.monotonic())
        assert engine.stats()["log_bytes"] == size + 24


def swap_log_file(engine, path, flags):
    """Put another file under the engine's log: the disk is exchanged."""
    kept = os.dup(engine._log._file)
    other = os.open(path, flags)
    os.dup2(other, engine._log._file)
    os.close(other)
    return kept


def lose_one(engine):
    with engine.begin() as tx:
        tx.put(b"in doubt", b"")
    with pytest.raises(WritesRefused):
        engine.flush()


def test_a_disk_that_fails_is_never_tried_again(engine, tmp_path):
    put(engine, 0, 10)
    (tmp_path / "file").write_bytes(b"")
    kept = swap_log_file(engine, tmp_path / "file", os.O_RDONLY)  # writes fail
    lose_one(engine)
    assert isinstance(engine.refusal, StoreFailed)
    assert engine.get(b"key:0003") == b"value"
    os.dup2(kept, engine._log._file)  # it would work again
    os.close(kept)
    log = engine._log.path
    before = log.read_bytes()
    engine.tick(time.monotonic())
    with pytest.raises(StoreFailed):
        put(engine, 10, 11)
    with pytest.raises(StoreFailed):
        engine.flush()
    with pytest.raises(StoreFailed):
        engine.close()
    assert log.read_bytes() == before
    with Engine.open(engine.folder, options=OPTIONS) as again:
        assert sum(1 for _ in again.scan(b"")) == 10


def test_a_write_that_finds_no_room_is_tried_again(engine):
    """Where room was promised and is not there, as on file systems that copy."""
    put(engine, 0, 10)
    kept = swap_log_file(engine, "/dev/full", os.O_WRONLY)
    lose_one(engine)
    assert isinstance(engine.refusal, DiskFull)
    os.dup2(kept, engine._log._file)
    os.close(kept)
    engine.flush()
    put(engine, 10, 11)
    assert engine.refusal is None
    engine.close()
    with Engine.open(engine.folder, options=OPTIONS) as again:
        assert sum(1 for _ in again.scan(b"")) == 12


def test_a_sync_that_finds_no_room_is_a_failure(engine):
    """After any failed fsync the pages may be gone."""
    engine.sync = Sync.ALWAYS
    put(engine, 0, 10)
    reading, writing = os.pipe()
    kept = swap_log_file(engine, f"/proc/self/fd/{writing}", os.O_WRONLY)
    with pytest.raises(OSError, match="fdatasync"):  # a pipe cannot be synced
        engine._log.sync()
    for number in (kept, reading, writing):
        os.close(number)


def test_a_commit_that_is_too_large_leaves_no_trace(engine, monkeypatch):
    value = bytes(1 << 22)
    tx = engine.begin()
    for number in range(513):
        tx.put(b"%d" % number, value)
    with pytest.raises(CommitTooLarge):
        tx.commit()
    assert engine.sequence == 0
    assert list(engine.scan(b"")) == []
    put(engine, 0, 1)


def test_a_half_applied_commit_refuses_further_writes(engine):
    """Only running out of memory can do this; a key of a wrong type does it too."""
    put(engine, 0, 3)
    with pytest.raises(TypeError):
        engine.commit({b"good": b"1"}, [(b"a", "wrong")])
    assert engine.sequence == 3
    engine._active = None
    with pytest.raises(AttributeError):
        engine.commit({b"key": b"1"}, [])
    with pytest.raises(StoreFailed, match="restart"):
        engine.flush()


def test_close_twice_and_abandon(tmp_path):
    engine = Engine.open(tmp_path / "store", options=OPTIONS)
    put(engine, 0, 5)
    engine.close()
    engine.close()
    engine.abandon()
    assert check(tmp_path / "store").ok


def test_closing_ends_the_children(tmp_path):
    engine = Engine.open(tmp_path / "store", options=OPTIONS)
    put(engine, 0, 2000)
    engine.freeze()
    engine.tick(time.monotonic())
    (child,) = engine.child_ids
    engine.close()
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)
    assert not list((tmp_path / "store").glob("*.tmp"))
    with Engine.open(tmp_path / "store", options=OPTIONS) as engine:
        assert sum(1 for _ in engine.scan(b"")) == 2000
