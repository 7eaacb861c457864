"""What is checked before anything starts, so that the reason of a failure is plain."""

from __future__ import annotations

import fcntl
import os
import pathlib
import shutil
import socket
from typing import IO

from hunch_stream import config as site_config
from layout import Layout


class Refused(Exception):  # noqa: N818 - an answer, not a mistake
    """The site cannot start; the text says why and what to do."""


def check(layout: Layout) -> None:
    """Raise Refused unless the site can start."""
    if not layout.demo:
        _config(layout)
    _programs()
    _port(layout)


def take_lock(run: pathlib.Path) -> IO[str]:
    """Make this copy the only one on its folder; keep the result open.

    Raises:
        Refused: If another copy is running there.
    """
    lock = (run / "lock").open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.seek(0)
        pid = lock.read().strip() or "unknown"
        lock.close()
        raise Refused(
            f"a site is already running on this data folder (process {pid})\n"
            "  Stop it, or start a second one with its own: make run DATA=… PORT=…"
        ) from None
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


def _config(layout: Layout) -> None:
    try:
        site_config.load(layout.config, os.environ)
    except site_config.ConfigError as error:
        raise Refused(str(error)) from error


def _programs() -> None:
    for program, package in (("lighttpd", "lighttpd"), ("setpriv", "util-linux")):
        if shutil.which(program, path=search_path()) is None:
            raise Refused(
                f"the program {program} is missing\n  apt-get install {package}"
            )


def search_path() -> str:
    """Return where programs are looked for; lighttpd lives where only root looks."""
    return os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin"


def _port(layout: Layout) -> None:
    family = socket.AF_INET6 if ":" in layout.bind else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((layout.bind, layout.port))
        except PermissionError:
            raise Refused(
                f"port {layout.port} needs root\n"
                "  Choose one above 1023: make run PORT=8080"
            ) from None
        except OSError as error:
            raise Refused(
                f"port {layout.port} on {layout.bind} cannot be had: {error.strerror}\n"
                f"  Choose another: make run PORT={layout.port + 1}"
            ) from None
