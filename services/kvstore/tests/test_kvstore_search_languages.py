"""Texts of many languages, as a reader searches them: what is found, what is marked."""

from dataclasses import replace

import pytest

from hunch_kvstore.engine.store import Engine
from hunch_kvstore.keyspace.keyspace import Keyspace
from hunch_kvstore.search import definition, folding, refill, request, tokenizer
from hunch_kvstore.search.catalog import Catalog
from hunch_kvstore.search.run import run

# What was asked for, and the text with what should be marked between brackets.
FOUND = """
東京|[東京]都の天気は晴れ
都の天|東京[都の天]気は晴れ
天気は*|東京都の[天気は]晴れ
*気は|東京都の天[気は]晴れ
*気は*|東京都の天[気は]晴れ
"天気は晴れ"|東京都の[天気は晴れ]
京都|東[京都]の[京都]
カタカナ|[カタカナ]と[ｶﾀｶﾅ]半角
データベース|[ﾃﾞｰﾀﾍﾞｰｽ]の話
ベース|ﾃﾞｰﾀ[ﾍﾞｰｽ]の話
ﾃﾞｰﾀ|[データ]ベース
タワーtokyo|東京[タワーTokyo] Towerに行った
2026年|[2026年]11月28日
年11|2026[年11]月28日
a社|[A社]の話
tokyo2026|[ＴＯＫＹＯ２０２６]オリンピック
𠮷野家|[𠮷野家]で
北京|[北京]大学在海淀区
검색|한국어 [검색] 엔진을 만듭니다
엔진*|한국어 검색 [엔진]을 만듭니다
한국|[\u1112\u1161\u11ab\u1100\u116e\u11a8]어
ไทย|ภาษา[ไทย]เป็นภาษาที่สวยงาม
ทำงาน|[ทํางาน]ดี
123|ราคา [๑๒๓] บาท
اللغة|[اللُّغَةُ] العَرَبِيَّةُ
كتاب|[كتـــاب]
احمد|[أحمد] وإبراهيم
مكتبه|[مكتبة]
میخواهم|[می\u200cخواهم]
2026|عام [٢٠٢٦]
שלום|[שָׁלוֹם] עוֹלָם
strasse|Die [Straße] ist schön
straße|Die [STRASSE]
Straß*|Die [Straße] ist schön
übermut|[u\u0308bermut]
istanbul|[İstanbul] güzel
ışık|[IŞIK]
isik|[ışık]
diyarbakır|[DİYARBAKIR]
lodz|[Łódź] i Øresund
oresund|Łódź i [Øresund]
da|[Đà] Nẵng
oeuvre|[œuvre]
été|l’[été]
cooperate|[co\u00adoperate]
width|zero\u200b[width]
👩|family 👨\u200d[👩\u200d]👧
👨\u200d👩\u200d👧|family [👨\u200d👩\u200d👧] here
👍|[👍]🏽 ok
👍🏽|[👍🏽] ok
❤️|[❤] love
🇩🇪|flag [🇩🇪]🇫🇷
🇫🇷|flag 🇩🇪[🇫🇷]
1|[1️⃣] one
""".strip().split("\n")

NOT_FOUND = """
大阪|東京都の天気は晴れ
"東京 天気"|東京都の天気は晴れ
か|がぎぐ
11月|11の3月
हिन|हिन्दी
schoen|schön
🇩🇪|flag 🇪🇩
""".strip().split("\n")


def found(server, query, text):
    with server.wire() as wire:
        wire.call("FLUSHALL")
        wire.call(*["FT.CREATE", "i", "PREFIX", "1", "d:", "SCHEMA", "t", "TEXT"])
        wire.call("HSET", "d:1", "t", text)
        marks = ("HIGHLIGHT", "TAGS", "[", "]")
        return wire.call("FT.SEARCH", "i", query, *marks, "DIALECT", "2")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    from kvstore_process import OurServer

    with OurServer(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.mark.parametrize("case", FOUND)
def test_found_and_marked(server, case):
    query, wanted = case.split("|")
    reply = found(server, query, wanted.replace("[", "").replace("]", ""))
    assert reply[1] == b":1"
    assert reply[3][2][1:].decode() == wanted


@pytest.mark.parametrize("case", NOT_FOUND)
def test_not_found(server, case):
    assert found(server, *case.split("|"))[1] == b":0"


@pytest.fixture
def old_store(tmp_path, monkeypatch):
    """A store whose index was made when ł was no l."""
    with monkeypatch.context() as old:
        old.setattr(folding, "_FOLDED", {})
        folding._fold.cache_clear()
        with Engine.open(tmp_path) as engine:
            keys, catalog = Keyspace(engine), Catalog()
            with engine.begin() as tx:
                keys.tx, keys.catalog = tx, catalog
                words = b"i PREFIX 1 d: SCHEMA t TEXT".split()
                schema, _ = definition.create(words, catalog.next_number(tx))
                catalog.put(tx, replace(schema, folding=1), [])
                for number in range(5):
                    text = f"łódź {number}".encode()
                    keys.hash(b"d:%d" % number).set_many([(b"t", text)])
    folding._fold.cache_clear()
    return tmp_path


def matches(engine, catalog, word):
    """Return how many documents hold a word."""
    asked = request.read([b"i", word.encode(), b"NOCONTENT"])
    return run(engine, catalog, asked, lambda keys, _: [{} for _ in keys]).total


def test_an_index_of_another_folding_is_made_anew(old_store, monkeypatch):
    monkeypatch.setattr(refill, "BATCH", 2)
    monkeypatch.setattr(refill, "SAID_EVERY_S", 0)
    said = []
    with Engine.open(old_store) as engine:
        keys, catalog = Keyspace(engine), Catalog.load(engine)
        assert matches(engine, catalog, "lodz") == 0
        refill.refold(catalog, keys, engine, lambda *words: said.append(words))
        assert said == [("i", done, 5) for done in (0, 2, 4, 5, 5)]
        assert matches(engine, catalog, "lodz") == matches(engine, catalog, "łódź") == 5
    with Engine.open(old_store) as engine:
        catalog = Catalog.load(engine)
        assert catalog.get("i").schema.folding == folding.FOLDING
        assert matches(engine, catalog, "lodz") == 5


def test_a_refill_that_was_cut_short_is_begun_again(old_store, monkeypatch):
    monkeypatch.setattr(refill, "BATCH", 2)
    with Engine.open(old_store) as engine, monkeypatch.context() as cut:
        catalog = Catalog.load(engine)
        ticks = iter((None,))
        cut.setattr(engine, "tick", lambda _: next(ticks))
        with pytest.raises(StopIteration):
            refill.refold(catalog, Keyspace(engine), engine, print)
        engine.flush()
    with Engine.open(old_store) as engine:
        catalog = Catalog.load(engine)
        assert 0 < matches(engine, catalog, "łódź") < 5
        refill.refold(catalog, Keyspace(engine), engine, print)
        assert matches(engine, catalog, "łódź") == 5


def test_words_of_a_query_are_taken_whole():
    (token,) = tokenizer.tokenize(tokenizer.unseparated("a-b c"))
    assert token.text == "a-b c"
