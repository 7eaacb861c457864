"""One suite over both codecs: plain Python and compiled."""

import struct

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fcgi import _pure
from fcgi.errors import RefusedError, RemoteProtocolError
from fcgi.headers import encode_headers
from fcgi.records import Type

TWINS = [_pure]
try:
    from fcgi import _speed
except ImportError:
    pass
else:
    TWINS.append(_speed)


@pytest.fixture(params=TWINS, ids=lambda module: module.__name__)
def codec(request):
    return request.param


def outcome(function, *args):
    try:
        result = function(*args)
    except (RemoteProtocolError, RefusedError, struct.error) as error:
        return type(error), str(error) if not isinstance(error, struct.error) else ""
    if (
        isinstance(result, list)
        and result
        and isinstance(result[0], (bytes, memoryview))
    ):
        return [bytes(piece) for piece in result]
    return result


sizes = st.sampled_from([0, 1, 127, 128, 129, 255, 256, 70000])
names = st.one_of(
    st.binary(max_size=8),
    st.sampled_from([b"PATH_INFO", b"HTTP_X_ONE", b"HTTP_X-ONE", b"HTTP_REMOTE_USER",
                     b"CONTENT_LENGTH", b"HTTP_CONTENT_LENGTH", b"wsgi.input", b""]),
)  # fmt: skip
pairs = st.lists(st.tuples(names, st.binary(max_size=200)), max_size=8)


def test_lengths_of_both_forms(codec):
    for size, prefix in (
        (127, b"\x7f"),
        (128, b"\x80\0\0\x80"),
        (70000, b"\x80\1\x11\x70"),
    ):
        raw = codec.encode_pairs([(b"N", b"v" * size)])
        assert raw == b"\x01" + prefix + b"N" + b"v" * size
        assert codec.decode_pairs(raw) == [(b"N", b"v" * size)]
    raw = codec.encode_pairs([(b"N" * 200, b"")])
    assert raw[:5] == b"\x80\0\0\xc8\0"
    # the long form of a short length is allowed, too
    assert codec.decode_pairs(b"\x80\0\0\1\x80\0\0\1ab") == [(b"a", b"b")]


@pytest.mark.parametrize(
    "raw",
    [b"\1", b"\x80", b"\x80\0\0", b"\x80\0\0\1", b"\1\1a", b"\1\x80\0\0", b"\1\xff\xff\xff\xffa",
     b"\xff\xff\xff\xff\xff\xff\xff\xffab", b"\0\1", b"\1\0a\1"],
)  # fmt: skip
def test_lengths_that_lie(codec, raw):
    with pytest.raises(RemoteProtocolError):
        codec.decode_pairs(raw)
    with pytest.raises(RemoteProtocolError):
        codec.decode_environ(raw, {})


def test_a_record_is_padded_to_eight(codec):
    assert codec.encode_record(6, 0x0102, b"abc") == b"\1\6\1\2\0\3\5\0abc" + bytes(5)
    assert codec.encode_record(5, 1) == b"\1\5\0\1\0\0\0\0"


def test_a_stream_is_cut_without_copying(codec):
    data = bytes(200_000)
    pieces = codec.encode_stream(Type.STDOUT, 7, data)
    assert b"".join(pieces[1::2]) == data
    assert all(len(piece) <= 65535 for piece in pieces)
    assert all(isinstance(piece, memoryview) for piece in pieces[1::2])
    assert codec.encode_stream(Type.STDOUT, 7, b"") == []


def test_environ(codec):
    base = {"wsgi.input": None}
    raw = codec.encode_pairs(
        [(b"PATH_INFO", b"/caf\xc3\xa9"), (b"HTTP_X-Odd.name", b"1")]
    )
    environ = codec.decode_environ(raw, base)
    assert environ == {
        "wsgi.input": None,
        "PATH_INFO": "/cafÃ©",
        "HTTP_X_ODD_NAME": "1",
    }
    assert base == {"wsgi.input": None}


