"""The command line, and the ways in which others start us."""

import json
import os
import socket
import subprocess
import sys
import time

import pytest
from fcgi_support import HERE, wait_until

from fcgi import address, loader, sendfile
from fcgi.client import Client, params_for
from fcgi.errors import ConfigurationError, StreamError
from fcgi.load import Load
from fcgi.settings import Settings

FCGI = [sys.executable, "-m", "fcgi"]
APPS = str(HERE / "apps")


def run(*args, **options):
    return subprocess.run(
        [*FCGI, *args], capture_output=True, check=False, timeout=20, **options
    )


def test_ping_get_and_load(shared):
    server = shared("fixture_app:app")
    assert run("ping", server.bind).returncode == 0
    assert run("ping", server.bind, "--path", "/").stdout == b"/: 200\n"
    assert run("ping", server.bind, "--path", "/fail").returncode == 1
    assert run("ping", "unix:/nowhere").returncode == 1
    assert run("get", server.bind, "/").stdout.endswith(b"\n\nhello\n")
    loaded = run("load", server.bind, "--seconds", "0.2", "--connections", "4")
    assert loaded.returncode == 0
    assert b" 0 failed" in loaded.stdout


@pytest.mark.parametrize(
    "model", ["multiplex", "pool", "thread-per-request", "prefork"]
)
def test_load_on_kept_connections(shared, model):
    server = shared("fixture_app:app", "--model", model)
    window = 1 if model == "prefork" else 8
    connections = 1 if model == "prefork" else 3
    report = Load(
        server.bind,
        params_for("/"),
        keep=True,
        window=window,
        connections=connections,
        count=300,
    ).run()
    assert (report.served, report.failed) == (300, 0)
    assert 0 < report.percentile_s(50) <= report.percentile_s(99)


@pytest.mark.parametrize(
    "model", ["flup-threaded", "flup-threaded-multiplexed", "flup-fork", "flup-single"]
)
def test_flup_behind_the_same_flag(start, model):
    pytest.importorskip("flup")
    server = start("fixture_app:app", "--model", model, "--threads", "2")
    with server.client() as client:
        assert client.get("/").body == b"hello\n"
        body = b"x" * 100_000
        assert (
            client.request(params_for("/echo", method="POST", body=body), body).body
            == body
        )
    assert server.stop(5) == 0


def test_a_client_begins_anew_after_an_error(folder):
    """Half an answer must not be taken for a part of the next one."""
    path = folder / "silent.sock"
    params = params_for("/")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen(16)
        listener.settimeout(5)
        with Client(f"unix:{path}", keep=True, timeout_s=0.05) as client:
            for ask in (
                lambda: client.request(params),
                lambda: client.many([params, params]),
                lambda: client.values("FCGI_MAX_CONNS"),
            ):
                with pytest.raises(StreamError):
                    ask()
                sock, _ = listener.accept()
                with sock:
                    assert sock.recv(8)


def test_as_a_cgi_program():
    environ = {
        **os.environ, "GATEWAY_INTERFACE": "CGI/1.1", "REQUEST_METHOD": "POST",
        "PATH_INFO": "/echo", "CONTENT_LENGTH": "4", "SERVER_NAME": "x", "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.0", "SCRIPT_NAME": "", "QUERY_STRING": "",
    }  # fmt: skip
    done = run("fixture_app:app", "--chdir", APPS, input=b"body", env=environ)
    assert done.stdout.startswith(b"Status: 200 OK\r\n")
    assert done.stdout.endswith(b"\r\n\r\nbody")


def test_a_cgi_program_sees_and_refuses_what_a_server_does():
    few = {"GATEWAY_INTERFACE": "CGI/1.1", "REQUEST_METHOD": "GET"}

    def ask(*args, **environ):
        env = {**os.environ, **few, **environ}
        done = run("fixture_app:app", "--chdir", APPS, *args, env=env, input=b"")
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        return int(head.split()[1]), body

    status, body = ask(PATH_INFO="/show", HTTP_PROXY="http://evil")
    seen = json.loads(body)["environ"]
    assert (status, seen["SERVER_PROTOCOL"]) == (200, "HTTP/1.0")
    assert "HTTP_PROXY" not in seen
    status, body = ask("--mount", "/x", SCRIPT_NAME="/x/show")
    assert json.loads(body)["environ"]["PATH_INFO"] == "/show"
    assert ask("--mount", "/x", SCRIPT_NAME="/y")[0] == 404
    assert ask(HTTP_REMOTE_USER="admin") == (400, b"400 Bad Request")


def test_without_any_place_to_listen():
    done = run("fixture_app:app", "--chdir", APPS, stdin=subprocess.DEVNULL)
    assert done.returncode == 2
    assert b"say where to listen" in done.stderr


