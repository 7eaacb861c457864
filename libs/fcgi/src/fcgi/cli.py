"""The command line: `python -m fcgi`."""

import argparse
import logging
import sys
from pathlib import Path

from fcgi import server
from fcgi.errors import ConfigurationError
from fcgi.models import MODELS
from fcgi.settings import Settings


def parser() -> argparse.ArgumentParser:
    """Return the parser of `python -m fcgi APP`."""
    defaults = Settings()
    line = argparse.ArgumentParser(
        prog="python -m fcgi", description="Serve a WSGI application over FastCGI."
    )
    add = line.add_argument
    add("app", help="module:attribute, or module:factory()")
    add("--bind", help="unix:/path, host:port or fd:N (default: fd:0)")
    add("--processes", type=int, default=1, help="workers; 0: no parent (default 1)")
    add("--model", default=defaults.model, choices=list(MODELS))
    add("--threads", type=int, default=defaults.threads)
    add("--connections", type=int, default=defaults.connections)
    add("--backlog", type=int, default=defaults.backlog)
    add("--mode", type=lambda text: int(text, 8), default=defaults.mode)
    add("--max-requests", type=int, default=0, help="then replace the worker")
    add("--request-timeout", type=float, default=0.0, dest="request_timeout_s")
    add("--graceful", type=float, default=defaults.graceful_s, dest="graceful_s")
    add("--mount", help="path the application lives at, if the edge does not say")
    add("--pure", action="store_true", help="plain Python, to compare")
    add("--chdir", type=Path, default=Path(), help="folder to import from")
    add("--log-level", default="info", choices=["debug", "info", "warning", "error"])
    return line


def main(argv: list[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    given = vars(parser().parse_args(argv))
    logging.basicConfig(
        level=given.pop("log_level").upper(),
        format="%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s",
    )
    sys.path.insert(0, str(given.pop("chdir").resolve()))
    app = given.pop("app")
    try:
        return server.run(app, Settings(**given))
    except ConfigurationError as error:
        logging.getLogger("fcgi").error("%s", error)
        return 2
