"""Every function of the C library's headers is bound, or left out for a reason."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import tokyocabinet
from tokyocabinet import (
    ADB,
    BDB,
    FDB,
    HDB,
    REMOVE,
    TDB,
    TDBMSDIFF,
    TDBMSISECT,
    TDBMSUNION,
    InvalidOperationError,
    RecordMissingError,
    TDBQuery,
    _database,
)

INCLUDE = Path("/usr/include")
HEADERS = ["tchdb", "tcbdb", "tcfdb", "tctdb", "tcadb"]

# Where a function's name here is not its name there without the beginning.
ELSEWHERE = {
    "tchdbnew": "HDB", "tchdbdel": "HDB", "tcbdbnew": "BDB", "tcbdbdel": "BDB",
    "tcfdbnew": "FDB", "tcfdbdel": "FDB", "tctdbnew": "TDB", "tctdbdel": "TDB",
    "tcadbnew": "ADB", "tcadbdel": "ADB",
    "tcbdbcurnew": "BDBCursor", "tcbdbcurdel": "BDBCursor",
    "tctdbqrynew": "TDBQuery", "tctdbqrydel": "TDBQuery",
    "tctdbmetasearch": "TDBQuery.metasearch",
    "tcbdbget4": "BDB.getlist", "tcbdbputdup3": "BDB.putlist", "tcbdbout3": "BDB.outlist",
    "tctdbget4": "TDB.getcol", "tcadbmapbdbemit": "ADB.mapbdb",
    "tchdbiterinit": "HDB.iterkeys", "tchdbiternext": "HDB.iterkeys",
    "tchdbiterinit2": "HDB.iterkeys", "tchdbiternext3": "HDB.iteritems",
    "tcfdbiterinit": "FDB.iterkeys", "tcfdbiternext": "FDB.iterkeys",
    "tcfdbiterinit2": "FDB.iterkeys",
    "tctdbiterinit": "TDB.iterkeys", "tctdbiternext": "TDB.iterkeys",
    "tctdbiterinit2": "TDB.iterkeys", "tctdbiternext3": "TDB.itervalues",
    "tcadbiterinit": "ADB.iterkeys", "tcadbiternext": "ADB.iterkeys",
    "tctdbqrystrtocondop": "TDBQuery.addcond",
    "tctdbqrystrtoordertype": "TDBQuery.setorder",
    "tctdbstrtoindextype": "TDB.setindex",
    "tctdbstrtometasearcytype": "TDBQuery.metasearch",
    "tctdbmetastrtosettype": "TDBQuery.metasearch",
    "tctdbqryproc2": "TDBQuery.proc", "tctdbqrysearchout2": "TDBQuery.searchout",
    "tcfdbkeytoid": "FDB.get", "tcfdbget4": "FDB.get",
}  # fmt: skip

# Facts about an open file: keys of `inform`.
FACTS = {
    "align", "bnum", "bnumused", "dfunit", "fbpmax", "flags", "inode", "inum", "lmemb",
    "lnum", "mtime", "nmemb", "nnum", "omode", "opts", "type", "uidseed", "xmsiz",
}  # fmt: skip

LEFT_OUT = {
    # for C strings, whose length is that of strlen: bytes carry theirs
    r"\w+2": "a variant for C strings, or one that copies less",
    r"tc[hbfta]db\w+3": "a variant for C strings, or one that copies less",
    r"tcfdb(range4|range5|iterinit4)": "intervals as text; range takes the two ends",
    r"tchdbgetnext[23]": "variants of getnext",
    # of no use from Python
    r"tc[hbft]db(set)?dbgfd": "the library's own debugging",
    r"tc[hbft]dbhasmutex": "the attribute mutex says it",
    r"tc[hf]dbmemsync": "records are in the kernel's memory as soon as they are stored",
    r"tctdbmemsync": "not safe beside other threads; sync is",
    r"tc[hbft]dbsetecode": "a caller has no error codes to set",
    r"tc(hdbcodecfunc|bdbcmpop)": "what the caller set itself",
    r"tchdbsettype": "marks a file as another kind than it is",
    r"tchdbtranvoid": "an abort without rolling back, for the library's own use",
    r"tcadbsetskel(multi)?": "plug-ins written in C",
    r"tcadbreveal": "a pointer to the database behind",
    r"tcbdbcur(key|val)3": "points into the page cache",
}


def functions(header):
    """Return the names that a header declares."""
    text = (INCLUDE / f"{header}.h").read_text(errors="replace")
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    return re.findall(
        rf"^[\w \*]+?\b({header}\w+)\s*\([^;{{]*?\)\s*;", text, flags=re.MULTILINE
    )


def reachable(place):
    """Return whether something of this dotted name is there."""
    thing = tokyocabinet
    for part in place.split("."):
        thing = getattr(thing, part, None)
    return thing is not None


@pytest.mark.parametrize("header", HEADERS)
def test_every_function_of_the_header_has_its_place(header):
    if not (INCLUDE / f"{header}.h").exists():
        pytest.skip("the C library's headers are not installed")
    kind = header.removeprefix("tc").upper()
    names = functions(header)
    assert len(names) > 40
    lost = []
    for name in names:
        short = name.removeprefix(header)
        inner = {"cur": "BDBCursor", "qry": "TDBQuery"}.get(short[:3], "")
        if name in ELSEWHERE:
            found = reachable(ELSEWHERE[name])
        elif inner and short[3:]:
            found = reachable(f"{inner}.{short[3:]}")
        else:
            found = reachable(f"{kind}.{short}") or short in FACTS
        if not found and not any(re.fullmatch(each, name) for each in LEFT_OUT):
            lost.append(name)
    assert not lost


@pytest.mark.parametrize("kind", [HDB, BDB, FDB, TDB], ids=lambda kind: kind.__name__)
def test_a_file_tells_about_itself(kind, tmp_path):
    with kind(tmp_path / "casket", "n") as db:
        facts = db.inform()
        assert facts["inode"] == (tmp_path / "casket").stat().st_ino
        if kind is not FDB:
            assert facts["bnum"] > facts["bnumused"]
    with pytest.raises(InvalidOperationError):
        db.inform()


@pytest.mark.parametrize("kind", [HDB, BDB, FDB, TDB], ids=lambda kind: kind.__name__)
def test_the_header_has_room_for_the_user(kind, tmp_path):
    with kind(tmp_path / "casket", "n") as db:
        room = len(db.opaque())
        assert room in (64, 128)
        assert db.opaque() == bytes(room)
        db.setopaque(b"mine")
        with pytest.raises(ValueError, match="have room"):
            db.setopaque(bytes(room + 1))
    with kind(tmp_path / "casket", "r") as db:
        assert db.opaque() == b"mine".ljust(room, b"\0")
        with pytest.raises(InvalidOperationError):
            db.setopaque(b"yours")
    with pytest.raises(InvalidOperationError):
        db.opaque()


def test_getnext_walks_from_key_to_key(tmp_path):
    with HDB(tmp_path / "casket", "n") as db:
        with pytest.raises(RecordMissingError):
            db.getnext()
        db.update({b"%d" % number: b"" for number in range(100)})
        db[b""] = b""
        walked = [db.getnext()]
        while len(walked) < 101:
            walked.append(db.getnext(walked[-1]))
        assert walked == list(db)
        with pytest.raises(KeyError):
            db.getnext(walked[-1])


def test_every_record_of_an_array_is_visited(tmp_path):
    with FDB(tmp_path / "casket", "n") as db:
        db.put_many((number, b"%d" % number) for number in range(5, 25, 5))
        seen = []

        def visit(number, value):
            seen.append((number, value))
            return number < 15

        db.foreach(visit)
        assert seen == [(5, b"5"), (10, b"10"), (15, b"15")]


def test_a_row_is_changed_in_one_step(tmp_path):
    with TDB(tmp_path / "casket", "n") as db:
        assert not db.putproc("a", None, lambda row: row)
        assert db.putproc("a", {"n": "1"}, lambda row: 1 / 0)
        assert db["a"] == {b"n": b"1"}

        def add(row):
            return {**row, b"n": b"%d" % (int(row[b"n"]) + 1), "more": "text"}

        assert db.putproc("a", None, add)
        assert db["a"] == {b"n": b"2", b"more": b"text"}
        assert not db.putproc("a", {"n": "9"}, lambda row: None)
        db["z"] = {"zeros": b"a\0b\0c", "n": "1"}
        assert db.putproc("z", None, lambda row: {"size": str(len(row[b"zeros"]))})
        assert db["z"] == {b"size": b"5"}
        with pytest.raises(ZeroDivisionError):
            db.putproc("a", None, lambda row: 1 / 0)
        for wrong in ({"n": b"a\0b"}, {b"a\0b": "n"}, {"": "n"}):
            with pytest.raises(ValueError, match=r"null byte|must not be empty"):
                db.putproc("a", None, lambda row, wrong=wrong: wrong)
            with pytest.raises(ValueError, match=r"null byte|must not be empty"):
                db.putproc("new", wrong, lambda row: row)
        with pytest.raises(TypeError):
            db.putproc("a", None, lambda row: {"n": 7})
        assert db["a"] == {b"n": b"2", b"more": b"text"}
        db.setindex("n", "decimal")
        assert db.putproc("a", None, lambda row: {"n": "77"})
        assert db.query().filter("n", "NUMEQ", 77).search() == [b"a"]
        with pytest.raises(InvalidOperationError):
            db.putproc("a", None, lambda row: {"n": ""})
        assert db.putproc("a", None, lambda row: REMOVE)
        assert "a" not in db
        with pytest.raises(tokyocabinet.ThreadError):
            db.putproc("z", None, lambda row: db.get("z"))


def test_conditions_and_orders_by_name(tmp_path):
    with TDB(tmp_path / "casket", "n") as db:
        db.put_many((str(n), {"n": str(n)}) for n in range(5))
        query = TDBQuery(db).filter("n", "NUMGE", 2).order("n", "NUMDESC")
        assert query.search() == [b"4", b"3", b"2"]
        assert TDBQuery(db).filter("n", "~NUMGE", 2).order("n", "STRASC").search() == [
            b"0",
            b"1",
        ]
        low = TDBQuery(db).filter("n", "NUMLE", 3)
        for name, constant, found in (
            ("UNION", TDBMSUNION, 5), ("ISECT", TDBMSISECT, 2), ("DIFF", TDBMSDIFF, 1)
        ):  # fmt: skip
            assert query.metasearch([low], name) == query.metasearch([low], constant)
            assert len(query.metasearch([low], name)) == found
        with pytest.raises(ValueError, match="unknown way"):
            query.metasearch([low], "XOR")
        with pytest.raises(ValueError, match="unknown condition"):
            db.query().filter("n", "NUMXX", 2)
        with pytest.raises(ValueError, match="unknown order"):
            db.query().order("n", "SIDEWAYS")


def test_numbers_go_on_from_a_seed(tmp_path):
    with TDB(tmp_path / "casket", "n") as db:
        db.setuidseed(41)
        assert db.genuid() == 42
        assert db.inform()["uidseed"] == 42


KILLED = """
import os, signal, sys
from tokyocabinet import BDB
db = BDB(sys.argv[1], "n")
for i in range(5000):
    db[b"%04d" % i] = b"v"
