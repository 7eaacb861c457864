"""Settings that change how a file is kept, seen by what they change."""

import zlib

import pytest

from tokyocabinet import (
    ADB,
    ADBOMDB,
    ADBOTDB,
    BDB,
    BDBTEXCODEC,
    FDB,
    HDB,
    HDBTEXCODEC,
    TCENOREC,
    TDB,
    TDBTEXCODEC,
    InvalidOperationError,
)

CODECS = [(HDB, HDBTEXCODEC), (BDB, BDBTEXCODEC), (TDB, TDBTEXCODEC)]


def packed(kind, option, path, omode, encode=zlib.compress, decode=zlib.decompress):
    db = kind()
    db.setcodecfunc(encode, decode)
    db.tune(opts=option)
    db.open(path, omode)
    return db


def row(kind, text):
    return {b"text": text} if kind is TDB else text


@pytest.mark.parametrize(("kind", "option"), CODECS)
def test_functions_pack_what_is_stored(kind, option, tmp_path):
    path = tmp_path / "casket"
    with packed(kind, option, path, "n") as db:
        db.put_many((b"%d" % i, row(kind, b"plain words " * 20)) for i in range(300))
        assert db.get(b"7") == row(kind, b"plain words " * 20)
        with pytest.raises(InvalidOperationError):
            db.setcodecfunc(zlib.compress, zlib.decompress)
    assert b"plain words" not in path.read_bytes()
    with packed(kind, option, path, "r") as db:
        assert db.get_many([b"0", b"299", b"300"]) == [
            row(kind, b"plain words " * 20)
        ] * 2 + [None]
        assert len(list(db.items())) == 300


def test_an_error_of_a_packing_function_comes_through(tmp_path):
    def refuse(data):
        raise ZeroDivisionError(data)

    with packed(HDB, HDBTEXCODEC, tmp_path / "casket", "n") as db:
        db[b"k"] = b"v"
    with (
        packed(HDB, HDBTEXCODEC, tmp_path / "casket", "w", refuse, refuse) as db,
        pytest.raises(ZeroDivisionError),
    ):
        db.get(b"k")
    with (
        packed(HDB, HDBTEXCODEC, tmp_path / "casket", "w", refuse) as db,
        pytest.raises(ZeroDivisionError),
    ):
        db.put(b"k", b"w")


@pytest.mark.parametrize("kind", [HDB, BDB, TDB], ids=lambda kind: kind.__name__)
def test_a_file_defragments_itself(kind, tmp_path):
    sizes = []
    for unit in (0, 1):
        db = kind()
        db.setdfunit(unit)
        db.open(tmp_path / str(unit), "n")
        for turn in range(6):
            for i in range(600):
                db[b"%03d" % i] = row(kind, b"x" * (50 + (i * 37 + turn * 991) % 700))
            db.sync()
        assert db.inform()["dfunit"] == unit
        db.close()
        sizes.append((tmp_path / str(unit)).stat().st_size)
    assert sizes[1] < sizes[0]


def test_a_tree_keeps_to_its_capacity(tmp_path):
    db = BDB()
    db.setcapnum(1000)
    db.open(tmp_path / "casket", "n")
    db.put_many((b"%05d" % i, b"") for i in range(10000))
    assert 1000 <= len(db) <= 1128  # it looks when a page of 128 is divided
    assert db.range(max=1) > [b"08000"]
    db.close()


def test_leaves_keep_to_their_size(tmp_path):
    leaves = []
    for most in (0, 512):
        db = BDB()
        db.setlsmax(most)
        db.open(tmp_path / str(most), "n")
        db.put_many((b"%05d" % i, b"x" * 100) for i in range(1000))
        leaves.append(db.inform()["lnum"])
        assert db.rangefwm(b"0099") == [b"%05d" % i for i in range(990, 1000)]
        db.close()
    assert leaves[1] > leaves[0] * 5


@pytest.mark.parametrize("kind", [HDB, BDB, TDB], ids=lambda kind: kind.__name__)
def test_caches_can_be_dropped(kind, tmp_path):
    db = kind()
    db.setcache(100, 100) if kind is BDB else db.setcache(100)
    if kind is TDB:
        db.setinvcache(1 << 20, 0.5)
    db.open(tmp_path / "casket", "n")
    if kind is TDB:
        db.setindex("text", "token")
    for i in range(2000):
        db[b"%d" % i] = row(kind, b"word%d and" % (i % 7))
    db.cacheclear()
    assert db[b"1999"] == row(kind, b"word4 and")
    assert len(db) == 2000
    if kind is TDB:
        assert db.query().filter("text", "STRAND", "word4").count() == 286
        assert db.query().filter("text", "STRAND", "word4").setlimit(3).count() == 3
    db.close()


@pytest.mark.parametrize("kind", [HDB, BDB], ids=lambda kind: kind.__name__)
def test_a_miss_leaves_its_code(kind, tmp_path):
    with kind(tmp_path / "casket", "n") as db:
        assert db.get(b"none") is None
        assert db.ecode() == TCENOREC
        assert kind.errmsg(db.ecode()) == "no record found"


@pytest.mark.parametrize(
    "kind", [HDB, BDB, FDB, TDB, ADB], ids=lambda kind: kind.__name__
)
def test_records_are_taken_out_one_by_one(kind, tmp_path):
    db = ADB("*") if kind is ADB else kind(tmp_path / "casket", "n")
    keys = [1, 2, 3] if kind is FDB else [b"1", b"2", b"3"]
    model = {key: row(kind, b"v") for key in keys}
    db.update(model)
    assert (
        {db.popitem() for _ in keys} == set(model.items())
        if kind is not TDB
        else (sorted(db.popitem()[0] for _ in keys) == keys)
    )
    with pytest.raises(KeyError):
        db.popitem()
    db.close()


def test_what_a_database_says_of_its_shape(tmp_path):
    with FDB() as array:
        array.tune(12, 1 << 20)
        array.open(tmp_path / "a", "n")
        assert (array.width(), array.limsiz()) == (12, 1 << 20)
    memory = ADB("*")
    assert memory.omode() == ADBOMDB
    assert memory.size() == memory.fsiz() > 0
    memory.close()
    assert memory.omode() == 0
    with ADB(str(tmp_path / "t.tct")) as table:
        assert table.omode() == ADBOTDB
    with TDB(tmp_path / "t.tct", "w") as rows:
        rows["k"] = {"a": "1"}
        assert rows.delete("k") is True
        assert rows.delete("k") is False
