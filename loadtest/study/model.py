"""The server models under study, and how each is started."""

from __future__ import annotations

import functools
import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Via = Literal["fastcgi", "spawned", "proxy", "proxy-tcp", "direct"]

FOLDER = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Start:
    """What a model's command is made from.

    Attributes:
        app: `module:attribute` of the application, `()` behind it for a factory.
        socket: Path of the unix socket to listen on.
        processes: How many.
        peers: The interpreter in whose environment other people's servers are.
        port: To listen on instead, for `proxy-tcp`.
    """

    app: str
    socket: str
    processes: int
    peers: str = sys.executable
    port: int = 0


@dataclass(frozen=True)
class Model:
    """A server under study.

    Attributes:
        name: What tables call it.
        family: `2007`, `ours` or `today`.
        about: What it is, in one line.
        command: Makes its command line.
        via: How the load reaches it: lighttpd's FastCGI to one socket; FastCGI to
            processes that lighttpd spawned itself, a socket each; lighttpd's proxy, to
            a unix socket or a port; or our own FastCGI client.
        needs: A module or program that must be installed for it.
        window: For `direct`: requests under way on one connection.
        keep: For `direct`: whether connections are kept.
        app: Module of the applications that it serves.
        factory: Whether these are factories.
    """

    name: str
    family: Literal["2007", "ours", "today"]
    about: str
    command: Callable[[Start], list[str]]
    via: Via = "fastcgi"
    needs: str = ""
    window: int = 1
    keep: bool = False
    app: str = "study.app"
    factory: bool = False

    def missing(self, peers: str) -> str:
        """Return why it cannot run here; empty if it can."""
        where = peers if self.family == "today" else sys.executable
        if not self.needs or _installed(self.needs, where):
            return ""
        return f"{self.needs} is not installed"


def script(name: str, interpreter: str) -> str:
    """Return the path of a program beside an interpreter, or elsewhere, or nothing."""
    beside = Path(interpreter).with_name(name)
    return str(beside) if beside.exists() else shutil.which(name) or ""


@functools.cache
def _installed(name: str, interpreter: str) -> bool:
    if interpreter == sys.executable and importlib.util.find_spec(name):
        return True
    if script(name, interpreter):
        return True
    done = subprocess.run(
        [interpreter, "-c", f"import {name}"], capture_output=True, check=False
    )
    return done.returncode == 0


def _fcgi(*args: str) -> Callable[[Start], list[str]]:
    def command(start: Start) -> list[str]:
        return [
            sys.executable, "-m", "fcgi", start.app, "--chdir", str(FOLDER),
            "--bind", f"unix:{start.socket}", "--processes", str(start.processes),
            "--log-level", "error", *args,
        ]  # fmt: skip

    return command


def _spawned(model: str) -> Callable[[Start], list[str]]:
    # lighttpd hands the listening socket over as descriptor 0.
    def command(start: Start) -> list[str]:
        return [
            sys.executable, "-m", "fcgi", start.app, "--chdir", str(FOLDER),
            "--processes", "0", "--log-level", "error", "--model", model,
        ]  # fmt: skip

    return command


def _flup_fork(start: Start) -> list[str]:
    return [
        sys.executable, "-m", "fcgi", start.app, "--chdir", str(FOLDER),
        "--bind", f"unix:{start.socket}", "--processes", "1", "--log-level", "error",
        "--model", "flup-fork", "--threads", str(start.processes),
    ]  # fmt: skip


def _gunicorn(*args: str) -> Callable[[Start], list[str]]:
    def command(start: Start) -> list[str]:
        return [
            start.peers, "-m", "gunicorn", "--bind", f"unix:{start.socket}",
            "--workers", str(start.processes), "--chdir", str(FOLDER),
            "--backlog", "4096", "--log-level", "error", *args, start.app,
        ]  # fmt: skip

    return command


def _uwsgi(start: Start) -> list[str]:
    return [
        script("uwsgi", start.peers), "--fastcgi-socket", start.socket,
        "--module", start.app, "--processes", str(start.processes), "--master",
        "--listen", "1024", "--disable-logging", "--die-on-term",
        "--pythonpath", str(FOLDER), "--chdir", str(FOLDER),
    ]  # fmt: skip


