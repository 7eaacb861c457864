"""Replies on the wire, in both versions of the protocol."""

import pytest

from hunch_kvstore.resp.encoder import encode
from hunch_kvstore.resp.reply import (
    OK,
    CommandError,
    Encoded,
    NullArray,
    Pairs,
    Push,
    Verbatim,
)


@pytest.mark.parametrize(
    ("reply", "resp2", "resp3"),
    [
        (None, b"$-1\r\n", b"_\r\n"),
        (NullArray, b"*-1\r\n", b"_\r\n"),
        (7, b":7\r\n", b":7\r\n"),
        (b"a\r\n", b"$3\r\na\r\n\r\n", b"$3\r\na\r\n\r\n"),
        (OK, b"+OK\r\n", b"+OK\r\n"),
        (
            [1, [b"x"]],
            b"*2\r\n:1\r\n*1\r\n$1\r\nx\r\n",
            b"*2\r\n:1\r\n*1\r\n$1\r\nx\r\n",
        ),
        ((), b"*0\r\n", b"*0\r\n"),
        ({b"a": 1}, b"*2\r\n$1\r\na\r\n:1\r\n", b"%1\r\n$1\r\na\r\n:1\r\n"),
        (
            Pairs([(b"a", 1.5)]),
            b"*2\r\n$1\r\na\r\n$3\r\n1.5\r\n",
            b"*1\r\n*2\r\n$1\r\na\r\n,1.5\r\n",
        ),
        ({b"a"}, b"*1\r\n$1\r\na\r\n", b"~1\r\n$1\r\na\r\n"),
        (0.1, b"$19\r\n0.10000000000000001\r\n", b",0.10000000000000001\r\n"),
        (float("inf"), b"$3\r\ninf\r\n", b",inf\r\n"),
        (float("-inf"), b"$4\r\n-inf\r\n", b",-inf\r\n"),
        (True, b":1\r\n", b"#t\r\n"),
        (False, b":0\r\n", b"#f\r\n"),
        (Verbatim(b"hi"), b"$2\r\nhi\r\n", b"=6\r\ntxt:hi\r\n"),
        (Push([b"x"]), b"*1\r\n$1\r\nx\r\n", b">1\r\n$1\r\nx\r\n"),
        (Encoded(b":5\r\n"), b":5\r\n", b":5\r\n"),
        (
            [CommandError("ERR no\r\nway")],
            b"*1\r\n-ERR no  way\r\n",
            b"*1\r\n-ERR no  way\r\n",
        ),
    ],
)
def test_every_type_of_reply(reply, resp2, resp3):
    assert (encode(reply, 2), encode(reply, 3)) == (resp2, resp3)


def test_text_is_no_reply():
    with pytest.raises(TypeError, match="str is no reply"):
        encode(["text"])
