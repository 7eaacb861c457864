"""The command line: ``smisk module:Application``."""

import argparse
import code
import contextlib
import importlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import fcgi
from fcgi import loader
from smisk import __version__, devserver
from smisk.autoreload import restart_on_change, wait_for_change
from smisk.core.application import Application
from smisk.error import ConfigurationError
from smisk.test import Client
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
    add("--chdir", type=Path, default=".", help="folder to run in and import from")
    add("--umask", type=_octal)
    add("--pidfile", type=Path)
    add("--debug", action="store_true", help="show tracebacks, reload templates")
    add("--reload", action="store_true", help="start again when a source file changes")
    add("--console", action="store_true",
        help="talk to the application: app, and client to call it with")
    add("--version", action="version", version=f"smisk {__version__}")
    # fmt: on
    return line


def _octal(text: str) -> int:
    return int(text, 8)


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
    for usual in ("application", "app", "create()"):
        if hasattr(module, usual.removesuffix("()")):
            return loader.load(f"{name}:{usual}")
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
    line = parser()
    given = line.parse_args(argv)
    if given.umask is not None:
        os.umask(given.umask)
    try:
        os.chdir(given.chdir)
        if given.pidfile:
            given.pidfile.write_text(f"{os.getpid()}\n")
    except OSError as error:
        line.error(str(error))
    sys.path.insert(0, str(Path.cwd()))
    try:
        return _spawn(given) if given.spawn > 1 else _serve(given)
    except (ConfigurationError, fcgi.ConfigurationError) as error:
        sys.stderr.write(f"smisk: {error}\n")
        return 2
    finally:
        if given.pidfile:
            given.pidfile.unlink(missing_ok=True)


def _serve(given: argparse.Namespace) -> int:
    try:
        application = load(given.app)
    except Exception as error:
        if not given.reload:
            raise
        wait_for_change(error)
        return 1
    if given.debug and isinstance(application, Application):
        application.show_traceback = True
        if hasattr(application, "autoreload"):
            application.autoreload = True
    if given.console:
        names = {"app": application, "client": Client(application)}
        code.interact("app, client.get(path), client.post(path, form={…})", local=names)
        return 0
    if given.http:
        return devserver.serve(application, given.http, reload=given.reload)
    if given.reload:
        restart_on_change()
    if not isinstance(application, Application):
        application = Gateway(application)
    return application.run(given.bind, forks=given.forks)


def _spawn(given: argparse.Namespace) -> int:
    """Run one process for each of several ports; end them all together."""
    option = "--bind" if given.bind else "--http"
    host, _, port = (given.bind or given.http or "").rpartition(":")
    if not port.isdigit():
        needed = "--spawn needs --bind (or --http) with a port to count from"
        raise ConfigurationError(needed)
    children = []
    for number in range(int(port), int(port) + given.spawn):
        command = [sys.executable, "-m", "smisk", given.app, option, f"{host}:{number}"]
        children.append(subprocess.Popen(command + ["--debug"] * given.debug))

    def end(number: int, _frame: object) -> None:
        for child in children:
            child.send_signal(number)

    signal.signal(signal.SIGTERM, end)
    with contextlib.suppress(KeyboardInterrupt):
        return max(child.wait() for child in children)
    return 130