def test_takes_over_descriptor_0(folder):
    path = folder / "spawned.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen(16)
        process = subprocess.Popen(
            [*FCGI, "fixture_app:app", "--chdir", APPS, "--processes", "2"],
            stdin=listener, stderr=subprocess.DEVNULL,
        )  # fmt: skip
    with Client(f"unix:{path}") as client:
        assert client.get("/").body == b"hello\n"
    process.terminate()
    assert process.wait(10) == 0
    assert path.exists()  # whose it is decides


def test_peers_that_may_connect(start, monkeypatch):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        bind = f"127.0.0.1:{probe.getsockname()[1]}"
    monkeypatch.setenv("FCGI_WEB_SERVER_ADDRS", "10.0.0.1, 10.0.0.2")
    server = start("fixture_app:app", bind=bind)
    with pytest.raises(StreamError), server.client() as client:
        client.get("/")
    assert "refused a connection from 127.0.0.1" in server.log.read_text()
    server.stop()
    monkeypatch.setenv("FCGI_WEB_SERVER_ADDRS", "10.0.0.1,127.0.0.1")
    server = start("fixture_app:app", "--model", "pool", bind=bind)
    with server.client() as client:
        assert client.get("/").status == 200


def test_reload_when_source_changes(start, folder, monkeypatch):
    module = folder / "changing_app.py"
    source = "from fixture_app import app as a\ndef app(e, s):\n    s('200 OK', [('X-V', '{}')])\n    return [b'']\n"
    module.write_text(source.format(1))
    monkeypatch.setenv("PYTHONPATH", str(folder), prepend=os.pathsep)
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    server = start("changing_app:app", "--reload")

    def version():
        with server.client() as client:
            return client.get("/").header("X-V")

    assert version() == "1"
    module.write_text(source.format(2))
    os.utime(module, ns=(time.time_ns(), time.time_ns() + 10**9))
    wait_until(lambda: version() == "2")


def test_mount(start):
    server = start("fixture_app:app", "--mount", "/blog")
    with server.client() as client:
        params = params_for("/x", extra={"SCRIPT_NAME": "/blog/show", "PATH_INFO": ""})
        environ = json.loads(client.request(params).body)["environ"]
        assert (environ["SCRIPT_NAME"], environ["PATH_INFO"]) == ("/blog", "/show")
        assert client.get("/elsewhere").status == 404
        assert client.get("/blogger").status == 404


def test_through_lighttpd_which_starts_us(folder, edge):
    wrapper = folder / "app.fcgi"
    wrapper.write_text(
        f"#!/bin/sh\nexec {sys.executable} -m fcgi fixture_app:app --chdir {APPS} --processes 0\n"
    )
    wrapper.chmod(0o755)
    site = edge(f"unix:{folder}/spawned.sock", bin_path=wrapper)
    answer = site.raw(b"GET /hello HTTP/1.0\r\nHost: localhost\r\n\r\n")
    assert answer.endswith(b"hello\n")


@pytest.mark.parametrize(
    ("text", "shown"),
    [("unix:/run/x", "unix:/run/x"), ("/run/x", "unix:/run/x"), (":90", "127.0.0.1:90"),
     ("[::1]:90", "[::1]:90"), ("host:90", "host:90"), ("fd:3", "fd:3")],
)  # fmt: skip
def test_addresses(text, shown):
    assert str(address.parse(text)) == shown


@pytest.mark.parametrize("text", ["", "x", "unix:", "host:", "host:99999", "fd:x"])
def test_addresses_that_are_none(text):
    with pytest.raises(ConfigurationError):
        address.parse(text)


def test_loader(monkeypatch):
    monkeypatch.syspath_prepend(APPS)
    assert callable(loader.load("fixture_app"))
    assert callable(loader.load("fixture_app:factory()"))
    for wrong in (
        "no_such:app",
        "fixture_app:nothing",
        "fixture_app:PID",
        "fixture_app:PID()",
    ):
        with pytest.raises(ConfigurationError):
            loader.load(wrong)


def test_settings_that_cannot_work():
    for wrong in ({"processes": -1}, {"threads": 0}, {"mount": "x"}):
        with pytest.raises(ConfigurationError):
            Settings(**wrong)


def test_sendfile_header():
    assert sendfile.header({"SERVER_SOFTWARE": "lighttpd/1.4"}, "/f") == (
        "X-Sendfile",
        "/f",
    )
    nginx = {"SERVER_SOFTWARE": "nginx/1.22"}
    assert sendfile.header(nginx, "/f", internal="/i/f") == ("X-Accel-Redirect", "/i/f")
    assert sendfile.header({}, "/f") is None
    with pytest.raises(ValueError, match="control"):
        sendfile.header(nginx, "/f\r\nX: y")
