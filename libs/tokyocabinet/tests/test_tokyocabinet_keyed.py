"""What hash and B+ tree databases share, with and without the lock."""

import pytest

from tokyocabinet import BDB, HDB, Error, InvalidOperationError, RecordMissingError


@pytest.fixture(params=[(HDB, True), (HDB, False), (BDB, True), (BDB, False)])
def db(request, tmp_path):
    kind, mutex = request.param
    with kind(tmp_path / "casket", "n", mutex=mutex) as handle:
        yield handle


def test_records_may_hold_any_bytes_and_keys_may_be_empty(db):
    db[b""] = b"\0zero\0"
    db[b"\0"] = b""
    assert db[b""] == b"\0zero\0"
    assert db[b"\0"] == b""
    assert b"" in db
    del db[b""]
    assert b"" not in db


def test_missing_records(db):
    assert db.get(b"x") is None
    assert db.get(b"x", 7) == 7
    assert db.out(b"x") is False
    with pytest.raises(KeyError) as caught:
        db[b"x"]
    assert isinstance(caught.value, RecordMissingError)
    assert caught.value.args == (22, "no record found")
    with pytest.raises(KeyError):
        del db[b"x"]
    with pytest.raises(KeyError):
        db.vsiz(b"x")


@pytest.mark.parametrize("wrong", ["text", 1, None, 2.5, [b"x"]])
def test_only_bytes_are_taken(db, wrong):
    for call in (
        lambda: db.put(wrong, b""),
        lambda: db.put(b"", wrong),
        lambda: db.get(wrong),
        lambda: wrong in db,
        lambda: db.put_many([(b"x", wrong)]),
        lambda: db.get_many([wrong]),
    ):
        with pytest.raises(TypeError):
            call()


def test_bulk_calls_cross_their_blocks(db):
    records = {b"%05d" % i: b"%d" % i * (i % 7) for i in range(3000)}
    assert db.put_many(records) == 3000
    assert db.get_many(records) == list(records.values())
    assert db.get_many([b"none", b"00001"], b"-") == [b"-", b"1"]
    assert dict(db.items()) == records
    assert set(db.keys()) == set(records)
    assert sorted(db.values()) == sorted(records.values())


def test_a_bulk_call_stores_what_came_before_an_error(db):
    def source():
        yield b"a", b"1"
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        db.put_many(source())
    with pytest.raises(ValueError, match="unpack"):
        db.put_many([(b"a", b"b", b"c")])


def test_removing_what_is_iterated_over(db):
    db.put_many((b"%05d" % i, b"x" * i) for i in range(2000))
    seen = []
    for key in db:
        del db[key]
        seen.append(key)
    assert len(seen) == len(set(seen)) == 2000
    assert len(db) == 0
    assert list(db) == []


def test_transaction_keeps_or_undoes(db):
    with db.transaction():
        db[b"a"] = b"1"

    def fail():
        with db.transaction():
            db[b"a"] = b"2"
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert db[b"a"] == b"1"
    with db.transaction(), pytest.raises(InvalidOperationError):
        db.tranbegin()
    with pytest.raises(InvalidOperationError):
        db.trancommit()


def test_a_closed_handle_raises_and_opens_again(db, tmp_path):
    db[b"a"] = b"1"
    iterator = iter(db)
    db.close()
    db.close()
    for call in (
        lambda: db.get(b"a"),
        lambda: db.put(b"a", b""),
        lambda: len(db),
        lambda: db.sync(),
        lambda: db.tranbegin(),
        lambda: db.put_many([(b"a", b"")]),
        lambda: list(db),
        lambda: next(iterator),
    ):
        with pytest.raises(InvalidOperationError):
            call()
    assert db.closed
    db.open(tmp_path / "casket", "w")
    assert db[b"a"] == b"1"
    with pytest.raises(Error):
        next(iterator)


@pytest.mark.parametrize(
    "prefix", [b"", b"a", b"ab", b"a\xff", b"\xff", b"\xff\xff", b"z"]
)
def test_a_prefix_is_a_range(prefix, tmp_path):
    pieces = [b"", b"a", b"b", b"\xfe", b"\xff"]
    names = sorted({a + b + c for a in pieces for b in pieces for c in pieces})
    with BDB(tmp_path / "b", "n") as db:
        db.put_many((name, name) for name in names)
        found = [name for name in names if name.startswith(prefix)]
        assert list(db.keys(prefix=prefix)) == list(db.iterkeys(prefix=prefix)) == found
        assert list(db.values(prefix=prefix, reverse=True)) == found[::-1]
        assert list(db.itervalues(prefix=prefix)) == found
        assert list(db.items(prefix=prefix)) == [(name, name) for name in found]
        assert (
            list(db.iteritems(prefix=bytearray(prefix)))[:1]
            == list(zip(found, found, strict=True))[:1]
        )
        with pytest.raises(TypeError):
            db.keys(prefix="text")


def test_a_prefix_that_is_no_range(tmp_path):
    db = BDB()
    db.setcmpfunc("decimal")
    db.open(tmp_path / "b", "n")
    with pytest.raises(ValueError, match="order"):
        db.keys(prefix=b"1")
    with pytest.raises(ValueError, match="start"):
        db.items(b"1", prefix=b"1")
    db.close()
    with pytest.raises(InvalidOperationError):
        db.keys(prefix=b"1")
