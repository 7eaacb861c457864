"""The query language: reading, canonical form, and what the store is asked."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunch_stream.compile import compile_query, escape_tag
from hunch_stream.query import KINDS, Query, QueryError, Term, parse

VISIBLE = "@state:{live|edited}"


@pytest.mark.parametrize(
    ("text", "compiled"),
    [
        ("", VISIBLE),
        ("color+autumn", f"{VISIBLE} @tags:{{autumn}} @tags:{{color}}"),
        (
            "source:visualizeus+source:stuff+type:picture+color",
            f"{VISIBLE} @source:{{stuff|visualizeus}} @type:{{picture}} @tags:{{color}}",
        ),
        ("-source:blog", f"{VISIBLE} -@source:{{blog}}"),
        ("-red", f"{VISIBLE} -@tags:{{red}}"),
        ('"late summer"', f'{VISIBLE} @text:("late summer")'),
        ("text:train", f"{VISIBLE} @text:(train)"),
        ("tag:new-york", f"{VISIBLE} @tags:{{new\\-york}}"),
        ("after:2026", f"{VISIBLE} @published:[1767225600000000 +inf]"),
        ("before:2026-02", f"{VISIBLE} @published:[-inf (1769904000000000]"),
    ],
)
def test_compiles(text: str, compiled: str) -> None:
    assert compile_query(parse(text)) == compiled


def test_days_begin_at_midnight_of_the_site() -> None:
    stockholm = compile_query(parse("after:2026-07-01"), ZoneInfo("Europe/Stockholm"))
    utc = compile_query(parse("after:2026-07-01"))
    difference = int(utc.split("[")[1].split()[0]) - int(
        stockholm.split("[")[1].split()[0]
    )
    assert difference == 2 * 3600 * 1_000_000


def test_the_page_cursor_narrows_the_range() -> None:
    query = parse("before:2026")
    assert "(1000]" in compile_query(query, before=1000)
    assert "[(5 +inf]" in compile_query(Query(), after=5)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("colour:red", "unknown kind 'colour'"),
        ("type:photo", "unknown type 'photo'"),
        ("after:yesterday", "no date"),
        ("after:2026-13", "after"),
        ("source:", "nothing stands after"),
        ('""', "nothing stands after"),
        ("+".join(map(str, range(40))), "more than 32"),
        ("x" * 2000, "longer than"),
    ],
)
def test_wrong_queries_say_why(text: str, words: str) -> None:
    with pytest.raises(QueryError, match=words):
        parse(text)


def test_error_names_the_place() -> None:
    with pytest.raises(QueryError) as caught:
        parse("autumn+colour:red")
    assert caught.value.position == 7


values = st.text(min_size=1, max_size=12).filter(lambda v: v.strip() and '"' not in v)
terms = st.builds(
    Term,
    st.sampled_from([k for k in KINDS if k in {"source", "service", "tag", "text"}]),
    values.map(lambda v: " ".join(v.lower().split())).filter(bool),
    st.booleans(),
)


@given(st.lists(terms, max_size=6))
def test_canonical_form_reads_back(chosen: list[Term]) -> None:
    query = parse("+".join(str(term) for term in chosen))
    assert parse(str(query)) == query
    assert set(query.terms) == {Term(t.kind, t.value, t.negated) for t in chosen}


@given(st.text(max_size=60))
def test_any_text_is_a_query_or_a_query_error(text: str) -> None:
    try:
        query = parse(text)
    except QueryError:
        return
    assert compile_query(query, dt.UTC).startswith(VISIBLE)


@given(st.text(alphabet=st.characters(max_codepoint=127), min_size=1))
def test_escaped_tags_hold_no_bare_sign(value: str) -> None:
    escaped = escape_tag(value)
    bare = escaped.replace("\\\\", "")
    for sign in "{}|@-()[]:\"' ,.":
        assert bare.count(sign) == bare.count("\\" + sign)
