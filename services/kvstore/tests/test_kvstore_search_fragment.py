"""SUMMARIZE's fragments, and how they are cut."""

import pytest

from hunch_kvstore.search.fragment import Found, Text, best, fragments
from hunch_kvstore.search.marks import Summary
from hunch_kvstore.search.tokenizer import tokenize


def found_in(text, *words):
    return [
        Found(token.text, place, token.start, token.stop)
        for place, token in enumerate(tokenize(text))
        if token.text in words
    ]


def shown(text, length, *words):
    made = fragments(found_in(text, *words))
    return [text[start:stop] for start, stop in Text(text).pieces(made, length)]


FAR = " ".join(f"w{n}" for n in range(20))


def test_near_words_make_one_fragment():
    near = "fox " + "w " * 7 + "fox"
    assert len(fragments(found_in(near, "fox"))) == 1
    assert len(fragments(found_in("w ".join(("fox ", near)), "fox"))) == 1
    assert len(fragments(found_in("fox " + "w " * 8 + "fox", "fox"))) == 2


def test_the_rarest_words_win_and_the_order_of_the_text_stays():
    text = f"fox {FAR} dog fox {FAR} cat {FAR} fox"
    made = fragments(found_in(text, "fox", "dog", "cat"))
    worth = {"fox": 1.0, "dog": 1.0, "cat": 3.0}
    two = best(made, 2, worth.__getitem__)
    assert [[one.term for one in part.found] for part in two] == [
        ["dog", "fox"],
        ["cat"],
    ]
    assert best(made, 0, worth.__getitem__) == []


@pytest.mark.parametrize(
    ("length", "wanted"),
    [
        (0, "fox"),
        (1, "fox "),
        (2, "fox four"),
        (4, "two three fox four five"),
        (9, "two three fox four five"),
    ],
)
def test_context_ends_between_words(length, wanted):
    assert shown("one two three fox four five. sixsix", length, "fox") == [wanted]


def test_context_stops_at_the_next_fragment():
    text = f"fox {FAR} fox"
    first, second = shown(text, 60, "fox")
    assert first == f"fox {FAR}"
    assert second == f"{FAR} fox"


@pytest.mark.parametrize("text", ["Ёжик бежит лесом", "été là-bas", "x 🎉 y"])
def test_letters_are_never_cut(text):
    for length in range(12):
        for piece in shown(f"{text} fox {text}", length, "fox"):
            piece.encode()
            assert "fox" in piece


@pytest.mark.parametrize(
    ("length", "wanted"),
    [
        (1, "天気"),
        (2, "都の天気は晴"),
        (4, "東京都の天気は晴れ"),
        (50, "東京都の天気は晴れ、明日は雨が降る"),
    ],
)
def test_unspaced_text_has_context_between_any_characters(length, wanted):
    text = "東京都の天気は晴れ、明日は雨が降る"
    made = fragments([Found("天気", 2, 4, 6)])
    ((start, stop),) = Text(text).pieces(made, length)
    assert text[start:stop] == wanted


def test_unspaced_text_without_found_words_is_cut_anywhere():
    head = Text("東京都の天気は晴れ、明日は雨").head
    assert head(Summary([], fragments=1, length=1)) == "東京都の"


def test_a_text_without_found_words_is_cut_between_words():
    head = Text("short text of six words, period.").head
    assert head(Summary([], fragments=3, length=1)) == "short text of six words,"
    assert head(Summary([], fragments=1, length=0)) == "short"
    assert Text("").head(Summary([])) == ""
    assert Text("x" * 99).head(Summary([], fragments=1, length=0)) == "x"
