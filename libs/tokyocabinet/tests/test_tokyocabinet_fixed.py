"""Rewriting a fixed-length database, which the C library does without a look first."""

import pytest

from tokyocabinet import ADB, FDB, InvalidOperationError

RECORDS = {1: b"x" * 20, 5: b"", 1000: b"z" * 15}


@pytest.fixture
def path(tmp_path):
    db = FDB()
    db.tune(20)
    db.open(tmp_path / "a.tcf", "n")
    db.put_many(RECORDS)
    db.close()
    return tmp_path / "a.tcf"


@pytest.mark.parametrize(
    "shape", [{"width": 19}, {"width": 1 << 20}, {"limsiz": 1}, {"limsiz": 20000}]
)
def test_what_does_not_fit_is_refused_and_nothing_lost(path, shape):
    with FDB(path, "w") as db:
        with pytest.raises(ValueError, match=r"longer than|no place"):
            db.optimize(**shape)
        assert dict(db.items()) == RECORDS
        db.put(7, b"later")
    with FDB(path, "r") as db:
        assert dict(db.items()) == RECORDS | {7: b"later"}


def test_what_fits_is_rewritten(path):
    with FDB(path, "w") as db:
        db.optimize(width=21, limsiz=24576)
        assert (db.width(), db.limid()) == (21, (24576 - 256) // 22)
        assert dict(db.items()) == RECORDS
        db.put(7, b"later")
        db.optimize(width=20)
    with FDB(path, "r") as db:
        assert dict(db.items()) == RECORDS | {7: b"later"}
        with pytest.raises(InvalidOperationError):
            db.optimize()


def test_a_database_without_records_keeps_what_comes_later(tmp_path):
    with FDB(tmp_path / "a", "n") as db:
        db.optimize(width=10)
        assert (len(db), db.width()) == (0, 10)
        db.put(3, b"later")
        db.out(3)
        db.optimize()
        db.put(4, b"later")
    with FDB(tmp_path / "a", "r") as db:
        assert dict(db.items()) == {4: b"later"}


def test_so_does_an_abstract_one(tmp_path):
    with ADB(tmp_path / "a.tcf") as db:
        db.optimize()
        assert db.misc("optimize", [b"width=10"]) == []
        db.put(b"3", b"later")
        for params in ("width=4", "#limsiz=1#width=30000", "WIDTH=1"):
            with pytest.raises(ValueError, match="cut"):
                db.optimize(params)
        with pytest.raises(ValueError, match="cut"):
            db.misc("optimize", [b"width=4"])
    with FDB(tmp_path / "a.tcf", "r") as db:
        assert (db.width(), dict(db.items())) == (10, {3: b"later"})


def test_gaps_take_no_disk(tmp_path):
    db = FDB()
    db.tune(100, 1 << 33)
    db.open(tmp_path / "a", "n")
    for number in (1, 10**6, 5 * 10**7):
        db.put(number, b"x")
    db.put(2, b"y")
    with db.transaction():
        db.put(6 * 10**7, b"x")
    assert (tmp_path / "a").stat().st_blocks * 512 < 1 << 20
    db.vanish()
    db.put(10**6, b"again")
    assert dict(db.items()) == {10**6: b"again"}
    db.close()


def test_the_file_grows_by_what_is_reserved_up_to_its_limit(tmp_path):
    path = tmp_path / "a.tcf"
    db = FDB()
    db.tune(8, 150_000)
    db.open(path, "n")
    lengths = set()
    for number in range(1, db.limid() + 1):
        db.put(number, b"%08d" % number)
        lengths.add(path.stat().st_size)
    assert lengths == {1 << 16, 1 << 17, db.limsiz()}
    with pytest.raises(InvalidOperationError, match="no number from 1 to"):
        db.put(db.limid() + 1, b"one more")
    last = db.limid()
    db.close()
    with FDB(path, "w") as db:
        assert (len(db), db.max(), db[last]) == (last, last, b"%08d" % last)
        db.tranbegin()
        db.put(1, b"undone")
        db.tranabort()
        assert db[1] == b"00000001"
    assert path.stat().st_size == 151_552


def test_what_a_transaction_made_longer_is_short_again(tmp_path):
    path = tmp_path / "a.tcf"
    with FDB() as db:
        db.tune(8)
        db.open(path, "n")
        db.put(1, b"first")
        before = path.stat().st_size
        db.tranbegin()
        db.put(100_000, b"far")
        assert path.stat().st_size > before
        db.tranabort()
        assert path.stat().st_size == before
        db.put(100_000, b"again")
        assert dict(db.items()) == {1: b"first", 100_000: b"again"}
