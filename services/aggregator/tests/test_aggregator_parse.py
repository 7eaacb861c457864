"""Documents and what they mean, in pairs: `data/NAME.ext` and `data/NAME.ext.json`.

`HUNCH_WRITE_EXPECTED=1` writes the second file anew; read the difference before
committing it.
"""

from __future__ import annotations

import json
import os
import random
from html import escape
from pathlib import Path

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hunch_aggregator.parse import DocumentJob, Links, ParsedFeed, Unreadable
from hunch_aggregator.parse.clean import clean_html, images
from hunch_aggregator.parse.document import parse_document

DATA = Path(__file__).parent / "data"
URLS = {
    "mastodon_statuses": "https://mastodon.example/api/v1/accounts/1/statuses?limit=40",
    "mastodon_account": "https://mastodon.example/api/v1/accounts/lookup?acct=ada",
    "bluesky": "https://public.api.bsky.app/xrpc/app.bsky.feed.getAuthorFeed?actor=a",
    "rss20_letterboxd": "https://letterboxd.com/ada/rss/",
}
DOCUMENTS = sorted(
    p
    for p in DATA.iterdir()
    if not p.name.endswith((".xml.json", ".html.json", ".json.json"))
)


def parse(body: bytes, url: str = "https://feeds.example/feed", content_type: str = ""):
    return parse_document(DocumentJob(url, body, content_type))


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: p.name)
def test_a_document_means_what_its_pair_says(path):
    found = parse(
        path.read_bytes(), URLS.get(path.stem, f"https://feeds.example/{path.name}")
    )
    got = json.loads(msgspec.json.encode(found))
    pair = path.with_name(path.name + ".json")
    if os.environ.get("HUNCH_WRITE_EXPECTED"):
        pair.write_text(json.dumps(got, indent=1, ensure_ascii=False) + "\n")
    assert got == json.loads(pair.read_text())


# --- what is not a feed, or hardly


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "empty"),
        (b" \r\n\t\xef\xbb\xbf", "empty"),
        (b"\x89PNG\r\n\x1a\n" + bytes(200), "neither"),
        (b"just words", "neither"),
        (random.Random(1).randbytes(9000) + b"<p><html><rss>" * 9, "neither"),
        (b"\xff\xfe\x00\x00" * 50, "neither"),
        (b"<html><head><title>Hi</title></head><body>page</body></html>", "web page"),
        (b"<!DOCTYPE html><p>captive portal", "web page"),
        (b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>", "no feed"),
        (b'{"a": ', "broken"),
        (b'{"hello": "world"}', "JSON, but"),
        (b'{"error": "Record not found"}', "error"),
        (b"[1, 2, 3]", "JSON, but"),
        (b"[" * 100_000, "broken"),
    ],
)
def test_what_is_no_feed_gets_a_reason_and_a_remedy(body, words):
    found = parse(body)
    assert isinstance(found, Unreadable)
    assert words in found.reason
    assert found.remedy


RSS = b'<rss version="2.0"><channel><title>T</title><item>%s</item></channel></rss>'


def entry(inner: bytes, **kwargs):
    found = parse(RSS % inner, **kwargs)
    assert isinstance(found, ParsedFeed)
    return found.entries[0]


def test_a_feed_with_the_wrong_label_is_still_a_feed():
    for label in ("text/html", "text/plain", "application/octet-stream", "image/png"):
        found = parse(RSS % b"<title>x</title><guid>1</guid>", content_type=label)
        assert isinstance(found, ParsedFeed)


@pytest.mark.parametrize(
    "bad",
    [
        b"caf\xe9 \xff\xfe",
        b"\x00\x00",
        b"&#99999999999;",
        b"&#x110000; &#xD800; &#0;",
        b"\xed\xa0\x80",
        b"&bogus; & < ]]> \x01",
        b"<![CDATA[ never closed",
    ],
)
def test_one_broken_entry_costs_no_other(bad):
    good = "<title>olé {}</title><guid>{}</guid></item><item>"
    body = RSS % (
        good.format(1, 1).encode()
        + b"<guid>bad</guid><title>"
        + bad
        + b"</title></item><item>"
        + good.format(2, 2).encode()
    )
    found = parse(body, content_type="application/rss+xml; charset=utf-8")
    assert isinstance(found, ParsedFeed)
    titles = [e.title for e in found.entries]
    assert titles[0] == "olé 1"
    if b"CDATA" not in bad:
        assert "olé 2" in titles


def test_bytes_of_an_older_encoding_are_read_as_such():
    found = entry(b"<title>caf\xe9 \x93ol\xc3\xa9\x94</title><guid>g</guid>")
    assert found.title == "café “olé”"


def test_control_characters_and_undefined_entities_do_not_lose_entries():
    found = entry(b"<title>a\x01b &nbsp; &hellip; &bogus; c</title><guid>g</guid>")
    assert "c" in found.title
    assert "\x01" not in found.title


