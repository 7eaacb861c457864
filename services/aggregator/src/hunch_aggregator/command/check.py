"""`hunch check`: is the configuration right, and what does it amount to?"""

from __future__ import annotations

import argparse
import time

from hunch_aggregator.site import user_agent
from hunch_stream.config import Config
from hunch_stream.store import StoreError

from .session import FAILED, NO_STORE, OK, Session

NAME = "check"
HELP = "check hunch.toml, and with --store that the store answers"
# `hunch run` leaves a sign of life every half minute.
_LONGEST_SILENCE_S = 120.0


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "--alive",
        action="store_true",
        help="also fail unless `hunch run` gave a sign of life lately",
    )


def run(session: Session) -> int:
    """Check the configuration; wrong ones end the command with code 2."""
    config = session.config()
    named = session.arguments.store or session.environ.get("HUNCH_STORE")
    trouble = _store_trouble(session, config) if named else ""
    if session.as_json:
        session.emit(
            {
                "config": str(session.config_path),
                "site": config.site.id,
                "sources": [source.slug for source in config.sources],
                "user_agent": user_agent(config),
                "store": trouble or ("fine" if named else "not asked"),
            }
        )
    else:
        count = len(config.sources)
        session.say(f"{session.config_path} is fine: {count} sources.")
        session.say(f"They see the fetcher as “{user_agent(config)}”.")
    if trouble:
        session.complain(f"the store does not answer: {trouble}")
        return NO_STORE
    if session.arguments.alive and not _is_alive(session, config):
        session.complain("`hunch run` gave no sign of life lately")
        return FAILED
    return OK


def _store_trouble(session: Session, config: Config) -> str:
    try:
        session.store(config, timeout_s=2.0).ping()
    except StoreError as error:
        return str(error)
    return ""


def _is_alive(session: Session, config: Config) -> bool:
    last = session.store(config, timeout_s=2.0).heartbeat()
    return last is not None and time.time() - last < _LONGEST_SILENCE_S
