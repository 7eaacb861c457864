"""The command line: ``smisk module:Application``."""

import argparse
import contextlib
import importlib
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import fcgi
from fcgi import loader
from smisk import __version__, devserver
from smisk.core.application import Application
from smisk.error import ConfigurationError
from smisk.wsgi import Gateway


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    line = argparse.ArgumentParser(
        prog="smisk", description="Run a Smisk (or any WSGI) application."
    )
    add = line.add_argument
    # fmt: off
    add("app", help="module:name of a class, an instance, or a function() making one")
    add("--http", nargs="?", const="127.0.0.1:8080", metavar="HOST:PORT",
        help="serve HTTP for development (default 127.0.0.1:8080)")
    add("--bind", help="FastCGI: host:port, :port or the path of a unix socket")
    add("--forks", type=int, help="FastCGI: worker processes beside the first")
    add("--spawn", type=int, default=1, metavar="N",
        help="stand-alone processes, on N ports from that of --bind on")
    add("--chdir", type=Path, help="folder to run in and import from")
    add("--umask", type=lambda text: int(text, 8))
    add("--pidfile", type=Path)
    add("--debug", action="store_true", help="show tracebacks, reload templates")
    add("--reload", action="store_true", help="start again when a source file changes")
    add("--console", action="store_true",
        help="talk to the application: app, and client to call it with")
    add("--version", action="version", version=f"smisk {__version__}")
    # fmt: on
    return line


def load(target: str) -> Callable[..., Iterable[bytes]]:
    """Import ``module:name`` and make an application of it.

    Raises:
        ConfigurationError: If there is none.
    """
    try:
        found: Any = loader.load(target) if ":" in target else _only_one(target)
    except (fcgi.ConfigurationError, ModuleNotFoundError) as error:
        raise ConfigurationError(str(error)) from error
    if isinstance(found, type):
        found = found()
    if not callable(found):
        raise ConfigurationError(f"{target} is not an application")
    application: Callable[..., Iterable[bytes]] = found
    return application


def _only_one(name: str) -> Any:
    """Return the application of a module: by its usual name, or the only class."""
    module = importlib.import_module(name)
    for usual in ("application", "app", "create"):
        if (value := getattr(module, usual, None)) is not None:
            return value() if usual == "create" else value
    classes = [
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, Application)
        and value.__module__ == name
    ]
    if len(classes) != 1:
        raise ConfigurationError(f"say which application: there are {len(classes)}")
    return classes[0]


def main(argv: list[str] | None = None) -> int:
    """Run the command line and return an exit code."""
    given = parser().parse_args(argv)
    if given.chdir:
        os.chdir(given.chdir)
    if given.umask is not None:
        os.umask(given.umask)
    sys.path.insert(0, str(Path.cwd()))
    try:
        with _pidfile(given.pidfile):
            return _serve(given)
    except ConfigurationError as error:
        sys.stderr.write(f"smisk: {error}\n")
        return 2


def _serve(given: argparse.Namespace) -> int:
    if given.spawn > 1:
        return _spawn(given)
    application = load(given.app)
    smisk = application if isinstance(application, Application) else None
    if smisk is not None and given.debug:
        smisk.show_traceback = True
        if hasattr(smisk, "autoreload"):
            smisk.autoreload = True
    if given.console:
        return _console(application)
    if given.http:
        return devserver.serve(application, given.http, reload=given.reload)
    if smisk is None:
        smisk = Gateway(application)
    if given.reload:
        devserver.restart_on_change()
    return smisk.run(given.bind, forks=given.forks)


def _console(application: Callable[..., Iterable[bytes]]) -> int:
    import code

    from smisk.test import Client

    names = {"app": application, "client": Client(application)}
    code.interact("app, client.get(path), client.post(path, form={…})", local=names)
    return 0


def _spawn(given: argparse.Namespace) -> int:
    """Run one process for each of several ports; end them all together."""
    import signal
    import subprocess

    host, colon, port = (given.bind or given.http or "").rpartition(":")
    if not colon or not port.isdigit():
        msg = "--spawn needs --bind (or --http) with a port to count from"
        raise ConfigurationError(msg)
    option = "--bind" if given.bind else "--http"
    children = []
    for number in range(given.spawn):
        address = f"{host}:{int(port) + number}"
        command = [sys.executable, "-m", "smisk", given.app, option, address]
        command += ["--debug"] * given.debug
        children.append(subprocess.Popen(command))

    def end(number: int, _frame: object) -> None:
        for child in children:
            child.send_signal(number)

    signal.signal(signal.SIGTERM, end)
    with contextlib.suppress(KeyboardInterrupt):
        return max(child.wait() for child in children)
    return 130


@contextlib.contextmanager
def _pidfile(path: Path | None) -> Iterator[None]:
    if path is None:
        yield
        return
    path.write_text(f"{os.getpid()}\n")
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
