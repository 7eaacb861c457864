"""RSS 2.0, with content:encoded, dc:creator and the paging links of RFC 5005."""

from __future__ import annotations

from email.utils import format_datetime
from xml.etree import ElementTree as ET

from hunch_web.feed.document import Document, Entry

MEDIA_TYPE = "application/rss+xml"
_SPACES = {
    "xmlns:atom": "http://www.w3.org/2005/Atom",
    "xmlns:content": "http://purl.org/rss/1.0/modules/content/",
    "xmlns:dc": "http://purl.org/dc/elements/1.1/",
}


def write(document: Document) -> bytes:
    """Return a feed as an RSS document in UTF-8."""
    rss = ET.Element("rss", {"version": "2.0", **_SPACES})
    channel = ET.SubElement(rss, "channel")
    _text(channel, "title", document.title)
    _text(channel, "link", document.home)
    _text(channel, "description", document.site.about or document.title)
    _text(channel, "language", document.site.language)
    _text(channel, "lastBuildDate", format_datetime(document.updated))
    _text(channel, "generator", "Hunch")
    _link(channel, "self", document.address("rss"))
    if older := document.next("rss"):
        _link(channel, "next", older)
    if document.photo:
        image = ET.SubElement(channel, "image")
        _text(image, "url", document.photo)
        _text(image, "title", document.title)
        _text(image, "link", document.home)
    for entry in document.entries:
        _item(channel, entry)
    return bytes(ET.tostring(rss, encoding="utf-8", xml_declaration=True))


def _item(channel: ET.Element, entry: Entry) -> None:
    node = ET.SubElement(channel, "item")
    # WHY no title for notes: RSS lets one go without, and readers then show the text
    # as a post instead of its beginning twice.
    if entry.title:
        _text(node, "title", entry.title)
    _text(node, "link", entry.address)
    guid = _text(node, "guid", entry.id)
    guid.set("isPermaLink", "false")
    _text(node, "pubDate", format_datetime(entry.published.replace(microsecond=0)))
    _text(node, "dc:creator", entry.author)
    _text(node, "description", entry.summary or entry.name)
    _text(node, "content:encoded", entry.html)
    for tag in entry.tags:
        _text(node, "category", tag)
    for one in entry.attachments[:1]:
        ET.SubElement(
            node,
            "enclosure",
            {"url": one.address, "type": one.media_type, "length": str(one.size_bytes)},
        )


def _text(parent: ET.Element, name: str, text: str) -> ET.Element:
    node = ET.SubElement(parent, name)
    node.text = text
    return node


def _link(channel: ET.Element, rel: str, href: str) -> None:
    attributes = {"rel": rel, "href": href, "type": MEDIA_TYPE}
    ET.SubElement(channel, "atom:link", attributes)
