"""The configuration file `hunch.toml`: `[site]`, `[fetch]` and `[[source]]`.

Every key is listed in one of the tables below with its check; what is not listed is
an error. A message names the file, the line, what is wrong and what to write instead.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import difflib
import ipaddress
import pathlib
import re
import zoneinfo
from collections.abc import Callable, Mapping
from typing import Any

from hunch_stream import duration, toml
from hunch_stream.item import TYPES
from hunch_stream.source import SourceConfig
from hunch_stream.url import slug_of, web_address

_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,39}\Z")


class ConfigError(ValueError):
    """A configuration that cannot be used.

    Attributes:
        file: The file as it was named.
        line: The line, from 1; 0 for the file as a whole.
        problem: What is wrong.
        remedy: What to do about it.
    """

    def __init__(self, file: str, line: int, problem: str, remedy: str) -> None:
        where = f"{file}:{line}" if line else file
        super().__init__(f"{where}: {problem}\n  {remedy}")
        self.file = file
        self.line = line
        self.problem = problem
        self.remedy = remedy


@dataclasses.dataclass(frozen=True, slots=True)
class Author:
    """Whose stream it is."""

    name: str = ""
    photo: str = ""
    about: str = ""
    links: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Site:
    """The `[site]` table."""

    id: str = "me"
    title: str = "My stream"
    url: str = "http://localhost:8080/"
    language: str = "en"
    time_zone: str = "UTC"
    author: Author = dataclasses.field(default_factory=Author)

    @property
    def zone(self) -> dt.tzinfo:
        """The time zone in which days begin and end."""
        return zoneinfo.ZoneInfo(self.time_zone)


Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclasses.dataclass(frozen=True, slots=True)
class Fetch:
    """The `[fetch]` table.

    Attributes:
        interval_s: Seconds between two fetches of a source, unless it says otherwise.
        concurrency: Sources fetched at the same time, at most.
        user_agent: How the fetcher names itself; empty for the default.
        allow_networks: Private ranges in which a source may live.
        media: Whether pictures are copied, so that readers load them from the site.
    """

    interval_s: int = 1800
    concurrency: int = 8
    user_agent: str = ""
    allow_networks: tuple[Network, ...] = ()
    media: bool = True


@dataclasses.dataclass(frozen=True, slots=True)
class Config:
    """The whole file."""

    site: Site = dataclasses.field(default_factory=Site)
    fetch: Fetch = dataclasses.field(default_factory=Fetch)
    sources: tuple[SourceConfig, ...] = ()


Check = Callable[[Any], Any]


def load(path: pathlib.Path, environ: Mapping[str, str] | None = None) -> Config:
    """Read and check a configuration file.

    Args:
        path: The file.
        environ: Where `{ env = "NAME" }` looks secrets up; nowhere if None.

    Raises:
        ConfigError: If it cannot be read or anything in it is wrong.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        remedy = "Copy hunch.example.toml to that place and list your sources in it."
        raise ConfigError(str(path), 0, "there is no such file", remedy) from None
    except (OSError, UnicodeDecodeError) as error:
        remedy = "The file must be readable UTF-8 text."
        raise ConfigError(str(path), 0, f"cannot be read: {error}", remedy) from error
    return parse(text, str(path), environ or {})


def parse(text: str, file: str, environ: Mapping[str, str]) -> Config:
    """Check the text of a configuration file; see `load`."""
    try:
        values, lines = toml.parse(text)
    except toml.TomlError as error:
        remedy = 'Strings stand in quotes, lists in brackets: tags = ["a", "b"].'
        raise ConfigError(
            file, error.line, f"no valid TOML: {error}", remedy
        ) from error
    return _Reader(file, lines, environ).config(values)