if sys.argv[2] == "written":
    db.memsync()
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize(("state", "kept"), [("written", 5000), ("left", 0)])
def test_pages_that_were_written_survive_their_process(state, kept, tmp_path):
    path = tmp_path / "casket"
    subprocess.run([sys.executable, "-c", KILLED, str(path), state], check=False)
    with BDB(path, "r") as db:
        assert len(list(db)) == len(db) == kept
        with pytest.raises(InvalidOperationError, match="open for reading"):
            db.memsync()


def test_the_order_of_a_tree_can_be_asked_for(tmp_path):
    def backwards(one, two):
        return (one < two) - (one > two)

    for order in ("lexical", "decimal", "int32", "int64", backwards):
        db = BDB()
        db.setcmpfunc(order)
        db.open(tmp_path / "casket", "n")
        assert db.cmpfunc() == order
        db.close()
        if order is not backwards:
            with BDB(tmp_path / "casket", "r") as again:
                assert again.cmpfunc() == order


def test_the_indexes_of_a_table_can_be_asked_for(tmp_path):
    with TDB(tmp_path / "casket", "n") as db:
        assert db.indexes() == {}
        db.setindex("n", "decimal")
        db.setindex("", "lexical")
        db.setindex("text", "qgram")
        wanted = {b"n": "decimal", b"": "lexical", b"text": "qgram"}
        assert db.indexes() == wanted
    with TDB(tmp_path / "casket", "w") as db:
        assert db.indexes() == wanted
        db.setindex("n", "void")
        assert db.indexes() == {b"": "lexical", b"text": "qgram"}
    with pytest.raises(InvalidOperationError):
        db.indexes()


