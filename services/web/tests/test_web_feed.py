"""The three feeds: valid, complete, and safe to put anywhere."""

import datetime as dt
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import feedparser
import jsonschema
import pytest

from hunch_stream import config
from hunch_stream.item import Item, Media
from hunch_web.feed import atom, jsonfeed, rss
from hunch_web.feed.document import Document, entries
from hunch_web.view.site import SiteView

SITE = SiteView.of(
    config.Site(
        id="ada",
        title="Ada & co <stream>",
        url="https://ada.example/",
        author=config.Author(name="Ada", about="Weaves."),
    )
)
SCHEMA = json.loads((Path(__file__).parent / "jsonfeed-1.1.schema.json").read_text())
WHEN = dt.datetime(2026, 11, 22, 20, 40, 5, 123456, tzinfo=dt.UTC)


def an_item(**fields: Any) -> Item:
    values = {
        "id": "a" * 20,
        "source": "blog",
        "service": "wordpress",
        "type": "text",
        "guid": "g",
        "first_seen": WHEN,
        "published": WHEN,
        "url": "https://ada.example/blog/1",
        "title": "Slow & <warm>",
        "summary": "Sum & mary",
        "content_html": '<p>Body <a href="https://x.example/?a=1&amp;b=2">x</a></p>',
        "tags": ("a&b", "ö"),
        **fields,
    }
    return Item(**values)


def document(*items: Item, cursor: int | None = None) -> Document:
    return Document(
        site=SITE,
        title=SITE.title,
        home="https://ada.example/",
        own="https://ada.example/feed",
        query="",
        photo="https://ada.example/media/ab/p.jpg",
        entries=entries(items, SITE, {}),
        cursor=cursor,
    )


NOTE = an_item(
    id="b" * 20,
    type="note",
    title="",
    content_html="<p>Just words, no title</p>",
    summary="Just words, no title",
)
EPISODE = an_item(
    id="c" * 20,
    type="sound",
    media=(
        Media(
            url="https://t.example/1.mp3",
            type="audio/mpeg",
            duration_s=61,
            size_bytes=999,
        ),
        Media(
            url="https://t.example/1.jpg",
            path="ab/c.jpg",
            alt="Cover",
            width=9,
            height=9,
        ),
    ),
)


@pytest.mark.parametrize("writer", [atom.write, rss.write])
def test_xml_feeds_are_read_without_complaint(writer: Any) -> None:
    raw = writer(document(an_item(), NOTE, EPISODE, cursor=42))
    read = feedparser.parse(raw)
    assert not read.bozo, read.get("bozo_exception")
    assert read.feed.title == "Ada & co <stream>"
    assert [e.id for e in read.entries] == [
        f"tag:ada.example,2026:ada/item/{letter * 20}" for letter in "abc"
    ]
    first, _, sound = read.entries
    assert first.title == "Slow & <warm>"
    assert first.link == f"https://ada.example/item/{'a' * 20}"
    assert [tag.term for tag in first.tags] == ["a&b", "ö"]
    assert "https://x.example/?a=1&amp;b=2" in first.content[0].value
    assert first.published_parsed[:6] == (2026, 11, 22, 20, 40, 5)
    assert sound.enclosures[0].href == "https://t.example/1.mp3"
    assert "https://ada.example/media/ab/c.jpg" in sound.content[0].value
    nexts = [link.href for link in read.feed.links if link.rel == "next"]
    assert len(nexts) == 1
    assert nexts[0].endswith("?before=42")


def test_atom_has_what_the_rfc_asks_of_it() -> None:
    root = ET.fromstring(atom.write(document(an_item(), NOTE)))
    space = "{http://www.w3.org/2005/Atom}"
    for name in ("id", "title", "updated"):
        assert root.findtext(space + name)
        for entry in root.findall(space + "entry"):
            assert entry.findtext(space + name), name
    assert root.find(f"{space}author/{space}name") is not None
    rels = [
        (link.get("rel"), link.get("type")) for link in root.findall(space + "link")
    ]
    assert ("self", "application/atom+xml") in rels
    assert len([rel for rel, _ in rels if rel == "alternate"]) == 1


def test_rss_guids_are_no_permalinks_and_notes_have_no_title() -> None:
    items = ET.fromstring(rss.write(document(an_item(), NOTE))).findall("channel/item")
    assert all(item.find("guid").get("isPermaLink") == "false" for item in items)  # type: ignore[union-attr]
    assert items[1].find("title") is None
    assert items[1].findtext("description")


def test_json_feed_fits_the_schema() -> None:
    data = json.loads(jsonfeed.write(document(an_item(), NOTE, EPISODE, cursor=42)))
    jsonschema.validate(data, SCHEMA)
    assert data["next_url"] == "https://ada.example/feed.json?before=42"
    assert "title" not in data["items"][1]
    assert data["items"][2]["attachments"][0]["duration_in_seconds"] == 61


def test_empty_feeds_are_valid_too() -> None:
    assert not feedparser.parse(atom.write(document())).bozo
    assert not feedparser.parse(rss.write(document())).bozo
    jsonschema.validate(json.loads(jsonfeed.write(document())), SCHEMA)


def test_hostile_text_breaks_no_feed() -> None:
    bad = an_item(
        title="a\x00b\x0bc\ufffe]]>",
        summary="\ud800 lone",
        content_html="<p>\x1b<script>alert(1)</script><img src=x onerror=alert(1)></p>",
        tags=("<t>",),
    )
    for raw in (atom.write(document(bad)), rss.write(document(bad))):
        read = feedparser.parse(raw)
        assert not read.bozo
        assert read.entries[0].title == "abc]]>"
        assert b"alert" not in raw
    jsonschema.validate(json.loads(jsonfeed.write(document(bad))), SCHEMA)


def test_edit_moves_updated_and_not_published() -> None:
    edited = an_item(state="edited", updated=WHEN + dt.timedelta(days=2))
    item = json.loads(jsonfeed.write(document(edited)))["items"][0]
    assert item["date_published"] == "2026-11-22T20:40:05Z"
    assert item["date_modified"] == "2026-11-24T20:40:05Z"
