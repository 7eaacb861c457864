"""`hunch check`: is the configuration right, and what does it amount to?"""

from __future__ import annotations

import argparse

from hunch_aggregator.site import user_agent
from hunch_stream.config import Config
from hunch_stream.store import StoreError

from .session import NO_STORE, OK, Session

NAME = "check"
HELP = "check hunch.toml, and with --store that the store answers"


def arguments(_parser: argparse.ArgumentParser) -> None:
    """Declare the arguments: none."""


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
    return OK


def _store_trouble(session: Session, config: Config) -> str:
    try:
        session.store(config, timeout_s=2.0).ping()
    except StoreError as error:
        return str(error)
    return ""