def test_views_of_a_tree_go_backwards(tmp_path):
    with BDB(tmp_path / "casket", "n") as db:
        db.update({b"a": b"1", b"b": b"2", b"c": b"3"})
        assert list(reversed(db.keys())) == [b"c", b"b", b"a"]
        assert list(reversed(db.values())) == [b"3", b"2", b"1"]
        assert list(reversed(db.items())) == [(b"c", b"3"), (b"b", b"2"), (b"a", b"1")]


def test_numbers_that_no_array_has_room_for(tmp_path):
    with FDB(tmp_path / "casket", "n") as db:
        db[1] = b"one"
        for number in (0, -5, 10**12, 2**63 - 1, 2**63, 2**70, -(2**70)):
            assert db.get(number) is None
            assert number not in db
            assert db.out(number) is False
            assert db.pop(number, b"none") == b"none"
            with pytest.raises(KeyError):
                db[number]
            for store in (
                lambda n=number: db.put(n, b"x"),
                lambda n=number: db.putcat(n, b"x"),
                lambda n=number: db.addint(n, 1),
            ):
                with pytest.raises(InvalidOperationError, match="is no number from 1"):
                    store()
        assert list(db.iterkeys(2**70)) == []
        assert list(db.iterkeys(1, 2**70)) == [1]
        assert db.range(1, 2**70) == db.range(0) == db.range(-(2**9), 10**12) == [1]
        assert db.range(2**70) == db.range(1, 0) == []
        assert list(db.items()) == [(1, b"one")]