def test_an_entry_without_guid_and_link_has_a_stable_name():
    one = entry(b"<title>alone</title><description>text</description>")
    two = entry(b"<title>alone</title><description>text</description>")
    assert one.guid == two.guid
    assert one.guid.startswith("sha256:")


def test_a_name_does_not_change_when_its_feed_moves():
    inner = b"<title>x</title><guid>17</guid><link>a/b.html</link>"
    one = entry(inner, url="https://one.example/dir/feed.xml")
    two = entry(inner, url="http://two.example/feed")
    assert one.guid == two.guid == "17"
    assert one.url == "https://one.example/dir/a/b.html"
    assert two.url == "http://two.example/a/b.html"


def test_the_first_of_two_entries_with_one_guid_wins():
    body = RSS % (
        b"<title>new</title><guid>1</guid></item><item><title>old</title><guid>1</guid>"
    )
    found = parse(body)
    assert [e.title for e in found.entries] == ["new"]


def test_an_untitled_post_whose_title_is_its_beginning_has_none():
    found = entry(
        b"<title>It rained all day and then...</title><guid>1</guid>"
        b"<description>It rained all day and then the sun came.</description>"
    )
    assert found.title == ""


@pytest.mark.parametrize(
    "attack",
    [
        "<script>alert(1)</script>",
        "<svg/onload=alert(1)>",
        "<img src=x onerror=alert(1)>",
        '<a href="javascript:alert(1)">x</a>',
        '<a href="jAvAsCrIpT&colon;alert&lpar;1&rpar;">x</a>',
        '<a href="java&Tab;script:alert(1)">x</a>',
        '<a href="&#106;avascript:alert(1)">x</a>',
        '<a href="data:text/html,<script>alert(1)</script>">x</a>',
        '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
        "<b><noscript><!-- </noscript><img src=x onerror=alert(1) --></noscript>",
        "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
        '<form action="https://evil.example"><input name=p></form>',
        '<p style="position:fixed;inset:0">x</p>',
        '<p id="body" class="x" name="y">x</p>',
        '<base href="https://evil.example/">',
        '<meta http-equiv=refresh content="0;url=https://evil.example">',
        '<link rel=stylesheet href="https://evil.example/x.css">',
        '<video src="https://evil.example/x" autoplay>',
        '<a href="https://ok.example" target=_top ping="https://evil.example">x</a>',
    ],
)
def test_html_comes_out_harmless(attack):
    found = entry(
        f"<guid>1</guid><title>{escape(attack)}</title>"
        f"<description>{escape(attack + '<p>after</p>')}</description>".encode()
    )
    html = found.content_html.lower()
    bad = (
        "<script onerror onload javascript: srcdoc <iframe <form <input <style style= "
    )
    bad += "<base <meta <link <svg <math <video id= name= target= ping= data: class="
    for sign in bad.split():
        assert sign not in html, sign
    assert "<" not in found.title or "<" in attack


@pytest.mark.parametrize(
    "scheme", ["javascript:alert(1)", "data:text/html,x", "file:///x"]
)
def test_no_field_holds_an_address_that_is_not_of_the_web(scheme):
    body = f"""<feed xmlns="http://www.w3.org/2005/Atom"
      xmlns:media="http://search.yahoo.com/mrss/">
      <title>t</title><link href="{scheme}"/><link rel="hub" href="{scheme}"/>
      <link rel="next" href="{scheme}"/><link rel="self" href="{scheme}"/><entry>
      <id>{scheme}</id><title>x</title><link href="{scheme}"/>
      <link rel="enclosure" type="image/png" href="{scheme}"/>
      <link rel="syndication" href="{scheme}"/><link rel="canonical" href="{scheme}"/>
      <media:thumbnail url="{scheme}"/><media:content url="{scheme}" type="image/png"/>
      <content type="html">&lt;img src="{scheme}">&lt;a href="{scheme}">x&lt;/a></content>
      </entry></feed>"""
    found = parse(body.encode())
    one = found.entries[0]
    for address in (found.home, found.hub, found.older, found.topic, one.url):
        assert address == ""
    assert one.canonical == ""
    assert not one.media
    assert not one.syndication
    assert scheme.split(":")[0] + ":" not in one.content_html


def test_texts_cannot_steer_a_terminal():
    found = clean_html("<p>a\x1b[2J&#27;[31mb\x9b\x00</p>")
    assert found.html == "<p>a[2J[31mb</p>"
    assert entry("<guid>1</guid><title>a\x9b&#155;b</title>".encode()).title == "a››b"


def test_texts_cannot_turn_the_display_around():
    found = entry("<guid>1</guid><title>a\u202egpj.exe\u2066b</title>".encode())
    assert found.title == "agpj.exeb"


