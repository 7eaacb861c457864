"""The server as a real process, asked by our own client."""

import contextlib
import json
import os
import signal
import site
import socket
import stat
import subprocess
import sys
import threading
import time

import pytest
from fcgi_support import Server, wait_until

from fcgi.client import Client, params_for
from fcgi.client_connection import ClientConnection
from fcgi.codec import encode_end
from fcgi.errors import StreamError

MODELS = [
    "prefork",
    "prefork --pure",
    "thread-per-connection",
    "thread-per-request",
    "multiplex",
    "pool",
]


@pytest.fixture(params=MODELS)
def serve(request, start):
    """Start a server of every model."""

    def serve_(app, *args, **options):
        return start(app, "--model", *request.param.split(), *args, **options)

    return serve_


SOME = pytest.mark.parametrize("serve", ["prefork", "pool"], indirect=True)


@pytest.fixture(params=MODELS)
def server(request, shared):
    """A running server of every model."""
    return shared("fixture_app:app", "--model", *request.param.split())


def pids(server):
    with server.client() as client:
        return json.loads(client.get("/pid").body)


def test_hello(server):
    with server.client() as client:
        response = client.get("/")
    assert (response.status, response.body) == (200, b"hello\n")
    assert response.header("content-length") == "6"


def test_several_requests_on_a_kept_connection(server):
    with server.client(keep=True) as client:
        for _ in range(3):
            assert client.get("/hello").body == b"hello\n"
        assert (
            client.request(params_for("/echo", method="POST", body=b"x"), b"x").body
            == b"x"
        )
        assert client.values("FCGI_MPXS_CONNS")["FCGI_MPXS_CONNS"] in "01"


def test_factory(start):
    with start("fixture_app:factory()").client() as client:
        assert client.get("/hello").body == b"hello\n"


def test_socket_has_its_mode_and_goes_away(start):
    server = start("fixture_app:app", "--mode", "600")
    path = server.bind.removeprefix("unix:")
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert server.stop() == 0
    assert not os.path.exists(path)


