"""Every function of the C library's headers is bound, or left out for a reason."""

import re
from pathlib import Path

import pytest

import tokyocabinet
from tokyocabinet import (
    BDB,
    FDB,
    HDB,
    REMOVE,
    TDB,
    InvalidOperationError,
    RecordMissingError,
    TDBQuery,
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
    r"tc[hbft]dbmemsync": "sync does it and writes what is buffered before",
    r"tc[hbft]dbsetecode": "a caller has no error codes to set",
    r"tc[hb]db(codecfunc|cmpfunc|cmpop)": "what the caller set itself",
    r"tchdbsettype": "marks a file as another kind than it is",
    r"tchdbtranvoid": "an abort without rolling back, for the library's own use",
    r"tcadbsetskel(multi)?": "plug-ins written in C",
    r"tcadbreveal": "a pointer to the database behind",
    r"tcbdbcur(key|val)3": "points into the page cache",
    r"tctdb(metastrtosettype|strtometasearcytype)": "three constants, TDBMS...",
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
        with pytest.raises(ValueError, match="unknown condition"):
            db.query().filter("n", "NUMXX", 2)
        with pytest.raises(ValueError, match="unknown order"):
            db.query().order("n", "SIDEWAYS")


def test_numbers_go_on_from_a_seed(tmp_path):
    with TDB(tmp_path / "casket", "n") as db:
        db.setuidseed(41)
        assert db.genuid() == 42
        assert db.inform()["uidseed"] == 42
