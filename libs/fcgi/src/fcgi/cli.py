"""The command line: `python -m fcgi`.

    python -m fcgi APP [options]      serve a WSGI application
    python -m fcgi ping ADDRESS       exit code 0 if an application answers
    python -m fcgi get ADDRESS PATH   print a response
    python -m fcgi load ADDRESS       make load and print what came of it

This is the edge where the environment is read: FCGI_WEB_SERVER_ADDRS names the peers
that may connect over TCP, and a CGI environment makes this a CGI program.
"""

import argparse
import grp
import logging
import os
import sys
from pathlib import Path

from fcgi import cgi, loader, server
from fcgi.client import Client, params_for
from fcgi.errors import ConfigurationError, Error
from fcgi.load import Load
from fcgi.models import MODELS
from fcgi.settings import Settings

log = logging.getLogger("fcgi")


def serve_parser() -> argparse.ArgumentParser:
    """Return the parser of `python -m fcgi APP`."""
    defaults = Settings()
    line = argparse.ArgumentParser(
        prog="python -m fcgi", description=__doc__.partition("\n\n")[2],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    add = line.add_argument
    add("app", help="module:attribute, or module:factory()")
    add("--bind", help="unix:/path, host:port or fd:N (default: fd:0)")
    add("--processes", type=int, default=1, help="workers; 0: no parent (default 1)")
    add("--model", default=defaults.model, choices=list(MODELS), metavar="MODEL",
        help=f"one of {', '.join(MODELS)} (default prefork)")  # fmt: skip
    add("--threads", type=int, default=defaults.threads,
        help="of a worker, for the models that have them (default 8)")  # fmt: skip
    add("--connections", type=int, default=defaults.connections,
        help="open at once in a worker, where that can be many (default 1024)")  # fmt: skip
    add("--backlog", type=int, default=defaults.backlog,
        help="connections that may wait; not below the edge's limit (default 4096)")  # fmt: skip
    add("--mode", type=lambda text: int(text, 8), default=defaults.mode,
        help="permissions of a unix socket (default 660)")  # fmt: skip
    add("--group", type=_group, help="group of a unix socket")
    add("--max-requests", type=int, default=0, help="then replace the worker")
    add("--request-timeout", type=float, default=0.0, dest="request_timeout_s",
        metavar="SECONDS", help="kill a worker that hangs for so long")  # fmt: skip
    add("--read-timeout", type=float, default=defaults.read_timeout_s,
        dest="read_timeout_s", metavar="SECONDS",
        help="a peer may be silent in the middle of a request (default 10)")  # fmt: skip
    add("--keep-timeout", type=float, default=defaults.keep_timeout_s,
        dest="keep_timeout_s", metavar="SECONDS",
        help="a connection is kept without a request on it (default 15)")  # fmt: skip
    add("--graceful", type=float, default=defaults.graceful_s, dest="graceful_s",
        metavar="SECONDS", help="for what runs when we stop (default 10)")  # fmt: skip
    add("--mount", metavar="PATH", help="where the application lives, if the web server "
        "does not say; '' for the root")  # fmt: skip
    add("--reload", action="store_true", help="restart when source changes")
    add("--pure", action="store_true", help="plain Python throughout, to compare")
    add("--chdir", type=Path, default=Path(), help="folder to import from")
    add("--log-level", default="info", choices=["debug", "info", "warning", "error"])
    return line


def _group(name: str) -> int:
    if name.isdecimal():
        return int(name)
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        msg = f"there is no group {name!r}"
        raise argparse.ArgumentTypeError(msg) from None


def serve(argv: list[str]) -> int:
    """Serve an application."""
    given = vars(serve_parser().parse_args(argv))
    logging.basicConfig(
        level=given.pop("log_level").upper(),
        format="%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s",
    )
    folder = given.pop("chdir").resolve()
    sys.path.insert(0, str(folder))
    app = given.pop("app")
    peers = os.environ.get("FCGI_WEB_SERVER_ADDRS", "")
    allow = tuple(peer.strip() for peer in peers.split(",") if peer.strip())
    forced = os.environ.get("FCGI_FORCE_CGI", "n")[:1].lower() == "y"
    try:
        if given["bind"] is None and not cgi.is_listening(0):
            if forced or cgi.is_cgi(os.environ):
                cgi.run(loader.load(app), os.environ, given["mount"])
                return 0
            msg = "bind: say where to listen; descriptor 0 is no listening socket"
            raise ConfigurationError(msg)
        return server.run(app, Settings(allow=allow, **given))
    except ConfigurationError as error:
        log.error("%s", error)
        return 2


def ping(argv: list[str]) -> int:
    """Find out whether an application answers."""
    line = argparse.ArgumentParser(prog="python -m fcgi ping")
    line.add_argument("address")
    line.add_argument("--path", help="also ask for this path and want no 5xx")
    line.add_argument("--timeout", type=float, default=5.0)
    given = line.parse_args(argv)
    try:
        with Client(given.address, timeout_s=given.timeout) as client:
            if given.path:
                status = client.get(given.path).status
                sys.stdout.write(f"{given.path}: {status}\n")
                return 0 if status < 500 else 1
            values = client.values("FCGI_MAX_CONNS", "FCGI_MAX_REQS", "FCGI_MPXS_CONNS")
            sys.stdout.write(" ".join(f"{k}={v}" for k, v in values.items()) + "\n")
            return 0
    except (Error, OSError) as error:
        sys.stderr.write(f"{given.address}: {error}\n")
        return 1


def get(argv: list[str]) -> int:
    """Print a response."""
    line = argparse.ArgumentParser(prog="python -m fcgi get")
    line.add_argument("address")
    line.add_argument("path", nargs="?", default="/")
    line.add_argument("--param", action="append", default=[], metavar="NAME=VALUE")
    given = line.parse_args(argv)
    extra = dict(param.partition("=")[::2] for param in given.param)
    try:
        with Client(given.address) as client:
            response = client.request(params_for(given.path, extra=extra))
    except (Error, OSError) as error:
        sys.stderr.write(f"{given.address}: {error}\n")
        return 1
    sys.stderr.write(response.stderr.decode("utf-8", "replace"))
    head = [f"Status: {response.status}", *(f"{k}: {v}" for k, v in response.headers)]
    sys.stdout.write("\n".join([*head, "", ""]))
    sys.stdout.flush()
    sys.stdout.buffer.write(response.body)
    sys.stdout.buffer.flush()
    return 0 if response.status < 400 else 1


def load(argv: list[str]) -> int:
    """Make load."""
    line = argparse.ArgumentParser(prog="python -m fcgi load")
    line.add_argument("address")
    line.add_argument("--path", default="/")
    line.add_argument("--connections", type=int, default=32)
    line.add_argument("--window", type=int, default=1, help="requests on each at once")
    line.add_argument("--keep", action="store_true", help="keep connections")
    line.add_argument("--seconds", type=float, default=3.0)
    given = vars(line.parse_args(argv))
    report = Load(given.pop("address"), params_for(given.pop("path")), **given).run()
    sys.stdout.write(f"{report}\n")
    return 0 if report.served and not report.failed else 1


COMMANDS = {"ping": ping, "get": get, "load": load}


def main(argv: list[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    words = sys.argv[1:] if argv is None else argv
    command = COMMANDS.get(words[0]) if words else None
    return command(words[1:]) if command else serve(words)