class _Reader:
    """Walks the values with the tables of known keys; knows where each stands."""

    def __init__(
        self, file: str, lines: Mapping[toml.Path, int], environ: Mapping[str, str]
    ) -> None:
        self._file = file
        self._lines = lines
        self._environ = environ

    def config(self, values: dict[str, Any]) -> Config:
        """Return the checked configuration."""
        self._only((), values, ("site", "fetch", "source"))
        site = self._table(("site",), values.get("site", {}), _SITE)
        fetch = self._table(("fetch",), values.get("fetch", {}), _FETCH)
        rows = values.get("source", [])
        if not isinstance(rows, list):
            raise self._error(("source",), "is one table", "Write [[source]], doubled.")
        sources = [self._source(n, row) for n, row in enumerate(rows)]
        self._distinct(sources)
        if "author" in site:
            author = self._table(("site", "author"), site["author"], _AUTHOR)
            site["author"] = Author(**author)
        return Config(Site(**site), Fetch(**fetch), tuple(sources))

    def _source(self, number: int, row: Any) -> SourceConfig:
        path = ("source", number)
        fields = self._table(path, row, _SOURCE)
        if "url" not in fields:
            raise self._error(path, "a source without url", 'Add url = "https://…".')
        fields["url"] = self._secret((*path, "url"), fields["url"])
        if "slug" not in fields:
            fields["slug"] = slug_of(fields["url"])
        return SourceConfig(**fields)

    def _secret(self, path: toml.Path, value: Any) -> str:
        """Return an address given outright, by variable, or by file."""
        remedy = 'Write "https://…", { env = "NAME" } or { file = "/path" }.'
        if isinstance(value, dict) and len(value) == 1:
            where, name = next(iter(value.items()))
            if where == "env" and isinstance(name, str):
                if name not in self._environ:
                    raise self._error(path, f"variable {name} is not set", remedy)
                value = self._environ[name]
            elif where == "file" and isinstance(name, str):
                try:
                    value = pathlib.Path(name).read_text(encoding="utf-8").strip()
                except (OSError, UnicodeDecodeError) as error:
                    raise self._error(
                        path, f"cannot be read: {error}", remedy
                    ) from error
        if not isinstance(value, str):
            raise self._error(path, "is no address", remedy)
        try:
            return web_address(value)
        except ValueError as error:
            raise self._error(path, str(error), remedy) from error

    def _distinct(self, sources: list[SourceConfig]) -> None:
        seen: set[str] = set()
        for number, source in enumerate(sources):
            if source.slug in seen:
                raise self._error(
                    ("source", number),
                    f"a second source is called {source.slug!r}",
                    'Give each its own name: slug = "…".',
                )
            seen.add(source.slug)

    def _table(
        self, path: toml.Path, values: Any, known: Mapping[str, tuple[str, Check]]
    ) -> dict[str, Any]:
        if not isinstance(values, dict):
            raise self._error(
                path, "is no table", f"Write [{path[0]}] on its own line."
            )
        self._only(path, values, tuple(known))
        checked: dict[str, Any] = {}
        for key, value in values.items():
            field, check = known[key]
            try:
                checked[field] = check(value)
            except ValueError as error:
                raise self._error(
                    (*path, key), f"{key}: {error}", "See hunch.example.toml."
                ) from error
        return checked

    def _only(
        self, path: toml.Path, values: Mapping[str, Any], known: tuple[str, ...]
    ) -> None:
        for key in values:
            if key not in known:
                near = difflib.get_close_matches(key, known, 1)
                remedy = f"Did you mean {near[0]}? " if near else ""
                remedy += f"Known here: {', '.join(known)}."
                raise self._error((*path, key), f"unknown key {key!r}", remedy)

    def _error(self, path: toml.Path, problem: str, remedy: str) -> ConfigError:
        for length in range(len(path), 0, -1):
            if line := self._lines.get(path[:length]):
                return ConfigError(self._file, line, problem, remedy)
        return ConfigError(self._file, 0, problem, remedy)


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no text; put it in quotes")
    return value


def _strings(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ValueError(f'{value!r} is no list; write ["a", "b"]')
    return tuple(_string(element) for element in value)


def _tags(value: Any) -> tuple[str, ...]:
    tags = _strings(value)
    if any("," in tag or not tag.strip() for tag in tags):
        raise ValueError("a tag may not be empty or hold a comma")
    return tuple(tag.strip().lower() for tag in tags)


def _slug(value: Any) -> str:
    if not _SLUG.match(_string(value)):
        raise ValueError(f"{value!r}: use 1 to 40 of a-z, 0-9 and -, not - first")
    return str(value)


def _span(value: Any) -> int:
    span = duration.seconds(value)
    if span < 60:
        raise ValueError(f"{value!r} is under a minute; sources deserve a rest")
    return span


def _count(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 64:
        raise ValueError(f"{value!r} is no number from 1 to 64")
    return value


def _switch(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{value!r}: write true or false")
    return value


def _type(value: Any) -> str:
    if value not in TYPES:
        raise ValueError(f"{value!r}: use one of {', '.join(TYPES)}")
    return str(value)


def _zone(value: Any) -> str:
    try:
        zoneinfo.ZoneInfo(_string(value))
    except (zoneinfo.ZoneInfoNotFoundError, OSError) as error:
        raise ValueError(
            f"{value!r} is no zone; write Europe/Stockholm or UTC"
        ) from error
    return str(value)


def _networks(value: Any) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(text) for text in _strings(value))


def _base(value: Any) -> str:
    address = web_address(_string(value))
    return address if address.endswith("/") else address + "/"


def _addresses(value: Any) -> tuple[str, ...]:
    return tuple(web_address(address) for address in _strings(value))


def _anything(value: Any) -> Any:
    return value


_SITE: dict[str, tuple[str, Check]] = {
    "id": ("id", _slug),
    "title": ("title", _string),
    "url": ("url", _base),
    "language": ("language", _string),
    "time_zone": ("time_zone", _zone),
    "author": ("author", _anything),
}
_AUTHOR: dict[str, tuple[str, Check]] = {
    "name": ("name", _string),
    "photo": ("photo", web_address),
    "about": ("about", _string),
    "links": ("links", _addresses),
}
_FETCH: dict[str, tuple[str, Check]] = {
    "interval": ("interval_s", _span),
    "concurrency": ("concurrency", _count),
    "user_agent": ("user_agent", _string),
    "allow_networks": ("allow_networks", _networks),
    "media": ("media", _switch),
}
_SOURCE: dict[str, tuple[str, Check]] = {
    "url": ("url", _anything),
    "slug": ("slug", _slug),
    "title": ("title", _string),
    "interval": ("interval_s", _span),
    "type": ("type", _type),
    "service": ("service", _slug),
    "tags": ("tags", _tags),
}
