"""JSON: a JSON Feed, Mastodon's API, and Bluesky's API."""

from __future__ import annotations

import html
import json
from typing import Any

from formats.xml import iso
from trail import Post

ACCOUNT = "109876543210987654"
DID = "did:plc:ines7falk7example7demo7"
HANDLE = "ines.falk.example"


def _dump(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1).encode()


def jsonfeed(posts: list[Post], base: str) -> bytes:
    """Untitled short posts as a JSON Feed 1.1."""
    items = [
        {
            "id": f"micro-{post.key}",
            "url": f"{base}/micro/{post.moment:%Y/%m/%d}/{post.key}.html",
            "content_html": post.html,
            "content_text": post.text,
            "date_published": iso(post.moment),
            "tags": list(post.tags),
        }
        for post in posts
    ]
    return _dump(
        {
            "version": "https://jsonfeed.org/version/1.1",
            "title": "Ines, briefly",
            "home_page_url": f"{base}/micro/",
            "feed_url": f"{base}/micro/feed.json",
            "language": "en",
            "authors": [{"name": "Ines Falk", "url": f"{base}/micro/"}],
            "items": items,
        }
    )


def mastodon_account(base: str) -> dict[str, Any]:
    """The account as Mastodon's API describes it."""
    return {
        "id": ACCOUNT,
        "username": "ines",
        "acct": "ines",
        "display_name": "Ines Falk",
        "locked": False,
        "bot": False,
        "note": "<p>Trains, tides, bread.</p>",
        "url": f"{base}/@ines",
        "avatar": f"{base}/pictures/portrait-ines.jpg",
        "followers_count": 412,
        "following_count": 208,
        "statuses_count": 25,
    }


def mastodon_statuses(posts: list[Post], base: str) -> list[dict[str, Any]]:
    """The statuses of the account, newest first, as Mastodon's API returns them."""
    return [_status(post, base) for post in posts]


def status_id(post: Post) -> int:
    """Return Mastodon's id of a post, which grows with time: ms, then 16 bits."""
    return (int(post.moment.timestamp() * 1000) << 16) + post.number % 65536


def _status(post: Post, base: str) -> dict[str, Any]:
    identifier = status_id(post)
    url = f"{base}/@ines/{identifier}"
    hashtags = " ".join(
        f'<a href="{base}/tags/{t}" class="mention hashtag" rel="tag">#<span>{t}</span></a>'
        for t in post.tags
    )
    return {
        "id": str(identifier),
        "uri": f"{base}/users/ines/statuses/{post.key}",
        "url": url,
        "created_at": iso(post.moment).replace("Z", ".000Z"),
        "edited_at": None,
        "content": post.html + (f"<p>{hashtags}</p>" if hashtags else ""),
        "spoiler_text": post.fields.get("cw", ""),
        "sensitive": "cw" in post.fields,
        "visibility": "public",
        "language": "en",
        "in_reply_to_id": "111" if "reply" in post.fields else None,
        "in_reply_to_account_id": ACCOUNT if "reply" in post.fields else None,
        "reblog": None,
        "account": mastodon_account(base),
        "favourites_count": post.number % 40,
        "reblogs_count": post.number % 9,
        "replies_count": post.number % 5,
        "tags": [{"name": t, "url": f"{base}/tags/{t}"} for t in post.tags],
        "media_attachments": [
            {
                "id": str(post.number % 10**9 + n),
                "type": "image",
                "url": f"{base}/pictures/{picture.name}",
                "preview_url": f"{base}/pictures/{picture.name}",
                "description": picture.alt,
                "meta": {"original": {"width": 1200, "height": 800}},
            }
            for n, picture in enumerate(post.pictures)
        ],
        "card": None,
    }


def dump(value: object) -> bytes:
    """Return any of these as the bytes of a document."""
    return _dump(value)


def bluesky(posts: list[Post], base: str) -> bytes:
    """An author's feed as `app.bsky.feed.getAuthorFeed` returns it."""
    author = {
        "did": DID,
        "handle": HANDLE,
        "displayName": "Ines Falk",
        "avatar": f"{base}/pictures/portrait-ines.jpg",
    }
    return _dump({"feed": [{"post": _skeet(p, author, base)} for p in posts]})


def _skeet(post: Post, author: dict[str, str], base: str) -> dict[str, Any]:
    record: dict[str, Any] = {
        "$type": "app.bsky.feed.post",
        "createdAt": iso(post.moment).replace("Z", ".000Z"),
        "langs": ["en"],
        "text": html.unescape(post.text),
    }
    view: dict[str, Any] = {
        "uri": f"at://{DID}/app.bsky.feed.post/{post.key}",
        "cid": f"bafyrei{post.key}",
        "author": author,
        "record": record,
        "replyCount": post.number % 4,
        "repostCount": post.number % 7,
        "likeCount": post.number % 50,
        "indexedAt": iso(post.moment).replace("Z", ".500Z"),
    }
    if post.pictures:
        view["embed"] = {
            "$type": "app.bsky.embed.images#view",
            "images": [
                {
                    "thumb": f"{base}/pictures/{p.name}",
                    "fullsize": f"{base}/pictures/{p.name}",
                    "alt": p.alt,
                    "aspectRatio": {"width": 1200, "height": 800},
                }
                for p in post.pictures
            ],
        }
    elif link := post.fields.get("link"):
        uri, _, title = link.partition(" ")
        view["embed"] = {
            "$type": "app.bsky.embed.external#view",
            "external": {"uri": uri, "title": title, "description": ""},
        }
    return view
