"""Damage at rest: found when the store opens, said with a remedy, repaired."""

import json
import os
import random
import shutil
import subprocess
import sys
import time

import pytest

from hunch_kvstore.engine import (
    Engine,
    Options,
    StoreDamaged,
    StoreError,
    StoreLocked,
    _frame,
    backup,
    check,
    repair,
    restore,
    verify_backup,
)

OPTIONS = Options(log_chunk_bytes=4096, merge_width=100)
FLIPS = int(os.environ.get("KVSTORE_FILE_FLIPS", "40"))


def settle(engine):
    end = time.monotonic() + 30
    engine.tick(time.monotonic())
    while engine.busy:
        assert time.monotonic() < end, engine.stats()
        time.sleep(0.005)
        engine.tick(time.monotonic())


def put(engine, model, start, stop, tag=b"v"):
    for number in range(start, stop):
        key, value = b"key:%04d" % number, tag + b"%d" % number * 9
        with engine.begin() as tx:
            tx.put(key, value)
        model[key] = value
    engine.flush()


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """A store of two segments and a log, and the states after each."""
    folder = tmp_path_factory.mktemp("original") / "store"
    engine = Engine.open(folder, options=OPTIONS)
    model, states = {}, []
    put(engine, model, 0, 150, b"old")
    engine.freeze()
    settle(engine)
    states.append(dict(model))
    put(engine, model, 100, 250, b"new")
    with engine.begin() as tx:
        tx.delete_range(b"key:0000", b"key:0010")
        tx.delete(b"key:0020")
    for number in [*range(10), 20]:
        del model[b"key:%04d" % number]
    engine.freeze()
    settle(engine)
    states.append(dict(model))
    put(engine, model, 240, 300, b"log")
    states.append(dict(model))
    engine.close()
    return folder, states


@pytest.fixture
def store(original, tmp_path):
    """A copy of it to hurt."""
    folder, states = original
    shutil.copytree(folder, tmp_path / "store")
    return tmp_path / "store", states


def contents(folder):
    with Engine.open(folder, options=OPTIONS) as engine:
        return dict(engine.scan(b""))