def test_environ_keeps_what_matches_and_drops_what_must(codec):
    raw = codec.encode_pairs(
        [
            (b"CONTENT_LENGTH", b"5"),
            (b"HTTP_CONTENT_LENGTH", b"5"),
            (b"HTTP_PROXY", b"x"),
        ]
    )
    assert codec.decode_environ(raw, {}) == {"CONTENT_LENGTH": "5"}


def test_names_do_not_pile_up(codec):
    for number in range(3000):
        codec.decode_environ(
            codec.encode_pairs([(b"HTTP_MADE_UP_%d" % number, b"")]), {}
        )
    assert len(_pure._names) <= 1024


@given(pairs)
def test_round_trip(some):
    for codec in TWINS:
        assert codec.decode_pairs(codec.encode_pairs(some)) == some


@given(st.binary(max_size=60))
@example(b"\x0e\xff\xff\xff\xff")
@settings(max_examples=300)
def test_twins_agree_on_any_bytes(raw):
    results = [
        (outcome(c.decode_pairs, raw), outcome(c.decode_environ, raw, {}))
        for c in TWINS
    ]
    assert all(result == results[0] for result in results)


@given(pairs, st.integers(0, 3), st.data())
@settings(max_examples=300)
def test_twins_agree_on_requests(some, pad, data):
    body = data.draw(st.lists(st.binary(min_size=1, max_size=20), max_size=3))
    request_id = data.draw(st.sampled_from([0, 1, 2, 258, 65535]))
    raw = b"".join(
        [
            _pure.encode_begin(request_id, data.draw(st.integers(0, 4)), pad & 1),
            _pure.encode_record(4, request_id, _pure.encode_pairs(some)),
            _pure.encode_record(4, request_id),
            *(_pure.encode_record(5, request_id, piece) for piece in body),
            _pure.encode_record(5, request_id),
        ]
    )
    position = data.draw(st.integers(0, len(raw)))
    change = data.draw(st.sampled_from(["none", "cut", "flip", "more"]))
    if change == "cut":
        raw = raw[:position]
    elif change == "flip" and position < len(raw):
        byte = data.draw(st.integers(0, 255))
        raw = raw[:position] + bytes([byte]) + raw[position + 1 :]
    elif change == "more":
        raw += b"\1"
    results = [outcome(codec.read_request, raw, {}) for codec in TWINS]
    assert all(result == results[0] for result in results)
    if change == "none" and isinstance(results[0], tuple) and len(results[0]) == 4:
        assert results[0][0] == request_id
        assert results[0][3] == b"".join(body)


@given(st.integers(0, 0xFFFF), st.integers(0, 0xFFFFFFFF), st.integers(0, 3), sizes)
def test_twins_encode_the_same(request_id, app_status, status, size):
    for name, args in (
        ("encode_end", (request_id, app_status, status)),
        ("encode_begin", (request_id, status, status)),
        ("encode_record", (6, request_id, bytes(size))),
        ("encode_stream", (6, request_id, bytes(size))),
    ):
        results = [outcome(getattr(codec, name), *args) for codec in TWINS]
        assert all(result == results[0] for result in results)


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        ("200", []),
        ("abc OK", []),
        ("200 OK\r\nX: y", []),
        ("200 OK", [("A", "b\nc")]),
        ("200 OK", [("A", "b\0c")]),
        ("200 OK", [("A\r\nB", "c")]),
        ("200 OK", [("A:", "c")]),
        ("200 OK", [("", "c")]),
        ("200 OK", [("Connection", "close")]),
        ("200 OK", [("Content-Length", "-1")]),
        ("200 OK", [("A", "€")]),
        ("200 OK", [("A", "b" * 40000)]),
    ],
)
def test_headers_that_cannot_be_sent(status, headers):
    with pytest.raises(
        ValueError, match=r"status|header|Content-Length|Connection|codec"
    ):
        encode_headers(status, headers)