def test_errors_say_why(tmp_path):
    with (
        BDB(tmp_path / "casket", "n") as db,
        db.transaction(),
        pytest.raises(InvalidOperationError, match="transaction is open"),
    ):
        db.sync()
    for kind in (HDB, BDB, FDB, TDB):
        kind(tmp_path / kind.__name__, "n").close()
        with kind(tmp_path / kind.__name__, "r") as db:
            for call in (db.vanish, db.sync, db.tranbegin, db.optimize):
                with pytest.raises(InvalidOperationError, match="open for reading"):
                    call()
    with TDB(tmp_path / "table", "n") as db:
        for row in ({"n": 7}, {7: "n"}, [("n", None)]):
            with pytest.raises(TypeError, match="bytes-like object is required"):
                db.put("key", row)
    with ADB("*") as memory:
        for call in (memory.opaque, lambda: memory.setopaque(b"")):
            with pytest.raises(InvalidOperationError):
                call()


@pytest.mark.parametrize("name", ["Database", "KeyedDatabase"])
def test_a_class_that_is_no_kind_of_database(name, tmp_path):
    abstract = getattr(_database, name)
    with pytest.raises(TypeError):
        abstract(tmp_path / "casket", "n")
    bare = abstract.__new__(abstract)
    with pytest.raises(TypeError):
        bare.open(tmp_path / "casket", "n")
    assert bare.ecode() == 2
    bare.close()


@pytest.mark.parametrize("kind", [HDB, TDB], ids=lambda kind: kind.__name__)
def test_a_walk_begins_where_it_is_told_to(kind, tmp_path):
    with kind(tmp_path / "casket", "n") as db:
        record = {"n": "v"} if kind is TDB else b"v"
        db.put_many((b"%d" % number, record) for number in range(3000))
        if kind is HDB:
            db[b""] = record
        keys = list(db)
        for place in (0, 1, 1500, 2998, len(keys) - 1, keys.index(b"7")):
            assert list(db.iterkeys(keys[place])) == keys[place:]
        assert [key for key, _ in db.iteritems(keys[2000])] == keys[2000:]
        assert len(list(db.itervalues(keys[2000]))) == len(keys) - 2000
        walk = db.iterkeys(keys[100])
        del db[keys[100]]
        with pytest.raises(RecordMissingError):
            next(walk)
        assert list(walk) == []
        for missing in (b"none", b"") if kind is TDB else (b"none",):
            with pytest.raises(KeyError):
                list(db.iteritems(missing))
        walk = db.iterkeys(keys[200])
        assert next(walk) == keys[200]
        del db[keys[201]], db[keys[1000]]
        assert set(keys[1001:]) <= set(walk)
