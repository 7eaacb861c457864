"""Queries: whatever is typed is answered or refused in words, and means what it says.

That queries are read as RediSearch reads them is in the recorded replies.
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hunch_kvstore.engine.store import Engine
from hunch_kvstore.search import definition, request
from hunch_kvstore.search.catalog import Catalog
from hunch_kvstore.search.error import QuerySyntaxError, SearchError
from hunch_kvstore.search.explain import explain
from hunch_kvstore.search.lexer import Kind, tokens
from hunch_kvstore.search.run import parse, run

PIECES = [
    *("word", "the", "42", "-5", "3.5e2", "fo*", "*ox", "*o*", "@t:", "@t|u:", "@g:"),
    *(
        "{",
        "}",
        "x|y",
        "(",
        ")",
        "[",
        "]",
        "|",
        "-",
        "~",
        '"',
        "'",
        "\\",
        ":",
        ";",
        "=>",
    ),
    *(
        "$p",
        "%",
        "*",
        "inf",
        "@n:[1 (5]",
        "@g:{a b}",
        "w'a?b*'",
        "@n>=3",
        "東京都",
        "é",
    ),
    *(" ", " ", "=>{$weight: 2}", '"a b"', "\x00", "\udcff", "\U0010ffff"),
]
TEXTS = st.one_of(
    st.text(max_size=40), st.lists(st.sampled_from(PIECES), max_size=12).map("".join)
)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    with Engine.open(tmp_path_factory.mktemp("query")) as engine:
        catalog = Catalog.load(engine)
        words = b"i PREFIX 1 d: SCHEMA t TEXT u TEXT NOSTEM g TAG n NUMERIC SORTABLE m NUMERIC"
        with engine.begin() as tx:
            schema, _ = definition.create(words.split(), 1)
            catalog.put(tx, schema, [(b"d:%d" % n, document(n)) for n in range(50)])
        yield engine, catalog


def document(n):
    text = f"word fox 東京都 running éa {n}"
    return {b"t": text.encode(), b"u": b"a b", b"g": b"a b,x", b"n": b"%d" % n}


@settings(deadline=None)
@given(text=TEXTS, parameter=st.none() | st.text(max_size=5))
def test_anything_typed_is_answered_or_refused(store, text, parameter):
    engine, catalog = store
    schema = catalog.get("i").schema
    parameters = {} if parameter is None else {"p": parameter}
    try:
        node = parse(schema, text, parameters)
    except QuerySyntaxError as error:
        assert 0 <= error.offset <= len(text.encode("utf-8", "surrogateescape"))  # noqa: PT017
        return
    except SearchError as error:
        assert str(error)  # noqa: PT017
        return
    assert explain(node, schema).endswith("\n")
    wanted = request.Request("i", text, parameters=parameters, sort_by="n")
    wanted.is_descending = True
    newest = run(engine, catalog, wanted, lambda keys, names: [{} for _ in keys])
    wanted.limit = 1000
    all_ = run(engine, catalog, wanted, lambda keys, names: [{} for _ in keys])
    assert newest.total == all_.total == len(all_.hits)
    assert [h.number for h, _ in all_.hits[:10]] == [h.number for h, _ in newest.hits]
    scored = request.Request("i", text, parameters=parameters, limit=1000)
    scored.has_scores = True
    ranked = run(engine, catalog, scored, lambda keys, names: [{} for _ in keys])
    assert {h.number for h, _ in ranked.hits} == {h.number for h, _ in all_.hits}


@given(TEXTS)
def test_tokens_come_in_order_and_end(text):
    found = list(tokens(text))
    assert found[-1].kind is Kind.END
    places = [token.at for token in found[:-1]]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("text", "offset", "near"),
    [
        ("(", 0, ""),
        ("hello |", 6, "hello"),
        ("東京 )", 7, "東京"),
        ("@n:[1 2", 6, "2"),
        ("@g:{", 3, "g"),
        ('"never closed', 1, "never"),
        ("a:b", 1, "a"),
    ],
)
def test_an_error_names_the_byte_and_the_word_before(store, text, offset, near):
    with pytest.raises(QuerySyntaxError) as caught:
        parse(store[1].get("i").schema, text, {})
    assert (caught.value.offset, caught.value.near) == (offset, near)
    assert str(caught.value) == f"Syntax error at offset {offset} near {near}"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("*", 50),
        ("word", 50),
        ("the", 0),
        ("word the of", 50),
        ("-word", 0),
        ("run", 50),
        ("-run", 50),
        ("@u:run", 0),
        ("京", 50),
        ("東京都", 50),
        ("東都", 0),
        ('"fox 東京"', 50),
        ('"京都 running"', 50),
        ('"fox 京都"', 0),
        ("17", 1),
        ("@n:[10 (20]", 10),
        ("@n:[(10 inf] @n:[-inf 15]", 5),
        ("@n==7", 1),
        ("@n!=7", 49),
        ("@g:{a b}", 50),
        ("@g:{a}", 0),
        ("@g:{x|nope}", 50),
        ("f*", 0),
        ("fo*", 50),
        ("%fx%", 50),
        ("w'f?x'", 50),
        ("17|18|19 fox", 3),
        ("(17|18) -(18)", 1),
        ("~17", 50),
        ("@m:[-inf inf]", 0),
        ("@nope:word", 0),
    ],
)
def test_what_queries_find(store, query, found):
    engine, catalog = store
    wanted = request.Request("i", query, limit=0)
    assert (
        run(engine, catalog, wanted, lambda keys, names: [{} for _ in keys]).total
        == found
    )


class Clock:
    """Time that passes by being looked at."""

    def __init__(self, step_s):
        self.now = 0.0
        self.step_s = step_s

    def __call__(self):
        self.now += self.step_s
        return self.now


@pytest.mark.parametrize("options", [("SORTBY", "n"), ("SORTBY", "m"), ()])
def test_a_query_that_takes_too_long_answers_with_what_it_has(store, options):
    engine, catalog = store
    words = [b"i", b"-nothing", b"TIMEOUT", b"100", *map(str.encode, options)]

    def found(step_s):
        wanted = request.read(words)
        return run(
            engine,
            catalog,
            wanted,
            lambda keys, names: [{} for _ in keys],
            Clock(step_s),
        )

    cut = found(1.0)
    assert cut.is_cut
    assert cut.total <= 50
    whole = found(0.001)
    assert not whole.is_cut
    assert whole.total == 50, "a count that was cut short is not remembered"