def _granian(start: Start) -> list[str]:
    return [
        script("granian", start.peers), "--interface", "wsgi", "--no-ws",
        "--uds", start.socket, "--workers", str(start.processes),
        "--backlog", "4096", "--working-dir", str(FOLDER), "--log-level", "error",
        start.app,
    ]  # fmt: skip


def _twisted(start: Start) -> list[str]:
    program = str(Path(__file__).with_name("twisted_server.py"))
    return [start.peers, program, start.app, str(start.port), str(start.processes)]


MODELS: dict[str, Model] = {
    model.name: model
    for model in (
        Model("2007 plain", "2007",
              "flup's threaded server, processes spawned by lighttpd: the post's setup",
              _spawned("flup-threaded"), via="spawned", needs="flup"),
        Model("2007 multiplexed", "2007",
              "the same with multiplexed=True: one more thread for each request",
              _spawned("flup-threaded-multiplexed"), via="spawned", needs="flup"),
        Model("flup threaded", "2007", "flup's threaded server, one socket for all",
              _fcgi("--model", "flup-threaded"), needs="flup"),
        Model("flup multiplexed", "2007", "the same with multiplexed=True",
              _fcgi("--model", "flup-threaded-multiplexed"), needs="flup"),
        Model("flup fork", "2007", "flup's preforking server; X is its most children",
              _flup_fork, needs="flup"),
        Model("prefork", "ours", "A: one connection at a time in each process", _fcgi()),
        Model("prefork spawned", "ours",
              "A, each process started and importing for itself, by lighttpd",
              _spawned("prefork"), via="spawned"),
        Model("thread per connection", "ours", "B: a thread for each connection",
              _fcgi("--model", "thread-per-connection")),
        Model("thread per request", "ours",
              "C: a reading thread for each connection and one for each request",
              _fcgi("--model", "thread-per-request")),
        Model("multiplex", "ours", "D: one event loop, many requests on a connection",
              _fcgi("--model", "multiplex")),
        Model("pool", "ours", "E: one thread for I/O, eight for the application",
              _fcgi("--model", "pool")),
        Model("smisk", "ours", "the framework on A", _fcgi(), app="study.smisk_app",
              factory=True),
        Model("prefork, no edge", "ours",
              "A, asked by our own client, a connection for each request",
              _fcgi(), via="direct"),
        Model("prefork, kept, no edge", "ours", "A, a connection for each process, kept, one request at a time",
              _fcgi(), via="direct", keep=True),
        Model("thread per request, muxed", "ours",
              "C, 16 requests at once on each of few kept connections",
              _fcgi("--model", "thread-per-request"), via="direct", keep=True, window=16),
        Model("multiplex, muxed", "ours", "D, multiplexed for real in the same way",
              _fcgi("--model", "multiplex"), via="direct", keep=True, window=16),
        Model("pool, muxed", "ours", "E, multiplexed for real in the same way",
              _fcgi("--model", "pool"), via="direct", keep=True, window=16),
        Model("flup multiplexed, muxed", "2007",
              "flup's multiplexed server, multiplexed for real in the same way",
              _fcgi("--model", "flup-threaded-multiplexed"), via="direct", keep=True,
              window=16, needs="flup"),
        Model("Twisted", "today", "twisted.web's WSGI resource, on TCP: it knows no other peers", _twisted, via="proxy-tcp",
              needs="twisted"),
        Model("gunicorn", "today", "sync workers", _gunicorn(), via="proxy",
              needs="gunicorn"),
        Model("gunicorn threads", "today", "gthread workers with 8 threads",
              _gunicorn("--worker-class", "gthread", "--threads", "8"), via="proxy",
              needs="gunicorn"),
        Model("uWSGI", "today", "its FastCGI socket", _uwsgi, needs="uwsgi"),
        Model("granian", "today", "WSGI, Rust around it", _granian, via="proxy",
              needs="granian"),
    )
}  # fmt: skip
