"""FT.* through a real server, as a client sees it."""

import time

import pytest
import redis

SITE = [
    "FT.CREATE",
    "s:items",
    "ON",
    "HASH",
    "PREFIX",
    "1",
    "s:item:",
    "SCHEMA",
    "source",
    "TAG",
    "service",
    "TAG",
    "type",
    "TAG",
    "tags",
    "TAG",
    "SEPARATOR",
    ",",
    "state",
    "TAG",
    "text",
    "TEXT",
    "published",
    "NUMERIC",
    "SORTABLE",
]


@pytest.fixture(params=[2, 3], ids=["resp2", "resp3"])
def wire(server, request):
    with server.wire() as opened:
        opened.call("HELLO", request.param)
        opened.protocol = request.param
        yield opened


@pytest.fixture
def client(server):
    with redis.Redis(unix_socket_path=str(server.socket), protocol=2) as opened:
        yield opened


def item(client, number, **fields):
    shown = {"source": "blog", "tags": "color,x", "state": "live", "text": "words"}
    shown |= {
        "published": str(1_790_000_000_000_000 + number),
        "json": f'{{"n":{number}}}',
    }
    client.hset(f"s:item:{number}", mapping=shown | fields)


def ids(reply):
    return [name.decode().rpartition(":")[2] for name in reply[1:]]


def find(client, query, *options):
    words = (query, "SORTBY", "published", "DESC", "NOCONTENT", *options, "DIALECT", 2)
    return ids(client.execute_command("FT.SEARCH", "s:items", *words))


def test_the_questions_of_a_site(client):
    client.execute_command(*SITE)
    for number in range(100):
        item(
            client,
            number,
            source="flickr" if number % 3 else "blog",
            state="gone"
            if number % 10 == 0
            else "edited"
            if number % 10 == 1
            else "live",
            text=f"word {number} and a phrase" if number % 2 else "a phrase, word",
        )
    reply = client.execute_command(
        *("FT.SEARCH", "s:items"),
        "@state:{live|edited} @tags:{color} @source:{flickr|blog} "
        "@published:[-inf (1790000000000050]",
        *("SORTBY", "published", "DESC", "LIMIT", 0, 31, "RETURN", 1, "json"),
        *("DIALECT", 2),
    )
    assert reply[0] == 45
    live = [n for n in range(49, -1, -1) if n % 10][:31]
    assert reply[1:3] == [b"s:item:49", [b"json", b'{"n":49}']]
    assert reply[1::2] == [b"s:item:%d" % n for n in live]
    assert find(client, '@text:(word "a phrase")', "LIMIT", 0, 3) == ["99", "98", "97"]
    assert find(client, "@text:(phrase 42|42)") == []
    assert find(client, "@state:{live} -@source:{flickr}", "LIMIT", 0, 2) == [
        "99",
        "96",
    ]
    count = client.execute_command(
        "FT.SEARCH", "s:items", "@state:{live}", "LIMIT", 0, 0
    )
    assert count == [80]


def test_shapes_of_both_protocols(wire):
    wire.call(*SITE)
    wire.call(
        "HSET", "s:item:1", "text", "hello world", "published", "5", "tags", "a,b"
    )
    words = ("FT.SEARCH", "s:items", "hello", "RETURN", "1", "text", "WITHSCORES")
    reply = wire.call(*words)
    tags = wire.call("FT.TAGVALS", "s:items", "tags")
    info = wire.call("FT.INFO", "s:items")
    if wire.protocol == 2:
        assert reply == (
            "*",
            b":1",
            b"$s:item:1",
            b"$1",
            ("*", b"$text", b"$hello world"),
        )
        assert tags == ("*", b"$a", b"$b")
        assert info[:3] == ("*", b"+index_name", b"+s:items")
    else:
        entry = ("%", b"+id", b"$s:item:1", b"+score", b",1", b"+extra_attributes")
        entry += (("%", b"$text", b"$hello world"), b"+values", ("*",))
        head = (
            b"+attributes",
            ("*",),
            b"+total_results",
            b":1",
            b"+format",
            b"+STRING",
        )
        tail = (b"+warning", ("*",))
        assert reply == ("%", *head, b"+results", ("*", entry), *tail)
        assert (tags[0], set(tags[1:])) == ("~", {b"$a", b"$b"})
        assert info[0] == "%"


