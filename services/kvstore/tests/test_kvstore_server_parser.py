"""The parser of client bytes: cut anywhere it gives the same, and it never breaks."""

import resource
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from kvstore_wire import pack

from hunch_kvstore.resp.inline import split_words
from hunch_kvstore.resp.parser import Parser, ProtocolError, StrangerError

WORDS = st.lists(st.binary(max_size=40), min_size=1, max_size=6)
ALMOST = st.lists(
    st.sampled_from(
        [
            *(b"*", b"$", b"\r\n", b"\n", b"\r", b"0", b"1", b"3", b"-1", b"10", b" "),
            *(b"GET", b'"', b"'", b"\\", b"x41", b"\x00", b"a", b"*1\r\n", b"$1\r\n"),
        ]
    )
).map(b"".join)


def outcome(pieces):
    """Feed pieces; return the commands and the fault, if there was one."""
    parser = Parser()
    commands = []
    for piece in pieces:
        try:
            parser.take(piece, commands)
        except ProtocolError as error:
            return commands, str(error)
    return commands, None


@given(st.lists(WORDS, max_size=5))
def test_what_was_packed_comes_out(commands):
    assert outcome([b"".join(map(pack, commands))]) == (commands, None)


@settings(max_examples=500)
@given(st.one_of(st.binary(max_size=60), ALMOST), st.data())
@example(b"*2\r\n$3\r\nGET\r\n$1\r\na\r\n*1\r\n$4\r\nPING\r\n", None)
def test_cut_anywhere_the_outcome_is_the_same(raw, data):
    whole = outcome([raw])
    assert outcome([raw[at : at + 1] for at in range(len(raw))]) == whole
    if data is not None:
        cuts = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=4)))
        ends = [0, *cuts, len(raw)]
        assert outcome([raw[a:b] for a, b in pairwise(ends)]) == whole


@pytest.mark.parametrize(
    ("raw", "what"),
    [
        (b"*x\r\n", "invalid multibulk length"),
        (b"*2147483648\r\n", "invalid multibulk length"),
        (b"*01\r\n", "invalid multibulk length"),
        (b"*1\r\nx\r\n", "expected '$', got 'x'"),
        (b"*1\r\n$-1\r\n", "invalid bulk length"),
        (b"*1\r\n$536870913\r\n", "invalid bulk length"),
        (b"*1\r\n$x\r\n", "invalid bulk length"),
        (b'"unbalanced\r\n', "unbalanced quotes in request"),
        (b"x" * 70000, "too big inline request"),
        (b"*" + b"1" * 70000, "too big mbulk count string"),
        (b"*1\r\n$" + b"1" * 70000, "too big bulk count string"),
        (b"PING\0\r\n" + b"x" * 70000, "too big inline request"),
        (b"*1\0\r\n" + b"x" * 70000, "too big mbulk count string"),
        (b"*1\r\n$1\0\r\n" + b"x" * 70000, "too big bulk count string"),
        (b"*1\r\n\0" + b"1\r\n" + b"x" * 70000, "too big bulk count string"),
    ],
)
def test_faults_have_redis_words(raw, what):
    assert outcome([raw]) == ([], what)


@pytest.mark.parametrize("raw", [b"*0\r\n", b"*-1\r\n", b"\r\n", b"  \r\n", b"\n"])
def test_no_words_are_no_command(raw):
    assert outcome([raw + b"PING\r\n"]) == ([[b"PING"]], None)


def test_commands_before_a_fault_are_kept():
    assert outcome([pack([b"PING"]) + b"*x\r\n"]) == (
        [[b"PING"]],
        "invalid multibulk length",
    )


def test_strangers_have_narrow_limits():
    with pytest.raises(ProtocolError, match="unauthenticated multibulk"):
        Parser(trusted=False).feed(b"*11\r\n")
    with pytest.raises(ProtocolError, match="unauthenticated bulk"):
        Parser(trusted=False).feed(b"*1\r\n$16385\r\n")
    assert Parser(trusted=False).feed(pack([b"x" * 16384])) == [[b"x" * 16384]]


def test_a_stranger_who_logs_in_meanwhile_goes_on_where_the_limit_was():
    command = [b"MSET", *[b"x"] * 19, b"v" * 20_000]
    raw = pack([b"AUTH", b"word"]) + pack(command) + pack([b"PING"])
    for raw_limit in (
        raw,
        raw.replace(b"*21", b"*3").replace(b"$1\r\nx\r\n" * 18, b""),
    ):
        parser = Parser(trusted=False)
        commands = []
        with pytest.raises(StrangerError):
            parser.take(raw_limit, commands)
        assert commands == [[b"AUTH", b"word"]]
        parser.trusted = True
        rest = parser.feed(b"")
        assert rest[0][0] == b"MSET"
        assert len(rest[0][-1]) == 20_000
        assert rest[1:] == [[b"PING"]]
        assert parser.is_idle


def test_a_header_reserves_no_memory():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    parsers = [Parser() for _ in range(1000)]
    for parser in parsers:
        assert parser.feed(b"*1000000\r\n$536870912\r\nx") == []
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000


def test_a_long_word_in_small_pieces_takes_linear_time():
    raw = pack([b"SET", b"key", b"v" * (8 << 20)])
    parser = Parser()
    commands = []
    for at in range(0, len(raw), 1000):
        parser.take(raw[at : at + 1000], commands)
    assert [len(word) for word in commands[0]] == [3, 3, 8 << 20]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"set key value", [b"set", b"key", b"value"]),
        (b"  set\tkey  v ", [b"set", b"key", b"v"]),
        (rb'set key "a b\x00\n\"" ', [b"set", b"key", b'a b\x00\n"']),
        (rb"set key 'a \' \n'", [b"set", b"key", rb"a ' \n"]),
        (b'"" ""', [b"", b""]),
        (b'a"b"', [b"ab"]),
        (b'"a"b', None),
        (b'"a', None),
        (b"'a", None),
        (rb'"\xzz\x4"', [b"xzzx4"]),
    ],
)
def test_inline_words(line, words):
    assert split_words(line) == words
