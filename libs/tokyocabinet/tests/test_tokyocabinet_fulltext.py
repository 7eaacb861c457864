"""Full-text conditions against Python, and tables by way of the abstract database."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokyocabinet import (
    ADB,
    FDB,
    TDB,
    TDBQCFTSAND,
    TDBQCFTSEX,
    TDBQCFTSOR,
    TDBQCFTSPH,
    TDBQCNEGATE,
    TDBQCNUMGE,
)

WORDS = ["tokyo", "cabinet", "hash", "tree", "cab"]
words = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4)
CONDITIONS = {
    TDBQCFTSPH: (" ", lambda text, terms: " ".join(terms) in text),
    TDBQCFTSAND: (" ", lambda text, terms: all(term in text for term in terms)),
    TDBQCFTSOR: (" ", lambda text, terms: any(term in text for term in terms)),
    TDBQCFTSEX: (" && ", lambda text, terms: all(term in text for term in terms)),
}


@pytest.mark.parametrize("index", [None, "qgram"])
def test_full_text_agrees_with_python(index, tmp_path):
    @settings(max_examples=25, deadline=None)
    @given(
        st.lists(words, min_size=1, max_size=6), words,
        st.sampled_from(sorted(CONDITIONS)), st.booleans(), st.booleans(),
    )  # fmt: skip
    def agree(rows, terms, condition, upper, negate):
        joint, holds = CONDITIONS[condition]
        texts = {b"%d" % at: " ".join(row) for at, row in enumerate(rows)}
        with TDB(tmp_path / "a", "n") as db:
            if index:
                db.setindex("text", index)
            for key, text in texts.items():
                db.put(key, {"text": text})
            asked = joint.join(terms)
            found = (
                db.query()
                .filter(
                    "text",
                    condition | (TDBQCNEGATE if negate else 0),
                    asked.upper() if upper else asked,
                )
                .search()
            )
        wanted = [k for k, text in texts.items() if holds(text, terms) is not negate]
        assert sorted(found) == sorted(wanted)
        for leftover in tmp_path.iterdir():
            leftover.unlink()

    agree()


def test_counters_in_tables(tmp_path):
    with TDB(tmp_path / "a", "n") as db:
        db.put("k", {"name": "n"})
        assert [db.addint("k", 5), db.addint("k", -2)] == [5, 3]
        assert db["k"] == {b"name": b"n", b"_num": b"3"}


def test_indexes_by_way_of_the_abstract_database(tmp_path):
    with ADB(f"{tmp_path}/a.tct#mode=wct#idx=age:dec") as db:
        for age in range(10):
            db.misc("put", [b"%d" % age, b"age", b"%d" % age])
        assert db.misc("search", [b"addcond\0age\0NUMGE\0008"]) == [b"8", b"9"]
    assert (tmp_path / "a.tct.idx.age.dec").exists()
    with TDB(tmp_path / "a.tct", "r") as table:
        query = table.query().filter("age", TDBQCNUMGE, 8)
        assert sorted(query.search()) == [b"8", b"9"]
        assert "using an index" in query.hint()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["FDB", "TDB", "*", "+"])
def test_values_of_256_mib_elsewhere(kind, tmp_path):
    value = bytes(255 << 20) + b"x" * (1 << 20)
    if kind == "FDB":
        db = FDB()
        db.tune(256 << 20, 1 << 30)
        db.open(tmp_path / "a", "n")
        db[1] = value
        assert db[1] == value
    elif kind == "TDB":
        db = TDB(tmp_path / "a", "n")
        db["k"] = {"a": value}
        assert db["k"] == {b"a": value}
    else:
        db = ADB(kind)
        db[b"k"] = value
        assert db[b"k"] == value
    db.close()
