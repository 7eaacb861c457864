"""What somebody who has not logged in is told: the same as by redis-server."""

from __future__ import annotations

import re

import pytest
from kvstore_process import OurServer, RedisServer

PASSWORD = "open-sesame"
SAID = [
    *(b"PING", b"QUIT", b"GET", b"GET a", b"NOSUCH a b", b"CLIENT", b"CLIENT NOSUCH"),
    *(b"CLIENT ID", b"COMMAND", b"COMMAND COUNT", b"RESET", b"HELLO", b"HELLO 3"),
    *(b"HELLO 9", b"HELLO 2 SETNAME x", b"HELLO 3 AUTH default wrong", b"AUTH"),
    *(b"AUTH a b c", b"AUTH wrong", b"AUTH nobody open-sesame", b"MULTI", b"EXEC"),
    *(b"SUBSCRIBE x", b"MONITOR", b"SHUTDOWN", b"INFO", b"CONFIG GET *", b"\r\n"),
    *(b"*0", b"*-1", b"*10\r\n" + b"$1\r\na\r\n" * 10, b"*11", b"*2147483647"),
    *(b"*1\r\n$16384\r\n" + b"x" * 16384, b"*1\r\n$16385", b"a" * 70000),
    *(b'"unbalanced', b"*1\r\n$-1", b"*1\r\n:1", b"POST / HTTP/1.1", b"Host: x"),
    *(b"GET / HTTP/1.1\r\nHost: x\r\n", b"host: x", b"*1\r\n$4\r\nPOST", b"\0"),
    *(b"PING\0\r\nPING", b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03", b"\xff\xfe"),
    b"AUTH open-sesame\r\nPING\r\nHELLO 3\r\nRESET\r\nPING",
    b"AUTH open-sesame\r\n*1\r\n$536870913",
    b"AUTH open-sesame\r\nPOST /\r\nPING",
]


class GuardedRedis(RedisServer):
    def command(self):
        return [*super().command(), "--requirepass", PASSWORD]


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    ours = OurServer(tmp_path_factory.mktemp("ours"))
    with (
        ours.configure(f"requirepass {PASSWORD}") as ours,
        GuardedRedis(tmp_path_factory.mktemp("redis")) as theirs,
    ):
        yield ours, theirs


def heard(server, raw):
    """Return what a server says to these bytes, and whether it hangs up."""
    with server.wire(0.3) as wire:
        answer = b""
        try:
            wire.sock.sendall(raw)
            while data := wire.sock.recv(65536):
                answer += data
        except TimeoutError:
            return answer, "waits"
        except ConnectionError:
            pass
        return answer, "closed"


@pytest.mark.parametrize("raw", SAID, ids=lambda raw: repr(raw[:30]))
def test_strangers_are_told_the_same(guarded, raw):
    ours, theirs = (heard(server, raw + b"\r\n") for server in guarded)
    number = re.compile(rb"id\r\n:\d+")
    assert number.sub(b"", ours[0]) == number.sub(b"", theirs[0])
    assert ours[1] == theirs[1]
