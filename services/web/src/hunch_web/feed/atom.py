"""Atom (RFC 4287), with the paging links of RFC 5005."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from hunch_web.feed.document import Document, Entry
from hunch_web.view.when import iso

MEDIA_TYPE = "application/atom+xml"
_NS = "http://www.w3.org/2005/Atom"
ET.register_namespace("atom", _NS)


def write(document: Document) -> bytes:
    """Return a feed as an Atom document in UTF-8."""
    feed = ET.Element("feed", {"xmlns": _NS, "xml:lang": document.site.language})
    _text(feed, "id", document.id)
    _text(feed, "title", document.title)
    _text(feed, "updated", iso(document.updated))
    if document.site.about:
        _text(feed, "subtitle", document.site.about)
    _link(feed, "self", document.address("atom"), MEDIA_TYPE)
    _link(feed, "alternate", document.home, "text/html")
    if older := document.next("atom"):
        _link(feed, "next", older, MEDIA_TYPE)
    if document.photo:
        _text(feed, "icon", document.photo)
    author = ET.SubElement(feed, "author")
    _text(author, "name", document.site.author)
    _text(author, "uri", document.site.url)
    generator = _text(feed, "generator", "Hunch")
    generator.set("uri", document.site.url)
    for entry in document.entries:
        _entry(feed, entry)
    return bytes(ET.tostring(feed, encoding="utf-8", xml_declaration=True))


def _entry(feed: ET.Element, entry: Entry) -> None:
    node = ET.SubElement(feed, "entry")
    if entry.language:
        node.set("xml:lang", entry.language)
    _text(node, "id", entry.id)
    _text(node, "title", entry.title or entry.name)
    _link(node, "alternate", entry.address, "text/html")
    if entry.original:
        _link(node, "via", entry.original)
    _text(node, "published", iso(entry.published))
    _text(node, "updated", iso(entry.updated))
    for tag in entry.tags:
        ET.SubElement(node, "category", {"term": tag})
    for one in entry.attachments:
        link = _link(node, "enclosure", one.address, one.media_type)
        if one.size_bytes:
            link.set("length", str(one.size_bytes))
    if entry.summary:
        _text(node, "summary", entry.summary)
    content = _text(node, "content", entry.html)
    content.set("type", "html")


def _text(parent: ET.Element, name: str, text: str) -> ET.Element:
    node = ET.SubElement(parent, name)
    node.text = text
    return node


def _link(parent: ET.Element, rel: str, href: str, media_type: str = "") -> ET.Element:
    node = ET.SubElement(parent, "link", {"rel": rel, "href": href})
    if media_type:
        node.set("type", media_type)
    return node
