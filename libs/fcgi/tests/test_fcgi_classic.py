"""The interface of 2007, as programs of that time used it."""

import signal
import socket
import subprocess
import sys

import pytest
from fcgi_support import HERE, wait_until

from fcgi.client import Client, params_for
from fcgi.errors import StreamError

APP = HERE / "apps/classic_app.py"


@pytest.fixture
def program(folder):
    path = folder / "classic.sock"
    log = (folder / "log").open("w+")
    process = subprocess.Popen([sys.executable, str(APP), str(path)], stderr=log)
    wait_until(path.exists)
    process.bind, process.log = f"unix:{path}", folder / "log"
    yield process
    process.kill()
    process.wait()
    log.close()


def ask(program, path="/", body=b"", **options):
    def answered():
        try:
            with Client(program.bind, **options) as client:
                return client.request(params_for(path, method="POST", body=body), body)
        except StreamError:
            return None

    return wait_until(answered)


def test_streams_and_params(program):
    response = ask(program, body=b"one\ntwo\nthree")
    assert response.body == b"4 9 0 16!cut"
    assert response.stderr == b"for the log\n"
    many = [*params_for("/"), *((b"P%d" % i, b"x" * 1000) for i in range(200))]
    with Client(program.bind, keep=True) as client:
        assert client.request(many).body == b"0 0 0 216!cut"
        assert client.get("/").body == b"0 0 0 16!cut"


def test_commit_twice_is_an_error_and_the_loop_goes_on(program):
    assert ask(program, "/commit").body == b"early"
    wait_until(lambda: "twice: there is no request" in program.log.read_text())
    assert ask(program, "/commit").body == b"early"


def test_sendfile(program):
    assert ask(program, "/sendfile").body == APP.read_bytes()  # an unknown web server
    for software, name in (
        ("lighttpd/1.4.69", "X-Sendfile"),
        ("nginx/1.22", "X-Accel-Redirect"),
    ):
        with Client(program.bind) as client:
            params = params_for("/sendfile", extra={"SERVER_SOFTWARE": software})
            response = client.request(params)
        assert response.header(name) == str(APP)
        assert response.body == b""
    assert ask(program, "/late").body == b"too late"


def test_shutdown_lets_every_thread_leave(program):
    assert ask(program, "/stop").body == b"stopping"
    assert program.wait(5) == 0
    assert "stopped in order" in program.log.read_text()


def test_shutdown_does_not_wait_for_kept_connections(program):
    with Client(program.bind, keep=True) as client:
        assert client.get("/").body == b"0 0 0 16!cut"
        assert ask(program, "/stop").body == b"stopping"
        assert program.wait(10) == 0  # a connection is kept for 15 s


def test_the_signal_of_the_original_does_the_same(program):
    ask(program)
    program.send_signal(signal.SIGUSR1)
    assert program.wait(5) == 0


def test_over_tcp_as_the_documents_of_the_time_bind_it():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen([sys.executable, str(APP), f":{port}"])
    process.bind = f"127.0.0.1:{port}"
    try:
        assert ask(process, body=b"one\ntwo\nthree").body == b"4 9 0 16!cut"
        assert ask(process, "/stop").body == b"stopping"
        assert process.wait(5) == 0
    finally:
        process.kill()
        process.wait()


def test_takes_over_descriptor_0(folder):
    path = folder / "spawned.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen(16)
        process = subprocess.Popen([sys.executable, str(APP)], stdin=listener)
    try:
        with Client(f"unix:{path}") as client:
            assert client.get("/stop").body == b"stopping"
        assert process.wait(5) == 0
    finally:
        process.kill()
        process.wait()
