"""What the environment tells the web service. The only file here that reads it."""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Mapping

from hunch_stream import config
from hunch_stream.config import Config

STORE = "HUNCH_STORE"
CONFIG = "HUNCH_CONFIG"
MEDIA = "HUNCH_MEDIA"
COPIES = "HUNCH_COPIES"
METRICS = "PROMETHEUS_MULTIPROC_DIR"


class SettingsError(ValueError):
    """The service cannot start as it is told; the message says what to set."""


@dataclasses.dataclass(frozen=True, slots=True)
class Settings:
    """Settings of the web service.

    Attributes:
        store: Address of the store.
        config: The checked configuration file.
        media: Folder of copied pictures; None if there is none.
        copies: Folder in which the worker processes share copies of pages; None to
            make one.
        metrics: Folder that the worker processes share for their counters; None to
            make one.
        timeout_s: How long a page waits for one reply of the store.
    """

    store: str
    config: Config
    media: pathlib.Path | None = None
    copies: pathlib.Path | None = None
    metrics: pathlib.Path | None = None
    timeout_s: float = 0.8

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Settings:
        """Return the settings of an environment.

        Raises:
            SettingsError: If a variable is missing.
            ConfigError: If the configuration file cannot be used.
        """
        if not environ.get(STORE):
            raise SettingsError(
                f"{STORE} is not set: write unix:///path/to/kvstore.sock or "
                "redis://host:6379/0"
            )
        if not environ.get(CONFIG):
            raise SettingsError(f"{CONFIG} is not set: name your hunch.toml")

        def folder(name: str) -> pathlib.Path | None:
            return pathlib.Path(environ[name]) if environ.get(name) else None

        return cls(
            store=environ[STORE],
            config=config.load(pathlib.Path(environ[CONFIG]), environ),
            media=folder(MEDIA),
            copies=folder(COPIES),
            metrics=folder(METRICS),
        )
