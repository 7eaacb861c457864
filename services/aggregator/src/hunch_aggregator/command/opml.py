"""`hunch import FILE`: follow what a list of subscriptions (OPML) names."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from xml.etree import ElementTree

from hunch_aggregator.parse.clean import clean_tags, clean_text
from hunch_stream.source import SourceConfig
from hunch_stream.url import web_address

from .session import FAILED, OK, Session
from .toml_text import append, free_slug

NAME = "import"
HELP = "follow every feed that an OPML file names"
# LIMIT: a list of subscriptions is small.
LARGEST_BYTES = 10 * 1024 * 1024


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("file", type=Path, help="an OPML file")
    parser.add_argument(
        "--dry-run", action="store_true", help="only show what would be added"
    )


class BadOPML(ValueError):  # noqa: N818 - reads as what it is
    """A file that is no OPML; the message says why."""


def read_outlines(raw: bytes) -> list[tuple[str, str, tuple[str, ...]]]:
    """Return (address, title, tags) of every feed an OPML document names.

    Raises:
        BadOPML: If it is none.
    """
    if len(raw) > LARGEST_BYTES:
        msg = "the file is too large for a list of subscriptions"
        raise BadOPML(msg)
    # LIMIT: entities are how small XML grows large; OPML needs none
    if re.search(rb"<!DOCTYPE|<!ENTITY", raw, re.IGNORECASE):
        msg = "the file declares entities, which OPML does not need"
        raise BadOPML(msg)
    try:
        root = ElementTree.fromstring(raw)  # noqa: S314 - no entities get this far
    except ElementTree.ParseError as error:
        msg = f"the file is not well-formed XML: {error}"
        raise BadOPML(msg) from error
    if root.tag.lower() != "opml":
        msg = f"the file is XML, but <{root.tag[:40]}> and not <opml>"
        raise BadOPML(msg)
    found: list[tuple[str, str, tuple[str, ...]]] = []

    def walk(element: ElementTree.Element, folders: tuple[str, ...]) -> None:
        for outline in element:
            if outline.tag.lower() != "outline":
                continue
            names = {k.lower(): v for k, v in outline.attrib.items()}
            title = clean_text(names.get("title") or names.get("text"), 200)
            if address := names.get("xmlurl", ""):
                tags = [
                    *folders,
                    *names.get("category", "").replace("/", ",").split(","),
                ]
                found.append((address.strip(), title, clean_tags(tags)))
            else:
                walk(outline, (*folders, title) if title else folders)

    body = next((e for e in root if e.tag.lower() == "body"), root)
    walk(body, ())
    return found


def run(session: Session) -> int:
    """Add every source that is not followed yet; 1 if the file is no OPML."""
    config = session.config()
    path: Path = session.arguments.file
    try:
        outlines = read_outlines(path.read_bytes())
    except OSError as error:
        session.complain(f"{path}: {error.strerror}")
        return FAILED
    except BadOPML as error:
        session.complain(f"{path}: {error}")
        return FAILED
    known = {source.url for source in config.sources}
    taken = {source.slug for source in config.sources}
    new: list[SourceConfig] = []
    skipped = 0
    for address, title, tags in outlines:
        try:
            url = web_address(address)
        except ValueError as error:
            session.complain(f"passed over: {error}")
            skipped += 1
            continue
        if url in known:
            skipped += 1
            continue
        slug = free_slug(url, taken)
        known.add(url)
        taken.add(slug)
        new.append(SourceConfig(slug=slug, url=url, title=title, tags=tags))
        session.progress(f"{slug}: {url}")
    if new and not session.arguments.dry_run:
        append(session.config_path, new)
    if session.as_json:
        session.emit({"added": [s.slug for s in new], "skipped": skipped})
    else:
        verb = "Would add" if session.arguments.dry_run else "Added"
        session.say(f"{verb} {len(new)} sources; {skipped} passed over or known.")
    return OK
