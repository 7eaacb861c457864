"""Which service an address or document belongs to, and what its entries are: as data.

A new service is a row here; code is only written for formats.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qs, quote, urlsplit

# Item type of a service's entries, where the entry itself does not tell.
TYPE_OF_SERVICE: dict[str, str] = {
    "500px": "picture",
    "anilist": "recommendation",
    "bandcamp": "sound",
    "bluesky": "note",
    "bookwyrm": "recommendation",
    "codeberg": "code",
    "flickr": "picture",
    "ghost": "text",
    "github": "code",
    "gitlab": "code",
    "goodreads": "recommendation",
    "hackernews": "link",
    "instagram": "picture",
    "lastfm": "sound",
    "lemmy": "link",
    "letterboxd": "recommendation",
    "linkding": "link",
    "listenbrainz": "sound",
    "lobsters": "link",
    "mastodon": "note",
    "medium": "text",
    "microblog": "note",
    "mixcloud": "sound",
    "openstreetmap": "place",
    "peertube": "video",
    "pinboard": "link",
    "pixelfed": "picture",
    "podcast": "sound",
    "raindrop": "link",
    "reddit": "link",
    "soundcloud": "sound",
    "stackexchange": "text",
    "substack": "text",
    "tumblr": "text",
    "vimeo": "video",
    "wikipedia": "text",
    "wordpress": "text",
    "youtube": "video",
}

# End of the host name -> service.
_HOSTS: dict[str, str] = {
    "500px.com": "500px",
    "anilist.co": "anilist",
    "bandcamp.com": "bandcamp",
    "bg.raindrop.io": "raindrop",
    "bookwyrm.social": "bookwyrm",
    "bsky.app": "bluesky",
    "codeberg.org": "codeberg",
    "feeds.pinboard.in": "pinboard",
    "flickr.com": "flickr",
    "github.com": "github",
    "gitlab.com": "gitlab",
    "goodreads.com": "goodreads",
    "hnrss.org": "hackernews",
    "letterboxd.com": "letterboxd",
    "listenbrainz.org": "listenbrainz",
    "lobste.rs": "lobsters",
    "medium.com": "medium",
    "micro.blog": "microblog",
    "mixcloud.com": "mixcloud",
    "news.ycombinator.com": "hackernews",
    "openstreetmap.org": "openstreetmap",
    "pinboard.in": "pinboard",
    "pixelfed.social": "pixelfed",
    "public.api.bsky.app": "bluesky",
    "reddit.com": "reddit",
    "soundcloud.com": "soundcloud",
    "stackexchange.com": "stackexchange",
    "stackoverflow.com": "stackexchange",
    "substack.com": "substack",
    "tumblr.com": "tumblr",
    "vimeo.com": "vimeo",
    "wikipedia.org": "wikipedia",
    "wordpress.com": "wordpress",
    "youtube.com": "youtube",
}

# Sign in the generator or home page of a feed -> service.
_GENERATORS: tuple[tuple[str, str], ...] = (
    ("wordpress", "wordpress"),
    ("flickr", "flickr"),
    ("ghost", "ghost"),
    ("mastodon", "mastodon"),
    ("pixelfed", "pixelfed"),
    ("peertube", "peertube"),
    ("lemmy", "lemmy"),
    ("pinboard", "pinboard"),
    ("tumblr", "tumblr"),
    ("medium", "medium"),
    ("substack", "substack"),
    ("micro.blog", "microblog"),
    ("bookwyrm", "bookwyrm"),
    ("linkding", "linkding"),
    ("gitlab", "gitlab"),
    ("soundcloud", "soundcloud"),
)

# Beginning of an entry's guid -> service; these survive mirrors and moves of the feed.
_GUIDS: tuple[tuple[str, str], ...] = (
    ("letterboxd-", "letterboxd"),
    ("yt:video:", "youtube"),
    ("tag:flickr.com", "flickr"),
    ("tag:github.com", "github"),
    ("tag:soundcloud", "soundcloud"),
    ("tag:vimeo", "vimeo"),
)

# Profile page -> where its public feed or interface is. `{1}` is the first group.
_PROFILES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), template)
    for pattern, template in (
        (
            r"https?://(?:www\.)?bsky\.app/profile/([^/?#]+)/?",
            "https://public.api.bsky.app/xrpc/app.bsky.feed.getAuthorFeed"
            "?actor={1}&limit=100&filter=posts_no_replies",
        ),
        (
            r"https?://(?:www\.)?github\.com/([A-Za-z0-9-]+)/?",
            "https://github.com/{1}.atom",
        ),
        (
            r"https?://(?:www\.)?youtube\.com/channel/(UC[\w-]+)(?:/.*)?",
            "https://www.youtube.com/feeds/videos.xml?channel_id={1}",
        ),
        (
            r"https?://(?:www\.)?youtube\.com/playlist\?list=([\w-]+)",
            "https://www.youtube.com/feeds/videos.xml?playlist_id={1}",
        ),
        (
            r"https?://(?:www\.)?letterboxd\.com/([\w-]+)/?",
            "https://letterboxd.com/{1}/rss/",
        ),
        (
            r"https?://(?:www\.)?pinboard\.in/u:([^/?#]+)/?",
            "https://feeds.pinboard.in/rss/u:{1}/",
        ),
        (
            r"https?://(?:www\.)?medium\.com/@([^/?#]+)/?",
            "https://medium.com/feed/@{1}",
        ),
        (r"https?://([\w-]+)\.substack\.com/?", "https://{1}.substack.com/feed"),
        (r"https?://([\w-]+)\.tumblr\.com/?", "https://{1}.tumblr.com/rss"),
        (
            r"https?://(?:www\.)?vimeo\.com/([A-Za-z]\w+)/?",
            "https://vimeo.com/{1}/videos/rss",
        ),
        (r"https?://codeberg\.org/([\w.-]+)/?", "https://codeberg.org/{1}.atom"),
        (r"https?://gitlab\.com/([\w.-]+)/?", "https://gitlab.com/{1}.atom"),
        (
            r"https?://stackoverflow\.com/users/(\d+)(?:/.*)?",
            "https://stackoverflow.com/feeds/user/{1}",
        ),
        (r"https?://lobste\.rs/~([\w-]+)/?", "https://lobste.rs/~{1}/stories.rss"),
        (
            r"https?://news\.ycombinator\.com/user\?id=([\w-]+)",
            "https://hnrss.org/submitted?id={1}",
        ),
        (
            r"https?://(?:www\.)?listenbrainz\.org/user/([^/?#]+)/?",
            "https://listenbrainz.org/syndication-feed/user/{1}/listens?minutes=60",
        ),
    )
)
_AT_PATH = re.compile(r"/@([A-Za-z0-9_.-]+)(?:@[A-Za-z0-9.-]+)?/?")
# Hosts whose /@name pages are not Mastodon's.
_NOT_MASTODON = ("medium.com", "youtube.com", "tiktok.com", "threads.net", "flickr.com")


def profile_feeds(url: str) -> tuple[str, ...]:
    """Return where the public feed of a profile page must be, best guess first."""
    bare = url.split("#", 1)[0]
    for pattern, template in _PROFILES:
        if match := pattern.fullmatch(bare):
            return (template.replace("{1}", match[1]),)
    parts = urlsplit(bare)
    host = (parts.hostname or "").removeprefix("www.")
    match = _AT_PATH.fullmatch(parts.path)
    if match and not parts.query and not host.endswith(_NOT_MASTODON):
        return (
            f"{parts.scheme}://{parts.netloc}/api/v1/accounts/lookup"
            f"?acct={quote(match[1])}",
        )
    return ()


def service_of_host(url: str) -> str:
    """Return the service that an address belongs to, or an empty string."""
    host = (urlsplit(url).hostname or "").lower()
    while host:
        if host in _HOSTS:
            return _HOSTS[host]
        host = host.partition(".")[2]
    return ""


def service_of_signs(generator: str, home: str, guid: str) -> str:
    """Return the service that a document betrays by its signs."""
    for beginning, service in _GUIDS:
        if guid.startswith(beginning):
            return service
    lower = generator.lower()
    for sign, service in _GENERATORS:
        if sign in lower:
            return service
    return service_of_host(home)


def type_of(service: str, has_title: bool) -> str:
    """Return the item type of a service's entries."""
    known = TYPE_OF_SERVICE.get(service)
    if known == "text" or known is None:
        return "text" if has_title else "note"
    return known


def query_value(url: str, name: str) -> str:
    """Return one value of an address's query, or an empty string."""
    return parse_qs(urlsplit(url).query).get(name, [""])[0]
