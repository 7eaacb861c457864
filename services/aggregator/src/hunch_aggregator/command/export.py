"""`hunch export`: every item, one JSON object per line."""

from __future__ import annotations

import argparse

from .session import OK, Session

NAME = "export"
HELP = "write every item as one line of JSON"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "--all", action="store_true", help="also items that are gone or merged"
    )


def run(session: Session) -> int:
    """Write the stream to standard output."""
    config = session.config()
    count = 0
    for item in session.store(config).every_item():
        if item.visible or session.arguments.all:
            session.emit(item)
            count += 1
            if count % 10_000 == 0:
                session.progress(f"{count} items")
    session.progress(f"{count} items in all")
    return OK
