"""Writes replies in RESP2 or RESP3; `hunch_kvstore.resp.reply` has the table of types."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from math import isinf
from typing import cast

from hunch_kvstore.resp.reply import (
    CommandError,
    Encoded,
    Members,
    NullArrayType,
    Pairs,
    Push,
    Reply,
    Simple,
    Verbatim,
)


def double_text(value: float) -> bytes:
    """Return a double as Redis 7.0 prints it: ``%.17g``, ``inf``, ``-inf``."""
    if isinf(value):
        return b"inf" if value > 0 else b"-inf"
    return b"%.17g" % value


def encode(reply: Reply, resp: int = 2) -> bytes:
    """Return the wire form of a reply for a client that speaks RESP `resp`.

    Raises:
        TypeError: On a value that is no reply, such as str.
    """
    kind = type(reply)
    # PERF: the three commonest replies without a call.
    if kind is bytes:
        text = cast(bytes, reply)
        return b"$%d\r\n%b\r\n" % (len(text), text)
    if kind is Simple:
        return b"+%b\r\n" % cast(bytes, reply)
    if kind is int:
        return b":%d\r\n" % cast(int, reply)
    parts: list[bytes] = []
    _write(reply, resp, parts.append)
    return b"".join(parts)


def _write(reply: Reply, resp: int, out: Callable[[bytes], None]) -> None:
    """Hand the wire form of a reply to `out` piece by piece."""
    kind = type(reply)
    if kind is bytes or kind is bytearray:
        text = cast(bytes, reply)
        out(b"$%d\r\n%b\r\n" % (len(text), text))
    elif kind is int:
        out(b":%d\r\n" % cast(int, reply))
    elif reply is None:
        out(b"_\r\n" if resp > 2 else b"$-1\r\n")
    elif kind is list or kind is tuple:
        items = cast("Sequence[Reply]", reply)
        out(b"*%d\r\n" % len(items))
        for item in items:
            _write(item, resp, out)
    elif kind is float:
        _write_double(cast(float, reply), resp, out)
    elif kind is Simple:
        out(b"+%b\r\n" % cast(bytes, reply))
    elif kind is Encoded:
        out(cast(bytes, reply))
    elif kind is dict:
        mapping = cast("Mapping[bytes, Reply]", reply)
        out(b"%%%d\r\n" % len(mapping) if resp > 2 else b"*%d\r\n" % (len(mapping) * 2))
        for key, value in mapping.items():
            _write(key, resp, out)
            _write(value, resp, out)
    elif kind is Pairs:
        pairs = cast(Pairs, reply)
        out(b"*%d\r\n" % (len(pairs) if resp > 2 else 2 * len(pairs)))
        for first, second in pairs:
            if resp > 2:
                out(b"*2\r\n")
            _write(first, resp, out)
            _write(second, resp, out)
    elif kind is bool:
        if resp > 2:
            out(b"#t\r\n" if reply else b"#f\r\n")
        else:
            out(b":1\r\n" if reply else b":0\r\n")
    elif isinstance(reply, CommandError):
        out(b"-%b\r\n" % reply.raw)
    elif isinstance(reply, NullArrayType):
        out(b"_\r\n" if resp > 2 else b"*-1\r\n")
    elif kind is Verbatim:
        text = cast(bytes, reply)
        if resp > 2:
            out(b"=%d\r\ntxt:%b\r\n" % (len(text) + 4, text))
        else:
            out(b"$%d\r\n%b\r\n" % (len(text), text))
    elif kind is Members or isinstance(reply, (set, frozenset)):
        members = cast("Collection[Reply]", reply)
        out((b"~%d\r\n" if resp > 2 else b"*%d\r\n") % len(members))
        for member in members:
            _write(member, resp, out)
    elif kind is Push:
        pushed = cast(Push, reply)
        out((b">%d\r\n" if resp > 2 else b"*%d\r\n") % len(pushed))
        for item in pushed:
            _write(item, resp, out)
    else:
        raise TypeError(f"{kind.__name__} is no reply")


def _write_double(value: float, resp: int, out: Callable[[bytes], None]) -> None:
    """Write a double: its own type in RESP3, a bulk string before."""
    text = double_text(value)
    if resp > 2:
        out(b",%b\r\n" % text)
    else:
        out(b"$%d\r\n%b\r\n" % (len(text), text))
