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

from fcgi.client import Client

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