def flip(path, bit):
    data = bytearray(path.read_bytes())
    data[bit // 8] ^= 1 << bit % 8
    path.write_bytes(data)


def one(folder, pattern):
    return sorted(folder.glob(pattern))


def test_the_store_is_sound_and_whole(store):
    folder, states = store
    report = check(folder)
    assert report.ok
    assert report.segments == 2
    assert report.sequence == 150 + 150 + 1 + 60
    assert contents(folder) == states[-1]
    assert "sound" in report.lines()[0]


@pytest.mark.parametrize("pattern", ["segment-*.tcb", "segment-*.filter", "MANIFEST"])
def test_any_flipped_bit_in_a_sealed_file_is_found(store, pattern):
    folder, _ = store
    rng = random.Random(pattern)
    for path in one(folder, pattern):
        whole = path.read_bytes()
        for _ in range(FLIPS):
            flip(path, rng.randrange(len(whole) * 8))
            with pytest.raises(StoreDamaged) as caught:
                Engine.open(folder, options=OPTIONS)
            assert caught.value.path.name.split(".")[0] == path.name.split(".")[0]
            assert caught.value.remedy in str(caught.value)
            path.write_bytes(whole)
    assert check(folder).ok


@pytest.mark.parametrize("pattern", ["segment-*.tcb", "segment-*.filter", "MANIFEST"])
def test_a_missing_file_is_found(store, pattern):
    folder, _ = store
    one(folder, pattern)[0].unlink()
    assert not check(folder).ok
    with pytest.raises(StoreDamaged):
        Engine.open(folder, options=OPTIONS)


def test_repair_puts_a_lost_manifest_together(store):
    folder, states = store
    (folder / "MANIFEST").unlink()
    report = repair(folder)
    assert any("anew" in note for note in report.notes)
    assert check(folder).ok
    assert contents(folder) == states[-1]


def test_repair_after_a_merge_takes_the_merged_segment(store):
    folder, states = store
    with Engine.open(folder, options=OPTIONS) as engine:
        engine.compact()
        settle(engine)
        assert engine.stats()["segments"] == 1
    flip(folder / "MANIFEST", 99)
    repair(folder)
    assert contents(folder) == states[-1]
    assert (folder / "damaged" / "MANIFEST").exists()


def test_repair_drops_a_damaged_segment_and_says_so(store):
    folder, states = store
    newest = one(folder, "segment-*.tcb")[-1]
    flip(newest, 8 * newest.stat().st_size // 2)
    report = repair(folder)
    assert not report.ok
    assert any("150 to" in note or "151 to" in note for note in report.notes)
    assert check(folder).ok
    found = contents(folder)
    expected = states[0] | {
        key: value for key, value in states[2].items() if value.startswith(b"log")
    }
    assert found == expected
    assert (folder / "damaged" / newest.name).exists()


def test_repair_keeps_the_log_before_its_damage(store):
    folder, states = store
    log = one(folder, "log-*.log")[-1]
    flip(log, 8 * 1700)
    with pytest.raises(StoreDamaged, match=r"offset \d+: commit \d+ was durable") as e:
        Engine.open(folder, options=OPTIONS)
    assert "hunch-kvstore repair" in str(e.value)
    report = repair(folder)
    assert report.problems[0].offset == e.value.offset
    assert check(folder).ok
    found = contents(folder)
    extra = {key: found[key] for key in found.keys() - states[1].keys()}
    assert 0 < len(extra) < 50
    assert all(states[2][key] == value for key, value in extra.items())
    # and it can be written to again
    with Engine.open(folder, options=OPTIONS) as engine:
        put(engine, {}, 400, 410)
    assert check(folder).ok


def test_repair_of_a_sound_store_changes_nothing(store):
    folder, states = store
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    report = repair(folder)
    assert report.ok
    assert report.notes == []
    after = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert {**before, "LOCK": b""} == {**after, "LOCK": b""}
    assert contents(folder) == states[-1]


def test_a_merge_does_not_bless_rotten_data(store):
    folder, _ = store
    options = Options(log_chunk_bytes=4096, merge_width=100, verify=False)
    with Engine.open(folder, options=options) as engine:
        flip(one(folder, "segment-*.tcb")[0], 8 * 4000)
        engine.compact()
        for _ in range(300):
            engine.tick(time.monotonic())
            if engine.stats()["seal_failures"]:
                break
            time.sleep(0.01)
        assert "checksum does not hold" in engine.stats()["seal_error"]
        assert engine.stats()["segments"] == 2


def test_one_process_owns_a_folder(store, tmp_path):
    folder, _ = store
    backup(folder, tmp_path / "copy")
    with Engine.open(folder, options=OPTIONS):
        code = (
            "import sys; from pathlib import Path\n"
            "from hunch_kvstore.engine import Engine, StoreLocked, repair\n"
            "for call in (Engine.open, repair):\n"
            "    try: call(Path(sys.argv[1]))\n"
            "    except StoreLocked as error: print(error)\n"
        )
        said = subprocess.run(
            [sys.executable, "-c", code, str(folder)],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        assert said.count(f"in use by process {os.getpid()}") == 2
        with pytest.raises(StoreLocked):
            restore(tmp_path / "copy", folder)


def test_a_newer_format_is_refused(store):
    folder, _ = store
    path = folder / "MANIFEST"
    body = path.read_bytes().rpartition(b"crc32c")[0]
    said = json.loads(body)
    said["format"] = 2
    body = json.dumps(said).encode() + b"\n"
    path.write_bytes(body + b"crc32c %08x\n" % _frame.crc32c(body))
    with pytest.raises(StoreDamaged, match="format 2"):
        Engine.open(folder)


def test_what_a_crash_left_is_swept(store):
    folder, states = store
    left = [
        "segment-000000000099.tcb.tmp",
        "segment-000000000098.tcb",
        "segment-000000000098.filter",
    ]
    for name in left:
        (folder / name).write_bytes(b"half")
    with Engine.open(folder, options=OPTIONS) as engine:
        assert not any((folder / name).exists() for name in left)
        expected = dict(states[-1])
        put(engine, expected, 500, 510)
        assert dict(engine.scan(b"")) == expected


def test_backup_and_restore(store, tmp_path):
    folder, states = store
    report = backup(folder, tmp_path / "copy")
    assert report.sequence == check(folder).sequence
    assert verify_backup(tmp_path / "copy").ok
    restore(tmp_path / "copy", tmp_path / "fresh")
    assert contents(tmp_path / "fresh") == states[-1]
    # a second store from the same backup does not touch the first
    restore(tmp_path / "copy", tmp_path / "other")
    with Engine.open(tmp_path / "other", options=OPTIONS) as engine:
        put(engine, {}, 0, 10, b"changed")
    assert contents(tmp_path / "fresh") == states[-1]
    assert verify_backup(tmp_path / "copy").ok


def test_a_backup_never_overwrites(store, tmp_path):
    folder, _ = store
    backup(folder, tmp_path / "copy")
    with pytest.raises(StoreError, match="exists already"):
        backup(folder, tmp_path / "copy")
    with pytest.raises(StoreError, match="holds a store already"):
        restore(tmp_path / "copy", folder)
    with pytest.raises(StoreError, match="no store"):
        backup(tmp_path / "nothing", tmp_path / "copy2")
    assert not list(tmp_path.glob("copy2*"))


def test_a_damaged_backup_is_refused(store, tmp_path):
    folder, _ = store
    copy = tmp_path / "copy"
    backup(folder, copy, link=False)
    rng = random.Random(3)
    for path in copy.iterdir():
        whole = path.read_bytes()
        for _ in range(5):
            flip(path, rng.randrange(len(whole) * 8))
            with pytest.raises(StoreDamaged):
                restore(copy, tmp_path / "fresh")
            path.write_bytes(whole)
        path.unlink()
        with pytest.raises(StoreDamaged):
            restore(copy, tmp_path / "fresh")
        path.write_bytes(whole)
    assert not (tmp_path / "fresh").exists()
    assert restore(copy, tmp_path / "fresh").ok


def test_a_damaged_store_is_not_backed_up(store, tmp_path):
    folder, _ = store
    flip(one(folder, "segment-*.tcb")[0], 8 * 5000)
    with pytest.raises(StoreDamaged):
        backup(folder, tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_a_restore_that_was_cut_off_is_begun_again(store, tmp_path):
    folder, states = store
    copy, fresh = tmp_path / "copy", tmp_path / "fresh"
    backup(folder, copy)
    restore(copy, fresh)
    (fresh / "RESTORING").write_bytes(b"")
    one(fresh, "segment-*.tcb")[0].unlink()
    with pytest.raises(StoreDamaged, match="restore"):
        Engine.open(fresh, options=OPTIONS)
    restore(copy, fresh)
    assert contents(fresh) == states[-1]
