"""The engine against a dict, through restarts, crashes, seals, merges and backups."""

import os
import shutil
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from hunch_kvstore.engine import Engine, Options, Sync, backup, check, restore

# Few keys, so that puts, deletes and ranges meet; prefixes of each other, empty and 0xff.
KEYS = st.one_of(
    st.sampled_from(
        [b"", b"\0", b"a", b"aa", b"ab", b"b", b"b\0", b"\xff", b"\xff\xff"]
    ),
    st.binary(max_size=3),
    st.integers(0, 40).map(lambda n: b"m:%02d" % n),
)
VALUES = st.one_of(st.just(b""), st.binary(max_size=20), st.just(b"long" * 500))
STOPS = st.one_of(st.none(), KEYS)
WRITES = st.lists(
    st.one_of(
        st.tuples(st.just("put"), KEYS, VALUES),
        st.tuples(st.just("delete"), KEYS),
        st.tuples(st.just("delete_range"), KEYS, STOPS),
    ),
    min_size=1,
    max_size=8,
)
OPTIONS = Options(memory_table_bytes=1 << 30, log_chunk_bytes=4096, merge_width=3)
STEPS = int(os.environ.get("KVSTORE_MODEL_STEPS", "600"))


def between(model, start, stop):
    return sorted(
        (key, value)
        for key, value in model.items()
        if key >= start and (stop is None or key < stop)
    )


def apply(model, writes):
    for write in writes:
        if write[0] == "put":
            model[write[1]] = write[2]
        elif write[0] == "delete":
            model.pop(write[1], None)
        else:
            for key, _ in between(model, write[1], write[2]):
                del model[key]


def settle(engine):
    """Tick until nothing is under way."""
    end = time.monotonic() + 30
    engine.tick(time.monotonic())
    while engine.busy:
        assert time.monotonic() < end, engine.stats()
        assert engine.stats()["seal_failures"] == 0, engine.stats()
        time.sleep(0.002)
        engine.tick(time.monotonic())


class EngineModel(RuleBasedStateMachine):
    @initialize(sync=st.sampled_from(Sync))
    def begin(self, sync):
        self.root = Path(tempfile.mkdtemp(prefix="engine-model-"))
        self.folder = self.root / "store"
        self.copies = 0
        self.sync = sync
        self.model = {}
        self.commits = 0
        self.engine = Engine.open(self.folder, sync=sync, options=OPTIONS)

    @rule(writes=WRITES)
    def commit(self, writes):
        mine = dict(self.model)
        with self.engine.begin() as tx:
            for write in writes:
                getattr(tx, write[0])(*write[1:])
                apply(mine, [write])
                assert tx.get(write[1]) == mine.get(write[1])
            assert list(tx.scan(b"")) == between(mine, b"", None)
        self.model = mine
        assert self.engine.sequence in (self.commits, self.commits + 1)
        self.commits = self.engine.sequence

    @rule(writes=WRITES)
    def abort(self, writes):
        tx = self.engine.begin()
        for write in writes:
            getattr(tx, write[0])(*write[1:])
        tx.abort()
        assert tx.commit() == self.commits

    @rule(writes=WRITES)
    def fail_in_block(self, writes):
        def body():
            with self.engine.begin() as tx:
                for write in writes:
                    getattr(tx, write[0])(*write[1:])
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            body()

    @rule(key=KEYS)
    def get(self, key):
        assert self.engine.get(key) == self.model.get(key)

    @rule(start=KEYS, stop=STOPS, reverse=st.booleans(), once=st.booleans())
    def scan(self, start, stop, reverse, once):
        expected = between(self.model, start, stop)
        if reverse:
            expected.reverse()
        how = {"reverse": reverse, "once": once}
        assert list(self.engine.scan(start, stop, **how)) == expected
        assert list(self.engine.begin().scan(start, stop, **how)) == expected

    @rule(start=KEYS, stop=STOPS, reverse=st.booleans())
    def delete_while_scanning(self, start, stop, reverse):
        gone = []
        with self.engine.begin() as tx:
            for key, _ in tx.scan(start, stop, reverse=reverse):
                gone.append(key)
                tx.delete(key)
        expected = [key for key, _ in between(self.model, start, stop)]
        assert gone == (expected[::-1] if reverse else expected)
        for key in gone:
            del self.model[key]
        self.commits = self.engine.sequence

    @rule()
    def flush_and_tick(self):
        self.engine.flush()
        self.engine.tick(time.monotonic())

    @rule()
    def freeze(self):
        self.engine.freeze()

    @rule()
    def seal(self):
        self.engine.freeze()
        settle(self.engine)

    @rule()
    def merge(self):
        self.engine.compact()
        settle(self.engine)

    @rule()
    def restart(self):
        self.engine.close()
        self.engine = Engine.open(self.folder, sync=self.sync, options=OPTIONS)
        assert self.engine.sequence == self.commits

    @rule(writes=WRITES, flushed=st.booleans())
    def crash(self, writes, flushed):
        """The process dies; only what was never flushed may be missing."""
        self.engine.flush()
        after = dict(self.model)
        apply(after, writes)
        with self.engine.begin() as tx:
            for write in writes:
                getattr(tx, write[0])(*write[1:])
        if flushed:
            self.engine.flush()
        self.commits = self.engine.sequence
        self.engine.abandon()
        self.engine = Engine.open(self.folder, sync=self.sync, options=OPTIONS)
        if self.engine.sequence == self.commits:
            self.model = after
        else:
            assert not flushed
            self.commits -= 1
            assert self.engine.sequence == self.commits

    @rule(link=st.booleans())
    def back_up_and_go_on_there(self, link):
        self.engine.flush()
        self.copies += 1
        copy, fresh = self.root / f"backup-{self.copies}", self.root / f"r{self.copies}"
        report = backup(self.folder, copy, link=link)
        assert report.sequence == self.commits
        with self.engine.begin() as tx:  # not in the backup
            tx.put(b"later", b"later")
        self.engine.close()
        shutil.rmtree(self.folder)
        assert restore(copy, fresh).ok
        shutil.rmtree(copy)
        self.folder = fresh
        self.engine = Engine.open(self.folder, sync=self.sync, options=OPTIONS)
        assert self.engine.sequence == self.commits

    @rule()
    def check_closed(self):
        self.engine.close()
        report = check(self.folder)
        assert report.ok, report.lines()
        assert report.sequence == self.commits
        self.engine = Engine.open(self.folder, sync=self.sync, options=OPTIONS)

    @invariant()
    def newest_and_oldest(self):
        if not hasattr(self, "engine"):
            return
        first = next(self.engine.scan(b""), None)
        last = next(self.engine.scan(b"", reverse=True), None)
        assert first == (min(self.model.items()) if self.model else None)
        assert last == (max(self.model.items()) if self.model else None)

    def teardown(self):
        if hasattr(self, "engine"):
            assert list(self.engine.scan(b"")) == between(self.model, b"", None)
            self.engine.close()
            shutil.rmtree(self.root)


def test_engine_is_a_sorted_dict():
    run_state_machine_as_test(
        EngineModel,
        settings=settings(
            max_examples=max(1, STEPS // 40),
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.explicit, Phase.generate, Phase.shrink],
            database=None,
        ),
    )
