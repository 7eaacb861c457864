"""Applications as processes: forks, signals, hooks, spawned servers."""

import contextlib
import signal
import socket
import subprocess
import sys
import time

import pytest

from fcgi import StreamError
from fcgi.client import Client

APP = """
import os, sys
from smisk import Application, bind

class App(Application):
    forks = int(sys.argv[-1]) if sys.argv[-1].isdigit() else 0
    def log(self, text):
        with open("log", "a") as file:
            file.write(f"{os.getpid()} {text}\\n")
    def application_will_start(self):
        self.log("start")
    def application_did_stop(self):
        self.log("stop")
    def service(self):
        if self.request.path == "/exit":
            self.exit()
        if self.request.path == "/die":
            os._exit(9)
        self.response(str(os.getpid()))

if __name__ == "__main__":
    bind(sys.argv[1])
    sys.exit(App().run())
"""


@pytest.fixture
def start(tmp_path):
    (tmp_path / "app.py").write_text(APP)
    processes = []

    def run(*arguments):
        process = subprocess.Popen([sys.executable, *arguments], cwd=tmp_path)
        processes.append(process)
        return process

    yield run
    for process in processes:
        process.kill()
        process.wait()


def ask(address, path="/"):
    until = time.monotonic() + 20
    while True:
        try:
            with Client(str(address)) as client:
                return client.get(path).body.decode()
        except OSError:
            assert time.monotonic() < until
            time.sleep(0.02)


def events(folder):
    lines = (folder / "log").read_text().split("\n")[:-1]
    return [line.split(" ", 1) for line in lines]


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1]
)
def test_signals_end_a_lone_process_in_order(start, tmp_path, number):
    address = tmp_path / "s"
    process = start("app.py", str(address))
    pid = ask(address)
    assert pid == str(process.pid)
    process.send_signal(number)
    assert process.wait(20) == 0
    assert events(tmp_path) == [[pid, "start"], [pid, "stop"]]
    assert not address.exists()


def test_exit_answers_its_request_first(start, tmp_path):
    address = tmp_path / "s"
    process = start("app.py", str(address))
    assert ask(address, "/exit") == str(process.pid)
    assert process.wait(20) == 0


def test_forks_are_workers_beside_the_first_and_are_replaced(start, tmp_path):
    address = tmp_path / "s"
    process = start("app.py", str(address), "1")
    pids = set()
    until = time.monotonic() + 20
    while len(pids) < 2:
        pids.add(ask(address))
        assert time.monotonic() < until
    assert str(process.pid) not in pids
    first = set(pids)
    with Client(str(address)) as client, pytest.raises(StreamError):
        client.get("/die")
    while len(pids) < 3:
        pids.add(ask(address))
        assert time.monotonic() < until
    ask(address, "/exit")
    assert process.wait(20) == 0
    told = events(tmp_path)
    assert len([1 for _, event in told if event == "start"]) == 3
    assert len([1 for _, event in told if event == "stop"]) == 2
    assert first & {pid for pid, event in told if event == "stop"}


@pytest.mark.parametrize("forks", [0, 1])
def test_settings_are_read_again_on_hangup(start, tmp_path, forks):
    (tmp_path / "configured.py").write_text(
        "from smisk import Application\n"
        "from smisk.config import config\n"
        "config('hunch-walk')\n"
        "config.reload_on_hangup()\n"
        "class App(Application):\n"
        "  def service(self): self.response(config['greeting'])\n"
    )
    settings = tmp_path / "hunch-walk.conf"
    settings.write_text("greeting: one")
    address = tmp_path / "s"
    words = ["configured:App", "--bind", str(address), "--forks", str(forks)]
    process = start("-m", "smisk", *words)
    assert ask(address) == "one"
    for text, expected in [("greeting: two", "two"), ("greeting: ;", "two")]:
        settings.write_text(text)
        process.send_signal(signal.SIGHUP)
        until = time.monotonic() + 20
        while ask(address) != expected:
            assert time.monotonic() < until
    time.sleep(0.3)
    assert ask(address) == "two"


def two_ports():
    while True:
        with socket.socket() as one, socket.socket() as two:
            one.bind(("127.0.0.1", 0))
            port = one.getsockname()[1]
            with contextlib.suppress(OSError, OverflowError):
                two.bind(("127.0.0.1", port + 1))
                return port


def test_spawn_runs_servers_on_ports_that_follow(start, tmp_path):
    port = two_ports()
    arguments = ["app:App", "--spawn", "2", "--bind", f"127.0.0.1:{port}"]
    process = start("-m", "smisk", *arguments)
    pids = {ask(f"127.0.0.1:{port + n}") for n in range(2)}
    assert len(pids) == 2
    process.terminate()
    assert process.wait(20) == 0
    assert (
        sorted(event for _, event in events(tmp_path)) == ["start"] * 2 + ["stop"] * 2
    )


def test_plain_cgi_is_refused(start, tmp_path):
    process = subprocess.run(
        [sys.executable, "-c", "import app; app.App().run()"],
        cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, check=False,
    )  # fmt: skip
    assert process.returncode != 0
    assert b"not a socket" in process.stderr
