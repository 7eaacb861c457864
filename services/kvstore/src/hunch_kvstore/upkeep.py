"""What is done to the files of a store: check, backup, restore and repair."""

from __future__ import annotations

import argparse
import sys

from hunch_kvstore.engine import (
    Report,
    StoreError,
    backup,
    check,
    repair,
    restore,
    verify_backup,
)


def run(arguments: argparse.Namespace) -> int:
    """Run the command that was asked for; return the exit status."""
    try:
        report = _report(arguments)
    except (StoreError, OSError) as error:
        print(f"hunch-kvstore: {error}", file=sys.stderr)
        return 1
    print("\n".join(report.lines()))
    return 0 if report.ok else 1


def _report(arguments: argparse.Namespace) -> Report:
    if arguments.command == "backup":
        return backup(arguments.data, arguments.target, link=arguments.link)
    if arguments.command == "restore":
        return restore(arguments.source, arguments.data)
    if arguments.command == "repair":
        return repair(arguments.data)
    if arguments.backup:
        return verify_backup(arguments.data)
    return check(arguments.data)