def test_hashes_that_are_there_are_indexed(client):
    for number in range(50):
        item(client, number)
    client.set("s:item:text", "not a hash")
    client.hset("other:1", "tags", "color")
    client.execute_command(*SITE)
    assert len(find(client, "@tags:{color}", "LIMIT", 0, 100)) == 50
    item(client, 77)
    assert find(client, "*", "LIMIT", 0, 1) == ["77"]


def test_what_becomes_of_documents(client):
    client.execute_command(*SITE)
    for number in range(6):
        item(client, number)
    client.delete("s:item:0")
    client.hset("s:item:1", "tags", "other")
    client.hdel("s:item:2", "tags")
    client.rename("s:item:3", "s:item:33")
    client.rename("s:item:4", "elsewhere")
    client.set("s:item:5", "now a string")
    assert find(client, "@tags:{color}") == ["33"]
    assert find(client, "*") == ["33", "2", "1"]
    client.rename("elsewhere", "s:item:44")
    assert find(client, "@tags:{color}") == ["44", "33"]
    client.copy("s:item:44", "s:item:45")
    assert sorted(find(client, "@tags:{color}")) == ["33", "44", "45"]
    client.hset("s:item:1", "published", "9e15")
    assert find(client, "*", "LIMIT", 0, 1) == ["1"]
    client.hset("s:item:1", "published", "never")
    assert "1" not in find(client, "*")
    client.hset("s:item:1", "published", "9e15")
    assert find(client, "*", "LIMIT", 0, 1) == ["1"]


def test_expired_documents_go(client):
    client.execute_command(*SITE)
    item(client, 1)
    item(client, 2)
    client.pexpire("s:item:1", 30)
    deadline = time.monotonic() + 10
    while find(client, "@tags:{color}") != ["2"]:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert client.execute_command("FT.SEARCH", "s:items", "*", "LIMIT", 0, 0) == [1]


def test_a_transaction_is_indexed_as_a_whole(client):
    client.execute_command(*SITE)
    with client.pipeline(transaction=True) as pipe:
        for number in range(40):
            pipe.hset(
                f"s:item:{number}", mapping={"tags": "t", "published": str(number)}
            )
        pipe.execute_command("FT.SEARCH", "s:items", "@tags:{t}", "LIMIT", 0, 0)
        assert pipe.execute()[-1] == [40], "EXEC sees its own writes"
    assert find(client, "@tags:{t}", "LIMIT", 0, 2) == ["39", "38"]


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_an_index_survives(server, client, end):
    client.execute_command(*SITE)
    for number in range(100):
        item(client, number)
    getattr(server, end)()
    server.start()
    assert len(find(client, "@tags:{color}", "LIMIT", 0, 1000)) == 100
    assert client.execute_command("FT._LIST") == [b"s:items"]
    item(client, 100)
    assert find(client, "words", "LIMIT", 0, 2) == ["100", "99"]


def test_dropping(client):
    client.execute_command(*SITE)
    item(client, 1)
    client.execute_command("FT.DROPINDEX", "s:items")
    assert client.exists("s:item:1")
    with pytest.raises(redis.ResponseError, match="no such index"):
        find(client, "*")
    client.execute_command(*SITE)
    assert find(client, "*") == ["1"]
    client.set("keep", "me")
    client.execute_command("FT.DROPINDEX", "s:items", "DD")
    assert client.keys() == [b"keep"]
    assert client.execute_command("FT._LIST") == []
    client.execute_command(*SITE)
    client.flushall()
    assert client.execute_command("FT._LIST") == []


