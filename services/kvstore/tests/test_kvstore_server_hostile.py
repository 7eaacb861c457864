"""Clients that are strangers, slow, greedy or not Redis clients at all."""

import os
import socket
import stat
import subprocess
import threading
import time

import pytest
from kvstore_process import OurServer
from kvstore_wire import Wire, pack


@pytest.fixture
def guarded(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("open sesame\nthe second line is a remark\n")
    conf = tmp_path / "kvstore.conf"
    conf.write_text(f"requirepass-file {secret}\n")
    with OurServer(tmp_path, "--conf", conf) as server:
        yield server


def configured(tmp_path, *lines):
    conf = tmp_path / "kvstore.conf"
    conf.write_text("".join(line + "\n" for line in lines))
    return OurServer(tmp_path, "--conf", conf)


def read_many(wire, times):
    return [wire.read() for _ in range(times)]


def send_many(wire, raw, times):
    for _ in range(times):
        wire.sock.sendall(raw)


def wait_until(condition, wait_s=10):
    deadline = time.monotonic() + wait_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_stranger_may_only_log_in(guarded):
    with guarded.wire() as wire:
        assert wire.call("GET", "a") == b"-NOAUTH Authentication required."
        assert wire.call("PING") == b"-NOAUTH Authentication required."
        assert wire.call("HELLO", "3").startswith(b"-NOAUTH HELLO must be called")
        assert wire.call("AUTH", "wrong").startswith(b"-WRONGPASS")
        assert wire.call("AUTH", "root", "open sesame").startswith(b"-WRONGPASS")
        assert wire.call("NOSUCH").startswith(b"-ERR unknown command")
        assert wire.call("AUTH", "open sesame") == b"+OK"
        assert wire.call("SET", "a", "1") == b"+OK"
        assert wire.call("RESET") == b"+RESET"
        assert wire.call("GET", "a") == b"-NOAUTH Authentication required."
        hello = wire.call("HELLO", "3", "AUTH", "default", "open sesame")
        assert hello[0] == "%"


@pytest.mark.parametrize(
    ("raw", "answer"),
    [
        (b"*11\r\n", b"-ERR Protocol error: unauthenticated multibulk length\r\n"),
        (
            b"*2\r\n$4\r\nAUTH\r\n$16385\r\n",
            b"-ERR Protocol error: unauthenticated bulk length\r\n",
        ),
    ],
)
def test_a_stranger_may_send_little(guarded, raw, answer):
    with guarded.wire() as wire:
        wire.sock.sendall(raw)
        assert wire.sock.recv(100) == answer
        assert wire.is_closed()


def test_a_known_client_may_send_more(guarded):
    with guarded.wire() as wire:
        wire.call("AUTH", "open sesame")
        assert wire.call("DEL", *"abcdefghijkl") == b":0"
        assert wire.call("ECHO", "x" * 20_000) == b"$" + b"x" * 20_000


@pytest.mark.parametrize(
    "raw",
    [
        b"POST / HTTP/1.1\r\nHost: x\r\n\r\nSET evil 1\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\nSET evil 1\r\n",
        b"PUT /x HTTP/1.0\r\n\r\nSET evil 1\r\n",
        b"OPTIONS * HTTP/1.1\r\n\r\nSET evil 1\r\n",
        b"Host: x\r\nSET evil 1\r\n",
    ],
)
def test_http_ends_the_connection_before_its_body_is_read(server, raw):
    with server.wire() as wire:
        wire.sock.sendall(raw)
        assert wire.is_closed()
    with server.wire() as wire:
        assert wire.call("EXISTS", "evil") == b":0"
    assert any("possible attack" in event["event"] for event in server.events())


def test_a_stranger_who_does_not_read_is_cut_off(guarded):
    with guarded.wire() as wire:
        wire.sock.settimeout(10)
        with pytest.raises(OSError):  # noqa: PT011 - reset or broken pipe, as it comes
            send_many(wire, b"PING\r\n" * 1000, 1000)
    assert any(event["event"] == "output buffer limit" for event in guarded.events())
    with guarded.wire() as patient:
        assert (
            patient.pipeline([["PING"]] * 5000)
            == [b"-NOAUTH Authentication required."] * 5000
        )


def test_a_broken_protocol_is_answered_and_closed(server):
    with server.wire() as wire:
        wire.sock.sendall(b"*1\r\n$4\r\nPING\r\n*1\r\nPING\r\n")
        assert wire.read() == b"+PONG"
        assert wire.read() == b"-ERR Protocol error: expected '$', got 'P'"
        assert wire.is_closed()


def test_one_client_too_many_is_told_so(tmp_path):
    with configured(tmp_path, "maxclients 2") as server:
        with server.wire() as one, server.wire() as two:
            assert one.call("PING") == two.call("PING") == b"+PONG"
            with server.wire() as three:
                assert three.read() == b"-ERR max number of clients reached"
                assert three.is_closed()

        def may_enter():
            with server.wire() as wire:
                wire.send("PING")
                return wire.read() == b"+PONG"

        wait_until(may_enter)


def test_an_idle_client_is_closed_but_not_a_subscriber(tmp_path):
    with (
        configured(tmp_path, "timeout 1") as server,
        server.wire() as idle,
        server.wire() as listener,
    ):
        listener.call("SUBSCRIBE", "news")
        assert idle.call("PING") == b"+PONG"
        assert idle.is_closed()
        with server.wire() as wire:
            assert wire.call("PUBLISH", "news", "x") == b":1"
        assert listener.read() == ("*", b"$message", b"$news", b"$x")


def test_a_reader_too_slow_is_cut_off_and_others_are_served(tmp_path):
    limit = "client-output-buffer-limit normal 4mb 0 0 pubsub 1mb 0 0"
    with configured(tmp_path, limit) as server, server.wire() as wire:
        wire.call("SET", "big", b"x" * 1_000_000)
        with server.wire() as slow:
            slow.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            slow.sock.sendall(b"GET big\r\n" * 50)
            wait_until(
                lambda: any(
                    event["event"] == "output buffer limit" for event in server.events()
                )
            )
        with server.wire() as listener:
            listener.call("SUBSCRIBE", "news")
            for _ in range(6):
                wire.call("PUBLISH", "news", b"y" * 500_000)
            with pytest.raises((EOFError, ConnectionError)):
                read_many(listener, 6)
        assert wire.call("PING") == b"+PONG"


def test_a_patient_reader_gets_all_of_a_large_reply(server):
    with server.wire() as wire:
        wire.call("SET", "big", b"x" * 3_000_000)
        wire.sock.sendall(b"GET big\r\n" * 20 + b"PING\r\n")
        for _ in range(20):
            assert len(wire.read()) == 3_000_001
        assert wire.read() == b"+PONG"


def test_a_query_that_never_ends_is_cut_off(tmp_path):
    with (
        configured(tmp_path, "client-query-buffer-limit 1mb") as server,
        server.wire() as wire,
    ):
        wire.sock.sendall(b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$100000000\r\n")
        with pytest.raises(OSError):  # noqa: PT011 - reset or broken pipe, as it comes
            send_many(wire, b"x" * 100_000, 100)
        with server.wire() as other:
            assert other.call("EXISTS", "a") == b":0"


def test_a_transaction_that_never_ends_is_cut_off(tmp_path):
    with (
        configured(tmp_path, "client-query-buffer-limit 1mb") as server,
        server.wire() as wire,
    ):
        wire.call("MULTI")
        for _ in range(9):
            assert wire.call("SET", "a", b"x" * 100_000) == b"+QUEUED"
        assert wire.call("DISCARD") == b"+OK"  # what is discarded counts no more
        wire.call("MULTI")
        big = [["SET", "a", b"x" * 100_000]] * 20
        with pytest.raises((OSError, EOFError)):
            wire.pipeline(big)
        with server.wire() as other:
            assert other.call("EXISTS", "a") == b":0"


def test_a_reader_slow_for_too_long_is_cut_off(tmp_path):
    limit = "client-output-buffer-limit normal 0 1mb 1"
    with configured(tmp_path, limit) as server, server.wire() as wire:
        wire.call("SET", "big", b"x" * 1_000_000)
        with server.wire() as slow, server.wire() as pausing:
            for reader in (slow, pausing):
                reader.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                reader.sock.sendall(b"GET big\r\n" * 8)
            # Over the limit for a moment only: that one reads on and keeps its place.
            assert len(read_many(pausing, 8)) == 8
            wait_until(
                lambda: any(
                    event["event"] == "output buffer limit" for event in server.events()
                )
            )
            with pytest.raises((EOFError, ConnectionError)):
                read_many(slow, 8)
            assert pausing.call("PING") == b"+PONG"


@pytest.mark.parametrize("contents", [None, b"", b"\n", b"\xff\xfe\n"])
def test_without_the_password_it_was_told_of_it_does_not_start(tmp_path, contents):
    secret = tmp_path / "secret"
    if contents is not None:
        secret.write_bytes(contents)
    server = configured(tmp_path, f"requirepass-file {secret}")
    done = subprocess.run(
        server.command(), capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 2
    assert f"requirepass-file '{secret}'" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("cut", [0, 5, 40])
def test_a_password_in_the_same_bytes_widens_the_limits(guarded, cut):
    words = [b"MSET", *(b"%d" % number for number in range(19)), b"v" * 20_000]
    raw = pack([b"AUTH", b"open sesame"]) + pack(words) + pack([b"STRLEN", b"18"])
    with guarded.wire() as wire:
        wire.sock.sendall(raw[:cut])
        time.sleep(0.05 if cut else 0)
        wire.sock.sendall(raw[cut:])
        assert read_many(wire, 3) == [b"+OK", b"+OK", b":20000"]


def test_a_wrong_password_in_the_same_bytes_widens_nothing(guarded):
    with guarded.wire() as wire:
        wire.sock.sendall(pack([b"AUTH", b"wrong"]) + pack([b"MGET", *[b"a"] * 10]))
        assert wire.read().startswith(b"-WRONGPASS")
        assert wire.read() == b"-ERR Protocol error: unauthenticated multibulk length"
        assert wire.is_closed()


def test_protected_mode_keeps_other_machines_out(tmp_path):
    with OurServer(tmp_path, "--bind", "0.0.0.0:0") as server:
        port = server.port()
        with Wire(("127.0.0.1", port)) as wire:
            assert wire.call("PING") == b"+PONG"
        outside = own_address()
        if outside is None:
            pytest.skip("this machine has no address but loopback")
        with Wire((outside, port)) as wire:
            assert wire.read().startswith(b"-DENIED")
            assert wire.is_closed()
        with Wire(("127.0.0.1", port)) as wire:
            wire.call("CONFIG", "SET", "protected-mode", "no")
        with Wire((outside, port)) as wire:
            assert wire.call("PING") == b"+PONG"


def own_address():
    """An address of this machine that is not loopback; no packet is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return None
        found = probe.getsockname()[0]
        return None if found.startswith("127.") else found


def test_the_unix_socket_never_has_another_mode(tmp_path):
    path = tmp_path / "s.sock"
    seen = set()
    done = threading.Event()

    def look():
        while not done.is_set():
            try:
                seen.add(stat.S_IMODE(os.stat(path).st_mode))
            except FileNotFoundError:
                continue

    thread = threading.Thread(target=look)
    thread.start()
    try:
        with configured(tmp_path, "unixsocketperm 600") as server:
            server.stop()
    finally:
        done.set()
        thread.join()
    assert seen == {0o600}
    assert not path.exists()


def test_five_hundred_slow_senders_do_not_hinder_a_quick_one(server):
    raw = b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$3\r\nabc\r\n"
    slow = [server.wire() for _ in range(500)]
    try:
        with server.wire() as quick:
            for at in range(len(raw)):
                for wire in slow:
                    wire.sock.send(raw[at : at + 1])
                started = time.monotonic()
                assert quick.call("PING") == b"+PONG"
                assert time.monotonic() - started < 2
        assert [wire.read() for wire in slow] == [b"+OK"] * 500
    finally:
        for wire in slow:
            wire.close()


def test_no_password_is_kept_in_the_slow_log(guarded):
    with guarded.wire() as wire:
        wire.call("AUTH", "open sesame")
        wire.call("CONFIG", "SET", "slowlog-log-slower-than", "0")
        wire.call("AUTH", "default", "open sesame")
        wire.call("HELLO", "2", "AUTH", "default", "open sesame", "SETNAME", "me")
        wire.call("CONFIG", "SET", "requirepass", "another secret")
        wire.call("AUTH", "another secret")
        logged = repr(wire.call("SLOWLOG", "GET", "-1"))
        assert "sesame" not in logged
        assert "another" not in logged
        assert logged.count("(redacted)") == 6
        assert "$SETNAME" in logged
    assert "sesame" not in guarded.log.read_text()
