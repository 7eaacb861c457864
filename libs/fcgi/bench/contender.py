"""The servers that the benchmark compares, and how to start each."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent
PYTHON = sys.executable
OURS = [
    PYTHON,
    "-m",
    "fcgi",
    "bench_app:app",
    "--chdir",
    str(HERE),
    "--log-level",
    "error",
]


SIDE = "beside the generator"
"""The edge has a core to itself; server and generator share the others."""
FREE = "anywhere"
"""The kernel places edge, generator and server on all cores as it likes."""
BOTH = (SIDE, FREE)


@dataclass
class Contender:
    """A server under test.

    Attributes:
        name: What tables call it.
        command: Arguments, with {socket} and {port} to fill in.
        is_http: Whether the edge speaks HTTP to it instead of FastCGI.
        missing: Why it cannot run here; empty if it can.
        places: Where it is measured.
    """

    name: str
    command: list[str]
    is_http: bool = False
    missing: str = ""
    places: tuple[str, ...] = (SIDE,)
    process: subprocess.Popen[bytes] | None = None
    socket: str = ""
    port: int = 0
    environ: dict[str, str] = field(default_factory=dict)

    def start(self, folder: Path, port: int) -> None:
        """Start the server."""
        self.socket = str(folder / f"{self.name}.sock")
        self.port = port
        command = [part.format(socket=self.socket, port=port) for part in self.command]
        self.process = subprocess.Popen(
            command,
            cwd=HERE,
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=(folder / f"{self.name}.log").open("wb"),
            env={**os.environ, **self.environ},
        )

    def stop(self) -> None:
        """Stop the server."""
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def compiled(name: str, folder: Path, *flags: str) -> tuple[list[str], str]:
    """Compile a C worker; return its command and why it could not be, if so."""
    out = folder / name
    if shutil.which("cc") is None:
        return [], "no C compiler"
    done = subprocess.run(
        ["cc", "-O2", "-o", str(out), str(HERE / f"{name}.c"), *flags],
        capture_output=True,
        text=True,
        check=False,
    )
    why = "" if done.returncode == 0 else "does not compile; is its library installed?"
    return [str(out), "{socket}"], why


def contenders(folder: Path, peers_python: str = PYTHON) -> list[Contender]:
    """Return all contenders, ours first."""
    raw, no_raw = compiled("raw_worker", folder)
    libfcgi, no_libfcgi = compiled("libfcgi_worker", folder, "-lfcgi")
    found = [
        _ours("prefork", places=BOTH),
        Contender("raw C", raw, missing=no_raw),
        Contender("libfcgi C", libfcgi, missing=no_libfcgi),
        _ours("prefork, pure Python", "--pure"),
        _ours("prefork x16", "--processes", "16", places=(FREE,)),
        _ours("multiplex", "--model", "multiplex"),
    ]
    models = ("thread-per-connection", "thread-per-request", "pool")
    found += [_ours(model, "--model", model, places=(FREE,)) for model in models]
    for model in ("threaded", "threaded-multiplexed", "fork", "single"):
        one = _ours(f"flup {model}", "--model", f"flup-{model}", "--threads", "2")
        one.places = (SIDE,) if model == "single" else BOTH
        one.missing = _needs("flup")
        found.append(one)
    return [*found, *_others(peers_python)]


def _ours(name: str, *args: str, places: tuple[str, ...] = (SIDE,)) -> Contender:
    return Contender(name, [*OURS, "--bind", "{socket}", *args], places=places)


def _others(interpreter: str) -> list[Contender]:
    def python(name: str, *args: str, places: tuple[str, ...] = (SIDE,)) -> Contender:
        return Contender(
            name,
            [interpreter, "-m", *args],
            is_http=True,
            missing=_needs(args[0], interpreter),
            places=places,
        )

    def script(
        name: str, module: str, *args: str, places: tuple[str, ...] = (SIDE,),
        is_http: bool = False,
    ) -> Contender:  # fmt: skip
        return Contender(
            name,
            [interpreter, str(HERE / f"{module}_worker.py"), *args],
            is_http=is_http,
            missing=_needs(module, interpreter),
            places=places,
        )

    uwsgi = _script("uwsgi", interpreter)
    address = "127.0.0.1:{port}"
    return [
        Contender(
            "uWSGI fastcgi",
            [uwsgi, "--fastcgi-socket", "{socket}", "--wsgi-file", "bench_app.py",
             "--callable", "app", "--listen", "128", "--disable-logging", "--master"],
            missing="" if uwsgi else "not installed",
        ),
        script("simple-fastcgi", "simple_fastcgi", "{socket}"),
        script("gevent-fastcgi", "gevent_fastcgi", "{socket}"),
        script("fcgisgi ASGI", "fcgisgi", "asgi", "{socket}"),
        script("fcgisgi WSGI", "fcgisgi", "wsgi", "{socket}", places=(FREE,)),
        script("Twisted resource", "twisted", "{port}", is_http=True),
        python("gunicorn", "gunicorn", "-b", address, "bench_app:app"),
        # As fast as it gets: its own interface, and the parser and loop it takes when
        # they are installed.
        python("uvicorn", "uvicorn", "--port", "{port}", "--no-access-log",
               "--log-level", "error", "bench_app:asgi"),
        python("uvicorn WSGI", "uvicorn", "--port", "{port}", "--interface", "wsgi",
               "--no-access-log", "--log-level", "error", "bench_app:app"),
        python("granian", "granian", "--port", "{port}", "--interface", "wsgi",
               "--no-ws", "bench_app:app", places=(FREE,)),
        python("Twisted WSGI", "twisted", "web", "--listen",
               "tcp:{port}:interface=127.0.0.1", "--wsgi", "bench_app.app",
               places=(FREE,)),
    ]  # fmt: skip


def _needs(module: str, interpreter: str = PYTHON) -> str:
    done = subprocess.run(
        [interpreter, "-c", f"import {module}"], capture_output=True, check=False
    )
    return "" if done.returncode == 0 else "not installed"


def _script(name: str, interpreter: str) -> str:
    beside = Path(interpreter).with_name(name)
    return str(beside) if beside.exists() else shutil.which(name) or ""


def wait(condition: Callable[[], bool], timeout_s: float = 15) -> bool:
    """Poll until `condition` is true; return whether it came true in time."""
    import time

    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False
