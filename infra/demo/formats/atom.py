"""Atom in its dialects: a plain blog, Flickr, YouTube, and GitHub activity."""

from __future__ import annotations

import html
import xml.etree.ElementTree as ET

from formats.xml import add, document, iso, name
from trail import Post


def _feed(
    posts: list[Post], feed_id: str, title: str, self_url: str, home: str
) -> ET.Element:
    root = ET.Element(name("atom:feed"))
    add(root, "atom:id", feed_id)
    add(root, "atom:title", title)
    add(root, "atom:updated", iso(posts[0].moment))
    add(root, "atom:link", rel="self", href=self_url)
    add(root, "atom:link", rel="alternate", href=home)
    add(add(root, "atom:author"), "atom:name", "Ines Falk")
    return root


def _entry(
    root: ET.Element, post: Post, entry_id: str, title: str, link: str
) -> ET.Element:
    entry = add(root, "atom:entry")
    add(entry, "atom:id", entry_id)
    add(entry, "atom:title", title)
    add(entry, "atom:link", rel="alternate", href=link)
    add(entry, "atom:published", iso(post.moment))
    add(entry, "atom:updated", iso(post.moment))
    return entry


def journal(posts: list[Post], base: str) -> bytes:
    """A static blog: content as XHTML-free HTML, categories."""
    root = _feed(
        posts,
        f"{base}/journal/",
        "Marginal Notes",
        f"{base}/journal/atom.xml",
        f"{base}/journal/",
    )
    for post in posts:
        link = f"{base}/journal/{post.moment:%Y/%m}/{post.slug}.html"
        entry = _entry(
            root, post, f"tag:journal.example,2022:{post.key}", post.title, link
        )
        for tag in post.tags:
            add(entry, "atom:category", term=tag)
        add(entry, "atom:content", post.html, type_="html")
    return document(root)


def flickr(posts: list[Post], base: str) -> bytes:
    """Photos: the picture as an enclosure link and again inside the HTML."""
    root = _feed(
        posts,
        f"tag:flickr.example,2005:/photos/public/{7}",
        "Uploads from inesfalk",
        f"{base}/photos/atom",
        f"{base}/photos/",
    )
    add(root, "atom:generator", "Flickr", uri="https://www.flickr.com/")
    for post in posts:
        link = f"{base}/photos/{post.number % 10**10}/"
        entry = _entry(
            root,
            post,
            f"tag:flickr.example,2005:/photo/{post.number % 10**10}",
            post.title,
            link,
        )
        image = "".join(
            f'<p><a href="{link}"><img src="{base}/pictures/{p.name}" width="1200" height="800" alt="{html.escape(p.alt)}" /></a></p>'
            for p in post.pictures
        )
        says = f'<p><a href="{base}/photos/">Ines Falk</a> posted a photo:</p>{image}{post.html}'
        add(entry, "atom:content", says, type_="html")
        for tag in post.tags:
            add(entry, "atom:category", term=tag, scheme=f"{base}/photos/tags/")
        for picture in post.pictures:
            add(
                entry,
                "atom:link",
                rel="enclosure",
                type_="image/jpeg",
                href=f"{base}/pictures/{picture.name}",
            )
            media = add(
                entry,
                "media:content",
                url=f"{base}/pictures/{picture.name}",
                type_="image/jpeg",
                width="1200",
                height="800",
            )
            add(media, "media:description", picture.alt)
    return document(root)


def youtube(posts: list[Post], base: str) -> bytes:
    """Videos: everything of interest sits in media:group; the view count changes."""
    root = _feed(
        posts,
        "yt:channel:InesFalk",
        "Ines Falk",
        f"{base}/videos/feed.xml",
        f"{base}/videos/",
    )
    for post in posts:
        entry = _entry(
            root,
            post,
            f"yt:video:{post.key}",
            post.title,
            f"{base}/videos/watch?v={post.key}",
        )
        add(entry, "yt:videoId", post.key)
        group = add(entry, "media:group")
        add(group, "media:title", post.title)
        add(
            group,
            "media:content",
            url=f"{base}/videos/v/{post.key}",
            type_="application/x-shockwave-flash",
            width="640",
            height="390",
            duration=post.fields["length"],
        )
        for picture in post.pictures:
            add(
                group,
                "media:thumbnail",
                url=f"{base}/pictures/{picture.name}",
                width="1200",
                height="800",
            )
        add(group, "media:description", post.text)
        add(group, "media:keywords", ", ".join(post.tags))
        community = add(group, "media:community")
        add(community, "media:starRating", count="41", average="5.00", min="1", max="5")
        add(community, "media:statistics", views=post.fields["views"])
    return document(root)


def github(posts: list[Post], base: str) -> bytes:
    """Activity: the title says what happened, the content is a piece of a page."""
    root = _feed(
        posts,
        "tag:github.example,2008:/inesfalk",
        "GitHub Public Timeline Feed",
        f"{base}/code/inesfalk.atom",
        f"{base}/code/inesfalk",
    )
    for post in posts:
        event, repo = post.fields["event"], post.fields["repo"]
        entry = _entry(
            root,
            post,
            f"tag:github.example,2008:{event}/{post.number % 10**11}",
            post.title,
            f"{base}/code/{repo}",
        )
        says = f'<div class="body"><a href="{base}/code/{repo}">{repo}</a><blockquote>{html.escape(post.text)}</blockquote></div>'
        add(entry, "atom:content", says, type_="html")
    return document(root)
