"""How a server and its workers begin and end: hooks, groups, inherited sockets."""

import itertools
import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys

import pytest
from fcgi_support import HERE, Server, wait_until

from fcgi import address
from fcgi.client import Client, connect, params_for
from fcgi.client_connection import ClientConnection

ENDED = "end hook failed"  # the hook of the fixture raises, which must not matter


def ended(folder):
    return {int(f.name[3:]): f.read_text() for f in folder.glob("end*")}


@pytest.mark.parametrize("model", ["prefork", "pool", "thread-per-request"])
def test_an_application_hears_of_its_end_in_each_worker(
    start, folder, monkeypatch, model
):
    monkeypatch.setenv("FCGI_TEST_FOLDER", str(folder))
    server = start("fixture_app:closing()", "--processes", "2", "--model", model)
    with server.client() as client:
        _, generation, _ = json.loads(client.get("/pid").body)
    workers = children(generation)
    assert len(workers) == 2
    assert server.stop() == 0
    assert ended(folder) == dict.fromkeys(workers, "end\n")
    assert ENDED in server.log.read_text()


def test_stop_is_a_hook_too_and_works_without_a_parent(start, folder, monkeypatch):
    monkeypatch.setenv("FCGI_TEST_FOLDER", str(folder))
    server = start("fixture_app:stopping()", "--processes", "0")
    assert server.stop() == 0
    assert ended(folder) == {server.process.pid: "end\n"}


def test_a_recycled_worker_ends_too(start, folder, monkeypatch):
    monkeypatch.setenv("FCGI_TEST_FOLDER", str(folder))
    server = start("fixture_app:closing()", "--max-requests", "1")
    with server.client() as client:
        first, *_ = json.loads(client.get("/pid").body)
    wait_until(lambda: first in ended(folder))
    with server.client() as client:
        assert client.get("/").status == 200


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return [int(one) for one in file.read().split()]


def some_group():
    """Return a group this user may give a file to, another than the usual one."""
    groups = [1] if os.geteuid() == 0 else os.getgroups()
    others = [one for one in groups if one != os.getegid()]
    if not others:
        pytest.skip("this user is in one group only")
    return others[0]


def test_socket_belongs_to_the_group(start):
    import grp

    group = some_group()
    for name in (str(group), grp.getgrgid(group).gr_name):
        server = start("fixture_app:app", "--group", name)
        made = os.stat(server.bind.removeprefix("unix:"))
        assert (made.st_gid, stat.S_IMODE(made.st_mode)) == (group, 0o660)
        assert server.stop() == 0


def test_a_group_that_is_none(folder):
    done = subprocess.run(
        [sys.executable, "-m", "fcgi", "fixture_app:app", "--group", "no-such-group",
         "--bind", f"unix:{folder}/x.sock"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "no-such-group" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_socket_of_systemd(folder):
    """The socket is descriptor 3 and stays where it is when the server leaves."""
    path = folder / "by-systemd.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen(16)
        keep = listener.fileno()

        def third():
            os.dup2(keep, 3)

        for _ in range(2):  # what a restart of the service does
            with (folder / "log").open("ab") as log:
                process = subprocess.Popen(
                    [sys.executable, "-m", "fcgi", "fixture_app:app", "--bind", "fd:3",
                     "--processes", "2", "--chdir", str(HERE / "apps")],
                    preexec_fn=third, pass_fds=(3, keep), stdout=log, stderr=log,
                )  # fmt: skip
            with Client(f"unix:{path}") as client:
                assert client.get("/").body == b"hello\n"
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 0
            assert path.is_socket()


def test_a_socket_has_its_mode_before_it_listens(folder):
    path = folder / "x.sock"
    seen = []

    def look(_frame, event, what):
        if event == "c_call" and what.__name__ == "listen":
            seen.append(stat.S_IMODE(path.stat().st_mode))

    before = os.umask(0o077)
    sys.setprofile(look)
    try:
        address.listen(address.Address(path=str(path)), mode=0o666).close()
    finally:
        sys.setprofile(None)
        os.umask(before)
    assert seen == [0o666]


def test_as_many_may_wait_as_the_backlog_says(start):
    """A full backlog makes lighttpd answer 500 at once."""
    server = start("fixture_app:app", "--backlog", "300")
    path = server.bind.removeprefix("unix:")
    with server.client() as client:
        worker, *_ = json.loads(client.get("/pid").body)
    os.kill(worker, signal.SIGSTOP)
    waiting = []
    try:
        for _ in range(300):
            sock = socket.socket(socket.AF_UNIX)
            waiting.append(sock)
            sock.setblocking(False)
            sock.connect(path)  # BlockingIOError if it were full
    finally:
        os.kill(worker, signal.SIGCONT)
        for sock in waiting:
            sock.close()
    with server.client() as client:
        assert client.get("/").status == 200


def test_the_application_is_loaded_once_before_the_workers_are_forked(start):
    server = start("fixture_app:app", "--processes", "3")
    with server.client() as client:
        _, generation, imported_in = json.loads(client.get("/pid").body)
    assert imported_in == generation
    wait_until(lambda: len(children(generation)) == 3)


@pytest.mark.parametrize("model", ["prefork", "pool"])
def test_term_waits_no_longer_than_told(start, model):
    server = start("fixture_app:app", "--graceful", "0.5", "--model", model)
    with connect(address.parse(server.bind), 20) as sock:
        talk = ClientConnection()
        pieces = talk.begin_request(1, params_for("/slow?600"))
        sock.sendall(b"".join([*pieces, *talk.send_stdin(1, b"")]))
        with server.client() as client:
            if model == "pool":
                client.get("/")  # and so the other one runs
        server.signal(signal.SIGTERM)
        server.process.wait(15)
        assert sock.recv(1) == b""
    assert not os.path.exists(server.bind.removeprefix("unix:"))


def listens(path):
    """Return whether somebody listens there; the file is there a moment earlier."""
    with socket.socket(socket.AF_UNIX) as sock:
        return sock.connect_ex(str(path)) == 0


def test_as_a_function(folder):
    bind = f"unix:{folder}/f.sock"
    code = (
        "import fcgi, fixture_app, sys;"
        f"sys.exit(fcgi.serve(fixture_app.app, bind={bind!r}, processes=2, model='pool'))"
    )
    process = subprocess.Popen([sys.executable, "-c", code], cwd=HERE / "apps")
    try:
        wait_until(lambda: listens(folder / "f.sock"))
        with Client(bind) as client:
            assert client.get("/").body == b"hello\n"
        process.terminate()
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()


def test_workers_that_die_at_birth_are_made_ever_more_slowly(folder):
    server = Server(folder, "fixture_app:dying()", bind=None)
    try:
        deaths = re.compile(
            r" (\d\d):(\d\d):(\d\d),(\d\d\d) .*worker \d+ died: exit code 7"
        )

        def times():
            found = deaths.findall(server.log.read_text())
            return [
                int(h) * 3600 + int(m) * 60 + int(s) + int(ms) / 1000
                for h, m, s, ms in found
            ]

        wait_until(lambda: len(times()) >= 5)
        seen = times()
        pauses = [b - a for a, b in itertools.pairwise(seen)]
        # 0.1 s, 0.2, 0.4, 0.8: each not before its time, and not much after it.
        for pause, least in zip(pauses, (0.1, 0.2, 0.4, 0.8), strict=False):
            assert least - 0.02 < pause < least + 1.0
    finally:
        assert server.stop() == 0
