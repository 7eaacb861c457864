"""What is read without the parser is what the parser reads."""

from hypothesis import example, given
from hypothesis import strategies as st

from hunch_kvstore.search.folding import fold
from hunch_kvstore.search.parser import Parser
from hunch_kvstore.search.simple import tags

WORDS = st.sampled_from(
    [
        "a",
        "tag",
        "Tag_2",
        "the",
        "world",
        "w",
        "wor",
        "x9",
        "i",
        "inf",
        "Infinity",
        "7",
        "ü",
        "a-b",
    ]
)
PARTS = st.builds("@{}:{{{}}}".format, WORDS, WORDS)
QUERIES = st.builds(
    lambda parts, between, end: between.join(parts) + end,
    st.lists(PARTS, min_size=1, max_size=4),
    st.sampled_from([" ", "  ", "", "|", " -", "\t"]),
    st.sampled_from(["", " ", "}", " x", "*"]),
)


@given(QUERIES)
@example("@tags:{a} @tags:{b}")
@example("@a:{b}@c:{d}")
def test_tags_are_read_as_the_parser_reads_them(query):
    found = tags(query)
    if found is not None:
        stop = frozenset(("the",)).__contains__
        assert (
            found
            == Parser(query, is_stop_word=stop, normal=fold, parameters={}).parse()
        )


def test_the_commonest_queries_are_simple():
    assert tags("@tags:{blue} @service:{flickr}") is not None
    assert tags("@tags:{blue}") is not None


def test_nothing_is_not_simple():
    assert tags("") is None
    assert tags(" ") is None
