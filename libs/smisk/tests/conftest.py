"""lighttpd with an application of the examples behind it."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[3] / "docs" / "examples"
CONF = """
server.document-root = "{folder}"
server.bind = "127.0.0.1"
server.port = {port}
server.modules = ( "mod_fastcgi" )
server.errorlog = "{folder}/error.log"
server.upload-dirs = ( "{folder}" )
fastcgi.server = ( "/" => ( {hosts} ) )
"""
SPAWNED = """( "bin-path" => "{python} {app}", "socket" => "{folder}/app.sock",
  "max-procs" => 1, "check-local" => "disable", "fix-root-scriptname" => "enable",
  "x-sendfile" => "enable", "x-sendfile-docroot" => ( "{examples}" ) )"""


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def wait_for(port, process):
    until = time.monotonic() + 20
    while True:
        assert process.poll() is None, "it ended"
        assert time.monotonic() < until, "it does not listen"
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", port)),
        ):
            return
        time.sleep(0.02)


@contextlib.contextmanager
def run_lighttpd(folder, hosts):
    """Run lighttpd with these FastCGI hosts; yield its port."""
    port = free_port()
    conf = folder / "lighttpd.conf"
    conf.write_text(CONF.format(folder=folder, port=port, hosts=hosts))
    environment = {**os.environ, "HOME": str(folder), "TMPDIR": str(folder)}
    with (folder / "stderr.log").open("w") as log:
        process = subprocess.Popen(
            ["lighttpd", "-D", "-f", conf],
            cwd=folder, env=environment, stderr=log, start_new_session=True,
        )  # fmt: skip
    try:
        wait_for(port, process)
        yield port
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)


@pytest.fixture
def lighttpd():
    if shutil.which("lighttpd") is None:
        pytest.skip("lighttpd is not installed")
    return run_lighttpd


@pytest.fixture
def run_example(lighttpd, tmp_path):
    """Start an example by name behind lighttpd; return the port."""
    with contextlib.ExitStack() as stack:

        def start(name, options=""):
            app = f"{EXAMPLES / name / 'app.py'} {options}".strip()
            spawned = SPAWNED.format(
                python=sys.executable, app=app, folder=tmp_path, examples=EXAMPLES
            )
            return stack.enter_context(lighttpd(tmp_path, spawned))

        yield start
