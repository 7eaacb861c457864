"""From text to the words that are indexed."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hunch_kvstore.search._delta import unpack
from hunch_kvstore.search.document import analyse, moment_end, moment_of
from hunch_kvstore.search.folding import bigrams, fold
from hunch_kvstore.search.schema import Field, FieldType, Schema
from hunch_kvstore.search.stemmer import stem
from hunch_kvstore.search.tokenizer import tokenize


def words(text):
    return [token.text for token in tokenize(text)]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("The quick_brown fox-trot, isn't it?", "the quick_brown fox trot isn t it"),
        ("3.14 -5 e-mail@host", "3 14 5 e mail host"),
        (r"hello\-world foo\ bar x\\y", "hello-world|foo bar|x\\y"),
        ("Café NAÏVE Straße Ångström", "cafe naive strasse angstrom"),
        ("ＦＵＬＬ ﬁne ½", "full fine 1⁄2"),
        ("“quoted”—dash…end", "quoted dash end"),
        ("Ёлка Ελλάδα", "елка ελλαδα"),
        ("mail🎉party 🎉", "mail 🎉 party 🎉"),
        ("東京都 東京tower", "東京都 東京 tower"),
        ("ภาษาไทย สวัสดี", "ภาษาไทย สวัสดี"),
        ("한국어 검색", "한국어 검색"),
        ("हिन्दी खोज", "हिन्दी खोज"),
        ("がぎ ｶﾞｷﾞ", "がぎ ガギ"),
        ("ışık IŞIK İstanbul", "isik isik istanbul"),
        ("Łódź Øresund Đà œuvre Ærø", "lodz oresund da oeuvre aero"),
        ("كتـــاب اللُّغَةُ أحمد مكتبة", "كتاب اللغه احمد مكتبه"),
        ("שָׁלוֹם", "שלום"),
        ("١٢٣ ๑๒๓ ราคา๕", "123 123 ราคา 5"),
        ("می‌خواهم co\u00adoperate zero\u200bwidth", "ميخواهم cooperate zero width"),
        ("❤️❤ 👍🏽 👨‍👩‍👧 1️⃣", "❤ ❤ 👍 🏽 👨 👩 👧 1"),
        ("\u200e\ufe0f \u200dx", "x"),
        ("", ""),
        ("  ,. ", ""),
    ],
)
def test_words(text, wanted):
    assert words(text) == (wanted.split("|") if "|" in wanted else wanted.split())


@given(st.text())
def test_every_token_is_folded_and_stands_where_it_says(text):
    for token in tokenize(text):
        assert token.text
        assert fold(token.text) == token.text or not token.text.isascii()
        assert 0 <= token.start < token.stop <= len(text)


@given(st.text(alphabet="aéÅ東京ガ한글ไท, -", max_size=30))
def test_places_cut_the_same_words_out(text):
    for token in tokenize(text):
        assert fold(text[token.start : token.stop]) == token.text


def test_a_hostile_word_is_cut():
    assert [len(word) for word in words("x" * 100_000)] == [128]
    assert [len(word) for word in words("é" * 100_000)] == [128]


def test_pairs_of_a_run_end_with_the_last_character():
    assert bigrams("東京都") == ["東京", "京都", "都"]
    assert bigrams("東") == ["東"]


# Taken from the output of RediSearch 2.10.5's FT.EXPLAIN.
STEMS = """
running run|happiness happi|generously generous|flies fli|ties tie|dying die|skies sky
relational relat|conditional condit|hopping hop|hoping hope|agreed agre|feed feed
controlling control|university univers|national nation|caresses caress|gas gas|this this
communication communic|arsenal arsenal|sensational sensat|digitizer digit|early earli
triplicate triplic|electrical electr|adjustable adjust|replacement replac|probate probat
roll roll|rate rate|cease ceas|inning inning|news news|proceed proceed|bodies bodi
enjoy enjoy|happy happi|say say|by by|dog dog|dogs dog
"""


@pytest.mark.parametrize(
    "pair", [p for row in STEMS.split("\n") for p in row.split("|") if p]
)
def test_stems_are_redisearch_s(pair):
    word, root = pair.split()
    assert stem(word) == root


@given(st.text())
def test_any_text_has_a_stem(text):
    assert isinstance(stem(fold(text)), str)


@given(st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_moments_run_backwards(one, two):
    if one > two:
        assert moment_of(one) <= moment_of(two)
    assert moment_end(moment_of(one)) - moment_of(one) == 2**24 - 1


@pytest.mark.parametrize("unit", [1, 1000, 1_000_000])
def test_dates_of_these_decades_have_fine_moments(unit):
    now = 1_790_000_000 * unit
    assert moment_of(float(now)) != moment_of(float(now + 9 * unit))


def test_a_bad_number_keeps_the_document_out():
    number = Field(identifier="n", name="n", type=FieldType.NUMERIC, number=1)
    schema = Schema(name="i", number=1, fields=(number,))
    for raw in (b"abc", b"", b"1_000", b"nan", b"0x10", b"1 2"):
        with pytest.raises(ValueError, match="Invalid numeric value"):
            analyse(schema, {b"n": raw})
    assert analyse(schema, {b"n": b"1e3"}).values == (1000.0,)
    assert analyse(schema, {b"n": b"-inf"}).values == (float("-inf"),)


def plain_analysis(schema, fields):
    """What `analyse` does, in the words of its rules."""
    names, parts, counts = set(), [], Counter()
    for item in schema.tags:
        for tag in (
            fields.get(item.key, b"")
            .decode("utf-8", "surrogateescape")
            .split(item.separator)
        ):
            tag = tag.strip() if item.is_case_sensitive else tag.strip().lower()
            if tag:
                form = tag.encode("utf-8", "surrogateescape")[:4096]
                names.add((item.number, form.replace(b"\0", b"\0\xff")))
    for item in schema.texts:
        parts.append("\x1f")
        text = fields.get(item.key, b"").decode("utf-8", "replace")
        kept = [t for t in tokenize(text) if t.text not in schema.stop_set]
        runs = {token.text for token in kept if token.is_run}
        found = [token.text for token in kept]
        parts += [f"\0{word}" for word in found] + ["\0"] * bool(found)
        whole, part = max(1, int(item.weight)), max(1, int(item.weight * 0.2))
        for word, times in Counter(found).items():
            counts[word] += times * whole
            if word in runs:
                names.update((item.number, pair.encode()) for pair in bigrams(word))
                continue
            names.add((item.number, word.encode()))
            root = stem(word) if item.stems and len(word) >= 4 else word
            if root != word:
                counts["+" + root] += times * part
                names.add((item.number, b"+" + root.encode()))
    shown = {number.to_bytes(2, "big") + term for number, term in names}
    return shown, "".join(parts).encode(), max(counts.values(), default=1)


TEXTS = st.one_of(
    st.text(),
    st.text(alphabet="aAbzZ019_ .,-\\'é“東京ไท๕🎉ـَ\u00ad\u200d\ufe0f", max_size=60),
    st.lists(
        st.sampled_from(
            [
                "the",
                "running",
                "runs",
                "Café",
                "cafés",
                "東京都",
                "京",
                "of",
                "x",
                "happily",
            ]
        )
    ).map(" ".join),
).map(lambda text: text.encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize("count", [1, 3])
@settings(max_examples=300)
@given(data=st.data())
def test_analysis_is_what_its_rules_say(count, data):
    kinds = [
        Field(identifier="a", name="a", type=FieldType.TEXT, number=1),
        Field(identifier="b", name="b", type=FieldType.TEXT, number=2, weight=7.0),
        Field(identifier="c", name="c", type=FieldType.TEXT, number=3, stems=False),
    ][:count]
    kinds += [
        Field(identifier="t", name="t", type=FieldType.TAG, number=400),
        Field(identifier="u", name="u", type=FieldType.TAG, number=5, separator=";",
              is_case_sensitive=True),
        Field(identifier="v", name="v", type=FieldType.TAG, number=6, separator="é"),
    ]  # fmt: skip
    schema = Schema(name="i", number=1, fields=tuple(kinds))
    values = st.dictionaries(
        st.sampled_from([item.key for item in kinds]), TEXTS | st.binary(max_size=40)
    )
    fields = data.draw(values)
    found = analyse(schema, fields)
    names, stream, top = plain_analysis(schema, fields)
    assert set(unpack(found.names)) == names
    assert found.count == len(unpack(found.names))
    assert (found.stream, found.top) == (stream, top)


def test_long_words_and_tags_are_cut():
    kinds = (
        Field(identifier="a", name="a", type=FieldType.TEXT, number=1),
        Field(identifier="t", name="t", type=FieldType.TAG, number=4),
    )
    schema = Schema(name="i", number=1, fields=kinds)
    for sign in ("X", "É", "\0", "ﷺ"):
        raw = sign.encode() * 9000
        found = analyse(schema, {b"a": b"a " + raw, b"t": raw})
        assert (
            set(unpack(found.names))
            == plain_analysis(schema, {b"a": b"a " + raw, b"t": raw})[0]
        )
