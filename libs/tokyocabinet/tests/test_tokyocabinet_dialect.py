"""Programs written for `tc`, the first binding, of which only the import has changed."""

import struct

import pytest

from tokyocabinet import tc


def test_a_program_written_for_the_first_binding(tmp_path):
    path = str(tmp_path / "casket")
    db = tc.HDB()
    db.open(path, tc.HDBOWRITER | tc.HDBOCREAT)
    db.put(b"a", b"1")
    db.putasync(b"b", b"2")
    with pytest.raises(tc.Error) as caught:
        db.putkeep(b"a", b"x")
    assert caught.value.args == (21, "existing record")
    for call in (db.get, db.out, db.vsiz):
        with pytest.raises(KeyError):
            call(b"missing")
    db.iterinit()
    assert {db.iternext(), db.iternext()} == {b"a", b"b"}
    with pytest.raises(KeyError):
        db.iternext()
    assert sorted(db.items()) == [(b"a", b"1"), (b"b", b"2")]
    assert isinstance(db.keys(), list)
    assert db.has_key(b"a")
    db.close()

    tree = tc.BDB(path + ".tcb", tc.BDBOWRITER | tc.BDBOCREAT)
    tree.putlist(b"k", [b"1", b"2"])
    cursor = tree.curnew()
    cursor.first()
    assert cursor.rec() == (b"k", b"1")
    cursor.next()
    cursor.put(b"3", tc.BDBCPAFTER)
    with pytest.raises(KeyError):
        cursor.next()
    assert tree.getlist(b"k") == [b"1", b"2", b"3"]
    assert tree.range(b"a", True, b"z", True, -1) == [b"k"]
    tree.close()

    table = tc.TDB()
    table.open(path + ".tct", tc.TDBOWRITER | tc.TDBOCREAT)
    table.put("one", {"x": "1"})
    query = table.query().filter("x", tc.TDBQCNUMGE, "1").order("x", tc.TDBQONUMASC)
    assert query.keys() == [b"one"]
    with pytest.raises(KeyError):
        table.get("two")
    table.close()
    with pytest.raises(tc.Error) as caught:
        table.get("one")
    assert caught.value.args == (2, "invalid operation")


def test_the_array_of_the_first_binding(tmp_path):
    array = tc.FDB(tmp_path / "casket", tc.FDBOWRITER | tc.FDBOCREAT)
    assert array.put(1, b"one") is True
    assert (array.putkeep(1, b"x"), array.putkeep(3, b"three")) == (False, True)
    assert array.putcat(1, b"!") is True
    assert (array.get(1), array.get(2), array.has_key(3)) == (b"one!", None, True)
    assert array.keys() == [1, 3]
    assert array.values() == [b"one!", b"three"]
    assert array.items() == [(1, b"one!"), (3, b"three")]
    assert (array.out(3), array.out(3)) == (True, False)
    for key in array:
        array[key + 1] = b"more" if key < 50 else b""
        if key == 50:
            break
    assert len(array) == 51
    with pytest.raises(TypeError):
        array.put(b"text", b"x")
    with pytest.raises(KeyError):
        array[99]
    array.close()


@pytest.fixture(params=["HDB", "BDB"])
def db(request, tmp_path):
    kind = getattr(tc, request.param)
    db = kind()
    assert db.setmutex() is None
    db.tune(*([100, 7, 11] if request.param == "HDB" else [64, 128, 100, 9, 10]), 1)
    db.open(str(tmp_path / "casket"), getattr(kind, f"{request.param}OWRITER") | 4)
    yield db
    db.close()


def test_records_of_the_dialect(db, tmp_path):
    for number in range(10):
        db.put(b"key%d" % number, b"value%d" % number)
    db.putcat(b"key0", b"+")
    assert (db.get(b"key0"), db.vsiz(b"key0"), db.rnum()) == (b"value0+", 7, 10)
    assert (db.path(), len(db), db.fsiz() > 0) == (str(tmp_path / "casket"), 10, True)
    db.out(b"key0")
    assert b"key0" not in db
    assert sorted(db.iterkeys()) == sorted(db.keys()) == sorted(db)
    assert sorted(db.itervalues()) == sorted(db.values())
    assert sorted(db.iteritems()) == sorted(db.items())
    assert dict(db.items()) == {key: db[key] for key in db}
    db[b"a"] = b"b"
    del db[b"a"]
    for call in (lambda: db[b"a"], lambda: db.__delitem__(b"a"), lambda: db.out(b"a")):
        with pytest.raises(KeyError):
            call()
    for wrong in (lambda: db[:], lambda: hash(db), lambda: db["text"]):
        with pytest.raises(TypeError):
            wrong()
    db.sync()
    db.copy(str(tmp_path / "copy"))
    db.optimize()
    copy = type(db)(str(tmp_path / "copy"), 1)
    assert copy.items() == db.items()
    copy.close()
    db.vanish()
    assert (db.rnum(), db.items(), list(db)) == (0, [], [])


