"""The command line: what can be said to `hunch-kvstore`."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return its exit status: 0 well, 1 damage or refusal, 2 usage."""
    arguments = _parser().parse_args(argv)
    if arguments.command == "backup":
        # WHY: it reads and sums up the whole store beside a server that has clients.
        os.nice(19)
    # PERF: only now, and only what is needed. A backup that has loaded the server before
    # it steps back takes half a second of processor from that server's clients.
    if arguments.command == "serve":
        from hunch_kvstore.server.serve import run
    else:
        from hunch_kvstore.upkeep import run
    return run(arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="hunch-kvstore",
        description="A Redis-protocol store over Tokyo Cabinet that loses nothing.",
    )
    commands = parser.add_subparsers(required=True, dest="command", metavar="COMMAND")

    serve = commands.add_parser("serve", help="run the server")
    serve.add_argument(
        "--data", metavar="DIR", help="folder of the store (default: data)"
    )
    serve.add_argument(
        "--bind",
        action="append",
        default=[],
        metavar="ADDRESS",
        help="unix:/path/to.sock or host:port; may be given again",
    )
    serve.add_argument(
        "--sync",
        choices=("always", "everysec", "no"),
        help="when the log reaches the disk (default: everysec)",
    )
    serve.add_argument("--conf", metavar="FILE", type=Path, help="see kvstore.conf")

    said = "verify every checksum of a store that no server has open, or of a backup"
    checking = commands.add_parser("check", help=said, description=said)
    _data(checking)
    checking.add_argument(
        "--backup", action="store_true", help="the folder is a backup"
    )

    said = "copy a store, consistent at one commit, also while a server uses it"
    backing = commands.add_parser("backup", help=said, description=said)
    _data(backing)
    backing.add_argument(
        "--no-link",
        dest="link",
        action="store_false",
        help="copy segment files although they could be shared by hard links",
    )
    backing.add_argument("target", metavar="TARGET", type=Path)

    said = "make a store of a backup, after verifying it"
    restoring = commands.add_parser("restore", help=said, description=said)
    _data(restoring)
    restoring.add_argument("source", metavar="BACKUP", type=Path)

    said = "cut away what is damaged, and say what that was"
    repairing = commands.add_parser("repair", help=said, description=said)
    _data(repairing)
    return parser


def _data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", metavar="DIR", type=Path, required=True)
