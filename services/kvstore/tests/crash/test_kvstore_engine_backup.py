"""Backups of a store that is being written to, and drills of restoring them."""

import os
import threading
import time

from engine_support import States, acks_of, kill, start_writer, verify

from hunch_kvstore.engine import backup, restore, verify_backup

DRILLS = int(os.environ.get("KVSTORE_BACKUP_DRILLS", "2"))


def test_backups_under_load_restore_to_one_sequence(tmp_path):
    child = start_writer(tmp_path / "store", "everysec", memory=60_000)
    seen = []

    def read():
        while data := child.stdout.read1(65536):
            seen.append(data)

    reader = threading.Thread(target=read)
    reader.start()
    states = States()
    try:
        deadline = time.monotonic() + 20
        while not seen and time.monotonic() < deadline:
            time.sleep(0.01)
        last = 0
        for drill in range(DRILLS):
            before = acks_of(b"".join(seen))[-1][0]
            copy, fresh = tmp_path / f"copy-{drill}", tmp_path / f"fresh-{drill}"
            report = backup(tmp_path / "store", copy, link=drill % 2 == 0)
            # It holds what was acknowledged when it began, and ends at one sequence.
            assert report.sequence >= max(before, last)
            last = report.sequence
            assert verify_backup(copy).ok
            restore(copy, fresh)
            assert verify(fresh, last, states, most=last) == last
        assert child.poll() is None, child.stderr.read()
    finally:
        child.kill()
        reader.join()
        kill(child)
    verify(tmp_path / "store", acks_of(b"".join(seen))[-1][0], states)
