"""Puts the parts of the aggregator together for one site."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from hunch_stream.config import Config
from hunch_stream.store import Store

from . import __version__
from .fetch import Door, Fetcher, Limits
from .fetch.url import host_of, port_of
from .media import Copier
from .parse import ParsePool
from .pipeline import Pipeline


def user_agent(config: Config) -> str:
    """Return who the fetcher says it is."""
    return config.fetch.user_agent or f"Hunch/{__version__} (+{config.site.url})"


def door(config: Config, also: str = "") -> Door:
    """Return the way out that a configuration allows.

    Args:
        config: The site's configuration.
        also: An address the owner asks for now, whose port is allowed too.
    """
    addresses = [source.url for source in config.sources] + ([also] if also else [])
    ports: set[int] = set()
    for address in addresses:
        with contextlib.suppress(ValueError):
            ports.add(port_of(address))
    own = (urlsplit(config.site.url).hostname or "").lower()
    # WHY: asking oneself with one's own network position is how readers get tricked;
    # a site on this machine is told apart by its port, which is not in the list
    named = {"", "localhost"} | {host_of(address).lower() for address in addresses}
    refused = frozenset({own}) - named
    return Door(config.fetch.allow_networks, frozenset(ports), refused)


@contextlib.contextmanager
def assembled(
    config: Config, store: Store, media: Path | None, also: str = ""
) -> Iterator[Pipeline]:
    """Yield a pipeline whose child processes end with the block."""
    with ParsePool(min(2, config.fetch.concurrency)) as parser:
        fetcher = Fetcher(door(config, also), user_agent(config), Limits())
        folder = media if config.fetch.media else None
        yield Pipeline(config, store, fetcher, parser, Copier(folder, fetcher, parser))
