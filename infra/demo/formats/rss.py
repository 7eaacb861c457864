"""RSS in its dialects: WordPress, Letterboxd, a podcast (2.0), and Pinboard (1.0)."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from formats.xml import add, document, iso, name, rfc822
from trail import Picture, Post


def _channel(
    version: str, title: str, link: str, about: str
) -> tuple[ET.Element, ET.Element]:
    root = ET.Element("rss", version=version)
    channel = add(root, "channel")
    add(channel, "title", title)
    add(channel, "link", link)
    add(channel, "description", about)
    return root, channel


def _figure(picture: Picture, base: str) -> str:
    return f'<p><img src="{base}/pictures/{picture.name}" alt="{picture.alt}" width="1200" height="800"></p>'


def wordpress(posts: list[Post], base: str) -> bytes:
    """A blog with the whole text in content:encoded and an excerpt beside it."""
    root, channel = _channel(
        "2.0", "Slow Post", f"{base}/blog/", "Ines Falk writes at length"
    )
    link = add(channel, "atom:link", href=f"{base}/blog/feed/", rel="self")
    link.set("type", "application/rss+xml")
    add(channel, "language", "en-GB")
    add(channel, "generator", "https://wordpress.org/?v=6.8")
    for post in posts:
        item = add(channel, "item")
        add(item, "title", post.title)
        add(item, "link", f"{base}/blog/{post.slug}/")
        add(item, "dc:creator", "Ines Falk")
        add(item, "pubDate", rfc822(post.moment))
        for tag in post.tags:
            add(item, "category", tag)
        add(item, "guid", f"{base}/blog/?p={post.number % 100000}", isPermaLink="false")
        add(item, "description", f"<p>{post.text.split(chr(10))[0][:220]} […]</p>")
        figures = "".join(_figure(p, base) for p in post.pictures)
        add(item, "content:encoded", figures + post.html)
    return document(root)


def letterboxd(posts: list[Post], base: str) -> bytes:
    """A film diary; the rating stands in the title and in an element of its own."""
    root, channel = _channel(
        "2.0", "Letterboxd - Ines Falk", f"{base}/films/", "Letterboxd - Ines Falk"
    )
    for post in posts:
        year, rating = post.fields["year"], float(post.fields["rating"])
        stars = "★" * int(rating) + ("½" if rating % 1 else "")
        item = add(channel, "item")
        add(item, "title", f"{post.title}, {year} - {stars}")
        add(item, "link", f"{base}/films/{post.slug}/")
        add(item, "guid", f"letterboxd-review-{post.number}", isPermaLink="false")
        add(item, "pubDate", rfc822(post.moment))
        add(item, "letterboxd:watchedDate", post.moment.date().isoformat())
        add(item, "letterboxd:rewatch", "No")
        add(item, "letterboxd:filmTitle", post.title)
        add(item, "letterboxd:filmYear", year)
        add(item, "letterboxd:memberRating", str(rating))
        add(item, "tmdb:movieId", str(post.number % 900000))
        poster = (
            f'<p><img src="{base}/pictures/{Picture("poster", post.title).name}"/></p>'
        )
        add(
            item,
            "description",
            poster + (post.html or f"<p>Watched on {post.moment:%A %B %d, %Y}.</p>"),
        )
        add(item, "dc:creator", "Ines Falk")
    return document(root)


def podcast(posts: list[Post], base: str) -> bytes:
    """A podcast: enclosures, durations, a cover."""
    root, channel = _channel(
        "2.0",
        "Small Hours",
        f"{base}/podcast/",
        "Conversations with people who know one thing well",
    )
    add(channel, "itunes:author", "Ines Falk")
    cover = f"{base}/pictures/{Picture('cover', 'Small Hours').name}"
    add(channel, "itunes:image", href=cover)
    for post in posts:
        item = add(channel, "item")
        add(item, "title", post.title)
        add(item, "link", f"{base}/podcast/{post.slug}")
        add(item, "guid", f"small-hours-{post.key}", isPermaLink="false")
        add(item, "pubDate", rfc822(post.moment))
        add(item, "description", post.text)
        enclosure = add(
            item, "enclosure", url=f"{base}/podcast/{post.key}.wav", length="88244"
        )
        enclosure.set("type", "audio/x-wav")
        add(item, "itunes:duration", post.fields["length"])
        add(
            item,
            "itunes:image",
            href=f"{base}/pictures/{Picture('cover', post.title).name}",
        )
        for tag in post.tags:
            add(item, "category", tag)
    return document(root)


def pinboard(posts: list[Post], base: str) -> bytes:
    """Bookmarks as RSS 1.0: the list of items first, the items after it, all in RDF."""
    root = ET.Element(name("rdf:RDF"))
    channel = add(root, "rss1:channel", rdf__about=f"{base}/bookmarks/")
    add(channel, "rss1:title", "Pinboard (ines)")
    add(channel, "rss1:link", f"{base}/bookmarks/")
    add(channel, "rss1:description", "recent bookmarks from ines")
    listed = add(add(channel, "rss1:items"), "rdf:Seq")
    for post in posts:
        add(listed, "rdf:li", rdf__resource=post.fields["url"])
    for post in posts:
        item = add(root, "rss1:item", rdf__about=post.fields["url"])
        add(item, "rss1:title", post.title)
        add(item, "dc:date", iso(post.moment))
        add(item, "rss1:link", post.fields["url"])
        add(item, "dc:creator", "ines")
        add(item, "rss1:description", post.text)
        add(item, "dc:subject", " ".join(post.tags))
        bag = add(add(item, "taxo:topics"), "rdf:Bag")
        for tag in post.tags:
            add(bag, "rdf:li", rdf__resource=f"{base}/bookmarks/t:{tag}/")
    return document(root)