def test_links_of_a_page_lead_to_its_feed_first():
    found = parse((DATA / "page.html").read_bytes())
    assert isinstance(found, Links)
    assert found.urls[0] == "https://site.example/atom.xml"


# --- what would be lost is kept as links and plain pictures


@pytest.mark.parametrize(
    ("html", "link"),
    [
        (
            '<iframe src="https://www.youtube.com/embed/abcDEF12345?rel=0"></iframe>',
            "https://www.youtube.com/watch?v=abcDEF12345",
        ),
        (
            "<iframe src='//player.vimeo.com/video/77?x=1' title='A \"film\"'></iframe>",
            "https://vimeo.com/77",
        ),
        ("<video controls><source src=/v.mp4></video>", "https://blog.example/v.mp4"),
    ],
)
def test_players_become_links(html, link):
    found = clean_html(f"<p>before</p>{html}<p>after</p>", "https://blog.example/post")
    assert f'href="{link}"' in found.html
    assert "<p>after</p>" in found.html
    assert "iframe" not in found.html


def test_pictures_that_wait_for_a_script_are_shown():
    html = '<img src="data:image/gif;base64,R0" data-src="/p.jpg" alt="P &amp; Q" onload=x>'
    found = clean_html(html, "https://blog.example/post")
    assert found.pictures == [("https://blog.example/p.jpg", "P & Q")]


def test_avatars_emoji_and_counters_are_no_pictures():
    html = (
        '<img src="https://s.w.org/images/core/emoji/1.png" alt="🎉">'
        '<img src="https://a.example/u/1" width="48" height="48" alt="@ada the first">'
        '<img src="https://stats.example/x" width="1" alt="x">'
        '<img src="https://p.example/1.jpg" width="640" height="60" alt="wide">'
    )
    found = clean_html(html)
    assert [address for address, _alt in found.pictures] == ["https://p.example/1.jpg"]
    assert found.html.startswith("🎉")
    assert "ada" not in found.html


def test_an_attack_in_a_frame_stays_harmless():
    for source in (
        "javascript:alert(1)",
        "data:text/html,x",
        'https://x.example/"onclick=x',
    ):
        html = f"<iframe src='{source}' title='<script>x</script>'></iframe>"
        found = clean_html(html, "https://blog.example/").html
        assert "<script" not in found
        assert 'href="javascript' not in found
        assert 'href="data' not in found


# --- anything at all

SHARDS = st.lists(
    st.sampled_from(
        [
            "<p>", "</p>", "<a href=", '"x"', "javascript:", ">", "<", "'", '"', "<img src=",
            "<svg>", "<style>", "<math>", "</math>", "<!--", "-->", "<![CDATA[", "]]>", "&lt;",
            "&#x6a;", "<iframe src=", "<noscript>", "onerror=", "text", " ", "<table>", "<b>",
        ]
    ),
    max_size=25,
).map("".join)  # fmt: skip


@given(SHARDS)
@example("<a href=<p><table><a href=<p>")
def test_cleaning_twice_is_cleaning_once(html):
    once = clean_html(html, "https://x.example/").html
    assert clean_html(once, "https://x.example/").html == once
    assert images(once) == [
        i for i in images(once) if i.get("src", "").startswith("http")
    ]


HEADS = [
    b"",
    b"<rss><channel><item>",
    b"<feed><entry>",
    b"<html>",
    b"{",
    b"[{",
    b"\xff\xfe",
]


@given(st.sampled_from(HEADS), st.binary(max_size=200), st.text(max_size=30))
def test_no_document_raises(head, body, content_type):
    found = parse(head + body, content_type=content_type)
    assert isinstance(found, (ParsedFeed, Links, Unreadable))
    msgspec.msgpack.encode(found)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "id",
                    "url",
                    "title",
                    "tags",
                    "items",
                    "author",
                    "authors",
                    "attachments",
                    "content_html",
                    "record",
                    "post",
                    "feed",
                    "account",
                    "media_attachments",
                    "created_at",
                    "embed",
                    "images",
                    "card",
                    "facets",
                    "index",
                ]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=30,
)


@given(JSON, JSON)
def test_no_json_document_raises(one, other):
    base = {"version": "https://jsonfeed.org/version/1.1", "items": [one, other]}
    toots = [
        {
            "id": one,
            "created_at": other,
            "account": one,
            "media_attachments": [other],
            "card": one,
            "tags": other,
            "content": one,
            "url": other,
        }
    ]
    skeets = {
        "feed": [
            {
                "post": {
                    "record": {"facets": [one], "text": "x", "createdAt": other},
                    "uri": "at://a/b",
                    "embed": other,
                    "author": one,
                }
            }
        ]
    }
    for document in (one, base, toots, skeets):
        parse(json.dumps(document).encode())
