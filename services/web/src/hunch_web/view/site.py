"""Whose stream it is, as every page shows it."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from urllib.parse import quote, urljoin, urlsplit

from hunch_stream import config
from hunch_stream.source import SourceState
from hunch_web.view.card import Link, host_of
from hunch_web.view.content import safe_address
from hunch_web.view.mark import GENERIC, NAMED, Mark, mark_of, service_of_host


@dataclasses.dataclass(frozen=True, slots=True)
class SiteView:
    """What the configuration says about the site and its person."""

    id: str
    title: str
    url: str
    language: str
    zone: dt.tzinfo
    author: str
    about: str
    links: tuple[Link, ...]

    @classmethod
    def of(cls, site: config.Site) -> SiteView:
        """Return the view of a `[site]` table."""
        return cls(
            id=site.id,
            title=site.title,
            url=site.url,
            language=site.language,
            zone=site.zone,
            author=site.author.name or site.title,
            about=site.author.about,
            links=tuple(
                Link(account_name(address), address)
                for address in site.author.links
                if safe_address(address)
            ),
        )

    def absolute(self, address: str) -> str:
        """Return an address of this site in full."""
        return (
            urljoin(self.url, address.lstrip("/"))
            if address.startswith("/")
            else address
        )

    def tag_uri(self, item_id: str) -> str:
        """Return the id of an item in feeds; it stays when the site's scheme changes."""
        # SPEC RFC 4151: the date is one at which the project could name things.
        return f"tag:{urlsplit(self.url).hostname or self.id},2026:{self.id}/item/{item_id}"


@dataclasses.dataclass(frozen=True, slots=True)
class Filter:
    """One service in the row of filters."""

    mark: Mark
    address: str
    count: int
    is_current: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Chrome:
    """What stands around every page and changes only with the stream."""

    photo: str = ""
    total: int = 0
    filters: tuple[Filter, ...] = ()
    labels: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def at(self, path: str) -> tuple[Filter, ...]:
        """Return the filters with the one of this path marked."""
        return tuple(
            dataclasses.replace(one, is_current=one.address == path)
            for one in self.filters
        )


def account_name(address: str) -> str:
    """Return a short name for a profile address: its service, or its host."""
    parts = urlsplit(address)
    if parts.path.startswith("/@"):
        return (
            f"{parts.path[1:]}@{parts.hostname}"
            if parts.path.count("/") == 1
            else host_of(address)
        )
    if parts.scheme == "mailto":
        return parts.path
    service = service_of_host(host_of(address))
    return mark_of(service).label if service else host_of(address)


def chrome(
    photo: str,
    facets: Mapping[str, Mapping[str, int]],
    sources: Sequence[SourceState],
    names: Mapping[str, str],
) -> Chrome:
    """Return what stands around every page.

    Services of which one can say where they are get one filter each; what came over a
    plain feed gets one for each source, under the name its owner gave it.

    Args:
        photo: Our copy of the person's photo, within the media folder.
        facets: Items per value for each kind.
        sources: What is known of each source.
        names: Titles in the configuration, by slug.
    """
    labels = source_labels(sources, names)
    by_source = facets.get("source", {})
    found: dict[str, Filter] = {}
    for one in sources:
        count = by_source.get(one.slug, 0)
        if not count:
            continue
        mark = mark_of(one.service, "text", labels[one.slug])
        kind, value = (
            ("source", one.slug) if one.service in GENERIC else ("service", one.service)
        )
        address = f"/tags/{kind}:{quote(value)}"
        before = found.get(address)
        found[address] = Filter(mark, address, count + (before.count if before else 0))
    return Chrome(
        photo=f"/media/{quote(photo)}" if photo else "",
        total=sum(by_source.values()),
        filters=tuple(sorted(found.values(), key=lambda f: (-f.count, f.mark.label))),
        labels=labels,
    )


def source_labels(
    sources: Sequence[SourceState], names: Mapping[str, str]
) -> dict[str, str]:
    """Return what to call each source, by slug.

    The owner's word comes first. A service that says where one is ("Flickr") is name
    enough if there is one account at it; else the feed's own title tells them apart.
    """
    accounts = collections.Counter(one.service for one in sources)
    labels: dict[str, str] = {}
    for one in sources:
        title = short_title(one.title)
        if one.service not in NAMED and accounts[one.service] == 1:
            title = mark_of(one.service).label
        labels[one.slug] = names.get(one.slug) or title or one.slug
    return labels


def short_title(title: str) -> str:
    """Return a feed's own title, cut where feeds begin to explain themselves."""
    for sign in (" – ", " — ", " | ", " - ", ": "):
        head = title.split(sign)[0].strip()
        if len(head) >= 3:
            title = head
    return title if len(title) <= 32 else title[:31].rstrip() + "…"
