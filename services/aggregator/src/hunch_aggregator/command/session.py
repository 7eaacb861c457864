"""What every subcommand is given: settings, output, and the store when it asks."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

import msgspec

from hunch_stream.config import Config, load
from hunch_stream.store import Store

OK = 0
FAILED = 1
WRONG_CONFIG = 2
NO_STORE = 3


class Session:
    """One run of the command.

    Args:
        arguments: As parsed.
        environ: The environment; read here and nowhere else.
        out: Where results go.
        err: Where progress and complaints go.
    """

    def __init__(
        self,
        arguments: argparse.Namespace,
        environ: Mapping[str, str] | None = None,
        out: TextIO | None = None,
        err: TextIO | None = None,
    ) -> None:
        self.arguments = arguments
        self.environ = environ if environ is not None else os.environ
        self.out = out or sys.stdout
        self.err = err or sys.stderr

    @property
    def config_path(self) -> Path:
        """The configuration file."""
        given = self.arguments.config or self.environ.get("HUNCH_CONFIG")
        return Path(given or "hunch.toml")

    @property
    def as_json(self) -> bool:
        """Whether results are wanted as JSON."""
        return bool(self.arguments.json)

    def config(self) -> Config:
        """Load the configuration.

        Raises:
            ConfigError: With file, line and remedy.
        """
        return load(self.config_path, self.environ)

    @property
    def store_url(self) -> str:
        """Address of the store."""
        given = self.arguments.store or self.environ.get("HUNCH_STORE")
        return given or "redis://127.0.0.1:6379/0"

    def store(self, config: Config, timeout_s: float = 10.0) -> Store:
        """Return the store; nothing is connected yet."""
        return Store.connect(
            self.store_url,
            config.site.id,
            zone=config.site.zone,
            timeout_s=timeout_s,
        )

    @property
    def media(self) -> Path | None:
        """The folder of copied pictures, if there is one."""
        given = self.arguments.media or self.environ.get("HUNCH_MEDIA")
        return Path(given) if given else None

    def say(self, text: str) -> None:
        """Print a line of the result."""
        print(text, file=self.out, flush=True)

    def emit(self, value: object) -> None:
        """Print a value as one line of JSON."""
        self.say(msgspec.json.encode(value).decode())

    def progress(self, text: str) -> None:
        """Tell what is going on, away from the result."""
        if not self.arguments.quiet:
            print(text, file=self.err, flush=True)

    def complain(self, text: str) -> None:
        """Tell what went wrong."""
        print(f"hunch: {text}", file=self.err, flush=True)