def test_stale_socket_is_replaced_and_a_live_one_is_not(start, folder):
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(folder / "app.sock"))
    server = start("fixture_app:app")
    second = subprocess.run(
        [sys.executable, "-m", "fcgi", "fixture_app:app", "--bind", server.bind],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert second.returncode == 2
    assert "another process listens there" in second.stderr
    with server.client() as client:
        assert client.get("/").status == 200


@SOME
def test_tcp(serve):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = serve("fixture_app:app", bind=f"127.0.0.1:{port}")
    with server.client() as client:
        assert client.get("/").body == b"hello\n"


def test_bodies_both_ways(server):
    for keep in (False, True):
        with server.client(keep=keep) as client:
            for size in (0, 1, 8192, 65535, 65536, 2_000_000):
                body = os.urandom(size)
                params = params_for("/echo", method="POST", body=body)
                assert client.request(params, body).body == body
                assert len(client.get(f"/big?{size}").body) == size


def test_validator_is_content(server):
    with server.client() as client:
        assert client.get("/valid").body == b"hello\n"
        body = b"a\nb\nc"
        params = params_for("/valid?lines", method="POST", body=body)
        assert client.request(params, body).body == b"0:a\n1:b\n2:c"


def test_head_204_and_304_have_no_body(server):
    with server.client() as client:
        response = client.request(params_for("/", method="HEAD"))
        assert (response.body, response.header("Content-Length")) == (b"", "6")
        for status in (204, 304):
            response = client.get(f"/empty?{status}+Nothing")
            assert (response.status, response.body) == (status, b"")
            assert response.header("Content-Length") is None


def test_an_error_keeps_its_secrets_and_reaches_the_log(server):
    with server.client() as client:
        response = client.get("/fail")
        assert response.status == 500
        assert b"secret" not in response.body
        assert b"a secret of the application" in response.stderr
        with pytest.raises(StreamError):
            client.get("/fail_later")
        assert client.get("/").status == 200
        assert client.get("/complain").stderr == b"something happened\n"


FORGED = [
    [(b"HTTP_X_FORWARDED_FOR", b"1"), (b"HTTP_X_FORWARDED_FOR", b"2")],
    [(b"HTTP_X-FORWARDED-FOR", b"1"), (b"HTTP_X_FORWARDED_FOR", b"2")],
    [(b"REMOTE_ADDR", b"10.0.0.1")],
    [(b"HTTP_REMOTE_USER", b"root")],
    [(b"HTTP_CONTENT_LENGTH", b"5")],
    [(b"wsgi.input", b"")],
]


def test_doubled_and_forged_parameters_are_refused(server):
    for keep in (False, True):
        with server.client(keep=keep) as client:
            for extra in FORGED:
                assert client.request([*params_for("/show"), *extra]).status == 400
                assert client.get("/").status == 200


def test_a_body_of_another_size_than_announced_is_refused(server):
    for size in ("5", "1", "x", "-1"):
        params = params_for("/echo", method="POST", extra={"CONTENT_LENGTH": size})
        with server.client() as client:
            with contextlib.suppress(StreamError):  # cut off in the middle of it
                assert client.request(params, b"abc").status in (400, 500)
            assert client.get("/").status == 200


def test_dead_workers_are_replaced(start):
    server = start("fixture_app:app", "--processes", "2")
    with server.client() as client:
        for _ in range(3):
            with pytest.raises(StreamError):
                client.get("/die")
        assert client.get("/").status == 200


def test_term_finishes_what_runs_and_what_waits(serve):
    server = serve("fixture_app:app")
    got = []

    def ask(path):
        with server.client() as client:
            got.append(client.get(path).body)

    threads = [
        threading.Thread(target=ask, args=(p,), daemon=True)
        for p in ("/slow?0.7", "/", "/")
    ]
    threads[0].start()
    time.sleep(0.2)  # the worker is busy with the first
    for thread in threads[1:]:
        thread.start()
    time.sleep(0.1)  # the others are in the backlog
    server.signal(signal.SIGTERM)
    for thread in threads:
        thread.join()
    assert sorted(got) == [b"hello\n", b"hello\n", b"slow\n"]
    assert server.process.wait(5) == 0


def test_hup_loads_anew_and_loses_nothing(start, folder):
    server = start("fixture_app:app", "--processes", "2")

    def changed(before):
        now = pids(server)[1]
        return now if now != before else None

    before = pids(server)[1]
    stop = threading.Event()
    failed = []

    def hammer():
        while not stop.is_set():
            try:
                with server.client() as client:
                    if client.get("/").status != 200:
                        failed.append("status")
            except Exception as error:
                failed.append(repr(error))

    threads = [threading.Thread(target=hammer, daemon=True) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(2):
        server.signal(signal.SIGHUP)
        before = wait_until(lambda before=before: changed(before))
    stop.set()
    for thread in threads:
        thread.join()
    assert failed == []


def test_hup_with_broken_code_goes_on_with_the_old(start, folder, monkeypatch):
    module = folder / "breaking_app.py"
    module.write_text("from fixture_app import app\n")
    monkeypatch.setenv("PYTHONPATH", str(folder), prepend=os.pathsep)
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    server = start("breaking_app:app")
    module.write_text("this is no Python at all")
    server.signal(signal.SIGHUP)
    wait_until(lambda: "the old code goes on" in server.log.read_text())
    with server.client() as client:
        assert client.get("/").status == 200


def test_an_application_that_cannot_be_loaded_ends_the_server(folder):
    for app, why in (
        ("no_such_module:app", "there is no module 'no_such_module'"),
        ("site:app", f"'site' ({site.__file__}) has no 'app'"),  # not the one meant
        ("fixture_app:broken()", "ZeroDivisionError"),
    ):
        server = Server(folder, app, bind=None)
        assert server.process.wait(10) == 3
        log = server.log.read_text()
        assert log.count(why) == 1  # tried once
        assert ("Traceback" in log) == (why == "ZeroDivisionError")


def test_ttin_and_ttou(start):
    server = start("fixture_app:app")
    generation = pids(server)[1]

    def children():
        with open(f"/proc/{generation}/task/{generation}/children") as file:
            return len(file.read().split())

    assert children() == 1
    server.signal(signal.SIGTTIN)
    wait_until(lambda: children() == 2)
    server.signal(signal.SIGTTOU)
    wait_until(lambda: children() == 1)
    with server.client() as client:
        assert client.get("/").status == 200


@SOME
def test_max_requests_replaces_the_worker(serve):
    server = serve("fixture_app:app", "--max-requests", "5")
    seen = {pids(server)[0] for _ in range(20)}
    assert len(seen) >= 3


@SOME
def test_a_hanging_worker_is_killed(serve):
    server = serve("fixture_app:app", "--request-timeout", "0.4")
    began = time.monotonic()
    with server.client() as client:
        with pytest.raises(StreamError):
            client.get("/slow?20")
        assert time.monotonic() - began < 5
        assert client.get("/").status == 200
    assert "hangs" in server.log.read_text()


def test_workers_leave_with_their_parent(start):
    server = start("fixture_app:app", "--processes", "2")
    worker, generation, _ = pids(server)
    server.process.kill()
    server.process.wait()

    def gone(pid):
        try:
            with open(f"/proc/{pid}/stat") as file:
                return file.read().rpartition(")")[2].split()[0] == "Z"
        except FileNotFoundError:
            return True

    wait_until(lambda: gone(worker) and gone(generation))


def test_without_a_parent(start):
    server = start("fixture_app:app", "--processes", "0")
    assert pids(server)[0] == server.process.pid
    server.signal(signal.SIGINT)
    assert server.process.wait(5) == 0


def test_garbage_does_not_stop_the_server(server):
    path = server.bind.removeprefix("unix:")
    for garbage in (b"GET / HTTP/1.0\r\n\r\n", b"\1\4\0\1\0\0\0\0", b"\0" * 100):
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(path)
            sock.sendall(garbage)
            sock.shutdown(socket.SHUT_WR)
            with contextlib.suppress(ConnectionResetError):
                assert sock.recv(1000) == b""
    with Client(server.bind) as client:
        assert client.get("/").status == 200


def test_a_silent_peer_does_not_keep_a_worker(serve):
    server = serve("fixture_app:app", "--read-timeout", "0.2", "--keep-timeout", "0.2")
    silent = [socket.socket(socket.AF_UNIX) for _ in range(3)]
    try:
        for sock in silent:
            sock.connect(server.bind.removeprefix("unix:"))
        silent[1].sendall(b"\1\1\0\1")
        with server.client(keep=True) as client, server.client() as other:
            assert client.get("/").status == 200
            assert other.get("/").status == 200  # while the first is kept, but silent
        for sock in silent:
            sock.settimeout(10)
            assert sock.recv(1) == b""
    finally:
        for sock in silent:
            sock.close()


@pytest.mark.parametrize("serve", ["prefork", "thread-per-connection"], indirect=True)
@pytest.mark.parametrize("length", ["", "3"])
def test_an_edge_may_write_the_end_of_the_input_after_the_answer(serve, length):
    """Apache does; one that is hung up on before would throw the answer away."""
    server = serve("fixture_app:app")
    pairs = params_for("/", method="POST" if length else "GET")
    pairs = [p for p in pairs if p[0] != b"CONTENT_LENGTH"]
    if length:
        pairs.append((b"CONTENT_LENGTH", length.encode()))
    talk = ClientConnection()
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(5)
        sock.connect(server.bind.removeprefix("unix:"))
        sock.sendall(b"".join(talk.begin_request(1, pairs)))
        if length:
            sock.sendall(b"".join(talk.send_stdin(1, b"abc")))
        got = b""
        while encode_end(1) not in got:
            got += sock.recv(65536)
        sock.sendall(b"".join(talk.send_stdin(1, b"")))  # no EPIPE
        assert sock.recv(1) == b""  # and then it is closed, at once
    assert b"hello" in got


def test_what_is_here_already_is_not_waited_for(start):
    """An application that reads no more than the body leaves the end of it unread."""
    server = start("fixture_app:app")
    body = b"x" * 100_000  # too much for one read
    talk = ClientConnection()
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(5)
        sock.connect(server.bind.removeprefix("unix:"))
        params = params_for("/echo", method="POST", body=body)
        pieces = talk.begin_request(1, params) + talk.send_stdin(1, body)
        sock.sendall(b"".join([*pieces, *talk.send_stdin(1, b"")]))
        got = b""
        while encode_end(1) not in got:
            got += sock.recv(65536)
        began = time.monotonic()
        assert sock.recv(1) == b""
        assert time.monotonic() - began < 0.8  # it would be a second