def test_counters_of_the_dialect(db):
    assert db.addint(b"n", 10) == 10
    assert struct.unpack("i", db.get(b"n")) == (10,)
    assert db.addint(b"n", -3) == 7
    assert db.adddouble(b"d", 1.5) == 1.5
    assert struct.unpack("d", db.get(b"d")) == (1.5,)


def test_arguments_of_the_dialect(db):
    assert db.errmsg(tc.TCENOREC) == type(db).errmsg(22) == "no record found"
    with pytest.raises(tc.Error) as caught:
        db.tune(1)
    assert caught.value.args == (tc.TCEINVALID, "invalid operation")
    fresh = type(db)("never opened")
    with pytest.raises(tc.Error):
        fresh.get(b"a")
    with pytest.raises(OverflowError):
        fresh.tune(apow=128)


def test_the_tree_of_the_dialect(tmp_path):
    db = tc.BDB()
    seen = []

    def order(one, two, op=None):
        seen.append(op)
        return (one > two) - (one < two)

    db.setcmpfunc(order, "operand")
    db.setcache(100, 50)
    db.open(str(tmp_path / "casket"), tc.BDBOWRITER | tc.BDBOCREAT)
    db.putlist(b"k1", [b"a", b"b"])
    db.putdup(b"k1", b"c")
    db.put(b"k2", b"d")
    assert (db.get(b"k1"), db.getlist(b"k1")) == (b"a", [b"a", b"b", b"c"])
    assert (db.vnum(b"k1"), db.vnum(b"none")) == (3, 0)
    assert (db.rangefwm(b"k", 1), db.rangefwm(b"k", -1)) == ([b"k1"], [b"k1", b"k2"])
    assert db.range(None, True, None, True, -1) == [b"k1", b"k2"]
    assert set(seen) == {"operand"}
    db.tranbegin()
    db.put(b"k3", b"e")
    db.tranabort()
    assert not db.has_key(b"k3")
    db.tranbegin()
    db.put(b"k3", b"e")
    db.trancommit()
    assert db.has_key(b"k3")
    cursor = db.curnew()
    cursor.jump(b"k2")
    assert (cursor.key(), cursor.val()) == (b"k2", b"d")
    cursor.put(b"dd", tc.BDBCPCURRENT)
    cursor.put(b"before", tc.BDBCPBEFORE)
    assert db.getlist(b"k2") == [b"before", b"dd"]
    cursor.out()
    assert cursor.rec() == (b"k2", b"dd")
    cursor.prev()
    assert cursor.rec() == (b"k1", b"c")
    assert list(tc.BDBCursor(db)) == []
    cursor.last()
    assert list(cursor) == [(b"k3", b"e")]
    with pytest.raises(KeyError):
        cursor.jump(b"z")
    db.outlist(b"k1")
    with pytest.raises(KeyError):
        db.outlist(b"k1")
    db.close()


def test_the_table_of_the_dialect(tmp_path):
    db = tc.TDB()
    db.tune(10, 6, 5, tc.TDBTLARGE)
    db.open(str(tmp_path / "casket"), tc.TDBOWRITER | tc.TDBOCREAT)
    for name, age in (("ada", 36), ("bob", 7), ("eve", 50)):
        db.put(name, {"name": name, "age": str(age)})
    query = tc.TDBQuery(db)
    assert query.filter("age", tc.TDBQCNUMGE, "10") is query
    assert query.order("age", tc.TDBQONUMDESC) is query
    assert query.keys() == [b"eve", b"ada"]
    assert query.filter("name", tc.TDBQCSTRINC, "d").keys() == [b"ada"]
    by_key = db.query().filter(None, tc.TDBQCSTROR, "bob eve").order("", tc.TDBQOSTRASC)
    assert by_key.keys() == [b"bob", b"eve"]
    assert db.query().order("age", tc.TDBQONUMDESC).order("age", -1).keys()
    db.delete("bob")
    for call in (db.get, db.out, db.delete):
        with pytest.raises(KeyError):
            call("bob")
    db.close()
