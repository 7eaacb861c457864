"""The `hunch` command."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from types import ModuleType

from hunch_stream.config import ConfigError
from hunch_stream.store import StoreError, StoreUnavailable

from . import __version__
from .command import (
    add,
    backfill,
    check,
    explain,
    export,
    forget,
    opml,
    query,
    sources,
    sync,
)
from .command import run as run_command
from .command.session import FAILED, NO_STORE, WRONG_CONFIG, Session

COMMANDS: tuple[ModuleType, ...] = (
    run_command,
    sync,
    add,
    sources,
    query,
    explain,
    check,
    opml,
    export,
    backfill,
    forget,
)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    common = argparse.ArgumentParser(add_help=False)
    # WHY SUPPRESS: an option before the subcommand must survive its default after it
    for flag, text in (
        ("--config", "configuration file (else $HUNCH_CONFIG, else hunch.toml)"),
        ("--store", "store address (else $HUNCH_STORE)"),
        ("--media", "folder for copies of pictures (else $HUNCH_MEDIA)"),
    ):
        common.add_argument(flag, help=text, default=argparse.SUPPRESS)
    common.add_argument(
        "--json", action="store_true", default=argparse.SUPPRESS, help="JSON output"
    )
    common.add_argument(
        "-q",
        "--quiet",
        action="store_true",
        default=argparse.SUPPRESS,
        help="no progress",
    )
    whole = argparse.ArgumentParser(
        prog="hunch",
        description="Keeps what one person publishes elsewhere as one stream.",
        parents=[common],
        epilog="Exit codes: 0 fine, 1 something failed, 2 wrong configuration or "
        "usage, 3 the store does not answer.",
    )
    whole.add_argument("--version", action="version", version=f"hunch {__version__}")
    commands = whole.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for module in COMMANDS:
        one = commands.add_parser(
            module.NAME, help=module.HELP, description=module.HELP, parents=[common]
        )
        module.arguments(one)
        one.set_defaults(run=module.run)
    return whole


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    defaults = {"config": "", "store": "", "media": "", "json": False, "quiet": False}
    arguments = parser().parse_args(argv)
    for name, value in defaults.items():
        if not hasattr(arguments, name):
            setattr(arguments, name, value)
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.INFO,
        format="%(levelname)s %(name)s: %(message)s",
    )
    session = Session(arguments)
    try:
        return int(arguments.run(session))
    except ConfigError as error:
        session.complain(str(error))
        return WRONG_CONFIG
    except StoreUnavailable as error:
        session.complain(f"the store does not answer: {error}")
        return NO_STORE
    except StoreError as error:
        session.complain(f"the store refused: {error}")
        return NO_STORE
    except BrokenPipeError:
        # WHY: `hunch export | head` ends when head has enough
        sys.stderr.close()
        return FAILED
    except KeyboardInterrupt:
        return FAILED


if __name__ == "__main__":
    sys.exit(main())