def test_alter(client):
    client.execute_command(*SITE)
    item(client, 1, extra="seven", rank="3")
    client.execute_command(
        *[
            "FT.ALTER",
            "s:items",
            "SCHEMA",
            "ADD",
            "extra",
            "TEXT",
            "rank",
            "NUMERIC",
            "SORTABLE",
        ]
    )
    assert find(client, "@extra:seven @rank:[3 3]") == ["1"]
    item(client, 2, extra="seven", rank="2")
    assert find(client, "@extra:seven") == ["2", "1"]
    reply = client.execute_command(
        *["FT.SEARCH", "s:items", "@extra:seven", "SORTBY", "rank", "NOCONTENT"]
    )
    assert ids(reply) == ["2", "1"]


def test_words_of_any_script(client):
    client.execute_command(*SITE)
    texts = [
        "東京都の天気",
        "京都へ行く",
        "서울에서 검색했다",
        "ภาษาไทยง่ายมาก",
        "Crème Brûlée",
    ]
    for number, text in enumerate(texts):
        item(client, number, text=text)
    assert find(client, "京都") == ["1", "0"]
    assert find(client, "東京都") == ["0"]
    assert find(client, "天") == ["0"]
    assert find(client, "気") == ["0"]
    assert find(client, "검색") == ["2"]
    assert find(client, "ไทย") == ["3"]
    assert find(client, "creme brulee") == ["4"]
    assert find(client, "CRÈME") == ["4"]
    reply = client.execute_command(
        *("FT.SEARCH", "s:items", "京都", "HIGHLIGHT", "RETURN", 1, "text"),
        *("SORTBY", "published"),
    )
    assert reply[2][1].decode() == "東<b>京都</b>の天気"


def test_marks_and_fragments(client):
    client.execute_command(*SITE)
    text = "One fox. " + "filler word " * 40 + "Two foxes meet, and the fox runs."
    item(client, 1, text=text)

    def shown(query, *options):
        words = ("FT.SEARCH", "s:items", query, "RETURN", 1, "text", *options)
        return client.execute_command(*words)[2][1].decode()

    assert shown("fox", "HIGHLIGHT").count("<b>fox") == 3
    assert "<b>foxes</b>" in shown("fox", "HIGHLIGHT")
    assert "[runs]" in shown("running", "HIGHLIGHT", "TAGS", "[", "]")
    some = shown("fox", "SUMMARIZE", "FRAGS", 2, "LEN", 4, "SEPARATOR", " / ")
    assert some == "fox. filler / Two foxes meet, and the fox runs / "
    some = shown("fox", "SUMMARIZE", "FRAGS", 1, "LEN", 8, "HIGHLIGHT")
    assert some == "filler word Two <b>foxes</b> meet, and the <b>fox</b> runs... "
    assert (
        shown("@tags:{color}", "SUMMARIZE", "LEN", 2, "FRAGS", 1) == "One fox. filler"
    )
    assert shown("fox", "HIGHLIGHT", "FIELDS", 1, "tags") == text


def test_early_stop_without_a_total(client):
    client.execute_command(*SITE)
    for number in range(200):
        item(client, number)
    words = ("FT.SEARCH", "s:items", "@tags:{color}", "SORTBY", "published", "DESC")
    words += ("LIMIT", 0, 3, "NOCONTENT")
    assert client.execute_command(*words)[0] == 200
    assert client.execute_command(*words, "WITHOUTCOUNT")[0] == 3
    assert client.execute_command(*words, "DIALECT", 4)[0] == 3


def test_hostile_queries_end_soon(client):
    client.execute_command(*SITE)
    item(client, 1)
    deep = "(" * 50_000
    for query in (
        deep,
        "-" * 50_000,
        "~" * 9000 + "x",
        "a|" * 5000,
        "@" * 9000,
        "*" * 99,
    ):
        began = time.monotonic()
        try:
            client.execute_command("FT.SEARCH", "s:items", query, "DIALECT", 2)
        except redis.ResponseError as error:
            assert "yntax" in str(error) or "stack" in str(error)  # noqa: PT017
        assert time.monotonic() - began < 5
    assert client.ping()
