"""A few lines on top of ElementTree for feeds with many namespaces."""

from __future__ import annotations

import datetime as dt
import email.utils
import xml.etree.ElementTree as ET

NAMESPACES = {
    "atom": "http://www.w3.org/2005/Atom",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "itunes": "http://www.itunes.com/dtds/podcast-1.0.dtd",
    "letterboxd": "https://letterboxd.com",
    "media": "http://search.yahoo.com/mrss/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rss1": "http://purl.org/rss/1.0/",
    "taxo": "http://purl.org/rss/1.0/modules/taxonomy/",
    "tmdb": "https://themoviedb.org",
    "yt": "http://www.youtube.com/xml/schemas/2015",
}
for _prefix, _uri in NAMESPACES.items():
    ET.register_namespace("" if _prefix in {"atom", "rss1"} else _prefix, _uri)


def name(tag: str) -> str:
    """Return `prefix:local` as ElementTree wants it."""
    prefix, colon, local = tag.rpartition(":")
    return f"{{{NAMESPACES[prefix]}}}{local}" if colon else tag


def add(
    parent: ET.Element, tag: str, text: str | None = None, **attributes: str
) -> ET.Element:
    """Append an element; a trailing underscore in an attribute's name is dropped."""
    named = {name(k.rstrip("_").replace("__", ":")): v for k, v in attributes.items()}
    child = ET.SubElement(parent, name(tag), named)
    child.text = text
    return child


def document(root: ET.Element) -> bytes:
    """Return the document with its declaration."""
    ET.indent(root)
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True))


def rfc822(moment: dt.datetime) -> str:
    """Return a date as RSS writes it."""
    return email.utils.format_datetime(moment)


def iso(moment: dt.datetime) -> str:
    """Return a date as Atom and JSON write it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
